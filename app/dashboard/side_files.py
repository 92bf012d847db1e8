"""The comparison's charts as one file: its numbers as CSV, its curves as SVG and PNG, as the single ones are."""

import asyncio
import textwrap
from typing import Any

from fastapi import APIRouter, Request, Response

from app.dashboard import downloads, picture, raster, render, side
from app.dashboard.asked import Asked
from app.dashboard.render import now_of, words_of
from app.dashboard.words import Words
from app.errors import NotFound
from app.exports.writers import writer
from app.store.columns import File

router = APIRouter(route_class=render.Page)
NAME = "gain"
WIDE, HIGH = 900, 110


@router.get("/compare/charts/{file}")
async def send_comparison_chart(file: str, request: Request) -> Response:
    render.check_may(request, "stats:read")
    w, it, now = words_of(request), render.asked_of(request, "all"), now_of(request)
    slugs = request.query_params.getlist("campaign")
    async with render.reading(request) as session:
        values = await side.told_of(session, slugs, side.metric_of(request), it, w, now)
    return await answer(values, file, it, w, now)


async def answer(values: dict[str, Any], file: str, it: Asked, w: Words, now: int) -> Response:
    name, _, form = file.rpartition(".")
    if name != NAME or form not in downloads.FORMS:
        raise NotFound(f"the chart is {NAME}, as {' or '.join(downloads.FORMS)}")
    source = w("file.source", where=", ".join(one.name for one in values["smalls"])) + "."
    told = [values["covered"], f"{w('as_of', time=w.moment(now, it.tz))}. {w('times_in', zone=it.zone)}.", source]
    if form == "csv":
        body = downloads.comments([f"{w('side')}: {values['bars']}", *told]) + _csv(values["found"])
    else:
        drawing = _svg(values, told, w)
        body = drawing.encode() if form == "svg" else await asyncio.to_thread(raster.png, drawing)
    return downloads.as_file(body, f"groundswell-compare-{name}.{form}")


def _csv(found: dict[str, Any]) -> bytes:
    """A row for each step from launch on; an empty cell where it was not observed for all."""
    hours = found["campaigns"][0]["series"]["hours"]
    gains = {one["slug"]: [_whole(gain) for gain in one["series"]["gain"]] for one in found["campaigns"]}
    columns: dict[str, Any] = {"hours_since_launch": hours, **gains}
    out = writer(File(dict.fromkeys(columns, "share"), 1), "csv")
    return out.add(list(columns.values())) + out.end()


def _whole(gain: float | None) -> float | None:
    return int(gain) if gain is not None and gain == int(gain) else gain


def _svg(values: dict[str, Any], told: list[str], w: Words) -> str:
    foot = [part for line in told for part in textwrap.wrap(picture.clean(line), picture.LONGEST_LINE)]
    each = [
        (one, [picture.clean(text) for text in (one.name, one.kind, f"{one.launch}. {one.says} {one.own}")],
         picture.scaled(one.path, WIDE, HIGH))
        for one in values["smalls"]
    ]  # fmt: skip
    end = f"+{w.span(int(values['found']['age_hours'] * 3_600_000))}"
    return render.fragment(
        "pictures.svg", w=w, title=w("side"), bars=values["bars"], each=each, foot=foot, wide=WIDE, high=HIGH, end=end
    )
