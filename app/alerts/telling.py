"""From an evaluation to what is kept and said of it: state, episode, event and deliveries, in one transaction."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from app.alerts import episode, payload
from app.alerts.episode import SENT, USUAL, Pace, State, Transition
from app.alerts.judge import Found
from app.alerts.payload import Evidence, Said
from app.clock import HOUR, SECOND
from app.db.engine import Session
from app.db.types import text_id
from app.errors import NotFound
from app.store import carriers, episodes, outbox
from app.store.episodes import Episode, Stand, Turn
from app.store.outbox import Event
from app.store.rules import Rule
from app.store.silences import Hush
from app.store.watching import Target

SOURCES = "rul_sources"
"""What is told of sources that fall behind is no rule that one could change."""
FORGETS = HOUR
"""A beginning that was not confirmed in this time, or in two polls if they take longer, begins again."""
_PACES = {"stale": Pace(needed=1, keep=0)}
_TYPES = {("stale", "firing"): "source.stale", ("stale", "resolved"): "source.recovered"}


@dataclass(frozen=True, slots=True)
class Case:
    """A rule on a subject, as it was found now. `found` None: there was no news of it. `stale`: a source of it is
    behind; `blind`: all are.
    """

    rule: Rule
    target: Target
    found: Found | None = None
    stale: bool = False
    blind: bool = False

    @property
    def pair(self) -> tuple[str, str]:
        return self.rule.id, self.target.name


@dataclass(frozen=True, slots=True)
class Telling:
    """What is the same for all that is told in one transaction."""

    hush: Hush
    now: int
    base_url: str

    def why_not(self, case: Case) -> str | None:
        sources = {str(track.source_id) for track in case.target.tracks}
        if self.hush.over(case.rule.id, (case.target.kind, case.target.ref), sources):
            return "silenced"
        return "inhibited" if case.blind and case.rule.it.kind == "spike" else None


async def tell(session: Session, telling: Telling, cases: Sequence[Case]) -> int:
    """Evaluate each case against where it stood. Returns how many transitions there were."""
    stands = await episodes.stands(
        session, sorted({case.rule.id for case in cases}), sorted({case.target.name for case in cases})
    )
    kept: list[Stand] = []
    count = 0
    for case in cases:
        stand = stands.get(case.pair)
        if case.found is None or (stand is not None and case.found.seen.at <= stand.judged_to):
            continue
        before = _remembered(stand, case.found.seen.at, case.target)
        pace = _PACES.get(case.rule.it.kind, USUAL)
        state, told = episode.evaluate(before, case.found.seen, telling.why_not(case), pace)
        count += await _keep(session, telling, case, before, state, told)
        # Of a spike that never was there is nothing to know but what its detector does.
        if stand is not None or state != State() or case.rule.it.kind != "spike":
            kept.append(_stand(case, case.found.seen.at, state))
    await episodes.keep_stands(session, kept)
    return count


async def go_on(session: Session, telling: Telling, case: Case, stand: Stand, *, watched: bool) -> int:
    """What fires with no news of it: it ends where nobody watches it any more; a word that was held back is said."""
    before = _read(stand.state)
    if watched:
        state, told = episode.announce(before, telling.now, before.peak, telling.why_not(case))
    else:
        state, told = episode.close(before, telling.now, telling.why_not(case))
    if state != before:
        await episodes.keep_stands(session, [_stand(case, stand.judged_to, state)])
    return await _keep(session, telling, case, before, state, told)


def _read(state: str) -> State:
    return msgspec.json.decode(state, type=State)


def _remembered(stand: Stand | None, at: int, target: Target) -> State:
    state = State() if stand is None else _read(stand.state)
    keeps = max([FORGETS, *(2 * track.interval_ms for track in target.tracks)])
    if state.status == "pending" and stand is not None and at - stand.judged_to > keeps:
        return replace(state, status="ok", trues=0, pending_since=None)
    return state


def _stand(case: Case, at: int, state: State) -> Stand:
    return Stand(*case.pair, at, state.status, msgspec.json.encode(state).decode())


async def _keep(
    session: Session, telling: Telling, case: Case, before: State, state: State, told: Sequence[Transition]
) -> int:
    if not told and state.status != "firing":
        return 0
    old = await _known(session, _alert_id(case, state.episode))
    now = await _episode(session, case, before, state, old, fresh=any(one.type != "resolved" for one in told))
    if told or now != old:
        turns = [Turn(one.sequence, one.type, one.at, one.value, one.told) for one in told]
        await episodes.keep(session, now, turns, telling.now)
    for one in told:
        # What is not sent is an event all the same: each transition has one, and none is twice.
        endpoints = await _listeners(session, case, now.id, one) if one.told == SENT else ()
        await outbox.put(session, _event(telling, case, now, one), endpoints, telling.now)
    return len(told)


async def _listeners(session: Session, case: Case, alert_id: str, one: Transition) -> Sequence[str] | None:
    """Those of the rule; that it is over is told to those too whom it named when it fired."""
    endpoints = case.rule.it.endpoints
    if endpoints is None or one.type != "resolved":
        return endpoints
    return [*endpoints, *await outbox.told_of(session, alert_id)]


async def _known(session: Session, alert_id: str) -> Episode | None:
    try:
        return await episodes.by_id(session, alert_id)
    except NotFound:
        return None


def _key(case: Case, number: int) -> str:
    return f"{case.rule.id}:{case.target.name}:{number}"


def _alert_id(case: Case, number: int) -> str:
    return text_id("alr", _key(case, number))


async def _episode(
    session: Session, case: Case, before: State, state: State, old: Episode | None, *, fresh: bool
) -> Episode:
    found, it = case.found, case.rule.it
    verdict = found.verdict if found else None
    value = found.seen.value if found else (old.value if old else None)
    evidence = await _evidence(session, case) if fresh and found else (old.evidence if old else [])
    started = state.started_at or 0
    return Episode(
        _alert_id(case, state.episode), case.rule.id, it.name, case.rule.version, it.kind, it.severity,
        case.target.name, state.episode, state.sequence, "firing" if state.status == "firing" else "resolved",
        it.metric, it.window_s, value, _most(value, state.peak, old.peak if old else None),
        found.took if found and found.took is not None else (old.threshold if old else None),
        verdict.baseline if verdict else (old.baseline if old else None),
        before.pending_since or (old.pending_since if old else started), started,
        None if state.status == "firing" else state.ended_at, evidence,
    )  # fmt: skip


def _most(*values: float | None) -> float | None:
    return max((value for value in values if value is not None), default=None)


async def _evidence(session: Session, case: Case) -> list[Mapping[str, Any]]:
    """The posts that gained most in the window, ids alone: what a person is called goes to no receiver."""
    if case.found is None or case.target.kind == "source":
        return []
    end = case.found.seen.at
    found = await carriers.of_window(session, case.target.id, end - case.rule.it.window_s * SECOND, end)
    return [
        {"post_id": str(one.post_id), "url": one.url, "interactions": one.gained, "influencer": one.influencer}
        for one in found
    ]


def _event(telling: Telling, case: Case, now: Episode, one: Transition) -> Event:
    kind = _TYPES.get((case.rule.it.kind, one.type), f"alert.{one.type}")
    said = Said(
        alert_id=now.id, episode=now.episode, sequence=one.sequence, rule_id=now.rule_id, rule_name=now.rule_name,
        rule_version=now.rule_version, status=one.status, previous_status=one.previous, severity=now.severity,
        subject={case.target.kind: case.target.label}, unit=now.metric or "minutes", window_s=now.window_s,
        started_at=now.started_at, value=one.value, threshold=now.threshold, baseline=now.baseline,
        pending_since=now.pending_since, ends_at=one.at if one.status == "resolved" else None, stale=case.stale,
        evidence=[Evidence(**each) for each in now.evidence], **dict(_explained(case.found)),
    )  # fmt: skip
    key = payload.message_id(_key(case, now.episode), one.sequence)
    body = payload.body(kind, one.at, said, telling.base_url).decode()
    return Event(key, kind, one.at, body, now.id, case.rule.id)


def _explained(found: Found | None) -> Iterator[tuple[str, Any]]:
    if found is None:
        return
    yield from (("coverage", found.coverage), ("gaps", found.gaps))
    if found.verdict is not None:
        yield from (("ratio", found.verdict.ratio), ("rarity", found.verdict.rarity), ("since", found.verdict.since))
