"""Each chart as a file: its numbers as CSV, its looks as SVG and PNG; all say what they are, from where, of when."""

import asyncio
import re
from dataclasses import dataclass, replace
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from app.analysis.tags import normal
from app.dashboard import panels, picture, raster, render, subjects
from app.dashboard.asked import Asked
from app.dashboard.panels import GAIN_OF, NAMED, Panel, Shown
from app.dashboard.picture import Told
from app.dashboard.render import now_of, words_of
from app.dashboard.subjects import Subject
from app.dashboard.words import Words
from app.db.engine import ReadSession
from app.errors import NotFound
from app.exports import curve as rows
from app.exports.writers import writer
from app.store import campaigns, hashtags, people
from app.store.columns import CURVES, File

router = APIRouter(route_class=render.Page)
FORMS = {"csv": "text/csv; charset=utf-8", "svg": "image/svg+xml", "png": "image/png"}
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
NAMES = frozenset(NAMED)


@dataclass(frozen=True, slots=True)
class Named:
    """What has a curve, with the name and the hashtags that its files show."""

    subject: Subject
    title: str
    tags: tuple[str, ...] = ()


@router.get("/campaigns/{slug}/charts/{file}")
async def send_campaign_chart(slug: str, file: str, request: Request) -> Response:
    async with render.reading(request) as session:
        named = of_campaign(await campaigns.by_slug(session, slug), words_of(request))
        return await send(request, session, named, file)


@router.get("/hashtags/{tag}/charts/{file}")
async def send_hashtag_chart(tag: str, file: str, request: Request) -> Response:
    async with render.reading(request) as session:
        row = (await hashtags.by_tag(session, tag)).row
        subject = Subject("hashtag", normal(tag), f"/hashtags/{quote(row.tag, safe='')}")
        return await send(request, session, Named(subject, f"#{row.spelling}"), file)


@router.get("/influencers/{id}/charts/{file}")
async def send_influencer_chart(id: str, file: str, request: Request) -> Response:  # noqa: A002 - the address's name
    async with render.reading(request) as session:
        person = await people.by_id(session, id)
        named = Named(Subject("influencer", person.id, f"/influencers/{person.id}"), person.name)
        return await send(request, session, named, file)


def of_campaign(kept: campaigns.Kept, w: Words) -> Named:
    return Named(subjects.of_campaign(kept, w), kept.it.name, kept.it.hashtags)


async def send(request: Request, session: ReadSession, named: Named, file: str) -> Response:
    """Whoever calls says whose curve it is."""
    render.check_may(request, "stats:read")
    w, it, now = words_of(request), render.asked_of(request, "all"), now_of(request)
    return await answer(session, named, file, it, w, now)


async def answer(session: ReadSession, named: Named, file: str, it: Asked, w: Words, now: int) -> Response:
    name, _, form = file.rpartition(".")
    if name not in NAMES or form not in FORMS:
        raise NotFound(f"charts are {', '.join(sorted(NAMES))}, each as {' or '.join(FORMS)}")
    it = replace(it, show="total" if name in GAIN_OF else "rate")
    shown = await subjects.shown(session, named.subject, it, w, now)
    told = picture.told(named.title, shown, it, w, named.tags)
    drawn = panels.draw([name], shown, it, w, named.subject.marks)[0]
    if form == "csv":
        body = _csv(drawn, told, shown)
    else:
        drawing = picture.svg(drawn, told, w)
        body = drawing.encode() if form == "svg" else await asyncio.to_thread(raster.png, drawing)
    return as_file(body, f"groundswell-{named.subject.kind}-{name}.{form}")


def as_file(body: bytes, name: str) -> Response:
    told = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, headers=told, media_type=FORMS[name.rpartition(".")[2]])


def _csv(drawn: Panel, told: Told, shown: Shown) -> bytes:
    """Lines of # above the header, as readers of CSV know them, with nothing in them that could end a cell."""
    wanted = (drawn.name, "coverage", "estimated")
    table = File({name: CURVES.columns.get(name, "count") for name in ("kind", "subject", "time", *wanted)}, 3)
    out = writer(table, "csv")
    body = out.add([*rows.columns(shown.raw)[:3], *(shown.series[name] for name in wanted)]) + out.end()
    return comments([f"{told.title}: {drawn.title} ({drawn.unit})", *told.lines]) + body


def comments(lines: list[str]) -> bytes:
    tame = str.maketrans({",": " ·", ";": " ·", '"': "”"})
    grouped = (_THOUSANDS.sub("\N{NARROW NO-BREAK SPACE}", picture.clean(line)) for line in lines)
    return "".join(f"# {line.translate(tame)}\n" for line in grouped).encode()
