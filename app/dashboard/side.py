"""The page that puts campaigns side by side, made to be printed: small curves from day 0, and one table."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from app.clock import HOUR, parse_time, rfc3339
from app.dashboard import render
from app.dashboard.asked import Asked
from app.dashboard.render import now_of, words_of
from app.dashboard.words import Words
from app.store import campaigns, comparing

router = APIRouter(route_class=render.Page)
MOST_OFFERED = 50
WIDE, HIGH = 10_000, 1_000
MOST_BARS = 84


@dataclass(frozen=True, slots=True)
class Small:
    """One campaign's curve from its launch on. `top`: the height of all of them; `gaps`: (at, wide) of a hundred."""

    slug: str
    name: str
    kind: str
    launch: str
    path: str
    gaps: tuple[tuple[float, float], ...]
    top: str
    says: str


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    note: int | None


MOST_COMPARED = 5


@router.get("/compare")
async def show_comparison(request: Request) -> Response:
    render.check_may(request, "stats:read")
    w, it = words_of(request), render.asked_of(request, "all")
    slugs = request.query_params.getlist("campaign")
    async with render.reading(request) as session:
        offered = (await campaigns.listed(session, None, MOST_OFFERED))[:MOST_OFFERED]
        if not 2 <= len(set(slugs)) <= MOST_COMPARED:
            # Nothing chosen yet: the first two are ticked. One, or too many: the form says what would be right.
            chosen = slugs or [one.it.slug for one in offered[:2]]
            status = 422 if slugs else 200
            return render.page(request, "compare.html", status, offered=offered, chosen=chosen, found=None, it=it)
        found = await comparing.side_by_side(session, slugs, now_of(request), zone=it.zone, as_of=it.as_of)
    notes: dict[str, int] = {}
    slugs = [one["slug"] for one in found["campaigns"]]
    rows = [_row(row, slugs, w, notes) for row in found["table"]]
    return render.page(
        request, "compare.html", offered=offered, chosen=slugs, found=found, it=it, rows=rows, notes=notes,
        smalls=_smalls(found, w, it.tz), ratios=[_ratio(one, w) for one in found["log_ratios"]],
        covered=_covered(found, w), api=_api(slugs, it),
    )  # fmt: skip


def _api(slugs: list[str], it: Asked) -> str:
    known = [("as_of", rfc3339(it.as_of))] if it.as_of is not None else []
    return f"/api/v1/compare?{urlencode([*(('campaign', slug) for slug in slugs), *known])}"


def _covered(found: dict[str, Any], w: Words) -> str:
    seen = found["intersection"]
    return w(
        "side.covered", age=w.span(int(found["age_hours"] * HOUR)), n=w.number(seen["buckets"]),
        of=w.number(seen["of"]),
    )  # fmt: skip


def _smalls(found: dict[str, Any], w: Words, tz: ZoneInfo) -> list[Small]:
    """All on one scale, so that they compare at a glance."""
    width = -(-max(1, len(found["campaigns"][0]["series"]["gain"])) // MOST_BARS)
    bars = [_binned(one["series"]["gain"], width) for one in found["campaigns"]]
    top = max((gain for each in bars for gain in each if gain is not None), default=0)
    each_ms = int(found["age_hours"] * HOUR / max(1, len(bars[0])))
    return [
        _small(one, gains, max(top, 1), each_ms, w, tz) for one, gains in zip(found["campaigns"], bars, strict=True)
    ]


def _binned(gains: list[float | None], width: int) -> list[float | None]:
    """Sums of neighbours: more bars than these are hairs. None where nothing of one was observed for all."""
    parts = [gains[at : at + width] for at in range(0, len(gains), width)]
    return [None if all(gain is None for gain in part) else sum(gain or 0 for gain in part) for part in parts]


def _small(one: dict[str, Any], gains: list[float | None], top: float, each: int, w: Words, tz: ZoneInfo) -> Small:
    known = [gain for gain in gains if gain is not None]
    launch = w.moment(parse_time(one["launch"]["value"]), tz)
    declared = one["launch"]["reason"] == "declared"
    return Small(
        one["slug"], one["name"], w(f"kind.{one['kind']}"),
        w("side.launched" if declared else "side.found", time=launch),
        _path(gains, top), _gaps(gains), w.number(round(top)),
        w("most", n=w.number(round(max(known))), time=f"+{w.span(gains.index(max(known)) * each)}") if known else "–",
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


def _row(row: dict[str, Any], slugs: list[str], w: Words, notes: dict[str, int]) -> tuple[str, str, list[Cell]]:
    name, _, currency = row["name"].rpartition("_") if row["name"][-3:].isupper() else (row["name"], "", "")
    label = w(f"side.{name}") + (f" ({currency})" if currency else "")
    unit = row["unit"].removesuffix(" since launch")
    said = w.or_same(f"side.unit.{unit}", unit) if "hour" in unit or unit == "people" else ""
    return label, said, [
        _cell(row["values"][slug], w, notes) for slug in slugs
    ]  # fmt: skip


def _cell(value: dict[str, Any], w: Words, notes: dict[str, int]) -> Cell:
    note = notes.setdefault(value["reason"], len(notes) + 1) if value["reason"] else None
    low, middle, high = (_number(value[name], w) for name in ("low", "value", "high"))
    if value["value"] is None:
        return Cell("–" if value["low"] is None else f"{low} – {high}", note)
    same = value["low"] == value["value"] == value["high"]
    return Cell(middle if same else f"{middle} ({low} – {high})", note)


def _number(value: float | None, w: Words) -> str:
    if value is None:
        return "?"
    shown = value if abs(value) >= 1_000 else float(f"{value:.3g}")
    return w.number(round(shown)) if abs(value) >= 1_000 or shown == int(shown) else w.number(shown)


def _ratio(one: dict[str, Any], w: Words) -> str:
    if one["value"] is None:
        return w("side.no_ratio", of=one["of"], to=one["to"], why=one["reason"])
    low, value, high = (_number(x, w) for x in one["ratio"])
    return w("side.ratio", of=one["of"], to=one["to"], n=value, low=low, high=high)
