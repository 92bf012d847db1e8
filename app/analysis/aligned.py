"""Campaigns brought to one beginning: their launches as bucket 0, cut at the youngest's age."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.analysis.shape import Floats, Ints
from app.analysis.statistics import columns, summary
from app.analysis.statistics.columns import HOUR, Columns, Curve
from app.analysis.statistics.measured import TIME, Measured, unknown

LEAST, MOST = 2, 5


@dataclass(frozen=True, slots=True)
class Gifts:
    """Donations in one currency, equal lengths: when, how much in millionths (a refund is negative), and by how many.

    `donors` -1: not said, so one. A refund is of none.
    """

    at: Ints
    micros: Ints
    donors: Ints


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign's curve over its whole life (all columns, buckets of one length), and what the columns do not say.

    `gifts` by currency. `posts_per_author` and `largest` (the most followers of one author) are over the stretch that
    `cut` gives.
    """

    slug: str
    name: str
    kind: str
    columns: Columns
    edges: Ints
    launch: int | None = None
    ended: int | None = None
    gifts: Mapping[str, Gifts] = field(default_factory=dict)
    posts_per_author: Sequence[int] | None = None
    largest: int | None = None


@dataclass(frozen=True, slots=True)
class Aligned:
    """`first`: each campaign's bucket 0, which holds its launch. `both`: buckets since, covered for all of them."""

    campaigns: Sequence[Campaign]
    launches: Sequence[Measured]
    first: Sequence[int]
    hours: float
    both: NDArray[np.bool_]

    @property
    def count(self) -> int:
        return len(self.both)

    def curve(self, which: int, metric: str = "engagement") -> Curve:
        """One campaign's own curve from bucket 0 to the cut, its level counted from there."""
        each = self.campaigns[which]
        whole = columns.read(each.columns, each.edges, int(each.edges[-1]), metric)
        here = slice(self.first[which], self.first[which] + self.count)
        level = whole.level[self.first[which] : self.first[which] + self.count + 1]
        return Curve(
            whole.edges[here.start : here.stop + 1], level - level[0], whole.gain[here], whole.covered[here],
            whole.estimated[here], self.count,
        )  # fmt: skip

    def common(self, which: int, metric: str) -> Floats | None:
        """Gains in the buckets covered for all; None where the metric is not known of this campaign at all."""
        gain = self.curve(which, metric).gain
        return None if np.isnan(gain[self.both]).all() else np.nan_to_num(gain[self.both])


def align(campaigns: Sequence[Campaign], now: int) -> Aligned:
    """Raises ValueError, in words, for other than two to five campaigns, or steps that differ."""
    if not LEAST <= len(campaigns) <= MOST:
        raise ValueError(f"compares {LEAST} to {MOST} campaigns, not {len(campaigns)}")
    steps = {float(np.median(np.diff(each.edges))) / HOUR for each in campaigns}
    if len(steps) > 1:
        raise ValueError("campaigns are compared on curves of one step")
    posts = [columns.read(each.columns, each.edges, now, "posts") for each in campaigns]
    launches = [_launch(each, curve) for each, curve in zip(campaigns, posts, strict=True)]
    first = [_bucket(curve, launch) for curve, launch in zip(posts, launches, strict=True)]
    count = max(0, min(curve.whole - k for curve, k in zip(posts, first, strict=True)))
    covered = [curve.covered[k : k + count] >= 1 for curve, k in zip(posts, first, strict=True)]
    return Aligned(campaigns, launches, first, steps.pop(), np.logical_and.reduce(covered))


def cut(campaigns: Sequence[Campaign], now: int) -> list[tuple[int, int]]:
    """[from, to) of each campaign that is compared: from the bucket of its launch, for the youngest's age."""
    aligned = align(campaigns, now)
    found = zip(campaigns, aligned.first, strict=True)
    return [(int(each.edges[k]), int(each.edges[k + aligned.count])) for each, k in found]


def _launch(campaign: Campaign, posts: Curve) -> Measured:
    found = summary.began(posts, campaign.launch)
    if found.value is not None:
        return found
    some = np.flatnonzero(np.nan_to_num(posts.gain) > 0)
    if not len(some):
        return unknown(TIME, "no posts, and no launch was declared")
    at = float(posts.edges[some[0]])
    return Measured(at, at, float(posts.edges[some[0] + 1]), TIME, "the first post: not declared, and none was found")


def _bucket(posts: Curve, launch: Measured) -> int:
    if launch.value is None:
        return posts.whole
    return max(0, int(np.searchsorted(posts.edges, launch.value, "right")) - 1)
