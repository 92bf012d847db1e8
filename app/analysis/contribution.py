"""What one post adds to a curve: a pure function from its looks to whole gains per five minutes.

A new look changes a curve by contribution(after) - contribution(before), so only the spans that it splits or opens are
computed: between looks a and b, a look x adds span(a, x) + span(x, b) - span(a, b).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.analysis.shape import Ints, Pieces, Spans, spread

METRICS = ("likes", "reposts", "replies", "quotes", "views", "bookmarks")
CURVE_METRICS = METRICS[:5]
ENGAGEMENT = METRICS[:4]
UNKNOWN = -1
"""Stands for "the platform did not say" in level arrays; real levels are never negative."""
APART_MS = 2 * 3_600_000
"""Looks further apart than this leave the gain between them an estimate."""

COLUMNS = (
    "posts", "authored", "authors_new", "followed", "followers", "impressions",
    "gave_likes", "gave_reposts", "gave_replies", "gave_quotes", "gave_views",
    "likes", "reposts", "replies", "quotes", "views", "moved", "estimated",
)  # fmt: skip
"""The sums of a rollup row, in the order of its columns."""
COLUMN = {name: index for index, name in enumerate(COLUMNS)}


@dataclass(frozen=True, slots=True)
class Looks:
    """Looks at posts, in any order. `post` indexes the births given beside; `levels` is (looks, 6) in METRICS' order.

    Two looks at one instant follow each other by their source, so that any order of arrival gives the same sums.
    """

    post: Ints
    at: Ints
    source: Ints
    levels: Ints

    def __len__(self) -> int:
        return len(self.post)

    def take(self, which: Ints | NDArray[np.bool_]) -> "Looks":
        return Looks(self.post[which], self.at[which], self.source[which], self.levels[which])

    def __add__(self, other: "Looks") -> "Looks":
        return Looks(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in Looks.__slots__))

    def order(self) -> Ints:
        """Indexes that sort by post, then time, then source."""
        return np.lexsort((self.source, self.at, self.post))


def no_looks() -> Looks:
    nothing = np.zeros(0, dtype=np.int64)
    return Looks(nothing, nothing, nothing, np.zeros((0, len(METRICS)), dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Gains:
    """Amounts to add to a column of COLUMNS, for a post, in the five minutes that begin at `bucket`."""

    post: Ints
    bucket: Ints
    column: Ints
    amount: Ints


def gains(births: Ints, old: Looks, new: Looks) -> Gains:
    """What `new` looks change, given the `old` ones (all of a post's, or only its last when every new one is later)."""
    merged = old + new
    order = merged.order()
    looks, fresh = merged.take(order), order >= len(old)
    parts = [_metric(births, looks, fresh, index) for index in range(len(CURVE_METRICS))]
    return Gains(*(np.concatenate([getattr(part, name) for part in parts]) for name in Gains.__slots__))


def _metric(births: Ints, looks: Looks, is_new: NDArray[np.bool_], index: int) -> Gains:
    known = np.flatnonzero(looks.levels[:, index] != UNKNOWN)
    post, fresh = looks.post[known], is_new[known]
    at, level = looks.at[known], looks.levels[known, index]
    # A look opens a span when it is new, and when the look before it is.
    touched = fresh.copy()
    touched[1:] |= fresh[:-1] & (post[1:] == post[:-1])
    old = np.flatnonzero(~fresh)
    split = touched[old]
    plus = _told(post[touched], index, _take(_pairs(births, post, at, level), touched), 1)
    minus = _told(post[old][split], index, _take(_pairs(births, post[old], at[old], level[old]), split), -1)
    return Gains(*(np.concatenate([getattr(plus, name), getattr(minus, name)]) for name in Gains.__slots__))


def _pairs(births: Ints, post: Ints, at: Ints, level: Ints) -> Spans:
    """One span for each look: from the look before it, or from birth at level 0."""
    birth = births[post]
    same = np.concatenate([[False], post[1:] == post[:-1]]) if len(post) else np.zeros(0, dtype=bool)
    start = np.where(same, np.roll(at, 1), birth)
    before = np.where(same, np.roll(level, 1), 0)
    return Spans(birth, np.minimum(start, at), at, before, level)


def _take(spans: Spans, which: NDArray[np.bool_]) -> Spans:
    return Spans(*(getattr(spans, name)[which] for name in Spans.__slots__))


def _told(post: Ints, index: int, spans: Spans, sign: int) -> Gains:
    pieces: Pieces = spread(spans)
    owner, amount = post[pieces.span], pieces.gain * sign
    column = np.full(len(owner), COLUMN[METRICS[index]])
    if METRICS[index] not in ENGAGEMENT:
        return Gains(owner, pieces.bucket, column, amount)
    size = np.abs(pieces.gain) * sign
    apart = np.flatnonzero((spans.end - spans.start)[pieces.span] > APART_MS)
    return Gains(
        np.concatenate([owner, owner, owner[apart]]),
        np.concatenate([pieces.bucket, pieces.bucket, pieces.bucket[apart]]),
        np.concatenate([column, np.full(len(owner), COLUMN["moved"]), np.full(len(apart), COLUMN["estimated"])]),
        np.concatenate([amount, size, size[apart]]),
    )
