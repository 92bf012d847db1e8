"""Time to N and half-life, by hand."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.analysis.statistics import bounds, timing
from app.analysis.statistics.columns import HOUR, Curve
from app.analysis.statistics.measured import Measured
from tests.analysis.statistics.curves import hand, isclose

ORIGIN = timing.Origin(0, "the first post", 0)


def to(curve: Curve, goal: float) -> Measured:
    return timing.time_to(curve, bounds.sure(curve), goal, ORIGIN)


def test_it_is_interpolated_within_its_bucket() -> None:
    found = to(hand([0, 0, 0, 0, 10, 30, 0, 0, 0]), 25)
    assert isclose(found.value, 5.5)
    # Looks are up to two hours from where growth is drawn.
    assert (found.low, found.high) == (3, 8)
    assert found.unit == "hours since the first post"


def test_a_gap_widens_it_to_the_looks_around() -> None:
    still = [0.0] * 6
    found = to(hand([*still, 5, 5, 5, 5, *still], estimated=[*still, 1, 1, 1, 1, *still]), 12)
    assert isclose(found.value, 8.4)
    assert (found.low, found.high) == (0, 16)


def test_it_may_have_been_earlier_where_posts_were_missed() -> None:
    found = to(hand([1, 1, 20, 0, 0, 0], covered=[1, 0.5, 1, 1, 1, 1]), 10)
    assert (found.low, found.reason) == (None, timing.EARLIER)
    later = to(hand([1, 1, 20, 0, 0, 0], covered=[1, 1, 1, 0.5, 1, 1]), 10)
    assert later.reason is None


def test_what_is_not_reached_is_censored() -> None:
    assert to(hand([1, 2]), 4).reason == "4 was not seen reached"
    assert "before the curve begins" in (to(hand([1, 2], before=5), 4).reason or "")


def test_a_level_that_fell_was_still_reached() -> None:
    assert isclose(to(hand([10, -5, 0, 0]), 10).value, 1.0)


def test_of_looks_it_lies_between_the_last_below_and_the_first_above() -> None:
    at = np.array([1, 2, 5], dtype=np.int64) * HOUR
    found = timing.time_to_of_looks(at, np.array([5, 8, 20]), 10, 0)
    assert isclose(found.value, 2 + 3 * 2 / 12)
    assert (found.low, found.high) == (2, 5)
    assert timing.time_to_of_looks(at, np.array([5, 8, 20]), 21, 0).low == 5


def test_half_life_is_refused_until_nine_tenths_are_expected() -> None:
    """F(52.5 h) = 1 - 316^-0.4 is the first above 0.9."""
    for hours, told in ((52, False), (54, True)):
        births = np.array([1.0] + [0.0] * hours)
        curve = hand([60, 40] + [0] * (hours - 1))
        found = timing.half_life(curve, bounds.sure(curve), births, ORIGIN)
        assert (found.value is not None) == told
        assert isclose(timing.completeness(curve, births), 1 - (1 + hours * 6) ** -0.4)


def test_half_life_is_when_half_of_it_was_there() -> None:
    curve = hand([60, 40] + [0] * 99)
    births = np.array([1.0] + [0.0] * 100)
    found = timing.half_life(curve, bounds.sure(curve), births, ORIGIN)
    assert isclose(found.value, 50 / 60)
    # Half of all that is expected, 100 / 0.9226 / 2, was surely there two hours after its edge.
    assert (found.low, found.high) == (0, 3)
    assert "of 100 by the newest look, 92.3% of what is expected" in (found.reason or "")


def test_completeness_is_the_mean_over_posts() -> None:
    births = np.array([2.0, 0.0, 1.0, 0.0])
    expected = 1 - (2 * (1 + 18) ** -0.4 + (1 + 6) ** -0.4) / 3
    assert isclose(timing.completeness(hand([1, 1, 1, 1]), births), expected)


def test_half_life_needs_the_beginning() -> None:
    curve = hand([1] * 100, before=5)
    births = np.array([1.0] + [0.0] * 99)
    assert "before the curve begins" in (timing.half_life(curve, bounds.sure(curve), births, ORIGIN).reason or "")


@given(st.lists(st.integers(0, 50), min_size=2, max_size=60), st.integers(1, 200), st.data())
def test_its_bounds_hold_it_whatever_was_interpolated(gain: list[int], goal: int, data: st.DataObject) -> None:
    shares = data.draw(st.lists(st.sampled_from([0.0, 0.3, 1.0]), min_size=len(gain), max_size=len(gain)))
    found = to(hand(gain, estimated=shares), goal)
    exact = to(hand(gain), goal)
    assert found.value == exact.value
    if found.value is not None:
        assert found.low is not None
        assert exact.low is not None
        assert found.low <= exact.low <= found.value
        assert found.high is not None
        assert exact.high is not None
        assert found.value <= exact.high <= found.high


@given(st.lists(st.integers(0, 50), min_size=2, max_size=60), st.data())
def test_wherever_a_gaps_growth_truly_lay_the_interval_holds(gain: list[int], data: st.DataObject) -> None:
    """Growth in a gap is drawn somewhere in it; the truth is any other order of the same growth."""
    first = data.draw(st.integers(0, len(gain) - 1))
    last = data.draw(st.integers(first, len(gain) - 1))
    inside = data.draw(st.permutations(gain[first : last + 1]))
    truth = [*gain[:first], *inside, *gain[last + 1 :]]
    shares = [1.0 if first <= k <= last and gain[k] else 0.0 for k in range(len(gain))]
    total = sum(gain)
    if total:
        goal = data.draw(st.integers(1, total))
        found, really = to(hand(gain, estimated=shares), goal), to(hand(truth), goal)
        assert found.low is not None
        assert found.high is not None
        assert really.value is not None
        assert found.low <= really.value <= found.high
