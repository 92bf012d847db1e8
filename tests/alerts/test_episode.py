"""The state machine of an alert: tables of what it says, and what no history whatever may make it say."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.alerts.episode import (
    COOLDOWN,
    KEEP,
    Pace,
    Seen,
    State,
    Transition,
    announce,
    close,
    evaluate,
)
from app.clock import HOUR, MINUTE

STEP = 5 * MINUTE
Told = tuple[str, int, int, str]


def played(
    marks: str, state: State | None = None, start: int = 0, value: float = 10.0, **more: object
) -> tuple[State, list[Told]]:
    """One evaluation each five minutes: `!` true, `.` clear, `~` neither."""
    state, found = state or State(), list[Transition]()
    for place, mark in enumerate(marks):
        seen = Seen(start + (place + 1) * STEP, mark == "!", mark == ".", value)
        state, told = evaluate(state, seen, **more)  # type: ignore[arg-type]
        found += told
    return state, [(one.type, one.episode, one.sequence, one.told) for one in found]


FIRED = ("firing", 1, 1, "sent")


@pytest.mark.parametrize(
    ("marks", "told"),
    [
        ("", []),
        ("....", []),
        ("!", []),
        ("!.!.", []),
        ("!~~~.!", []),
        ("!~!", [FIRED]),
        ("!!", [FIRED]),
        ("!!!!", [FIRED]),
        ("!!~~~~~~~~", [FIRED]),  # between the marks it goes on
        ("!!..", [FIRED]),  # it is kept for a quarter of an hour
        ("!!...", [FIRED, ("resolved", 1, 2, "sent")]),
        ("!!..!..!..", [FIRED]),
        ("!!...!!", [FIRED, ("resolved", 1, 2, "sent"), ("firing", 1, 3, "sent")]),
        ("!!..." + "." * 12 + "!!", [FIRED, ("resolved", 1, 2, "sent"), ("firing", 2, 1, "sent")]),
    ],
)
def test_what_is_said(marks: str, told: list[Told]) -> None:
    assert played(marks)[1] == told


def test_a_beginning_is_kept_with_its_instant() -> None:
    state, _ = played("!")
    assert (state.status, state.pending_since, state.trues) == ("pending", STEP, 1)
    state, _ = played("!", state, start=STEP)
    assert (state.status, state.pending_since, state.started_at) == ("firing", STEP, 2 * STEP)


def test_the_cooldown_reopens_the_episode_up_to_its_end() -> None:
    ended = replace(played("!!...")[0], ended_at=0)
    for at, episode in ((COOLDOWN, 1), (COOLDOWN + 1, 2)):
        state = replace(ended, status="pending", trues=1, pending_since=at)
        _, (told,) = evaluate(state, Seen(at, over=True, clear=False, value=1.0))
        assert (told.episode, told.sequence) == (episode, 3 if episode == 1 else 1)


def test_twice_the_peak_is_told_and_then_twice_that() -> None:
    state, _ = played("!!", value=10.0)
    for value, kinds in ((19.9, []), (20.0, ["escalated"]), (39.0, []), (40.0, ["escalated"]), (5.0, [])):
        state, told = evaluate(state, Seen(10 * STEP, over=True, clear=False, value=value))
        assert [one.type for one in told] == kinds


def test_what_turns_four_times_in_an_hour_is_told_as_that_and_then_kept_quiet() -> None:
    state, told = State(), list[Told]()
    for turn in range(4):
        state, more = played("!!...", state, start=turn * 5 * STEP)
        told += more
    assert [(kind, word) for kind, _, _, word in told] == [
        ("firing", "sent"), ("resolved", "sent"), ("firing", "sent"), ("resolved", "sent"), ("flapping", "sent"),
        ("firing", "flapping"), ("resolved", "flapping"), ("firing", "flapping"), ("resolved", "flapping"),
    ]  # fmt: skip
    state, more = played("!!!", state, start=20 * STEP + 2 * HOUR)
    assert more[0][3] == "sent"  # it has been calm for two hours


def test_what_still_fires_when_it_is_calm_again_is_told() -> None:
    flaps = State("firing", 1, 6, peak=10.0, last_true=0, started_at=0, flapping=True, moves=(0, 1, 2, 3))
    assert announce(flaps, HOUR, 9.0, None) == (flaps, [])
    _, (told,) = announce(flaps, 2 * HOUR + 5, 9.0, None)
    assert (told.type, told.sequence, told.told) == ("firing", 7, "sent")


def test_a_growth_breaks_through_what_is_kept_quiet_by_its_flapping() -> None:
    flaps = State("firing", 1, 6, peak=10.0, last_true=0, started_at=0, flapping=True, moves=(0, 1, 2, 3))
    _, (told,) = evaluate(flaps, Seen(STEP, over=True, clear=False, value=20.0))
    assert (told.type, told.told) == ("escalated", "sent")


def test_whoever_was_not_told_of_it_is_not_told_of_its_end() -> None:
    state, told = played("!!...", hush="silenced")
    assert told == [("firing", 1, 1, "silenced"), ("resolved", 1, 2, "silenced")]
    assert not state.said


def test_a_source_is_told_of_at_once() -> None:
    assert played("!.", pace=Pace(1, 0))[1] == [FIRED, ("resolved", 1, 2, "sent")]


def test_a_quarter_of_an_hour_counts_from_the_last_that_was_true() -> None:
    state, _ = played("!!")
    last = state.last_true or 0
    for at, status in ((last + KEEP - 1, "firing"), (last + KEEP, "ok")):
        assert evaluate(state, Seen(at, over=False, clear=True))[0].status == status


steps = st.lists(
    st.tuples(
        st.sampled_from(["true", "clear", "neither", "announce", "close"]),
        st.sampled_from([None, None, None, "silenced", "inhibited"]),
        st.integers(1, 90),
        st.floats(0, 1e6),
    ),
    max_size=60,
)


def run(taken: Sequence[tuple[str, str | None, int, float]]) -> list[Transition]:
    state, at, found = State(), 0, list[Transition]()
    for kind, hush, minutes, value in taken:
        at += minutes * MINUTE
        if kind == "announce":
            state, told = announce(state, at, value, hush)
        elif kind == "close":
            state, told = close(state, at, hush)
        else:
            state, told = evaluate(state, Seen(at, kind == "true", kind == "clear", value), hush)
        found += told
    return found


@settings(max_examples=60)
@given(steps)
def test_no_history_says_an_end_without_a_beginning_or_a_number_twice(
    taken: list[tuple[str, str | None, int, float]],
) -> None:
    told = run(taken)
    keys = [(one.episode, one.sequence) for one in told]
    assert keys == sorted(set(keys))
    numbers = [sequence for _, sequence in keys]
    assert all(later == 1 or later == before + 1 for before, later in pairwise(numbers))
    fires = open_ = False  # what is true, and what receivers believe
    for one in told:
        if one.type == "resolved":
            assert fires
            assert (one.told == "sent") == open_
            fires = open_ = False
        elif one.type == "firing":
            assert one.status == "firing"
            fires, open_ = True, open_ or one.told == "sent"
        elif one.told == "sent" and one.status == "firing":
            open_ = True
    assert run(taken) == told  # the same again makes the same ids
