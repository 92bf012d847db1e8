"""What interpolated growth leaves open: how much there can have been at each edge, as its place is not known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.analysis.contribution import APART_MS
from app.analysis.shape import Floats, Ints
from app.analysis.statistics.columns import Curve

GAP = 0.5
"""A bucket that is interpolated by half or more lies in a gap: what was gained there may lie anywhere in it."""
MOVED_MS = 86_400_000
"""Anything interpolated (old posts are seldom looked at) is taken to lie within a day of where it is drawn at least."""


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


@dataclass(frozen=True, slots=True)
class Sure:
    """The least and the most that E can have been at each edge, whatever was interpolated, and however looks lay.

    Growth that is not called interpolated is drawn up to 2 hours from a look: both are taken that far out.
    """

    edges: Ints
    least: Floats
    most: Floats
    top: float

    def reached(self, goal: float) -> tuple[float | None, float | None]:
        """The last edge at which E was surely below `goal`, and the first at which it surely was there (ms)."""
        below = int(np.searchsorted(self.most, goal, "left")) - 1
        above = int(np.searchsorted(self.least, goal, "left"))
        last = float(self.edges[-1]) if self.top >= goal else None
        return (
            float(self.edges[below]) if below >= 0 else None,
            float(self.edges[above]) if above < len(self.edges) else last,
        )


def sure(curve: Curve) -> Sure:
    low, high = levels(curve)
    edges = curve.edges
    after = np.searchsorted(edges, edges + APART_MS, "left")
    most = np.where(after < len(edges), high[np.minimum(after, len(edges) - 1)], np.inf)
    before = np.searchsorted(edges, edges - APART_MS, "right") - 1
    least = np.where(before >= 0, low[np.maximum(before, 0)], low[0])
    if curve.begins_at_first():
        most[0] = 0.0
    return Sure(edges, least, most, float(np.max(curve.level)))
