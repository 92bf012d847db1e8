"""The page that puts campaigns side by side, made to be printed: small curves from day 0, and one table."""

from bisect import bisect_left
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from app.clock import HOUR, parse_time, rfc3339
from app.dashboard import render, side_table
from app.dashboard.asked import Asked
from app.dashboard.reasons import told
from app.dashboard.render import now_of, words_of
from app.dashboard.words import Words
from app.db.engine import ReadSession
from app.store import campaigns, comparing

router = APIRouter(route_class=render.Page)
MOST_OFFERED = 50
WEEK = 168
WIDE, HIGH = 10_000, 1_000
MOST_BARS = 84
FLAT = 12
"""A curve that reaches less than this part of the highest is drawn on a scale of its own."""


@dataclass(frozen=True, slots=True)
class Small:
    """One campaign's curve from its launch on. `top`: how high it reaches; `gaps`: (at, wide) of a hundred.

    `own`: said where it is drawn on a scale of its own.
    """

    slug: str
    name: str
    kind: str
    launch: str
    path: str
    gaps: tuple[tuple[float, float], ...]
    top: str
    says: str
    own: str


MOST_COMPARED = 5


@router.get("/compare")
async def show_comparison(request: Request) -> Response:
    render.check_may(request, "stats:read")
    w, it = words_of(request), render.asked_of(request, "all")
    slugs = request.query_params.getlist("campaign")
    metric = metric_of(request)
    async with render.reading(request) as session:
        offered = (await campaigns.listed(session, None, MOST_OFFERED))[:MOST_OFFERED]
        if not 2 <= len(set(slugs)) <= MOST_COMPARED:
            # Nothing chosen yet: the first two are ticked. One, or too many: the form says what would be right.
            chosen = slugs or [one.it.slug for one in offered[:2]]
            status = 422 if slugs else 200
            return render.page(
                request, "compare.html", status, shared=False, offered=offered, chosen=chosen, found=None, it=it
            )
        values = await told_of(session, slugs, metric, it, w, now_of(request))
    return render.page(
        request, "compare.html", shared=False, offered=offered, it=it, api=_api(values["chosen"], metric, it),
        native=_native(request, values["found"]), charts=("/compare/charts", f"?{request.url.query}"), **values,
    )  # fmt: skip


async def told_of(
    session: ReadSession, slugs: list[str], metric: str, it: Asked, w: Words, now: int
) -> dict[str, Any]:  # fmt: skip
    """All that the page says of these campaigns, whoever looks at it."""
    found = await comparing.side_by_side(session, slugs, now, metric, zone=it.zone, as_of=it.as_of)
    names = {one["slug"]: one["name"] for one in found["campaigns"]}
    rows, notes = side_table.rows(found, w)
    smalls, bars = _smalls(found, w, it.tz)
    return {
        "chosen": [one["slug"] for one in found["campaigns"]], "found": found, "rows": rows, "notes": notes,
        "smalls": smalls, "bars": bars, "covered": _covered(found, w),
        "week": _week(found, names, w),
        "ratios": [_ratio(one, names, metric, w) for one in found["log_ratios"]],
    }  # fmt: skip


def _week(found: dict[str, Any], names: dict[str, str], w: Words) -> list[str]:
    """Which grew fastest in its first week, by the hours that were observed for all; nothing of younger ones."""
    series = [one["series"] for one in found["campaigns"]]
    week = bisect_left(series[0]["hours"], WEEK)
    gains = [one["gain"][:week] for one in series]
    if found["age_hours"] < WEEK or all(gain is None for gain in gains[0]):
        return []
    sums = [
        (round(sum(gain or 0 for gain in each)), names[one["slug"]])
        for each, one in zip(gains, found["campaigns"], strict=True)
    ]
    (most, first), *rest = sorted(sums, key=lambda one: -one[0])
    others = w.listed([w("week.other", n=w.number(n), name=name) for n, name in rest])
    said = w(f"week.{found['metric']}", first=first, n=w.number(most), others=others)
    return [said, w("week.part")] if None in gains[0] else [said]


def metric_of(request: Request) -> str:
    return comparing.NATIVE if request.query_params.get("metric") == comparing.NATIVE else "engagement"


def _api(slugs: list[str], metric: str, it: Asked) -> str:
    more = {"metric": metric if metric == comparing.NATIVE else None, "as_of": rfc3339(it.as_of) if it.as_of else None}
    asked = [(name, value) for name, value in more.items() if value]
    return f"/api/v1/compare?{urlencode([*(('campaign', slug) for slug in slugs), *asked])}"


