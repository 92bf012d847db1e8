"""Sources and coverage: how each source does, what was not observed, and what each platform cannot give."""

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from app import sources
from app.dashboard import days, forms, platforms, render, servers
from app.dashboard.asked import RANGES, Asked
from app.dashboard.forms import Done
from app.dashboard.render import now_of, words_of
from app.dashboard.servers import Server
from app.dashboard.words import Words
from app.db.engine import ReadSession, Session
from app.store import coverage, hashtags, source_reads
from app.store import sources as rows
from collectors.errors import CollectorError

router = APIRouter(route_class=render.Page)
MOST_SOURCES, MOST_HASHTAGS = 200, 20
EVERY_S = 30
_LONG = [name for name in RANGES if name not in ("24h", "7d")]


@router.get("/sources")
async def show_sources(request: Request) -> Response:
    render.check_may(request, "stats:read")
    return await _page(request, forms.asked(request)("done"))


async def _page(request: Request, done: str, checked: str = "", refused: str = "") -> Response:
    it, w, now = render.asked_of(request, "90d"), words_of(request), now_of(request)
    after = request.query_params.get("after")
    async with render.reading(request) as session:
        found = await source_reads.listed(session, None, MOST_SOURCES, now, request.app.state.allowed)
        followed = await hashtags.listed(session, [after] if after else None, MOST_HASHTAGS)
        drawn = await _calendars(session, [one.row.id for one in followed[:MOST_HASHTAGS]], it, now, w)
    offered = [platforms.told(offer, w) for offer in sources.offers().values()]
    shown = sorted((servers.shown(one, w, it.tz) for one in found[:MOST_SOURCES]), key=_ease)
    return render.watched(
        request, "sources.html", it, now, 0 if checked or refused else EVERY_S, status=422 if refused else 200,
        rows=shown, says=_says(shown, w), calendars=drawn, long=_LONG, most=days.MOST_GAPS,
        further=followed[MOST_HASHTAGS - 1].row.tag if len(followed) > MOST_HASHTAGS else "",
        platforms=offered,
        done=done if done in ("added", "removed") else "", checked=checked, refused=refused,
    )  # fmt: skip


async def _calendars(session: ReadSession, ids: Sequence[int], it: Asked, now: int, w: Words) -> list[days.Calendar]:
    tracks = await coverage.of_hashtags(session, ids)
    first = min((begin for track in tracks for begin, _ in track.owed(now)), default=None)
    start, _ = it.span(first, now)
    drawn = (days.drawn(track, start, now, it.tz, w) for track in tracks)
    return sorted((one for one in drawn if one), key=lambda one: (one.hashtag, one.source))


def _ease(one: Server) -> tuple[int, bool, str]:
    """What needs a person first."""
    order = {"stopped": 0, "failing": 1, "waiting": 2}
    return order.get(one.it.state, 3), not one.late_is_bad, one.it.name


def _says(shown: Sequence[Server], w: Words) -> str:
    counts = {
        "stopped": sum(one.it.state == "stopped" for one in shown),
        "failing": sum(one.it.state == "failing" for one in shown),
        "late": sum(one.late_is_bad for one in shown),
    }
    parts = [w.count(f"sources.{name}", n) for name, n in counts.items() if n]
    whole = w.count("sources.there", len(shown))
    return f"{whole}{w('colon')}{', '.join(parts) or w('sources.fine')}."


@router.post("/sources/{name}/check")
async def check_source(name: str, request: Request) -> Response:
    """One real call; what the server says of itself, or why it does not."""
    render.check_may(request, "admin")
    state = request.app.state
    try:
        facts = await sources.check(state.db, state.settings, state.clock, name)
    except CollectorError as error:
        return await _page(request, "", refused=f"{name}: {error}")
    return await _page(request, "", checked=f"{name}: " + ", ".join(f"{key} {value}" for key, value in facts.items()))


@router.post("/sources/{name}/remove")
async def remove_source(name: str, request: Request) -> Response:
    render.check_may(request, "admin")

    async def work(session: Session) -> Done:
        await rows.remove(session, name, now_of(request))
        return Done(name, "/sources")

    return forms.go(request, await forms.change(request, "source.remove", await forms.typed(request), work), "removed")
