"""Two to five campaigns side by side: aligned at day 0, cut at the youngest's age, on what was covered for all."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from app.analysis.aligned import Aligned, Campaign, align
from app.analysis.shape import Floats
from app.analysis.side_by_side import table
from app.analysis.statistics.measured import Measured, unknown
from app.analysis.statistics.quantiles import student_t

BLOCKS = 12
WEEK = 168
PER = {"absolute": None, "post": "posts", "follower": "followers", "day": None}
METHOD = (
    "ln of the ratio of sums over the common buckets: quasi-Poisson with an effect for each of up to 12 blocks of time;"
    " variance by the leverage-corrected sandwich (HC3) over blocks, at least Poisson's;"
    " 95 % interval by Student's t with the effective number of blocks less 1"
)


def compare(
    campaigns: Sequence[Campaign], now: int, metric: str = "engagement", per: str = "absolute", zone: str = "UTC"
) -> dict[str, Any]:
    """JSON-ready: the alignment, each campaign's series since its launch, and the log ratios to the first campaign."""
    aligned = align(campaigns, now)
    both = aligned.both
    return {
        "align": "launch", "metric": metric, "per": per, "timezone": zone,
        "age_hours": aligned.count * aligned.hours,
        "intersection": {
            "buckets": int(both.sum()), "of": aligned.count, "hours": _spans(both, aligned.hours),
        },
        "campaigns": [_shown(aligned, which, metric, per, zone) for which in range(len(campaigns))],
        "log_ratios": [_ratio_json(aligned, which, metric, per) for which in range(1, len(campaigns))],
        "method": METHOD,
        "table": table(aligned, now),
    }  # fmt: skip


def _spans(both: NDArray[np.bool_], hours: float) -> list[list[float]]:
    """The stretches that were covered for all, in hours since launch."""
    runs = groupby(enumerate(both.tolist()), key=lambda pair: pair[1])
    found = [[k for k, _ in group] for covered, group in runs if covered]
    return [[run[0] * hours, (run[-1] + 1) * hours] for run in found]


def _shown(aligned: Aligned, which: int, metric: str, per: str, zone: str) -> dict[str, Any]:
    each, launch = aligned.campaigns[which], aligned.launches[which]
    curve = aligned.curve(which, metric)
    gain = [None if math.isnan(x) or not ok else x for x, ok in zip(curve.gain, aligned.both, strict=True)]
    day_0 = clock_of(launch, zone)
    return {
        "slug": each.slug, "name": each.name, "kind": each.kind, "launch": launch.as_json(), **day_0,
        "hours_later_in_the_week_than_first": _shift(day_0, clock_of(aligned.launches[0], zone)),
        "coverage": float(curve.covered.mean()) if aligned.count else 0.0,
        "series": {
            "hours": [k * aligned.hours for k in range(aligned.count)], "gain": gain,
            "total": totals(aligned, which, metric, per), "coverage": curve.covered.tolist(),
        },
    }  # fmt: skip


def totals(aligned: Aligned, which: int, metric: str, per: str) -> list[float | None]:
    """Running sums over the common buckets, each divided as `per` says; None where it was not covered for all."""
    rows, base = aligned.common(which, metric), _base(aligned, which, per)
    if rows is None or base is None:
        return [None] * aligned.count
    running = iter(np.cumsum(rows) / np.where(base > 0, base, np.nan))
    column = [float(next(running)) if covered else math.nan for covered in aligned.both.tolist()]
    return [None if math.isnan(x) else x for x in column]


def _base(aligned: Aligned, which: int, per: str) -> Floats | None:
    """What each running sum is divided by: 1, posts, followers of distinct authors, or days covered for all."""
    n = int(aligned.both.sum())
    if per == "day":
        return np.arange(1, n + 1) * aligned.hours / 24
    name = PER[per]
    if name is None:
        return np.ones(n)
    rows = aligned.common(which, name)
    return None if rows is None else np.cumsum(rows)


