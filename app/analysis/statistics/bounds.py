"""What interpolated growth leaves open: how much there can have been at each edge, as its place is not known."""

import numpy as np
from numpy.typing import NDArray

from app.analysis.contribution import APART_MS
from app.analysis.shape import Floats, Ints
from app.analysis.statistics.columns import Curve

GAP = 0.5
"""A bucket that is interpolated by half or more lies in a gap: what was gained there may lie anywhere in it."""
MOVED_MS = 86_400_000
"""Elsewhere what is interpolated (old posts, seldom looked at) is taken to lie at most a day from where it is drawn."""


def gaps(curve: Curve) -> Ints:
    """A number a bucket: those of one gap share it; 0 where there is none.

    Spans reach past the buckets where their whole numbers fell: a gap takes in what gained nothing beside it, and one
    bucket more.
    """
    inside = np.nan_to_num(curve.estimated) >= GAP
    still = np.nan_to_num(curve.gain) == 0
    group = np.cumsum(~(still & np.concatenate([[False], still[:-1]])))
    inside = inside | (still & np.isin(group, group[still & _widened(inside)]))
    wide = _widened(inside)
    starts = wide & ~np.concatenate([[False], wide[:-1]])
    return np.where(wide, np.cumsum(starts), 0).astype(np.int64)


def _widened(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    wide = inside.copy()
    wide[1:] |= inside[:-1]
    wide[:-1] |= inside[1:]
    return wide


def interpolated(curve: Curve) -> Floats:
    """How much of each bucket's gain lies between looks over 2 hours apart."""
    result: Floats = np.nan_to_num(curve.estimated) * np.abs(np.nan_to_num(curve.gain))
    return result


def most_per_bucket(curve: Curve) -> Floats:
    """The most that each bucket can have gained, had all that was interpolated in its gap come in it."""
    gap = gaps(curve)
    guessed = np.where(gap > 0, interpolated(curve), 0.0)
    mass = np.bincount(gap, weights=guessed, minlength=1)
    mass[0] = 0
    result: Floats = np.nan_to_num(curve.gain) - guessed + mass[gap]
    return result


def levels(curve: Curve) -> tuple[Floats, Floats]:
    """The least and the most that E can have been at each edge."""
    gap = gaps(curve)
    sums = np.concatenate([[0.0], np.cumsum(interpolated(curve))])
    begin = np.searchsorted(curve.edges, curve.edges - MOVED_MS, "left")
    end = np.searchsorted(curve.edges, curve.edges + MOVED_MS, "right") - 1
    borders = np.concatenate([[0], np.flatnonzero(np.diff(gap)) + 1, [len(gap)]])
    inside = np.flatnonzero((gap[1:] == gap[:-1]) & (gap[1:] > 0)) + 1
    begin[inside] = np.minimum(begin[inside], borders[np.searchsorted(borders, inside, "right") - 1])
    end[inside] = np.maximum(end[inside], borders[np.searchsorted(borders, inside, "left")])
    low, high = curve.level - (sums - sums[begin]), curve.level + (sums[end] - sums)
    return np.maximum.accumulate(low), np.maximum.accumulate(high)


def surely(curve: Curve, goal: float) -> tuple[float | None, float | None]:
    """The last edge at which E was surely below `goal`, and the first at which it surely was there (milliseconds).

    Growth that is not called interpolated is drawn up to 2 hours from a look: both are taken that far out.
    """
    low, high = levels(curve)
    edges = curve.edges
    after = np.searchsorted(edges, edges + APART_MS, "left")
    highest = np.where(after < len(edges), high[np.minimum(after, len(edges) - 1)], np.inf)
    before = np.searchsorted(edges, edges - APART_MS, "right") - 1
    lowest = np.where(before >= 0, low[np.maximum(before, 0)], low[0])
    below, above = np.flatnonzero(highest < goal), np.flatnonzero(lowest >= goal)
    first = float(edges[0]) if curve.begins_at_first() else None
    last = float(edges[-1]) if np.max(curve.level) >= goal else None
    return (float(edges[below[-1]]) if len(below) else first), (float(edges[above[0]]) if len(above) else last)
