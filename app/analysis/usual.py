"""What a curve would have done anyway: from its own weeks before, or from other hashtags."""

import warnings

import numpy as np
from numpy.typing import NDArray

from app.analysis.shape import Floats, Ints

WEEK_MS = 7 * 86_400_000
FEWEST_WEEKS, MOST_WEEKS = 4, 8


def of_weeks(gain: Floats, edges: Ints) -> Floats:
    """The median of the same hour of the week in the 8 weeks before; NaN with fewer than 4 that were covered."""
    begins = edges[:-1]
    rows = np.full((MOST_WEEKS, len(gain)), np.nan)
    for week in range(1, MOST_WEEKS + 1):
        place = np.searchsorted(begins, begins - week * WEEK_MS)
        # Across a change of the clocks a bucket may begin elsewhere: what does not match is left out.
        there = begins[np.minimum(place, len(begins) - 1)] == begins - week * WEEK_MS
        rows[week - 1, there] = gain[place[there]]
    enough = (~np.isnan(rows)).sum(axis=0) >= FEWEST_WEEKS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # buckets without any week
        median: Floats = np.nanmedian(rows, axis=0)
    return np.where(enough, median, np.nan)


def of_others(gain: Floats, others: Floats, until: int) -> Floats:
    """A synthetic control: the mix of `others` (rows) with weights >= 0 that fits `gain` best before bucket `until`.

    Source: Abadie et al. 2010, without their sum to 1, as hashtags differ in size. NaN where one of them was not
    covered, and everywhere with fewer than 48 common buckets, or under ten for each other hashtag.
    """
    known = ~np.isnan(gain[:until]) & ~np.isnan(others[:, :until]).any(axis=0)
    if known.sum() < max(48, 10 * len(others)):
        return np.full(len(gain), np.nan)
    weights = not_negative(others[:, :until][:, known].T, gain[:until][known])
    result: Floats = weights @ others
    return result


def not_negative(a: Floats, b: Floats) -> Floats:
    """The x >= 0 that makes a x nearest to b (Lawson and Hanson 1974, chapter 23)."""
    x, free = np.zeros(a.shape[1]), np.zeros(a.shape[1], dtype=bool)
    least = 1e-10 * max(1.0, float(np.abs(a.T @ b).max(initial=0.0)))
    for _ in range(3 * a.shape[1] * a.shape[1] + 3):
        slope = np.where(free, -np.inf, a.T @ (b - a @ x))
        if free.all() or slope.max() <= least:
            break
        free[int(np.argmax(slope))] = True
        x = _kept_above_0(a, b, x, free)
    return x


def _kept_above_0(a: Floats, b: Floats, x: Floats, free: NDArray[np.bool_]) -> Floats:
    """The least squares over the free ones; those that it would make negative stop at 0 and are free no more."""
    while True:
        best = np.zeros(len(x))
        best[free] = np.linalg.lstsq(a[:, free], b, rcond=None)[0]
        below = free & (best <= 0)
        if not below.any():
            return best
        step = np.min(x[below] / np.maximum(x[below] - best[below], 1e-300))
        x = x + step * (best - x)
        free &= x > 1e-12
        x = np.where(free, x, 0.0)
