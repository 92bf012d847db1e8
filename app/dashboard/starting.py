"""Starting a campaign and following a hashtag from a page, with where to look for it; and following it no longer."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from app import planning
from app.analysis.tags import normal
from app.dashboard import forms, plans, render, typed
from app.dashboard.forms import Checks, Done, Typed, change, go
from app.dashboard.render import now_of
from app.db.engine import Session
from app.errors import Conflict, Invalid, Problem
from app.store import campaigns, following
from app.store.campaigns import Described

router = APIRouter(route_class=render.Page)
LED = ("influencer-led", "association-led", "other")
MOST_CAMPAIGNS = 200


@router.get("/start")
async def show_start(request: Request) -> Response:
    render.check_may(request, "tags:write")
    return await _page(request, "start.html", _fresh(request))


@router.post("/start")
async def start_campaign(request: Request) -> Response:
    render.check_may(request, "tags:write")
    form, now, every = await forms.typed(request), now_of(request), request.app.state.settings.poll_seconds

    async def work(session: Session) -> Done:
        new = _campaign(form)
        where = await typed.sources(session, form)
        for tag in new.hashtags:
            await following.follow(session, tag, where, now, every)
        kept = await campaigns.create(session, new, now, every)
        return Done(f"campaign {kept.it.slug}", f"/campaigns/{kept.it.slug}", [new.name, list(new.hashtags)])

    try:
        return go(request, await change(request, "campaign.create", form, work))
    except Conflict:
        taken = Invalid("slug", form("slug"), "is taken")
        return await _page(request, "start.html", form, taken)
    except Invalid as wrong:
        return await _page(request, "start.html", form, wrong)


def _campaign(form: Typed) -> Described:
    """Invalid names every field that is not right."""
    checks = Checks()
    name, slug, kind, launched, tags = "", "", LED[0], None, ()  # type: tuple[str, str, str, int | None, tuple[str, ...]]
    with checks.of():
        name = form.line("name")
    with checks.of():
        slug = typed.slug(form, "slug") if name or form("slug") else ""
    with checks.of():
        if form("led") not in LED:
            raise Invalid("led", form("led"), f"must be one of {' '.join(LED)}")
        kind = form("led")
    with checks.of():
        launched = typed.moment(form, "launched")
    with checks.of():
        tags = typed.tags(form, "hashtags")
    checks.finish()
    return Described(slug, name, kind, launched, None, tags)


@router.get("/follow")
async def show_follow(request: Request) -> Response:
    render.check_may(request, "tags:write")
    return await _page(request, "follow.html", _fresh(request))


@router.post("/follow")
async def follow_hashtag(request: Request) -> Response:
    render.check_may(request, "tags:write")
    form, now, every = await forms.typed(request), now_of(request), request.app.state.settings.poll_seconds
    if form("do") == "plan":
        return await _planned(request, form)

    async def work(session: Session) -> Done:
        tags, where = typed.tags(form, "hashtags"), await typed.sources(session, form)
        there = {one.it.slug for one in await campaigns.listed(session, None, MOST_CAMPAIGNS)}
        if form("campaign") and form("campaign") not in there:
            raise Invalid("campaign", form("campaign"), "must be one of the list")
        for tag in tags:
            await following.follow(session, tag, where, now, every, form("campaign") or None)
        return Done(f"hashtag {normal(tags[0])}", _page_of(tags[0]), [normal(tag) for tag in tags])

    try:
        return go(request, await change(request, "hashtag.follow", form, work))
    except Invalid as wrong:
        return await _page(request, "follow.html", form, wrong)


async def _planned(request: Request, form: Typed) -> Response:
    """What it would cost, and nothing is followed yet. No server is asked: a page does not wait for many."""
    state = request.app.state
    try:
        tag = typed.tags(form, "hashtags")[0]
        found = await planning.planned(state.db, state.settings, state.clock, tag, None, looking=False)
    except Problem as wrong:
        return await _page(request, "follow.html", form, wrong if isinstance(wrong, Invalid) else None)
    return await _page(
        request, "follow.html", form, plans=[plans.shown(one, render.words_of(request)) for one in found]
    )


@router.post("/hashtags/{tag}/unfollow")
async def unfollow_hashtag(tag: str, request: Request) -> Response:
    render.check_may(request, "tags:write")
    form, now = await forms.typed(request), now_of(request)

    async def work(session: Session) -> Done:
        await following.unfollow(session, tag, now)
        return Done(f"hashtag {normal(tag)}", _page_of(tag))

    return go(request, await change(request, "hashtag.unfollow", form, work))


def _page_of(tag: str) -> str:
    return f"/hashtags/{quote(normal(tag), safe='')}"


def _fresh(request: Request) -> Typed:
    given: dict[str, Any] = {"where": ["all"], "led": [LED[0]], "mark": [forms.mark()]}
    return Typed({**given, **forms.asked(request).fields})


async def _page(
    request: Request, name: str, form: Typed, problem: Problem | None = None, plans: Sequence[plans.Row] = ()
) -> Response:  # fmt: skip
    async with render.reading(request) as session:
        sources = await typed.live(session, now_of(request), request.app.state.allowed)
        known = await campaigns.listed(session, None, MOST_CAMPAIGNS)
    return render.page(
        request, name, problem.status if problem else 200, f=form, it=render.asked_of(request, "all"), led=LED,
        sources=sources, campaigns=[one.it for one in known], wrong=forms.wrong(problem) if problem else {},
        plans=plans,
    )  # fmt: skip
