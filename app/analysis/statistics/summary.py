"""A growth curve's `summary`: every statistic by its name, each with bounds, unit and reason."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.analysis.shape import Floats, Ints
from app.analysis.statistics import (
    authors,
    bounds,
    columns,
    doubling,
    launch,
    pace,
    reach,
    reproduction,
    timing,
    voices,
)
from app.analysis.statistics.columns import HOUR, Columns, Curve
from app.analysis.statistics.measured import JSON, TIME, Measured, exactly, unknown

FIRST_GOAL = 100
LATE = "the curve begins after the first post"
NOT_ASKED = "authors are not told apart here"


@dataclass(frozen=True, slots=True)
class Known:
    """What the columns do not say. None: not known.

    `launch`: declared, milliseconds. `posts_per_author`: over the curve's range. `largest`: the most followers of one
    of its authors. `originals`: how many of its posts are no reposts, None where the platform shows none.
    `others`: the columns of other hashtags over the same edges and platforms.
    """

    launch: int | None = None
    posts_per_author: Sequence[int] | None = None
    largest: int | None = None
    originals: int | None = None
    others: Sequence[Columns] = ()


def summary(series: Columns, edges: Sequence[int] | Ints, now: int, known: Known | None = None) -> dict[str, JSON]:
    """All of them: {name: {"value", "low", "high", "unit", "reason"}}, of all the columns of a growth curve."""
    return {name: each.as_json() for name, each in measure(series, edges, now, known or Known()).items()}


def measure(series: Columns, edges: Sequence[int] | Ints, now: int, known: Known) -> dict[str, Measured]:
    curve = columns.read(series, edges, now)
    posts = columns.beside(curve, series, "posts")
    start = began(posts, known.launch)
    height, when = pace.peak(curve)
    found: dict[str, Measured] = {
        "velocity": pace.velocity(curve), "acceleration": pace.acceleration(curve), "peak": height, "peak_at": when,
        "launch": start, "doubling_time": doubling.doubling_now(curve),
        "posts_doubling_time": _posts_doubling(posts),
    }  # fmt: skip
    found |= _timed(curve, posts, known.launch)
    return found | _voices(series, posts, known) | _people(series, curve, posts, known)


def began(posts: Curve, declared: int | None) -> Measured:
    """The launch: as declared, or found."""
    if declared is not None:
        return exactly(declared, TIME, "declared")
    edges, volume = posts.edges[: posts.whole + 1], posts.gain[: posts.whole]
    return launch.found(edges, volume, posts.seen()[: posts.whole])


def first_post(posts: Curve) -> int | None:
    """The beginning of the bucket of the first post; None when that lies before the curve, or there is none."""
    some = np.flatnonzero(np.nan_to_num(posts.gain) > 0)
    return int(posts.edges[some[0]]) if len(some) and posts.begins_at_first() else None


def _timed(curve: Curve, posts: Curve, declared: int | None) -> dict[str, Measured]:
    """What is counted from the launch, or from the first post when none is declared."""
    born = first_post(posts)
    since, name = (born, "the first post") if declared is None else (declared, "launch")
    if since is None:
        unit, reason = f"hours since {name}", LATE if posts.level.any() else "no posts"
        return {f"time_to_{FIRST_GOAL}": unknown(unit, reason), "half_life": unknown(unit, reason)}
    origin, sure = timing.Origin(since, name, born), bounds.sure(curve)
    found = {f"time_to_{goal}": timing.time_to(curve, sure, goal, origin) for goal in goals(curve)}
    return found | {"half_life": timing.half_life(curve, sure, posts.gain, origin)}


def goals(curve: Curve) -> list[int]:
    """100, 1,000, ... up to the first that is not reached."""
    top = float(np.max(curve.level)) if len(curve.level) else 0.0
    found = [FIRST_GOAL]
    while found[-1] <= top:
        found.append(found[-1] * 10)
    return found


def _posts_doubling(posts: Curve) -> Measured:
    last = slice(max(0, posts.whole - max(4, _buckets(posts, doubling.DAY))), posts.whole)
    middle = (posts.edges[:-1] + posts.edges[1:]) / 2 / HOUR
    volume = np.where(posts.seen(), posts.gain, np.nan)
    return doubling.volume_doubling_time(volume[last], middle[last])


def _buckets(curve: Curve, ms: int) -> int:
    """How many buckets of the usual length make up `ms`, at least 1."""
    lengths = np.diff(curve.edges[: curve.whole + 1])
    return max(1, round(ms / float(np.median(lengths)))) if len(lengths) else 1


def _voices(series: Columns, posts: Curve, known: Known) -> dict[str, Measured]:
    count = int(np.nansum(posts.gain))
    everywhere = bool((posts.covered[: posts.whole] >= 1).all())
    mine, covered = posts.gain[: posts.whole], posts.seen()[: posts.whole]
    rows = []
    for other in known.others:
        rows.append(columns.floats(other["posts"])[: posts.whole])
        covered = covered & (columns.floats(other["coverage"])[: posts.whole] >= 1)
    step = np.diff(posts.edges[: posts.whole + 1])
    reposts = columns.floats(series["reposts"])[: posts.whole]
    # A metric that no post ever gave has no reading anywhere.
    incidence = np.where(posts.seen()[: posts.whole], reposts, np.nan)
    return {
        "originality": voices.originality(known.originals, count, everywhere),
        "amplification": voices.amplification(known.originals, count, everywhere),
        "share_of_voice": voices.share_of_voice(mine, rows, covered),
        "reproduction_number": _reproduction(reposts, incidence, step),
    }


def _reproduction(reposts: Floats, incidence: Floats, step: Ints) -> Measured:
    if not len(step) or bool(np.isnan(reposts).all()):
        return unknown(reproduction.UNIT, voices.UNSEEN)
    if np.isnan(incidence).all():
        return unknown(reproduction.UNIT, "a gap: not observed, in the window or before it")
    usual = int(np.median(step))
    return reproduction.reproduction(incidence, usual, max(1, round(pace.SMOOTH / usual)))


def _people(series: Columns, curve: Curve, posts: Curve, known: Known) -> dict[str, Measured]:
    counts = None if known.posts_per_author is None else np.asarray(known.posts_per_author, dtype=np.int64)
    sums = {name: _sum(series, name, len(curve.gain)) for name in
            ("engagement", "likes", "replies", "reposts", "views", "followers", "posts")}  # fmt: skip
    whole = posts.begins_at_first()
    people = reach.reach(known.largest, _int(sums["followers"]) if whole else None, None if whole else LATE)
    base = sums["followers"] if whole else None
    rates = {
        name: reach.per(sums[column], sums["posts"], "post", "no posts", column)
        for name, column in (("applause", "likes"), ("conversation", "replies"), ("amplification_rate", "reposts"))
    }
    return {
        "gini": unknown("share", NOT_ASKED) if counts is None else authors.gini(counts),
        "top10_share": unknown("share", NOT_ASKED) if counts is None else authors.top_share(counts),
        "reach": people,
        "engagement_rate_by_reach": reach.rate_by_reach(sums["engagement"], people),
        "engagement_rate_by_views": reach.rate_by_views(sums["engagement"], sums["views"]),
        "engagement_rate_by_followers": reach.rate_by_followers(sums["engagement"], base),
        **rates,
    }


def _sum(series: Columns, name: str, count: int) -> float | None:
    column = series[name][:count]
    return sum(filter(None, column)) if column.count(None) < len(column) else None


def _int(value: float | None) -> int | None:
    return None if value is None else int(value)
