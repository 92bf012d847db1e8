"""The table of a comparison: what each campaign was and brought in, row by row."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from app.analysis.aligned import Aligned
from app.analysis.gifts import COMMON, FOR_ENGAGEMENT, GIVEN, WINDOW, Compared, Money, currencies, donors
from app.analysis.statistics import authors, bounds, doubling, pace, reach, timing
from app.analysis.statistics.columns import HOUR
from app.analysis.statistics.measured import Measured, exactly, unknown

WHOLE = "whole life"
GROWN = 10


def table(aligned: Aligned, now: int) -> list[dict[str, Any]]:
    """Rows of {"name", "unit", "over", "values": {slug: {"value", "low", "high", "unit", "reason"}}}."""
    if not aligned.count:
        return []
    each = [Compared(aligned, which, now) for which in range(len(aligned.campaigns))]
    duration, *rows = (_row(each, *entry) for entry in ROWS)
    given = [_row(each, "donors", WINDOW, donors), *_money(each, GIVEN)]
    return [duration, *given, *rows, *_money(each, FOR_ENGAGEMENT), _ginis(each)]


def _money(each: list[Compared], entries: Money) -> list[dict[str, Any]]:
    return [
        _row(each, f"{name}_{currency}", over, partial(measure, currency))
        for currency in currencies(each)
        for name, over, measure in entries
    ]


def _row(each: list[Compared], name: str, over: str, measure: Callable[[Compared], Measured]) -> dict[str, Any]:
    found = {one.aligned.campaigns[one.which].slug: measure(one) for one in each}
    return {
        "name": name, "unit": next(iter(found.values())).unit, "over": over,
        "values": {slug: value.as_json() for slug, value in found.items()},
    }  # fmt: skip


def _duration(one: Compared) -> Measured:
    launch, ended = one.aligned.launches[one.which].value, one.aligned.campaigns[one.which].ended
    if launch is None:
        return unknown("hours", "no launch")
    over = ended is not None and ended <= one.now
    hours = ((ended if over and ended is not None else one.now) - launch) / HOUR
    return exactly(hours, "hours") if over else Measured(hours, hours, None, "hours", "goes on")


def _sum(metric: str, unit: str) -> Callable[[Compared], Measured]:
    def measure(one: Compared) -> Measured:
        found = one.total(metric)
        return unknown(unit, "not known") if found is None else exactly(int(found), unit)

    return measure


def _reach(one: Compared) -> Measured:
    campaign = one.aligned.campaigns[one.which]
    posts = one.aligned.curve(one.which, "posts")
    before = sum(x or 0 for x in campaign.columns["posts_total"][:1]) - sum(
        x or 0 for x in campaign.columns["posts"][:1]
    )
    older = before + sum(x or 0 for x in campaign.columns["posts"][: one.aligned.first[one.which]])
    followers = one.aligned.curve(one.which, "followers").gain
    distinct = None if older or np.isnan(followers).all() else int(np.nansum(followers))
    missed = not (posts.covered >= 1).all()
    why = "authors from before the launch are not in the sum" if older else "posts were missed" if missed else None
    return reach.reach(campaign.largest, None if missed else distinct, why)


def _peak(one: Compared) -> Measured:
    return pace.peak(one.aligned.curve(one.which))[0]


def _doubling(one: Compared) -> Measured:
    """Of the 24 hours that begin when 10 engagements were there."""
    curve = one.aligned.curve(one.which)
    there = np.flatnonzero(curve.level >= GROWN)
    if not len(there):
        return unknown("hours", f"fewer than {GROWN} engagements")
    start = int(curve.edges[there[0]])
    return doubling.doubling_time(curve, start, start + doubling.DAY)


def _half_life(one: Compared) -> Measured:
    curve, posts = one.aligned.curve(one.which), one.aligned.curve(one.which, "posts")
    origin = timing.Origin(int(curve.edges[0]), "launch", int(curve.edges[0]))
    return timing.half_life(curve, bounds.sure(curve), posts.gain, origin)


def _top10(one: Compared) -> Measured:
    counts = one.aligned.campaigns[one.which].posts_per_author
    return (
        unknown("share", "authors are not told apart here") if counts is None else authors.top_share(np.array(counts))
    )


def _ginis(each: list[Compared]) -> dict[str, Any]:
    """Rarefied to the posts of the smallest: the only way in which they compare."""
    counts = [one.aligned.campaigns[one.which].posts_per_author for one in each]
    known = [np.array(group, dtype=np.int64) for group in counts if group is not None]
    size, found = authors.ginis_at_equal_size(known) if len(known) == len(counts) else (0, [])
    values = iter(found or [unknown("share", "authors are not told apart here")] * len(each))
    return _row(each, "gini", f"{size} posts of each, rarefied", lambda _: next(values))


ROWS: list[tuple[str, str, Callable[[Compared], Measured]]] = [
    ("duration", WHOLE, _duration),
    ("posts", COMMON, _sum("posts", "posts")),
    ("authors", COMMON, _sum("authors_new", "authors")),
    ("engagement", COMMON, _sum("engagement", "engagements")),
    ("potential_impressions", COMMON, _sum("potential_impressions", "impressions")),
    ("reach", WINDOW, _reach),
    ("peak", WINDOW, _peak),
    ("doubling_time", "the 24 hours from the tenth engagement", _doubling),
    ("half_life", WINDOW, _half_life),
    ("top10_share", WINDOW, _top10),
]
