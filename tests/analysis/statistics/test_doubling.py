"""Doubling times against the closed form, and the fit against a general optimiser."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from app.analysis.statistics import doubling
from app.analysis.statistics.columns import HOUR
from tests.analysis.statistics.curves import hand, isclose


def test_exponential_growth_doubles_in_its_own_time() -> None:
    levels = [1_000 * 2 ** (k / 5) for k in range(25)]
    curve = hand(list(np.diff(levels)), before=1_000)
    assert isclose(doubling.doubling_time(curve, 0, 24 * HOUR).value, 5)
    assert isclose(doubling.doubling_time(curve, 4 * HOUR, 11 * HOUR).value, 5)


def test_it_is_the_formula() -> None:
    found = doubling.doubling_time(hand([100, 30, 20]), HOUR, 3 * HOUR)
    assert isclose(found.value, math.log(2) * 2 / math.log(150 / 100))
    assert (found.low, found.high) == (found.value, found.value)


def test_growth_under_a_tenth_has_none() -> None:
    assert "less than 10 %" in (doubling.doubling_time(hand([100, 9]), HOUR, 2 * HOUR).reason or "")
    assert doubling.doubling_time(hand([100, 11]), HOUR, 2 * HOUR).value is not None
    assert doubling.doubling_time(hand([0, 11]), HOUR, 2 * HOUR).value is None


def test_a_gap_at_its_edge_bounds_it() -> None:
    found = doubling.doubling_time(hand([100, 10, 10, 10, 50], estimated=[0, 1, 1, 1, 0]), 2 * HOUR, 5 * HOUR)
    assert isclose(found.value, math.log(2) * 3 / math.log(180 / 110))
    assert isclose(found.low, math.log(2) * 3 / math.log(180 / 100))
    assert isclose(found.high, math.log(2) * 3 / math.log(150 / 130))


def poisson(volume: list[int]) -> tuple[float, float]:
    """Slope and quasi-Poisson standard error by maximising the likelihood, and its numerical curvature by hand."""
    y, x = np.array(volume, dtype=float), np.arange(len(volume), dtype=float)

    def loss(beta: np.ndarray) -> float:
        return float(np.sum(np.exp(beta[0] + beta[1] * x) - y * (beta[0] + beta[1] * x)))

    def slope(beta: np.ndarray) -> np.ndarray:
        rest = np.exp(beta[0] + beta[1] * x) - y
        return np.array([rest.sum(), (rest * x).sum()])

    found = optimize.root(slope, [math.log(y.mean()), 0.0], tol=1e-14).x
    assert loss(found) <= loss(found + 1e-4)
    mean = np.exp(found[0] + found[1] * x)
    information = np.array([[mean.sum(), (mean * x).sum()], [(mean * x).sum(), (mean * x * x).sum()]])
    spread = max(1.0, float(np.sum((y - mean) ** 2 / mean)) / (len(y) - 2))
    return float(found[1]), math.sqrt(np.linalg.inv(information)[1, 1] * spread)


def test_the_volumes_fit_is_that_of_a_general_optimiser() -> None:
    volume = [3, 8, 4, 12, 9, 30, 22, 51]
    slope, error = doubling.log_linear(np.array(volume, dtype=float), np.arange(8.0))
    other, its_error = poisson(volume)
    assert isclose(slope, other)
    assert isclose(error, its_error)
    found = doubling.volume_doubling_time(np.array(volume, dtype=float), np.arange(8.0))
    reach = stats.t.ppf(0.975, 6) * its_error
    assert isclose(found.value, math.log(2) / other)
    assert isclose(found.low, math.log(2) / (other + reach))
    assert isclose(found.high, math.log(2) / (other - reach))


def test_volumes_that_do_not_grow_have_none() -> None:
    level = doubling.volume_doubling_time(np.array([5.0, 6, 4, 5, 6]), np.arange(5.0))
    assert "does not grow distinguishably" in (level.reason or "")
    few = doubling.volume_doubling_time(np.array([5.0, np.nan, 4, 5]), np.arange(4.0))
    assert few.reason == "needs 4 known buckets, has 3"


@given(
    st.lists(st.integers(0, 500), min_size=4, max_size=40).filter(lambda v: sum(map(bool, v)) >= 2), st.integers(0, 9)
)
def test_a_later_clock_changes_nothing(volume: list[int], later: int) -> None:
    y, x = np.array(volume, dtype=float), np.arange(len(volume), dtype=float)
    a, b = doubling.volume_doubling_time(y, x), doubling.volume_doubling_time(y, x + later)
    assert (a.value is None) == (b.value is None)
    assert a.value is None or b.value is None or math.isclose(a.value, b.value, rel_tol=1e-6)
