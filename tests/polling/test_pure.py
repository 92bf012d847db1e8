"""What the loop decides without a database: when to look again, what an error means, whether a call may be made."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analysis import budget
from app.analysis.budget import SLICES, Spent
from app.clock import DAY, HOUR, MINUTE, SECOND, from_ms
from app.polling import cadence, outcome
from app.polling.patience import Patience
from collectors import errors
from tests.clocks import FakeClock

NOW = 1_772_366_400_000
FIVE = 5 * MINUTE


@pytest.mark.parametrize(
    ("age", "wait"),
    [(0, FIVE), (FIVE, FIVE), (HOUR, 15 * MINUTE), (DAY, 6 * HOUR), (10 * DAY, DAY), (40 * DAY, 7 * DAY),
     (91 * DAY, None), (-HOUR, FIVE)],
)  # fmt: skip
def test_the_older_a_post_the_rarer_it_is_looked_at(age: int, wait: int | None) -> None:
    assert cadence.next_look(NOW - age, NOW) == (None if wait is None else NOW + wait)


def test_a_post_of_a_track_that_is_polled_more_often_is_looked_at_more_often() -> None:
    assert cadence.plan(NOW, MINUTE)(NOW) == NOW + MINUTE
    assert cadence.plan(NOW, HOUR)(NOW) == NOW + FIVE


def test_a_post_that_is_absent_is_soon_asked_for_again_and_then_rarely() -> None:
    waits = [cadence.next_look_when_absent(times, NOW) for times in (1, 2, 3, 4)]
    assert waits == [NOW + 10 * MINUTE, NOW + DAY, NOW + 7 * DAY, None]


@given(st.integers(0, 80 * DAY))
def test_about_thirty_looks_a_month(age: int) -> None:
    following = cadence.next_look(NOW - age, NOW)
    assert following is not None
    assert NOW < following <= NOW + 7 * DAY


@pytest.mark.parametrize(
    ("error", "failures", "state", "wait"),
    [
        (errors.Unauthorized("no"), 1, "stopped", None),
        (errors.RateLimited("slow", from_ms(NOW + 90 * SECOND)), 1, "waiting", 90 * SECOND),
        (errors.RateLimited("slow", from_ms(NOW + DAY)), 1, "waiting", 15 * MINUTE),
        (errors.RateLimited("slow", from_ms(NOW - DAY)), 1, "waiting", SECOND),
        (errors.RateLimited("slow"), 1, "waiting", 2 * SECOND),
        (errors.RateLimited("slow"), 99, "waiting", MINUTE),
        (errors.Spent("used up", from_ms(NOW + MINUTE)), 1, "waiting", MINUTE),
        (errors.Unavailable("down"), 4, "failing", None),
        (errors.Unavailable("down"), 5, "failing", 2 * SECOND),
        (errors.Unavailable("down"), 50, "failing", MINUTE),
        (errors.Malformed("what"), 9, "failing", None),
        (errors.Refused("no such thing"), 9, "failing", None),
    ],
)
def test_what_an_error_means(error: errors.CollectorError, failures: int, state: str, wait: int | None) -> None:
    verdict = outcome.judge(error, NOW, failures)
    assert (verdict.state, verdict.waits_until) == (state, None if wait is None else NOW + wait)


@pytest.mark.parametrize(
    ("late", "failures", "due"),
    [(0, 0, 1), (299, 0, 1), (300, 0, 2), (1_000, 0, 4), (0, 1, 1), (0, 3, 2), (0, 99, 2), (1_000, 99, 4), (-50, 0, 1)],
)
def test_the_next_slot_is_of_the_same_phase_and_no_more_than_two_off(late: int, failures: int, due: int) -> None:
    assert outcome.next_due(NOW, 300 * SECOND, NOW + late * SECOND, failures) == NOW + due * 300 * SECOND


def test_the_worst_word_of_a_pass_stays() -> None:
    summary = outcome.PassSummary("farm", "town")
    for state, reason in (("partial", "a"), ("ok", "b"), ("failed", "c"), ("partial", "d")):
        if state != "ok":
            summary.worse(state, reason)
    assert (summary.state, summary.reason) == ("failed", "c")


async def test_patience_ends_after_five_tries(clock: FakeClock) -> None:
    patience = Patience(clock, patient=False)
    for _ in range(2):
        for _ in range(4):
            await patience.after(errors.Unavailable("down"))
        patience.answered()
    for _ in range(4):
        await patience.after(errors.Unavailable("down"))
    with pytest.raises(errors.Unavailable):
        await patience.after(errors.Unavailable("down"))
    assert all(0.1 <= wait <= 60 for wait in clock.slept)


async def test_only_who_is_asked_by_a_person_waits_for_a_limit_and_a_quarter_of_an_hour_at_most(
    clock: FakeClock,
) -> None:
    def soon() -> errors.RateLimited:
        return errors.RateLimited("slow", clock.now() + timedelta(minutes=6))

    with pytest.raises(errors.RateLimited):
        await Patience(clock, patient=False).after(soon())
    patience = Patience(clock, patient=True)
    await patience.after(soon())
    await patience.after(soon())
    with pytest.raises(errors.RateLimited):
        await patience.after(soon())
    assert sum(clock.slept) == 12 * 60
    with pytest.raises(errors.Malformed):
        await patience.after(errors.Malformed("what"))


LIMIT, WINDOW = 30, 5 * MINUTE


@given(st.lists(st.tuples(st.integers(0, 90 * SECOND), st.integers(1, 4)), max_size=200))
def test_no_window_ever_holds_more_than_the_limit(asked: list[tuple[int, int]]) -> None:
    """Wherever it begins. And whoever waits until told is not told to wait for ever."""
    spent, now, calls = Spent({}), NOW, []
    for wait, units in asked:
        now += wait
        taken = budget.take(spent, LIMIT, WINDOW, units, now)
        if isinstance(taken, int):
            assert now < taken <= now + WINDOW + WINDOW // SLICES
            continue
        spent = taken
        calls.append((now, units))
        assert sum(n for at, n in calls if at > now - WINDOW) <= LIMIT
    assert budget.left(spent, LIMIT, WINDOW, now + WINDOW + WINDOW // SLICES) == LIMIT


def test_waiting_until_told_is_enough() -> None:
    spent, dice = Spent({}), random.Random(1)
    now = NOW
    while not isinstance(taken := budget.take(spent, LIMIT, WINDOW, 1, now), int):
        spent, now = taken, now + dice.randrange(3_000)
    assert not isinstance(budget.take(spent, LIMIT, WINDOW, 1, taken), int)


HEARD = (100, 40, NOW + MINUTE)


@pytest.mark.parametrize(
    ("said", "remaining"),
    [
        ((100, 20, NOW + MINUTE), 20),
        ((100, 60, NOW + MINUTE), 40),
        ((100, 60, NOW + MINUTE + 900), 40),
        ((100, 99, NOW + 6 * MINUTE), 99),
        ((100, 10, NOW + SECOND), 40),
        ((100, 10, NOW - SECOND), 40),
        ((100, None, NOW + MINUTE), 40),
        ((100, 10, None), 40),
    ],
    ids=["less", "overtaken", "the same reset", "a new window", "an older window", "past", "no number", "no reset"],
)
def test_headers_narrow_what_is_left(said: tuple[int | None, int | None, int | None], remaining: int) -> None:
    spent = budget.hear(budget.hear(Spent({}), WINDOW, HEARD, NOW), WINDOW, said, NOW)
    assert spent.told_remaining == remaining


def test_a_limit_that_was_told_holds_where_nothing_else_is_known() -> None:
    spent = budget.hear(Spent({}), WINDOW, (10, 9, NOW + MINUTE), NOW)
    later = NOW + 2 * MINUTE
    assert budget.left(spent, 300, WINDOW, later) == 10
    assert budget.left(budget.hear(Spent({}), WINDOW, (900, 899, NOW + MINUTE), NOW), 300, WINDOW, NOW) == 300
    assert budget.left(budget.hear(Spent({}), WINDOW, (0, 5, NOW + MINUTE), NOW), 300, WINDOW, later) == 300


def test_a_reset_in_the_far_future_is_believed_for_an_hour() -> None:
    spent = budget.hear(Spent({}), WINDOW, (300, 0, NOW + 365 * DAY), NOW)
    assert budget.take(spent, 300, WINDOW, 1, NOW) == NOW + HOUR


def test_some_is_spared_for_what_matters_more() -> None:
    spent = Spent({NOW // (WINDOW // SLICES): 20})
    assert budget.left(spent, LIMIT, WINDOW, NOW) == 10
    assert budget.left(spent, LIMIT, WINDOW, NOW, spare=8) == 2
    assert isinstance(budget.take(spent, LIMIT, WINDOW, 3, NOW, spare=8), int)
    assert isinstance(budget.take(spent, LIMIT, WINDOW, 3, NOW), Spent)


def test_what_was_taken_and_not_used_goes_back_and_no_further() -> None:
    state = budget.take(budget.Spent({}), 1_000, HOUR, 100, 0)
    assert isinstance(state, budget.Spent)
    assert budget.left(budget.give_back(state, HOUR, 60, 0), 1_000, HOUR, 0) == 960
    assert budget.left(budget.give_back(state, HOUR, 500, 0), 1_000, HOUR, 0) == 1_000
    assert budget.left(budget.give_back(state, HOUR, 60, HOUR), 1_000, HOUR, HOUR) == 900, "nothing was taken then"


def test_what_goes_back_leaves_the_slice_that_it_was_taken_in() -> None:
    """Taken just before a slice ends, given back just after: the new slice still holds all that was spent in it."""
    width = HOUR // budget.SLICES
    state = budget.take(budget.Spent({}), 1_000, HOUR, 500, width - 1)
    assert isinstance(state, budget.Spent)
    state = budget.take(state, 1_000, HOUR, 300, width)
    assert isinstance(state, budget.Spent)
    assert budget.give_back(state, HOUR, 400, width - 1).slices == {0: 100, 1: 300}
