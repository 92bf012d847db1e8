"""Notes and outcomes that are put on a campaign's curve from a page."""

import secrets
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response

from app.dashboard import brought, forms, render, typed
from app.dashboard.forms import Checks, Done, Typed, change, go
from app.dashboard.render import now_of, words_of
from app.db.engine import Session
from app.errors import Invalid, Problem
from app.store import annotations, campaigns, outcomes
from app.store.annotations import Note
from app.store.outcomes import Gift

router = APIRouter(route_class=render.Page)
MOST_NOTES, LONGEST_NOTE = 200, 2_000
KINDS = ("donation", "sign-up", "refund")


@router.get("/campaigns/{slug}/notes")
async def show_notes(slug: str, request: Request) -> Response:
    render.check_may(request, "tags:write")
    return await _notes(request, slug, _fresh(request))


@router.post("/campaigns/{slug}/notes")
async def add_note(slug: str, request: Request) -> Response:
    render.check_may(request, "tags:write")
    form, now = await forms.typed(request), now_of(request)

    async def work(session: Session) -> Done:
        kept = await campaigns.by_slug(session, slug)
        made = await annotations.create(session, kept.id, _note(form, now), now)
        return Done(f"annotation {made.id}", f"/campaigns/{slug}/notes", made.it.text)

    try:
        return go(request, await change(request, "annotation.create", form, work), "made")
    except Invalid as wrong:
        return await _notes(request, slug, form, wrong)


@router.post("/campaigns/{slug}/notes/{id}/delete")
async def delete_note(slug: str, id: str, request: Request) -> Response:  # noqa: A002 - the name that the address has
    render.check_may(request, "tags:write")
    form = await forms.typed(request)

    async def work(session: Session) -> Done:
        kept = await campaigns.by_slug(session, slug)
        await annotations.remove(session, await annotations.by_id(session, kept.id, id))
        return Done(f"annotation {id}", f"/campaigns/{slug}/notes")

    return go(request, await change(request, "annotation.delete", form, work), "deleted")


def _note(form: Typed, now: int) -> Note:
    checks, at, text, url = Checks(), None, "", None
    with checks.of():
        at = typed.moment(form, "at")
    with checks.of():
        text = typed.text(form, "text", LONGEST_NOTE)
    with checks.of():
        url = typed.web(form, "web")
    checks.finish()
    return Note(now if at is None else at, text, url)


@router.get("/campaigns/{slug}/outcomes")
async def show_outcomes(slug: str, request: Request) -> Response:
    render.check_may(request, "tags:write")
    return await _outcomes(request, slug, _fresh(request))


@router.post("/campaigns/{slug}/outcomes")
async def add_outcome(slug: str, request: Request) -> Response:
    render.check_may(request, "tags:write")
    form, now = await forms.typed(request), now_of(request)

    async def work(session: Session) -> Done:
        kept = await campaigns.by_slug(session, slug)
        gift = _gift(form, now)
        await outcomes.keep(session, kept.id, [gift], now)
        return Done(f"campaign {slug}", f"/campaigns/{slug}/outcomes", [gift.kind, gift.amount, gift.currency])

    try:
        return go(request, await change(request, "outcome.create", form, work), "made")
    except Invalid as wrong:
        return await _outcomes(request, slug, form, wrong)


def _gift(form: Typed, now: int) -> Gift:
    """Its id is made here: a form that is sent twice is kept once by its mark."""
    checks, at, made = Checks(), None, Gift(f"page-{secrets.token_hex(8)}", now, form("what").lower())
    with checks.of():
        at = typed.moment(form, "at")
    with checks.of():
        amount = form("amount").replace(",", ".").replace(" ", "") or None
        made = _checked(replace(made, amount=amount, currency=form("currency") or None))
    with checks.of():
        made = replace(made, code=typed.line(form, "code"))
    with checks.of():
        made = replace(made, donors=form.whole("donors") if form("donors") else None)
    checks.finish()
    return replace(made, occurred_at=now if at is None else at)


def _checked(gift: Gift) -> Gift:
    try:
        return outcomes.checked(gift)
    except Invalid as wrong:
        error = wrong.errors[0]
        raise Invalid({"kind": "what"}.get(error.field, error.field), error.value, error.message) from None


def _fresh(request: Request) -> Typed:
    return Typed({"what": [KINDS[0]], "mark": [forms.mark()], **forms.asked(request).fields})


async def _notes(request: Request, slug: str, form: Typed, problem: Problem | None = None) -> Response:
    async with render.reading(request) as session:
        kept = await campaigns.by_slug(session, slug)
        rows = await annotations.listed(session, kept.id, None, MOST_NOTES)
    return _page(request, "notes.html", form, problem, kept=kept, rows=rows[:MOST_NOTES])


async def _outcomes(request: Request, slug: str, form: Typed, problem: Problem | None = None) -> Response:
    async with render.reading(request) as session:
        kept = await campaigns.by_slug(session, slug)
        rows = brought.rows(await outcomes.totals(session, kept.id), {}, words_of(request))
    return _page(request, "gifts.html", form, problem, kept=kept, rows=rows, kinds=KINDS)


def _page(request: Request, name: str, form: Typed, problem: Problem | None, **values: Any) -> Response:
    it = render.asked_of(request, "all")
    return render.page(
        request, name, problem.status if problem else 200, f=form, it=it, tz=it.tz, done=forms.done(request),
        wrong=forms.wrong(problem) if problem else {}, **values,
    )  # fmt: skip
