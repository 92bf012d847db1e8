"""The watch: reads what is new of each subject, asks the detector, and tells what begins, grows and ends.

One worker at a time, by a lease with a term; what is written in one transaction is written once.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.alerts import judge, telling
from app.alerts.episode import Seen
from app.alerts.judge import Found
from app.alerts.telling import SOURCES, Case, Telling
from app.analysis.spikes import STEP
from app.clock import MINUTE, SECOND, Clock, bucket_of, to_ms
from app.db.engine import Database, ReadSession
from app.failpoints import reached
from app.settings import Settings
from app.store import coverage, episodes, jobs, news, rollups, rules, silences, watching
from app.store.coverage import Observed
from app.store.rules import Rule, Watched
from app.store.watching import Amount, Known, Looked, Target

CHUNK, FRESH = 500, 20
"""Subjects in one transaction; and of those whose whole past is to be shown to a detector, how many in one run."""
EVERY_S = 60.0
MISSES = 3
"""Slots that a source misses before it is told of."""
_JOB = "watch"


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
    """All that is watched now. `fresh`: units of which no detector knows anything, the rest for a later run."""

    rules: list[Rule]
    looked: dict[str, list[Looked]]
    targets: dict[tuple[str, str], list[Target]]
    units: list[Unit] = field(default_factory=list)
    fresh: list[Unit] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Read:
    observed: Mapping[str, Sequence[Observed]]  # by hashtag
    amounts: Mapping[int, Sequence[Amount]]
    known: Mapping[tuple[int, str], Known]


class Watch:
    """Evaluates the rules. N of them may share a database: one works at a time."""

    def __init__(self, db: Database, settings: Settings, clock: Clock) -> None:
        self._db, self._clock, self._base_url = db, clock, settings.base_url
        self._seen, self._ran = -1, -EVERY_S
        self._began = to_ms(clock.now())

    @property
    def _now(self) -> int:
        return to_ms(self._clock.now())

    async def tick(self) -> None:
        """Soon after something was written, and each minute."""
        async with self._db.read() as session:
            last = await news.last(session)
        if last == self._seen and self._clock.monotonic() - self._ran < EVERY_S:
            return
        self._ran = self._clock.monotonic()
        done = await self.run()
        self._seen = last if done else -1

    async def run(self) -> bool:
        """False: there is more to do, or another worker is at it."""
        now = self._now
        async with self._db.write() as session:
            term = await jobs.claim(session, _JOB, now)
        if term is None:
            return False
        try:
            async with self._db.read() as session:
                plan = await _plan(session, now)
            for start in range(0, len(plan.units), CHUNK):
                await self._judge(plan.units[start : start + CHUNK], plan, term)
            await self._judge(plan.fresh[:FRESH], plan, term)
            await self._sources(plan, term)
            await self._go_on(plan, term)
            return len(plan.fresh) <= FRESH
        finally:
            async with self._db.write() as session:
                await jobs.hold(session, _JOB, term, None)

    async def _judge(self, units: Sequence[Unit], plan: Plan, term: int) -> None:
        if not units:
            return
        async with self._db.read() as session:
            read = await _read(session, units)
        learnt, cases = await asyncio.to_thread(_judged, units, read, _behind(plan.looked, self._now, self._began))
        async with self._db.write() as session:
            await jobs.hold(session, _JOB, term, self._now)
            await watching.keep_detectors(session, learnt)
            told = await telling.tell(session, await self._telling(session), cases)
            reached("telling" if told else "judging")
        reached("told" if told else "judged")

    async def _telling(self, session: ReadSession) -> Telling:
        return Telling(await silences.at(session, self._now), self._now, self._base_url)

    async def _sources(self, plan: Plan, term: int) -> None:
        """Sources that missed their slots, and rules on what a source brings."""
        now = self._now
        by_source = {track.source_id: track for tracks in plan.looked.values() for track in tracks}
        behind = _behind(plan.looked, now, self._began)
        cases = []
        for source, track in by_source.items():
            target = Target("source", str(source), track.source, ())
            late = source in behind
            rule = _of_sources(target, track.interval_ms)
            cases.append(Case(rule, target, Found(Seen(now, late, not late)), late))
        quiet = [rule for rule in plan.rules if rule.it.subject[0] == "source"]
        async with self._db.write() as session:
            await jobs.hold(session, _JOB, term, now)
            for rule in quiet:
                source = int(rule.it.subject[1])
                if source in by_source:
                    brought = await watching.brought(session, source, now - rule.it.window_s * SECOND, now)
                    found = Found(Seen(now, brought is False, brought is True)) if brought is not None else None
                    cases.append(Case(rule, Target("source", str(source), rule.label, ()), found))
            await telling.tell(session, await self._telling(session), cases)

    async def _go_on(self, plan: Plan, term: int) -> None:
        """Silences that end, and rules and subjects that are not there any more."""
        async with self._db.read() as session:
            stands = await episodes.firing(session)
        if not stands:
            return
        live = {rule.id: rule for rule in plan.rules}
        behind = _behind(plan.looked, self._now, self._began)
        async with self._db.write() as session:
            await jobs.hold(session, _JOB, term, self._now)
            said = await self._telling(session)
            former = await rules.with_ids(session, [rule for rule, _ in stands])
            for (rule_id, name), stand in stands.items():
                target = _watched(plan, live.get(rule_id), rule_id, name)
                kind, _, ref = name.partition(":")
                label = (await rules.called(session, [(kind, ref)]))[kind, ref]
                shown = target or Target(kind, ref, label, ())
                rule = former.get(rule_id) or _of_sources(shown, MINUTE)
                late = {track.source_id in behind for track in shown.tracks}
                case = Case(rule, shown, None, True in late, late == {True})
                await telling.go_on(session, said, case, stand, watched=target is not None)


async def _plan(session: ReadSession, now: int) -> Plan:
    live = await rules.enabled(session)
    looked = await watching.tracks(session)
    plan = Plan(live, looked, await watching.targets(session, [rule.it.subject for rule in live], looked))
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
        last: int | None = judged.get((rule.id, target.name), 0)
        if spike:
            last, basis = asked.get((target.id, rule.it.metric or "posts"), (None, None))
            last = last if basis == target.basis else None
        if last is not None and read_to <= last:
            continue
        chosen.append(rule)
        # A detector goes on where it was, which is not far back: how far, its own row tells.
        back = 2 * judge.HOLDS if spike else rule.it.window_s * SECOND + judge.HOLDS
        starts.append(0 if last is None else bucket_of(min(last, read_to) - back, STEP))
    return Unit(target, tuple(chosen), min(starts)) if chosen else None


async def _read(session: ReadSession, units: Sequence[Unit]) -> Read:
    hashtags = sorted({track.hashtag_id for unit in units for track in unit.target.tracks})
    observed: dict[str, list[Observed]] = {}
    for track in await coverage.of_hashtags(session, hashtags):
        observed.setdefault(track.hashtag, []).append(track)
    subjects = [unit.target.id for unit in units]
    amounts = await watching.amounts(session, subjects, min(unit.start for unit in units))
    return Read(observed, amounts, await watching.detectors(session, subjects))


def _judged(units: Sequence[Unit], read: Read, behind: set[int]) -> tuple[list[Known], list[Case]]:
    learnt: list[Known] = []
    cases: list[Case] = []
    for unit in units:
        known, found = _judge_one(unit, read)
        learnt += known
        stale = {track.source_id in behind for track in unit.target.tracks}
        cases += [Case(rule, unit.target, one, True in stale, stale == {True}) for rule, one in found]
    return learnt, cases


def _judge_one(unit: Unit, read: Read) -> tuple[list[Known], list[tuple[Rule, Found | None]]]:
    target = unit.target
    tracks = [one for tag in sorted({track.tag for track in target.tracks}) for one in read.observed.get(tag, ())]
    learnt: list[Known] = []
    verdicts: dict[str, Found | None] = {}
    read_to = target.read_to or 0
    made = {
        metric: judge.series(tracks, read.amounts.get(target.id, ()), metric, unit.start, read_to)
        for metric in {rule.it.metric or "posts" for rule in unit.rules}
    }
    for metric in unit.spikes:
        old = read.known.get((target.id, metric))
        if old is None or old.basis != target.basis or old.judged_to < unit.start:
            old = Known(target.id, metric, unit.start, 0, None, target.basis, b"")
        known, verdicts[metric] = judge.spike(metric, old, made[metric])
        learnt.append(known)
    return learnt, [(rule, _found(rule, made[rule.it.metric or "posts"], verdicts)) for rule in unit.rules]


def _found(rule: Rule, series: judge.Series, verdicts: Mapping[str, Found | None]) -> Found | None:
    it, window = rule.it, rule.it.window_s * SECOND
    if it.kind == "spike":
        found = verdicts[it.metric or "posts"]
    else:
        found = judge.quiet(window, series) if it.kind == "quiet" else judge.threshold(it.above or 0, window, series)
    return found and judge.told_of(found, window, series)


def _behind(looked: Mapping[str, Sequence[Looked]], now: int, began: int) -> set[int]:
    """Sources of which every track has missed its slots. What was due before this worker began is not their fault."""
    by_source: dict[int, list[Looked]] = {}
    for track in (one for tracks in looked.values() for one in tracks):
        by_source.setdefault(track.source_id, []).append(track)
    return {source for source, tracks in by_source.items() if all(_missed(track, now, began) for track in tracks)}


def _missed(track: Looked, now: int, began: int) -> bool:
    under_way = track.due_at is None or (track.claimed_until or 0) > now
    late = 0 if under_way else now - max(track.due_at or 0, began)
    return track.failures >= MISSES or late >= max(MISSES * track.interval_ms, MINUTE)


def _watched(plan: Plan, rule: Rule | None, rule_id: str, name: str) -> Target | None:
    """The subject, if the rule is still on it."""
    kind, _, ref = name.partition(":")
    if kind == "source":
        tracks = [one for tracks in plan.looked.values() for one in tracks if str(one.source_id) == ref]
        right = rule_id == SOURCES or (rule is not None and rule.it.subject == (kind, ref))
        return Target(kind, ref, tracks[0].source, ()) if tracks and right else None
    mine: Iterator[Target] = (
        (one for one in plan.targets.get(rule.it.subject, ()) if one.name == name) if rule else iter(())
    )
    return next(mine, None)


def _of_sources(target: Target, interval_ms: int) -> Rule:
    window = MISSES * interval_ms // SECOND
    subject = (target.kind, target.ref)
    it = Watched("Sources", "stale", subject, None, None, window, "high", None, True)
    return Rule(SOURCES, 1, 0, 0, False, target.label, it)
