"""Puts a platform's own counts beside a curve's buckets, where they nest in them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from app.analysis.shape import Ints

NAMES = ("native_posts", "native_authors", "native_views", "native_engagement")
Columns = dict[str, list[int | None]]


@dataclass(frozen=True, slots=True)
class Count:
    """What a platform told of [start, end): posts, authors, views, engagement; None where it did not say."""

    start: int
    end: int
    told: Sequence[int | None]


def nested(edges: Ints, series: Sequence[Sequence[Count]]) -> Columns:
    """Columns of one length, those left out of which nothing can be said.

    Each series is one source's word on one hashtag in steps of one length, in the order of time. A bucket has a number
    where one of them fills the whole of it. Of several the largest is shown: each sees a part of the same platform, so
    none may be added.
    """
    columns: Columns = {name: [None] * (len(edges) - 1) for name in NAMES}
    for counts in series:
        for place, within in _by_bucket(edges, counts).items():
            for index, name in enumerate(NAMES):
                value, there = _sum(within, index), columns[name][place]
                if value is not None and (there is None or value > there):
                    columns[name][place] = value
    return {name: column for name, column in columns.items() if any(value is not None for value in column)}


def _by_bucket(edges: Ints, counts: Sequence[Count]) -> dict[int, list[Count]]:
    """The counts of each bucket that they fill from its beginning to its end."""
    found: dict[int, list[Count]] = {}
    for one in counts:
        place = int(np.searchsorted(edges, one.start, "right")) - 1
        if 0 <= place < len(edges) - 1 and one.end <= edges[place + 1]:
            found.setdefault(place, []).append(one)
    return {place: within for place, within in found.items() if _fill(edges, place, within)}


def _fill(edges: Ints, place: int, within: Sequence[Count]) -> bool:
    whole = within[0].start == edges[place] and within[-1].end == edges[place + 1]
    return whole and all(a.end == b.start for a, b in pairwise(within))


def _sum(within: Sequence[Count], index: int) -> int | None:
    """Posts, views and engagement of parts add up; authors do not: who wrote twice is in two of them."""
    told = [one.told[index] for one in within]
    if any(value is None for value in told) or (NAMES[index] == "native_authors" and len(told) > 1):
        return None
    return sum(value for value in told if value is not None)
