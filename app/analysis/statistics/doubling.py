"""Doubling times: of a level, and of a volume per bucket."""

import math

import numpy as np

from app.analysis.shape import Floats
from app.analysis.statistics import bounds
from app.analysis.statistics.columns import HOUR, Curve
from app.analysis.statistics.measured import Measured, unknown
from app.analysis.statistics.quantiles import student_t

LEAST_GROWTH = 1.10
DAY = 24 * HOUR
MISSED = "posts were missed: what they gained is not in it"


def doubling_time(curve: Curve, start: int, end: int) -> Measured:
    """ln 2 * dt / ln(E(end) / E(start)), at the edges nearest inside [start, end].

    Source: exponential growth. Unit: hours. The bounds let what was interpolated lie anywhere in its run. Null: no
    level at the start yet, under two edges, or growth under 10 % over dt.
    """
    inside = np.flatnonzero((curve.edges >= start) & (curve.edges <= end))
    if len(inside) < 2:
        return unknown("hours", "shorter than a bucket")
    first, last = int(inside[0]), int(inside[-1])
    hours = float(curve.edges[last] - curve.edges[first]) / HOUR
    low, high = bounds.levels(curve)
    if curve.level[first] <= 0:
        return unknown("hours", "nothing to double at its beginning")
    value = _doubling(hours, float(curve.level[last] / curve.level[first]))
    if value is None:
        return unknown("hours", f"grew by less than 10 % in {hours:g} h")
    fast = _doubling(hours, float(high[last] / low[first])) if low[first] > 0 else None
    slow = _doubling(hours, float(low[last] / high[first]))
    fast, slow = (None if fast is None else min(fast, value)), (None if slow is None else max(slow, value))
    note = None if (curve.covered[first:last] >= 1).all() else MISSED
    return Measured(value, fast, slow, "hours", note)


def _doubling(hours: float, ratio: float) -> float | None:
    return math.log(2) * hours / math.log(ratio) if ratio >= LEAST_GROWTH else None


def doubling_now(curve: Curve) -> Measured:
    """Of the newest 24 hours that are over, or of all since the first edge with a level when that is later."""
    grown = np.flatnonzero(curve.level > 0)
    if not len(grown) or curve.whole < 1:
        return unknown("hours", "nothing was gained")
    end = int(curve.edges[curve.whole])
    return doubling_time(curve, max(end - DAY, int(curve.edges[grown[0]])), end)


def volume_doubling_time(volume: Floats, hours: Floats) -> Measured:
    """ln 2 / b of the log-linear fit E[volume] = exp(a + b t), quasi-Poisson, over >= 4 buckets (NaN left out).

    Source: McCullagh and Nelder 1989 (dispersion by Pearson's chi2 / (n - 2), at least 1); interval by Student's t on
    b. `hours`: each bucket's middle. Unit: hours. Null: fewer than 4 known buckets, nothing in them, or a growth whose
    95 % interval holds 0.
    """
    known = ~np.isnan(volume)
    y, x = volume[known], hours[known]
    if len(y) < 4:
        return unknown("hours", f"needs 4 known buckets, has {len(y)}")
    if np.count_nonzero(y) < 2:
        return unknown("hours", "posts in fewer than two buckets")
    slope, error = log_linear(y, x)
    reach = student_t(len(y) - 2, 0.975) * error
    if not slope - reach > 0:
        return unknown("hours", f"does not grow distinguishably: {slope:.2g} an hour, give or take {reach:.2g}")
    two = math.log(2)
    return Measured(two / slope, two / (slope + reach), two / (slope - reach), "hours")


def log_linear(y: Floats, x: Floats) -> tuple[float, float]:
    """Slope and standard error of the quasi-Poisson fit, by iteratively reweighted least squares."""
    centre, width = float(x.mean()), float(np.ptp(x)) or 1.0
    design = np.column_stack([np.ones(len(x)), (x - centre) / width])
    mean, beta = (y + y.mean()) / 2, np.zeros(2)
    for _ in range(100):
        eta = np.log(mean)
        weighted = design * mean[:, None]
        beta = np.linalg.solve(design.T @ weighted, weighted.T @ (eta + (y - mean) / mean))
        mean = np.exp(np.clip(design @ beta, -50, 50))
        if np.max(np.abs(np.log(mean) - eta)) < 1e-13:
            break
    spread = max(1.0, float(((y - mean) ** 2 / mean).sum()) / (len(y) - 2))
    variance = np.linalg.inv(design.T @ (design * mean[:, None]))[1, 1] * spread
    return float(beta[1]) / width, math.sqrt(variance) / width
