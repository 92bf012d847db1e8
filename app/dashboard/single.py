"""The pages of one campaign, one hashtag, one influencer: the curve, its numbers, its gaps, its strongest posts."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from app.analysis.tags import normal
from app.dashboard import brought, noted, panels, posts, render, short, subjects, tables
from app.dashboard.asked import MEASURES, Asked
from app.dashboard.render import now_of, words_of
from app.dashboard.subjects import Subject
from app.dashboard.words import Words
from app.db.engine import ReadSession
from app.store import annotations, campaigns, hashtags, outcomes, overview, people

router = APIRouter(route_class=render.Page)
MOST_POSTS, MOST_ROWS = 10, 500
MOST_LIVE_ROWS = 1_000
"""A longer page is not read again by itself every few seconds."""


@router.get("/campaigns/{slug}")
async def show_campaign(slug: str, request: Request) -> Response:
    w, it = words_of(request), render.asked_of(request, "all")
    async with render.reading(request) as session:
        kept = await campaigns.by_slug(session, slug)
        subject = subjects.of_campaign(kept, w)
        more: dict[str, Any] = {"kept": kept, "people": await overview.people(session, kept.it.influencers)}
        more["brought"] = await _brought(session, kept, w)
        more["first"] = await overview.first_of(session, kept.id, kept.it.influencers)
        found = await annotations.listed(session, kept.id, None, noted.MOST_NOTES)
        more["notes"] = noted.notes(found, it, w)
        subject = replace(subject, marks=(*subject.marks, *noted.marks(found, w)))
        return await _page(request, session, it, subject, kept.it.name, more)


async def _brought(session: ReadSession, kept: campaigns.Kept, w: Words) -> list[brought.Row]:
    """Over its whole life, whatever range is drawn."""
    found = await outcomes.totals(session, kept.id)
    names = await people.names(session, sorted({one.influencer_id for one in found if one.influencer_id}))
    return brought.rows(found, names, w)


@router.get("/hashtags/{tag}")
async def show_hashtag(tag: str, request: Request) -> Response:
    it = render.asked_of(request, "all")
    async with render.reading(request) as session:
        followed = await hashtags.by_tag(session, tag)
        subject = Subject("hashtag", normal(tag), f"/hashtags/{quote(followed.row.tag, safe='')}")
        return await _page(request, session, it, subject, f"#{followed.row.spelling}", {"followed": followed})


@router.get("/influencers/{id}")
async def show_influencer(id: str, request: Request) -> Response:  # noqa: A002 - the name that the address has
    it = render.asked_of(request, "all")
    async with render.reading(request) as session:
        person = await people.by_id(session, id)
        subject = Subject("influencer", person.id, f"/influencers/{person.id}")
        more = {"person": person, "campaigns": await overview.campaigns_of(session, person.id)}
        return await _page(request, session, it, subject, person.name, more)


async def _page(
    request: Request, session: ReadSession, it: Asked, subject: Subject, heading: str, more: dict[str, Any]
) -> Response:
    render.check_may(request, "stats:read")
    w, now = words_of(request), now_of(request)
    shown = await subjects.shown(session, subject, it, w, now)
    moved, sure = await subjects.last_day(session, subject, w, now)
    strongest = None
    if render.who_of(request).may("posts:read"):
        found = await overview.strongest(
            session, subject.kind, subject.ref, shown.edges[0], shown.edges[-1], it.platform, MOST_POSTS
        )
        strongest = [posts.card(one, render.who_of(request)) for one in found]
    unseen, unseen_more = tables.missing(shown, it, w)
    every = render.EVERY_S if it.end is None and len(shown.edges) <= MOST_LIVE_ROWS else 0
    if subject.kind == "campaign":
        more["short"] = short.answers(more["first"], more["brought"], unseen, subject.path, w, it.tz)
    # Who is new among the authors of one person says nothing.
    measures = [name for name in MEASURES if subject.kind != "influencer" or name != "authors"]
    return render.watched(
        request, "subject.html", it, now, every, about=subject.name, subject=subject, heading=heading, shown=shown,
        moved=moved, sure=sure,
        panels=panels.panels(shown, it, w, subject.marks, measures), measures=measures,
        rows=tables.rows(shown, it, w, MOST_ROWS), most_rows=MOST_ROWS, columns=tables.COLUMNS,
        gifts=noted.gifts(shown, it, w, subject.marks), totals=tables.totals(shown, w),
        platforms=tables.platforms(shown, w), unseen=unseen, unseen_more=unseen_more,
        strongest=strongest, api=f"/api/v1{subject.path}/growth?{_api_query(shown, it)}", **more,
    )  # fmt: skip


def _api_query(shown: panels.Shown, it: Asked) -> str:
    """The same curve for a program: its edges, step and zone."""
    raw = shown.raw
    platform = f"&platform={quote(it.platform, safe='')}" if it.platform else ""
    return f"from={raw['from']}&to={raw['to']}&step={raw['step']}&tz={quote(raw['timezone'], safe='')}{platform}"
