"""Where a campaign took off, when nobody declared it."""

import numpy as np
from numpy.typing import NDArray

from app.analysis.shape import Floats, Ints
from app.analysis.statistics.measured import TIME, Measured, unknown

RUN = 3
SIGMAS = 3.0
BASE_MS = 7 * 86_400_000
BASE_BUCKETS = 28
FEWEST = 24
FOUND = "found, not declared"


def found(edges: Ints, volume: Floats, seen: NDArray[np.bool_]) -> Measured:
    """The beginning of the first of 3 consecutive buckets whose volume is above baseline + 3 sigma.

    Baseline and sigma: mean and standard deviation (n - 1) of the buckets seen in the 7 days (28 buckets, if longer)
    before the first of the three, at least 24 of them; sigma is at least sqrt(baseline) and 1, or one post in a silence
    would be a launch. A bucket that was not seen breaks a run. Unit: a time, within its bucket. Null: none such, or too
    little seen before.
    """
    if not len(volume):
        return unknown(TIME, "no bucket is over yet")
    bar = bars(edges, volume, seen)
    # The least of a bucket and the two after it, where all were seen, against the bar of the first.
    known = np.concatenate([np.where(seen, volume, np.nan), np.full(RUN - 1, np.nan)])
    least = np.min([known[k : k + len(volume)] for k in range(RUN)], axis=0)
    run = least > bar
    if run.any():
        k = int(np.argmax(run))
        return Measured(float(edges[k]), float(edges[k]), float(edges[k + 1]), TIME, FOUND)
    if np.isnan(bar).all():
        return unknown(TIME, f"needs {FEWEST} observed buckets before it")
    return unknown(TIME, "no 3 consecutive buckets above baseline + 3 sigma")


def bars(edges: Ints, volume: Floats, seen: NDArray[np.bool_]) -> Floats:
    """Baseline + 3 sigma of the buckets seen before each; NaN with fewer than 24 of them."""
    n = len(volume)
    known = np.where(seen, np.nan_to_num(volume), 0.0)
    week = np.searchsorted(edges, edges[:n] - BASE_MS, "left")
    first = np.minimum(week, np.maximum(np.arange(n) - BASE_BUCKETS, 0))
    # Sums of whole numbers: exact in floats, so differences of running sums are too.
    count, total, squares = (_before(column, first) for column in (seen.astype(np.float64), known, known**2))
    enough = count >= FEWEST
    n_safe = np.where(enough, count, 2.0)
    mean = total / n_safe
    variance = np.maximum(squares - n_safe * mean**2, 0.0) / (n_safe - 1)
    sigma = np.sqrt(np.maximum(np.maximum(variance, mean), 1.0))
    return np.where(enough, mean + SIGMAS * sigma, np.nan)


def _before(column: Floats, first: Ints) -> Floats:
    sums = np.concatenate([[0.0], np.cumsum(column)])
    result: Floats = sums[: len(column)] - sums[first]
    return result
