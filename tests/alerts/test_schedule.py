"""When a try follows, when an endpoint rests, when it is given up: pure, so asked for every case."""

from hypothesis import given
from hypothesis import strategies as st

from app.alerts import schedule
from app.alerts.schedule import DELAYS, TRIES, Outcome, rest, wait
from app.clock import DAY, HOUR, MINUTE, SECOND

BAD = Outcome(503, "answered 503")


def test_ten_tries_in_seventy_five_hours_and_a_half() -> None:
    assert TRIES == 10
    assert sum(DELAYS) == 75 * HOUR + 35 * MINUTE + 5 * SECOND
    assert [wait(tries, BAD, 0.0) for tries in range(1, 11)] == [*DELAYS[1:], None]


@given(st.integers(1, 9), st.floats(0, 1, exclude_max=True))
def test_jitter_only_ever_lengthens(tries: int, dice: float) -> None:
    waited = wait(tries, BAD, dice)
    assert waited is not None
    assert DELAYS[tries] <= waited <= DELAYS[tries] * 1.2


def test_too_much_and_too_slow_wait_a_minute_at_least() -> None:
    assert wait(1, Outcome(429, "answered 429"), 0.0) == MINUTE
    assert wait(1, Outcome(problem="no answer in time", slow=True), 0.0) == MINUTE
    assert wait(3, Outcome(429, "answered 429"), 0.0) == 30 * MINUTE


def test_what_the_receiver_asks_for_is_obeyed_up_to_an_hour() -> None:
    assert wait(1, Outcome(503, "x", wait_ms=2 * MINUTE), 0.9) == 2 * MINUTE
    assert wait(1, Outcome(503, "x", wait_ms=5 * HOUR), 0.0) == HOUR
    assert wait(4, Outcome(503, "x", wait_ms=MINUTE), 0.0) == 2 * HOUR  # never sooner than ours


def test_an_endpoint_rests_longer_and_longer_up_to_a_minute() -> None:
    assert [rest(failures, BAD) for failures in (1, 4, 5, 6, 8, 9, 500)] == [
        None, None, 5_000, 10_000, 40_000, MINUTE, MINUTE,
    ]  # fmt: skip
    assert rest(1, Outcome(429, "x")) == MINUTE
    assert rest(9, Outcome(429, "x", wait_ms=5 * HOUR)) == HOUR


def test_an_endpoint_is_given_up_after_five_days_and_a_lost_message() -> None:
    assert schedule.hopeless(0, 1, 5 * DAY)
    assert not schedule.hopeless(0, 1, 5 * DAY - 1)
    assert not schedule.hopeless(0, 0, 50 * DAY)
    assert not schedule.hopeless(None, 3, 50 * DAY)