def _native(request: Request, found: dict[str, Any]) -> str:
    """Where to compare the platforms' own counts, where nothing was collected for all of them."""
    if found["intersection"]["buckets"] or found["metric"] == comparing.NATIVE:
        return ""
    return f"?{request.url.include_query_params(metric=comparing.NATIVE).query}"


def _covered(found: dict[str, Any], w: Words) -> str:
    seen = found["intersection"]
    return w(
        "side.covered", age=w.span(int(found["age_hours"] * HOUR)), n=w.number(seen["buckets"]),
        of=w.number(seen["of"]),
    )  # fmt: skip


def _smalls(found: dict[str, Any], w: Words, tz: ZoneInfo) -> tuple[list[Small], str]:
    """On one scale, so that they compare at a glance; and what a bar is. One that would be flat has its own scale."""
    width = -(-max(1, len(found["campaigns"][0]["series"]["gain"])) // MOST_BARS)
    bars = [_binned(one["series"]["gain"], width) for one in found["campaigns"]]
    tops = [max((gain for gain in each if gain is not None), default=0) for each in bars]
    each_ms = int(found["age_hours"] * HOUR / max(1, len(bars[0])))
    smalls = [
        _small(one, gains, max(tops) if top * FLAT >= max(tops) else top, max(tops), each_ms, w, tz)
        for one, gains, top in zip(found["campaigns"], bars, tops, strict=True)
    ]
    hours = found["age_hours"] / max(1, len(found["campaigns"][0]["series"]["gain"]))
    return smalls, w(f"side.bars.{found['metric']}", span=w.span(int(width * hours * HOUR)))


def _binned(gains: list[float | None], width: int) -> list[float | None]:
    """Sums of neighbours: more bars than these are hairs. None where nothing of one was observed for all."""
    parts = [gains[at : at + width] for at in range(0, len(gains), width)]
    return [None if all(gain is None for gain in part) else sum(gain or 0 for gain in part) for part in parts]


def _small(
    one: dict[str, Any], gains: list[float | None], top: float, highest: float, each: int, w: Words, tz: ZoneInfo
) -> Small:
    known = [gain for gain in gains if gain is not None]
    launch = w.moment(parse_time(one["launch"]["value"]), tz)
    declared = one["launch"]["reason"] == "declared"
    return Small(
        one["slug"], one["name"], w(f"kind.{one['kind']}"),
        w("side.launched" if declared else "side.found", time=launch),
        _path(gains, max(top, 1)), _gaps(gains), w.number(round(max(top, 1))),
        w("most", n=w.number(round(max(known))), time=f"+{w.span(gains.index(max(known)) * each)}") if known else "–",
        w("side.own", n=w.number(round(highest))) if top < highest else "",
    )  # fmt: skip


def _path(gains: list[float | None], top: float) -> str:
    """A bar for each bucket that was observed for all; what was taken back stands at 0."""
    edges = [round(place * WIDE / max(1, len(gains))) for place in range(len(gains) + 1)]
    bars = [
        f"M{edges[place]} {HIGH}V{round(HIGH * (1 - max(gain, 0) / top))}H{edges[place + 1]}V{HIGH}Z"
        for place, gain in enumerate(gains)
        if gain
    ]
    return "".join(bars)


def _gaps(gains: list[float | None]) -> tuple[tuple[float, float], ...]:
    runs = groupby(range(len(gains)), key=lambda place: gains[place] is None)
    found = [list(run) for missing, run in runs if missing]
    return tuple((100 * run[0] / len(gains), 100 * len(run) / len(gains)) for run in found)


def _ratio(one: dict[str, Any], names: dict[str, str], metric: str, w: Words) -> str:
    of, to = names[one["of"]], names[one["to"]]
    if one["value"] is None:
        return w(f"side.no_ratio.{metric}", of=of, to=to, why=told(w, one["reason"]))
    ratio = one["ratio"]
    if one["value"] < 0:  # "31 times" is read at once, "0.032 times" is not
        of, to, ratio = to, of, [1 / max(x, 1e-300) for x in reversed(ratio)]
    low, value, high = (side_table.number(x, w) for x in ratio)
    return w(f"side.ratio.{metric}", of=of, to=to, n=value, low=low, high=high)