def log_ratio(mine: Floats, other: Floats, offset: float = 0.0) -> Measured:
    """ln(sum mine / sum other) - offset, with its 95 % interval: METHOD.

    With an effect for each block the maximum likelihood is the ratio of sums (McCullagh and Nelder 1989). A launch puts
    half of everything in the first block and bursts multiply, so one dispersion for all is too narrow: each block's own
    residual, over 1 - its leverage, is its variance (MacKinnon and White 1985). `offset`: ln of the ratio of what both
    are divided by. Unit: ln. Null: fewer than 4 blocks with anything in them, or nothing in one of the two.
    """
    parts = np.array_split(np.arange(len(mine)), min(len(mine), BLOCKS)) if len(mine) else []
    pairs = np.array([[mine[part].sum(), other[part].sum()] for part in parts]).reshape(-1, 2)
    pairs = pairs[pairs.sum(axis=1) > 0]
    if len(pairs) < 4:
        return unknown("ln", f"needs 4 blocks of common buckets with something in them, has {len(pairs)}")
    a, b = (float(x) for x in pairs.sum(axis=0))
    if a <= 0 or b <= 0:
        return unknown("ln", "nothing was gained by one of the two")
    share, whole, each = a / (a + b), a + b, pairs.sum(axis=1)
    residual = (pairs[:, 0] - each * share) / (1 - each / whole)
    variance = max(float((residual**2).sum()) / (whole * share * (1 - share)) ** 2, 1 / a + 1 / b)
    freedom = max(1.0, whole**2 / float((each**2).sum()) - 1)
    reach = student_t(freedom, 0.975) * math.sqrt(variance)
    value = math.log(a / b) - offset
    return Measured(value, value - reach, value + reach, "ln")


def ratio_of(aligned: Aligned, which: int, metric: str, per: str, buckets: int | None = None) -> Measured:
    """Log ratio of one campaign to the first, over the first `buckets` since launch."""
    kept = aligned.both[:buckets].sum()
    mine, first = aligned.common(which, metric), aligned.common(0, metric)
    bases = [_base(aligned, k, per) for k in (which, 0)]
    if mine is None or first is None or any(base is None for base in bases):
        return unknown("ln", "not known of one of the two")
    ends = [float(base[kept - 1]) if kept else 0.0 for base in bases if base is not None]
    if min(ends) <= 0:
        return unknown("ln", "nothing to divide by")
    return log_ratio(mine[:kept], first[:kept], math.log(ends[0] / ends[1]))


def _ratio_json(aligned: Aligned, which: int, metric: str, per: str) -> dict[str, Any]:
    weeks = int(aligned.count * aligned.hours // WEEK)
    in_weeks = ratio_of(aligned, which, metric, per, int(weeks * WEEK / aligned.hours)) if weeks else unknown(
        "ln", "younger than a week: weekdays differ"
    )  # fmt: skip
    found = ratio_of(aligned, which, metric, per)
    return {
        "of": aligned.campaigns[which].slug, "to": aligned.campaigns[0].slug, **found.as_json(),
        "ratio": [None if x is None else math.exp(x) for x in (found.low, found.value, found.high)],
        "whole_weeks": in_weeks.as_json(),
    }  # fmt: skip


def clock_of(launch: Measured, zone: str) -> dict[str, Any]:
    """The weekday (0 is Monday) and the hour of a launch."""
    if launch.value is None:
        return {"weekday": None, "hour": None}
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=launch.value)
    local = moment.astimezone(ZoneInfo(zone))
    return {"weekday": local.weekday(), "hour": local.hour}


def _shift(mine: dict[str, Any], first: dict[str, Any]) -> int | None:
    if mine["hour"] is None or first["hour"] is None:
        return None
    return int((mine["weekday"] - first["weekday"]) * 24 + mine["hour"] - first["hour"]) % WEEK
