"""Curves to measure: columns written by hand, and those that looks at posts really give."""

import gzip
import math
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.analysis import curve
from app.analysis.contribution import COLUMN, COLUMNS, METRICS, UNKNOWN, Looks, gains, no_looks
from app.analysis.shape import Floats, Ints
from app.analysis.statistics.columns import HOUR, Curve

MINUTE = 60_000
DAY = 24 * HOUR
WEEK = 7 * DAY


def hand(gain: Sequence[float | None], covered: Sequence[float] | None = None, estimated: Sequence[float] | None = None,
         step: int = HOUR, before: float = 0) -> Curve:  # fmt: skip
    """A curve of whole buckets; nothing interpolated and all of it covered unless said."""
    values = np.array([np.nan if x is None else x for x in gain], dtype=float)
    n = len(values)
    return Curve(
        np.arange(n + 1, dtype=np.int64) * step, before + np.concatenate([[0.0], np.cumsum(np.nan_to_num(values))]),
        values, np.ones(n) if covered is None else np.array(covered, dtype=float),
        np.zeros(n) if estimated is None else np.array(estimated, dtype=float), n,
    )  # fmt: skip


def columns(posts: Sequence[int], engagement: Sequence[int | None], **more: Sequence[Any]) -> dict[str, Any]:
    """All the columns of a curve: reposts are all of the engagement, authors and followers one a post."""
    n = len(posts)
    known = [x or 0 for x in engagement]
    return {
        "posts": list(posts), "posts_total": np.cumsum(posts).tolist(),
        "authors_new": list(posts), "authors_total": np.cumsum(posts).tolist(),
        "likes": [0] * n, "reposts": list(engagement), "replies": [0] * n, "quotes": [0] * n, "views": [None] * n,
        "engagement": list(engagement), "engagement_total": np.cumsum(known).tolist(),
        "followers": [100 * x for x in posts], "potential_impressions": [100 * x for x in posts],
        "coverage": [1.0] * n, "estimated": [0.0] * n,
    } | more  # fmt: skip


def hours(n: int, start: int = 0) -> Ints:
    return start + np.arange(n + 1, dtype=np.int64) * HOUR


def of_looks(at: Ints, level: Ints, birth: int, end: int, step: int = HOUR) -> tuple[dict[str, Any], Ints]:
    """The columns that looks at one post's reposts give, by the real rule of gains, and the edges."""
    levels = np.full((len(at), len(METRICS)), UNKNOWN, dtype=np.int64)
    levels[:, METRICS.index("reposts")] = level
    zeros = np.zeros(len(at), dtype=np.int64)
    found = gains(np.array([birth], dtype=np.int64), no_looks(), Looks(zeros, at, zeros, levels))
    edges = np.arange(birth - birth % step, end + step, step, dtype=np.int64)
    sums = np.zeros((len(edges) - 1, len(COLUMNS)), dtype=np.int64)
    np.add.at(sums, (np.searchsorted(edges, found.bucket, "right") - 1, found.column), found.amount)
    born = int(np.searchsorted(edges, birth, "right")) - 1
    for name in ("posts", "authored", "authors_new", "gave_reposts"):
        sums[born, COLUMN[name]] = 1
    buckets = curve.Buckets(edges, sums, np.zeros(len(COLUMNS), dtype=np.int64), np.ones(len(edges) - 1))
    return curve.series(buckets), edges


def synthetic(seed: int, size: int = 3000) -> Ints:
    """Event times (ms since the post) of a cascade with a heavy-tailed reaction time, cut at 7 days."""
    rng = np.random.default_rng(seed)
    power = rng.uniform(0.35, 0.9)
    scale = 10 * MINUTE * rng.uniform(0.3, 3)
    at = scale * (rng.random(size) ** (-1 / power) - 1) + np.where(rng.random(size) < 0.2, rng.uniform(0, DAY), 0)
    return np.sort(at[at < WEEK]).astype(np.int64)


def real() -> list[Ints]:
    """Event times of the real cascades, the post itself left out."""
    folder = os.environ.get("GROUNDSWELL_SHARED")
    if not folder:
        pytest.skip("GROUNDSWELL_SHARED names no folder with real cascades")
    found: dict[str, list[int]] = defaultdict(list)
    with gzip.open(Path(folder) / "growth" / "cascades_viral.csv.gz", "rt") as rows:
        next(rows)
        for row in rows:
            name, _, seconds, _ = row.split(",")
            found[name].append(round(float(seconds) * 1000))
    return [np.sort(np.array(times[1:], dtype=np.int64)) for times in found.values()]


def level_at(events: Ints, at: Ints) -> Ints:
    return np.searchsorted(events, at, "right").astype(np.int64)


def naive_gini(counts: Sequence[float]) -> float:
    """Half the mean absolute difference over the mean: another road to the same number."""
    differences = math.fsum(abs(a - b) for a in counts for b in counts)
    return differences / (2 * len(counts) * math.fsum(counts))


def isclose(a: float | None, b: float) -> bool:
    return a is not None and math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)


def close(a: Floats, b: Floats) -> bool:
    return bool(np.allclose(a, b, rtol=1e-9, atol=1e-9))
