"""Turns sums into a growth curve: what is unknown is None, what was not observed is a gap, and totals carry on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.analysis.contribution import COLUMN, CURVE_METRICS, ENGAGEMENT
from app.analysis.shape import Floats, Ints

Column = list[int | float | None]
SERIES = (
    "posts", "posts_total", "authors_new", "authors_total", "likes", "reposts", "replies", "quotes", "views",
    "engagement", "engagement_total", "followers", "potential_impressions", "coverage", "estimated",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Buckets:
    """A curve's raw material. `edges` (n+1), `sums` (n, columns), `before`: the sums of all that came earlier."""

    edges: Ints
    sums: Ints
    before: Ints
    covered: Floats  # 0..1 a bucket


def fraction(edges: Ints, spans: Sequence[tuple[int, int]]) -> Floats:
    """Milliseconds of each bucket that lie in `spans` (disjoint, sorted)."""
    if not spans:
        return np.zeros(len(edges) - 1)
    points = np.array(spans, dtype=np.float64).ravel()
    lengths = np.array([b - a for a, b in spans], dtype=np.float64)
    reached = np.concatenate([[0.0], np.repeat(np.cumsum(lengths), 2)[:-1]])
    result: Floats = np.diff(np.interp(edges.astype(np.float64), points, reached))
    return result


Stretches = Sequence[tuple[int, int]]


def coverage(edges: Ints, tracks: Sequence[tuple[Stretches, Stretches]]) -> Floats:
    """The mean over the tracks that owed a bucket of the share of it that they covered. Each is (owed, covered)."""
    total, owing = np.zeros(len(edges) - 1), np.zeros(len(edges) - 1)
    for owed, covered in tracks:
        due = fraction(edges, owed)
        had = fraction(edges, _meet(owed, covered))
        total += np.divide(had, due, out=np.zeros_like(due), where=due > 0)
        owing += due > 0
    mean = np.divide(total, owing, out=np.zeros_like(total), where=owing > 0)
    return np.clip(mean, 0.0, 1.0).round(6)


def _meet(a: Sequence[tuple[int, int]], b: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """What lies in both; each is disjoint and sorted, so one walk over both finds it."""
    found, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        start, end = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if start < end:
            found.append((start, end))
        i, j = (i + 1, j) if a[i][1] <= b[j][1] else (i, j + 1)
    return found


def series(buckets: Buckets) -> dict[str, Column]:
    """The columns of product.md, in its order, without `time`."""
    sums, before = buckets.sums, buckets.before
    running = before + np.cumsum(sums, axis=0)
    hidden = (buckets.covered == 0) & ~sums.any(axis=1)
    born = running[:, COLUMN["posts"]]
    result: dict[str, Column] = {
        "posts": _shown(sums[:, COLUMN["posts"]], hidden),
        "posts_total": list(born.tolist()),
        "authors_new": _shown(sums[:, COLUMN["authors_new"]], hidden | _unsaid(running, "authored")),
        "authors_total": _shown(running[:, COLUMN["authors_new"]], _unsaid(running, "authored")),
    }
    for metric in CURVE_METRICS:
        result[metric] = _shown(sums[:, COLUMN[metric]], hidden | _unsaid(running, f"gave_{metric}"))
    result |= _engagement(sums, running, hidden)
    for name, column in (("followers", "followers"), ("potential_impressions", "impressions")):
        result[name] = _shown(sums[:, COLUMN[column]], hidden | _unsaid(running, "followed"))
    result["coverage"] = list(buckets.covered.tolist())
    moved, estimated = sums[:, COLUMN["moved"]], sums[:, COLUMN["estimated"]]
    share = np.divide(estimated, moved, out=np.zeros(len(moved)), where=moved > 0).round(6)
    result["estimated"] = _shown(share, moved == 0)
    return result


def _engagement(sums: Ints, running: Ints, hidden: NDArray[np.bool_]) -> dict[str, Column]:
    """The parts that are known summed up; unknown only where none is."""
    columns = [COLUMN[metric] for metric in ENGAGEMENT]
    unsaid = np.logical_and.reduce([_unsaid(running, f"gave_{metric}") for metric in ENGAGEMENT])
    return {
        "engagement": _shown(sums[:, columns].sum(axis=1), hidden | unsaid),
        "engagement_total": _shown(running[:, columns].sum(axis=1), unsaid),
    }


def _unsaid(running: Ints, column: str) -> NDArray[np.bool_]:
    """True where posts were born and none of them ever gave this; and before them, if none after did either."""
    gave, born = running[:, COLUMN[column]], running[:, COLUMN["posts"]]
    never = len(gave) > 0 and gave[-1] == 0 and born[-1] > 0
    result: NDArray[np.bool_] = (gave == 0) & ((born > 0) | never)
    return result


def _shown(values: Ints | Floats, unknown: NDArray[np.bool_]) -> Column:
    shown: Column = values.tolist()
    for place in np.flatnonzero(unknown).tolist():
        shown[place] = None
    return shown


def totals(columns: dict[str, Column], over: int) -> dict[str, int | bool | None]:
    """Sums over the range. `at_least`: something was not observed of the first `over` buckets, which are past."""
    sums: dict[str, int | bool | None] = {}
    names = ("posts", "authors_new", *CURVE_METRICS, "engagement", "followers", "potential_impressions")
    for name in names:
        column = columns[name]
        known = column.count(None) < len(column)
        sums["authors" if name == "authors_new" else name] = int(sum(filter(None, column))) if known else None
    sums["at_least"] = columns["coverage"][:over].count(1) < over
    sums["newest_is_partial"] = over < len(columns["coverage"])
    return sums
