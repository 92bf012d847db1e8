"""Today: what waits for someone, what moved in each campaign, then hashtags and the state of the sources."""

from dataclasses import dataclass, replace

from fastapi import APIRouter, Request, Response

from app.dashboard import needs, panels, render, servers, subjects
from app.dashboard.asked import Asked
from app.dashboard.render import now_of, words_of
from app.dashboard.words import Words
from app.db.engine import ReadSession
from app.store import campaigns, hashtags, overview, source_reads

router = APIRouter(route_class=render.Page)
MOST_CAMPAIGNS, MOST_HASHTAGS, MOST_SOURCES = 12, 50, 50


@dataclass(frozen=True, slots=True)
class Card:
    """A campaign in a few sentences, and its posts as a line without an axis."""

    kept: campaigns.Kept
    moved: str
    sure: str
    spark: panels.Panel


@router.get("/")
async def show_overview(request: Request) -> Response:
    render.check_may(request, "stats:read")
    it, w, now = render.asked_of(request, "7d"), words_of(request), now_of(request)
    async with render.reading(request) as session:
        kept = await campaigns.listed(session, None, MOST_CAMPAIGNS)
        cards = [await _card(session, one, it, w, now) for one in kept[:MOST_CAMPAIGNS]]
        followed = await hashtags.listed(session, None, MOST_HASHTAGS)
        held = await overview.held(session, "hashtag", [one.row.tag for one in followed])
        sources = await source_reads.listed(session, None, MOST_SOURCES, now, request.app.state.allowed)
        alerts = await needs.alerts(session, w, it.tz, now)
    shown = [servers.shown(one, w, it.tz) for one in sources[:MOST_SOURCES]]
    return render.watched(
        request, "overview.html", it, now, render.EVERY_S,
        cards=cards, more_campaigns=len(kept) > MOST_CAMPAIGNS, most_campaigns=MOST_CAMPAIGNS,
        followed=followed[:MOST_HASHTAGS], more_hashtags=len(followed) > MOST_HASHTAGS, most_hashtags=MOST_HASHTAGS,
        held=held, sources=shown, needs=needs.of(alerts, shown, w, now), most_alerts=needs.MOST_ALERTS,
    )  # fmt: skip


async def _card(session: ReadSession, kept: campaigns.Kept, it: Asked, w: Words, now: int) -> Card:
    subject = subjects.of_campaign(kept, w)
    moved, sure = await subjects.last_day(session, subject, w, now)
    shown = await subjects.shown(session, subject, it, w, now)
    return Card(kept, moved, sure, panels.draw(["posts"], shown, replace(it, scale="linear"), w, subject.marks)[0])
