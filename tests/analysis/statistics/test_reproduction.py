"""R against sums and quantiles written out with scipy."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from app.analysis.statistics import reproduction
from app.analysis.statistics.columns import HOUR
from tests.analysis.statistics.curves import isclose

WEEK_MS = 7 * 24 * HOUR


def kernel(s: float) -> float:
    return 1.0 if s <= 300_000 else (s / 300_000) ** -1.24


def test_the_kernel_is_flat_for_five_minutes_and_falls_with_s_to_the_124() -> None:
    whole = integrate.quad(kernel, 0, 300_000)[0] + integrate.quad(kernel, 300_000, WEEK_MS, limit=500, epsrel=1e-12)[0]
    for hours in (0.05, 1, 6, 100):
        end = hours * HOUR
        part = integrate.quad(kernel, 0, end, points=[min(end, 300_000)], limit=500, epsrel=1e-12)[0]
        assert isclose(float(reproduction.reacted(np.array([end]))[0]), part / whole)
        assert isclose(float(reproduction.density(np.array([end]))[0]), kernel(end) / whole)
    assert reproduction.reacted(np.array([float(WEEK_MS), 2.0 * WEEK_MS])).tolist() == [1, 1]


def naive(incidence: list[float], window: int) -> tuple[float, float, float]:
    n = len(incidence)
    w = [float(np.diff(reproduction.reacted(np.array([(s - 1.0) * HOUR, s * HOUR])))[0]) for s in range(1, n + 1)]
    pressure = [sum(w[s - 1] * incidence[t - s] for s in range(1, t + 1)) for t in range(n)]
    shape = 1 + sum(incidence[-window:])
    scale = 1 / (1 / 5 + sum(pressure[-window:]))
    posterior = stats.gamma(shape, scale=scale)
    return posterior.mean(), posterior.ppf(0.025), posterior.ppf(0.975)


@settings(deadline=None)
@given(st.lists(st.integers(0, 200), min_size=8, max_size=60).filter(lambda v: sum(v[:-6]) > 0))
def test_it_is_coris_posterior(incidence: list[int]) -> None:
    found = reproduction.reproduction(np.array(incidence, dtype=float), HOUR, 6)
    for got, expected in zip((found.value, found.low, found.high), naive(list(map(float, incidence)), 6), strict=True):
        assert isclose(got, expected)


def test_constant_under_reporting_cancels() -> None:
    """All but the prior's weight, which is one of a thousand here."""
    full = np.array([50_000.0 * 0.9**k for k in range(40)])
    whole = reproduction.reproduction(full, HOUR, 6).value or 0
    third = reproduction.reproduction(full / 3, HOUR, 6).value or 0
    assert abs(whole / third - 1) < 0.01


def test_a_gap_is_masked_or_makes_it_null() -> None:
    steady = np.full(100, 50.0)
    whole = reproduction.reproduction(steady, HOUR, 6).value or 0
    old = steady.copy()
    old[20:26] = np.nan
    masked = reproduction.reproduction(old, HOUR, 6).value
    assert masked is not None
    assert abs(masked / whole - 1) < 0.01
    recent = steady.copy()
    recent[-9:-6] = np.nan
    assert "a gap" in (reproduction.reproduction(recent, HOUR, 6).reason or "")
    recent = steady.copy()
    recent[-2] = np.nan
    assert reproduction.reproduction(recent, HOUR, 6).value is None


def test_it_has_reasons() -> None:
    assert reproduction.reproduction(np.full(9, np.nan), HOUR, 6).reason == "reposts unseen"
    assert "needs more than 6" in (reproduction.reproduction(np.ones(6), HOUR, 6).reason or "")
    assert "nothing before" in (reproduction.reproduction(np.zeros(9), HOUR, 6).reason or "")
