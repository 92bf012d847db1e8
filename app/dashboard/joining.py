"""Adding a source, step by step: which platform, which server, what it answered; only then is it saved.

What was checked travels in the form sealed, its token with it, so that nothing else than that is saved.
"""

import json
from dataclasses import replace

from fastapi import APIRouter, Request, Response

from app import joining, sources
from app.access.seal import Keyring, Unsealable
from app.clock import HOUR
from app.dashboard import forms, platforms, render
from app.dashboard.forms import Done, Typed
from app.dashboard.render import now_of, words_of
from app.db.engine import Session
from app.errors import Conflict, Invalid
from app.store import sources as rows
from app.store.sources import NewSource
from collectors.contract import Credential

router = APIRouter(route_class=render.Page)
_PURPOSE = "a source in a form"
_LIVES = HOUR
_FIELDS = ("name", "url", "identifier", "limit")


@router.get("/sources/new")
async def show_new_source(request: Request) -> Response:
    render.check_may(request, "admin")
    return _page(request, forms.asked(request))


def _page(
    request: Request, form: Typed, status: int = 200, wrong: dict[str, tuple[str, str]] | None = None, *,
    facts: dict[str, str] | None = None, kept: str = "",
) -> Response:  # fmt: skip
    w, offers = words_of(request), sources.offers()
    offer = offers.get(form("platform"))
    return render.page(
        request, "source_new.html", status, form={name: form(name) for name in _FIELDS}, wrong=wrong or {},
        platforms=[platforms.told(one, w) for one in offers.values()], facts=facts, kept=kept,
        chosen=platforms.told(offer, w) if offer else None,
        step=1 if offer is None else 3 if facts is not None else 2,
    )  # fmt: skip


@router.post("/sources/new")
async def check_new_source(request: Request) -> Response:
    """Asks the server, and shows what it answers; nothing is saved yet."""
    render.check_may(request, "admin")
    form, state = await forms.typed(request), request.app.state
    secret = form("token") or _secret_of(state.keys, form("kept"), now_of(request))
    new = NewSource(form("platform"), form("name"), form("url") or None, form("identifier") or None, None)
    kept = _sealed(state.keys, new, secret, now_of(request))
    try:
        await sources.look_over(state.settings, new)
        new = replace(new, limits=joining.limits(new.platform, _limits(form)))
        joining.check_needs(new, Credential(secret, new.identifier) if secret else None)
        kept = _sealed(state.keys, new, secret, now_of(request))
        async with render.reading(request) as session:
            await rows.check_free(session, new.name)
        facts = await sources.try_out(state.settings, state.clock, new, secret)
    except Conflict as taken:
        said = {"name": (words_of(request)("join.taken"), taken.detail)}
        return _page(request, form, 422, said, kept=kept if secret else "")
    except Invalid as problem:
        return _page(request, form, 422, _told(request, problem), kept=kept if secret else "")
    return _page(request, form, facts=dict(facts), kept=kept)


def _told(request: Request, problem: Invalid) -> dict[str, tuple[str, str]]:
    """By field: what is wrong, and what the server or the guard said of it, in English."""
    w = words_of(request)
    found = forms.wrong(problem).items()
    missing = {error.field for error in problem.errors if error.value is None}
    quiet = {"name"} | (missing - {"url"})
    return {field: (w(f"join.wrong.{field}"), "" if field in quiet else text) for field, text in found}


@router.post("/sources")
async def save_source(request: Request) -> Response:
    render.check_may(request, "admin")
    form, state = await forms.typed(request), request.app.state
    opened = _opened(state.keys, form("kept"), now_of(request))
    if opened is None:
        raise Invalid("kept", "…", "this form is too old: check the source again")
    new, secret = opened
    new = await sources.look_over(state.settings, new)
    sealed = state.keys.seal(secret, sources.sealed_for(new.name)) if secret else None

    async def work(session: Session) -> Done:
        await rows.insert(session, replace(new, credential_sealed=sealed), now_of(request))
        return Done(new.name, "/sources", {"platform": new.platform, "url": new.url})

    return forms.go(request, await forms.change(request, "source.add", form, work), "added")


def _limits(form: Typed) -> list[str]:
    """What only the owner can say; one budget of a platform is so, at most."""
    wanted = joining.to_be_set(sources.offers()[form("platform")])
    return [f"{one.name}={form('limit')}" for one in wanted if form("limit")]


def _sealed(keys: Keyring, new: NewSource, secret: str | None, now: int) -> str:
    held = [new.platform, new.name, new.url, new.identifier, secret, dict(new.limits), now]
    return keys.seal(json.dumps(held), _PURPOSE)


def _opened(keys: Keyring, kept: str, now: int) -> tuple[NewSource, str | None] | None:
    """None where it is not ours, or from more than an hour ago."""
    try:
        platform, name, url, identifier, secret, limits, at = json.loads(keys.unseal(kept, _PURPOSE))
    except Unsealable:
        return None
    new = NewSource(platform, name, url, identifier, None, limits=limits)
    return (new, secret) if now - at < _LIVES else None


def _secret_of(keys: Keyring, kept: str, now: int) -> str | None:
    """The token that was typed before: a browser does not fill it in again."""
    opened = _opened(keys, kept, now) if kept else None
    return opened[1] if opened else None
