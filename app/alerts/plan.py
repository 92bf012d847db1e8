"""What is watched now: rules on subjects, which of them there is news of, and which sources are behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.alerts import judge
from app.alerts.telling import SOURCES
from app.alerts.wanted import DIGEST, REPORT, TOLD
from app.analysis.spikes import STEP
from app.clock import MINUTE, SECOND, bucket_of
from app.db.engine import ReadSession
from app.store import episodes, rollups, rules, watching
from app.store.rules import Rule, Watched
from app.store.watching import Looked, Target

MISSES = 3
"""Slots that a source misses before it is told of."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A subject with news, and the rules on it. `start`: from when on its buckets are needed."""

    target: Target
    rules: tuple[Rule, ...]
    start: int

    @property
    def spikes(self) -> set[str]:
        return {rule.it.metric or "posts" for rule in self.rules if rule.it.kind == "spike"}


@dataclass(slots=True)
class Plan:
    """All that is watched now, and the digests and reports beside it. `fresh`: units of which no detector knows
    anything, the rest for a later run.
    """

    rules: list[Rule]
    looked: dict[str, list[Looked]]
    targets: dict[tuple[str, str], list[Target]]
    units: list[Unit] = field(default_factory=list)
    fresh: list[Unit] = field(default_factory=list)
    digests: list[Rule] = field(default_factory=list)
    reports: list[Rule] = field(default_factory=list)


async def made(session: ReadSession, now: int) -> Plan:
    every = await rules.enabled(session)
    live = [rule for rule in every if rule.it.kind not in TOLD]
    looked = await watching.tracks(session)
    plan = Plan(live, looked, await watching.targets(session, [rule.it.subject for rule in every], looked))
    plan.digests, plan.reports = ([rule for rule in every if rule.it.kind == kind] for kind in (DIGEST, REPORT))
    asked = await watching.seen_to(session)
    judged = await episodes.judged_to(session, [rule.id for rule in live if rule.it.kind != "spike"])
    by_target: dict[str, tuple[Target, list[Rule]]] = {}
    for rule in live:
        for target in plan.targets.get(rule.it.subject, ()):
            by_target.setdefault(target.name, (target, []))[1].append(rule)
    for target, mine in by_target.values():
        if unit := _unit(target, mine, asked, judged):
            (plan.units if unit.start > rollups.fine_since(now) else plan.fresh).append(unit)
    plan.units.sort(key=lambda unit: unit.start)
    plan.fresh = [Unit(unit.target, unit.rules, max(unit.start, rollups.fine_since(now))) for unit in plan.fresh]
    return plan


def _unit(
    target: Target,
    mine: Sequence[Rule],
    asked: Mapping[tuple[int, str], tuple[int, int]],
    judged: Mapping[tuple[str, str], int],
) -> Unit | None:
    """None: nothing new is known of it, or the past of a place that is new to it is still being read."""
    read_to = target.read_to
    if read_to is None or target.warming:
        return None
    starts, chosen = [], []
    for rule in mine:
        spike = rule.it.kind == "spike"
        last, basis = asked.get((target.id, rule.it.metric or "posts"), (0, 0)) if spike else (0, 0)
        if read_to <= (last if spike else judged.get((rule.id, target.name), 0)):
            continue
        chosen.append(rule)
        if spike:  # a detector goes on where it was, at most an hour before it was asked last
            starts.append(bucket_of(last - 2 * judge.HOLDS, STEP) if last and basis == target.basis else 0)
        else:
            starts.append(bucket_of(read_to - rule.it.window_s * SECOND - judge.HOLDS, STEP))
    return Unit(target, tuple(chosen), min(starts)) if chosen else None


def behind(looked: Mapping[str, Sequence[Looked]], now: int, began: int) -> set[int]:
    """Sources of which every track has missed its slots. What was due before this worker began is not their fault."""
    by_source: dict[int, list[Looked]] = {}
    for track in (one for tracks in looked.values() for one in tracks):
        by_source.setdefault(track.source_id, []).append(track)
    return {source for source, tracks in by_source.items() if all(_missed(track, now, began) for track in tracks)}


def _missed(track: Looked, now: int, began: int) -> bool:
    under_way = track.due_at is None or (track.claimed_until or 0) > now
    late = 0 if under_way else now - max(track.due_at or 0, began)
    return track.failures >= MISSES or late >= max(MISSES * track.interval_ms, MINUTE)


def watched(plan: Plan, rule: Rule | None, rule_id: str, name: str) -> Target | None:
    """The subject, if the rule is still on it."""
    kind, _, ref = name.partition(":")
    if kind == "source":
        tracks = [one for tracks in plan.looked.values() for one in tracks if str(one.source_id) == ref]
        right = rule_id == SOURCES or (rule is not None and rule.it.subject == (kind, ref))
        return Target(kind, ref, tracks[0].source, ()) if tracks and right else None
    mine = plan.targets.get(rule.it.subject, ()) if rule else ()
    return next((one for one in mine if one.name == name), None)


def of_sources(target: Target, interval_ms: int) -> Rule:
    """What is told of each source, by no rule that one could change."""
    window = MISSES * interval_ms // SECOND
    subject = (target.kind, target.ref)
    it = Watched("Sources", "stale", subject, None, None, window, "high", None, True)
    return Rule(SOURCES, 1, 0, 0, False, target.label, it)
