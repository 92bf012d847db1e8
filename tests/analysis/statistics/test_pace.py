"""Velocity, acceleration and peak, by hand."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.analysis.statistics import pace
from app.analysis.statistics.columns import HOUR
from tests.analysis.statistics.curves import hand, isclose


def test_velocity_is_the_gain_of_the_newest_bucket_an_hour() -> None:
    assert pace.velocity(hand([5, 12], step=6 * HOUR)).value == 2.0


def test_velocity_keeps_apart_what_was_interpolated() -> None:
    found = pace.velocity(hand([5, 12], estimated=[0, 0.25]))
    assert (found.value, found.low, found.high) == (12, 9, None)
    assert "25% of it is interpolated" in (found.reason or "")


def test_velocity_is_a_lower_bound_where_posts_were_missed() -> None:
    found = pace.velocity(hand([5, 12], covered=[1, 0.5]))
    assert (found.value, found.low, found.high) == (12, 12, None)


def test_velocity_is_null_where_nothing_was_observed() -> None:
    assert pace.velocity(hand([5, None], covered=[1, 0])).value is None
    assert pace.velocity(hand([])).reason == "no bucket is over yet"


def test_acceleration_compares_six_hours_with_the_six_before() -> None:
    gain = [1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60]
    found = pace.acceleration(hand(gain))
    assert isclose(found.value, sum(gain[6:]) / 6 - sum(gain[:6]) / 6)
    assert found.unit == "engagements/hour in 6 h"
    assert pace.acceleration(hand([24, 48], step=24 * HOUR)).value == 1.0


def test_acceleration_needs_twelve_observed_hours() -> None:
    assert "needs 12" in (pace.acceleration(hand([1] * 11)).reason or "")
    assert pace.acceleration(hand([1] * 11 + [None], covered=[1] * 11 + [0])).value is None


def test_peak_is_the_fastest_bucket_once_two_hours_were_below_half_of_it() -> None:
    height, when = pace.peak(hand([1, 9, 4, 4, 4]))
    assert (height.value, height.low, height.high, height.reason) == (9, 9, 9, None)
    assert (when.value, when.low, when.high) == (HOUR, HOUR, 2 * HOUR)


def test_peak_is_provisional_while_it_is_still_fast() -> None:
    assert pace.peak(hand([1, 9, 4, 5, 4]))[0].reason == "provisional"
    assert pace.peak(hand([1, 9, 4, 4]))[0].reason is None


def test_peak_may_lie_in_a_gap() -> None:
    hole = pace.peak(hand([1, 9, 1, None, 1, 1, 1], covered=[1, 1, 1, 0, 1, 1, 1]))[0]
    assert (hole.value, hole.high, hole.reason) == (9, None, pace.IN_GAP)
    beside = pace.peak(hand([1, 9, 1, 1, 1], covered=[1, 1, 0.99, 1, 1]))[0]
    assert beside.reason == pace.IN_GAP
    thin = pace.peak(hand([1, 9, 1, 4, 1, 1], covered=[1, 1, 1, 0.25, 1, 1]))[0]
    assert thin.reason == pace.IN_GAP
    enough = pace.peak(hand([1, 9, 1, 4, 1, 1], covered=[1, 1, 1, 0.5, 1, 1]))[0]
    assert (enough.value, enough.reason) == (9, None)


def test_peak_may_lie_where_growth_was_interpolated_over_hours() -> None:
    found = pace.peak(hand([1, 9, 1, 4, 4, 4, 1, 1], estimated=[0, 0, 0, 1, 1, 1, 0, 0]))[0]
    assert (found.value, found.high, found.reason) == (9, 13, pace.IN_GAP)
    little = pace.peak(hand([1, 9, 1, 2, 2, 2, 1, 1], estimated=[0, 0, 0, 1, 1, 1, 0, 0]))[0]
    assert (little.value, little.reason) == (9, None)


def test_no_peak_where_nothing_was_gained() -> None:
    assert pace.peak(hand([0, 0]))[0].value is None


gains = st.lists(st.integers(0, 1_000), min_size=1, max_size=50)


@given(gains, st.integers(1, 20))
def test_pace_scales_with_what_is_counted(gain: list[int], factor: int) -> None:
    one, many = hand(gain), hand([factor * x for x in gain])
    for measure in (pace.velocity, pace.acceleration, lambda curve: pace.peak(curve)[0]):
        a, b = measure(one).value, measure(many).value
        assert (a is None) == (b is None)
        assert a is None or b is None or math.isclose(a * factor, b, rel_tol=1e-9, abs_tol=1e-9)


@given(gains)
def test_the_peak_is_the_largest_difference(gain: list[int]) -> None:
    found = pace.peak(hand(gain))[0].value
    assert found == (max(gain) or None)
    assert found is None or isclose(found, float(np.max(np.array(gain))))
