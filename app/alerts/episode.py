"""When an alert begins, is said, and ends: a state machine on frozen values. Pure: no clock, no session.

An evaluation is made once for each piece of news of a subject, at the instant up to which its posts are known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.clock import HOUR, MINUTE

FOR = 2
"""Evaluations in a row that must find it true."""
CLEAR = 0.6
"""It is over below this share of what it took to begin."""
KEEP = 15 * MINUTE
COOLDOWN = HOUR
ESCALATES = 2.0
FLAPS, FLAPS_WITHIN = 4, HOUR
CALM, CALM_WITHIN = 2, 2 * HOUR

SENT, FLAPPING = "sent", "flapping"


@dataclass(frozen=True, slots=True)
class State:
    """Where a rule stands on one subject. `peak`: the highest value that was told of. `said`: a firing was sent, and
    its end was not. `moves`: when it fired or ended, of late. Times in milliseconds.
    """

    status: str = "ok"  # ok, pending, firing
    episode: int = 0
    sequence: int = 0
    trues: int = 0
    pending_since: int | None = None
    started_at: int | None = None
    last_true: int | None = None
    ended_at: int | None = None
    peak: float | None = None
    said: bool = False
    flapping: bool = False
    moves: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """One evaluation. `over`: it is true. `clear`: it is surely not, below the mark where it ends; or neither."""

    at: int
    over: bool
    clear: bool
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """How many evaluations in a row it takes, and how long it goes on after the last that found it true."""

    needed: int = FOR
    keep: int = KEEP


USUAL = Pace()


@dataclass(frozen=True, slots=True)
class Transition:
    """One thing to tell, or to record: `told` is `sent`, or why it is not."""

    type: str  # firing, escalated, resolved, flapping
    at: int
    episode: int
    sequence: int
    status: str
    previous: str
    value: float | None
    told: str


Step = tuple[State, list[Transition]]


def evaluate(state: State, seen: Seen, hush: str | None = None, pace: Pace = USUAL) -> Step:
    """`hush`: why nothing is sent now (silenced, inhibited); None: it is."""
    state = _calmer(state, seen.at)
    if state.status == "firing":
        state, late = announce(state, seen.at, seen.value, hush)
        state, told = _burning(state, seen, hush, pace.keep)
        return state, [*late, *told]
    if seen.clear or not (seen.over or state.trues):
        # Once true, it stays so until it is clear: between the two marks it neither counts nor is forgotten.
        return replace(state, status="ok", trues=0, pending_since=None), []
    since = state.pending_since if state.pending_since is not None else seen.at
    state = replace(state, status="pending", trues=state.trues + seen.over, pending_since=since)
    return _fire(state, seen, hush) if seen.over and state.trues >= pace.needed else (state, [])


def announce(state: State, at: int, value: float | None, hush: str | None) -> Step:
    """What fires and was not sent is sent once nothing stands against it any more."""
    state = _calmer(state, at)
    if state.status != "firing" or state.said or hush or state.flapping:
        return state, []
    return _tell(state, "firing", at, "firing", value, SENT)


def close(state: State, at: int, hush: str | None = None) -> Step:
    """Nobody watches it any more: it ends now."""
    if state.status != "firing":
        return replace(state, status="ok", trues=0, pending_since=None), []
    return _end(state, at, None, hush)


def _fire(state: State, seen: Seen, hush: str | None) -> Step:
    again = state.ended_at is not None and seen.at - state.ended_at <= COOLDOWN
    fresh = {} if again else {"episode": state.episode + 1, "sequence": 0, "peak": None, "started_at": seen.at}
    state = replace(state, **fresh, status="firing", last_true=seen.at, ended_at=None, trues=0)  # type: ignore[arg-type]
    state, told = _tell(state, "firing", seen.at, "pending", seen.value, hush or (FLAPPING if state.flapping else SENT))
    return _moved(state, seen, hush, told)


def _burning(state: State, seen: Seen, hush: str | None, keep: int) -> Step:
    if not seen.clear:
        state = replace(state, last_true=seen.at)
        grown = seen.value is not None and state.peak is not None and seen.value >= ESCALATES * state.peak > 0
        return _tell(state, "escalated", seen.at, "firing", seen.value, hush or SENT) if grown else (state, [])
    if seen.at - (state.last_true or 0) < keep:
        return state, []
    return _end(state, seen.at, seen, hush)


def _end(state: State, at: int, seen: Seen | None, hush: str | None) -> Step:
    """Whoever was told that it fires is told that it ended, whatever stands against it now."""
    told = SENT if state.said else hush or (FLAPPING if state.flapping else "unsaid")
    state = replace(state, status="ok", trues=0, pending_since=None, ended_at=at)
    state, found = _tell(state, "resolved", at, "firing", seen.value if seen else None, told)
    return _moved(state, seen, hush, found) if seen else (state, found)


def _moved(state: State, seen: Seen, hush: str | None, told: Sequence[Transition]) -> Step:
    """Too many turns in an hour are told once, as that; then it is quiet until there are few."""
    moves = (*(move for move in state.moves if seen.at - move < CALM_WITHIN), seen.at)
    state = replace(state, moves=moves)
    if state.flapping or sum(seen.at - move < FLAPS_WITHIN for move in moves) < FLAPS:
        return state, list(told)
    state, flaps = _tell(replace(state, flapping=True), "flapping", seen.at, state.status, seen.value, hush or SENT)
    return state, [*told, *flaps]


def _calmer(state: State, at: int) -> State:
    if not state.flapping or sum(at - move < CALM_WITHIN for move in state.moves) >= CALM:
        return state
    return replace(state, flapping=False)


def _tell(state: State, kind: str, at: int, previous: str, value: float | None, told: str) -> Step:
    sequence = state.sequence + 1
    status = "firing" if state.status == "firing" else "resolved"
    said = {"firing": told == SENT or state.said, "resolved": False}.get(kind, state.said or told == SENT)
    peak = max((one for one in (state.peak, value) if one is not None), default=None)
    state = replace(state, sequence=sequence, peak=peak, said=said if state.status == "firing" else False)
    return state, [Transition(kind, at, state.episode, sequence, status, previous, value, told)]
