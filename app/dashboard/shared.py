"""What a share link shows: its one campaign or comparison, to whoever holds it, and nothing else.

Whose numbers are read stands in the link's row; the address adds no more than range, step, zone and language.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from app.access import shares
from app.dashboard import downloads, panels, picture, render, report, side, side_files, spoken, subjects
from app.dashboard.asked import Asked
from app.dashboard.render import now_of, words_of
from app.dashboard.words import Words
from app.db.engine import ReadSession
from app.errors import Gone, Invalid, NotFound, Problem
from app.store import campaigns
from app.store import shares as rows
from app.store.shares import Link

CHART = "engagement"
ALLOWS = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"


class Shared(APIRoute):
    """A route whose errors lead nowhere: who holds a dead link has no other page of ours to go to."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await inner(request)
            except Problem as problem:
                return _trouble(request, problem)

        return handle


router = APIRouter(prefix="/s", route_class=Shared)


@router.get("/{token}")
async def show_shared(token: str, request: Request) -> Response:
    async with render.reading(request) as session:
        _, slugs = await _opened(session, request, token)
        if len(slugs) > 1:
            return await _compared(session, request, token, slugs, "'none'")
        w, it = words_of(request), render.asked_of(request, "all")
        kept = await campaigns.by_slug(session, slugs[0])
        return report.answer(await report.written(session, kept, it, w, now_of(request), f"/s/{token}"), w)


@router.get("/{token}/embed")
async def show_embedded(token: str, request: Request) -> Response:
    """For a frame on the pages of the origins that the owner has named."""
    async with render.reading(request) as session:
        link, slugs = await _opened(session, request, token)
        framed_by = " ".join(link.origins) or "'none'"
        if len(slugs) > 1:
            return await _compared(session, request, token, slugs, framed_by)
        w, it, now = words_of(request), render.asked_of(request, "all"), now_of(request)
        named = downloads.of_campaign(await campaigns.by_slug(session, slugs[0]), w)
        return report.answer(await _embedded(session, named, it, w, now), w, framed_by)


@router.get("/{token}/charts/{file}")
async def send_shared_chart(token: str, file: str, request: Request) -> Response:
    async with render.reading(request) as session:
        _, slugs = await _opened(session, request, token)
        w, it, now = words_of(request), render.asked_of(request, "all"), now_of(request)
        if len(slugs) > 1:
            values = await side.told_of(session, slugs, side.metric_of(request), it, w, now)
            return await side_files.answer(values, file, it, w, now)
        named = downloads.of_campaign(await campaigns.by_slug(session, slugs[0]), w)
        return await downloads.answer(session, named, file, it, w, now)


async def _opened(session: ReadSession, request: Request, token: str) -> tuple[Link, list[str]]:
    """The link, and the slugs that its campaigns have today."""
    link = await shares.find(session, request.app.state.keys, token, now_of(request))
    found = await rows.campaigns(session, link.campaigns)
    if len(found) < len(link.campaigns):
        raise Gone("what this link has shown is no longer there")
    return link, [found[key][0] for key in link.campaigns]


async def _compared(
    session: ReadSession, request: Request, token: str, slugs: list[str], framed_by: str
) -> Response:  # fmt: skip
    w, it, now = words_of(request), render.asked_of(request, "all"), now_of(request)
    values = await side.told_of(session, slugs, side.metric_of(request), it, w, now)
    allows = {"Content-Security-Policy": f"{ALLOWS}; frame-ancestors {framed_by}"}
    dated = w("as_of", time=w.moment(now, it.tz))
    return render.page(
        request,
        "compare.html",
        headers=allows,
        shared=True,
        it=it,
        offered=[],
        native="",
        dated=dated,
        charts=(f"/s/{token}/charts", ""),
        **values,
    )


async def _embedded(session: ReadSession, named: downloads.Named, it: Asked, w: Words, now: int) -> str:
    """One chart, with all that its file would say."""
    shown = await subjects.shown(session, named.subject, it, w, now)
    told = picture.told(named.title, shown, it, w, named.tags)
    name = "engagement_total" if it.show == "total" else CHART
    drawn = panels.draw([name], shown, it, w, named.subject.marks)[0]
    return render.fragment(
        "embed.html", w=w, told=told, panel=drawn, drawn=picture.both(drawn, told, w), sheet=report.SHEET,
        allows=report.ALLOWS,
    )  # fmt: skip


def _wrong(problem: Invalid, w: Words) -> str:
    """What will not do, and why."""
    error = problem.errors[0]
    return f"{render.bad(w, error)} {spoken.told(w, error.message) or error.message}."


def _trouble(request: Request, problem: Problem) -> Response:
    w = words_of(request)
    title, said = w("trouble.title"), w("trouble.busy")
    if isinstance(problem, NotFound | Gone):
        title, said = w("shared.dead.title"), w("shared.dead")
    elif isinstance(problem, Invalid):
        title, said = w("bad.title"), _wrong(problem, w)
    text = render.fragment("dead.html", w=w, title=title, said=said, sheet=report.SHEET)
    told = {"Content-Language": w.lang, "Content-Security-Policy": f"{report.ALLOWS}; frame-ancestors 'none'"}
    return HTMLResponse(text, problem.status, told)
