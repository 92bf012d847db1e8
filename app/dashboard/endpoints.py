"""Endpoints: who is told, how each does, its secret shown once, a test, and what was said sent again."""

import secrets
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response

from app.access.seal import Keyring
from app.alerts import addresses, payload, signing, trial
from app.alerts.addresses import Address
from app.dashboard import asked, forms, render, sent
from app.dashboard.forms import Done, Typed, change, go
from app.dashboard.render import now_of, words_of
from app.dashboard.words import LANGUAGES
from app.db.engine import Session
from app.errors import Conflict, Invalid, Problem
from app.store import deliveries, endpoints
from app.store.deliveries import Which
from app.store.endpoints import Described, Kept

router = APIRouter(route_class=render.Page)
MOST, MOST_SENT = 200, 10
TYPES = tuple(name for name in payload.TYPES if name not in ("endpoint.test", "compliance.redacted"))
ONCE = {"Cache-Control": "no-store"}
"""A page that shows a secret is kept nowhere."""


@router.get("/endpoints")
async def show_endpoints(request: Request) -> Response:
    render.check_may(request, "endpoints:write")
    fresh = {"wants": ["all"], "language": [words_of(request).lang], "mark": [forms.mark()]}
    return await _list(request, Typed(fresh))


@router.post("/endpoints")
async def create_endpoint(request: Request) -> Response:
    render.check_may(request, "endpoints:write")
    form, now = await forms.typed(request), now_of(request)
    keyring: Keyring = request.app.state.keys
    shown: list[str] = []

    try:
        it, address = _described(form), await addresses.checked(form("url"), request.app.state.settings)

        async def work(session: Session) -> Done:
            name = f"end_{secrets.token_hex(8)}"
            keys = signing.new_keys(asymmetric=bool(form("asymmetric"))) if address.kind == "webhook" else ""
            sealed = keyring.seal(keys, signing.purpose(name)) if keys else None
            made = replace(it, url=address.shown, kind=address.kind, url_sealed=address.sealed(keyring, name))
            new = Kept(name, 1, now, made, keys=sealed, public_key=signing.public_key(keys))
            await endpoints.create(session, new)
            shown.append(signing.secret_of(keys))
            return Done(f"endpoint {name}", f"/endpoints/{name}", made.name)

        to = await change(request, "endpoint.create", form, work)
    except Invalid as wrong:
        return await _list(request, form, wrong)
    return _secret(request, to, shown[0], 201) if shown and shown[0] else go(request, to, "made")


def _described(form: Typed) -> Described:
    types = form.every("types") if form("wants") == "some" else None
    if types is not None and (not types or set(types) - set(TYPES)):
        raise Invalid("types", types, f"must be one or more of {' '.join(TYPES)}")
    if form("language") not in LANGUAGES:
        raise Invalid("language", form("language"), f"must be one of {' '.join(LANGUAGES)}")
    return Described(form.line("name"), "", types, language=form("language"))


def _secret(request: Request, to: str, secret: str, status: int) -> Response:
    return render.page(request, "secret.html", status, ONCE, secret=secret, to=to)


async def _list(request: Request, form: Typed, problem: Problem | None = None) -> Response:
    it = render.asked_of(request, "all")
    async with render.reading(request) as session:
        rows = await endpoints.listed(session, None, MOST)
    return render.page(
        request, "endpoints.html", problem.status if problem else 200, rows=rows[:MOST], more=len(rows) > MOST,
        most=MOST, f=form, types=TYPES, wrong=forms.wrong(problem) if problem else {}, done=forms.done(request), it=it,
        tz=it.tz,
    )  # fmt: skip


@router.get("/endpoints/{id}")
async def show_endpoint(id: str, request: Request) -> Response:  # noqa: A002 - the name that the address has
    render.check_may(request, "endpoints:write")
    async with render.reading(request) as session:
        kept = await endpoints.by_id(session, id)
    return await _one(request, kept, _filled(kept))


def _filled(kept: Kept) -> Typed:
    it = kept.it
    return Typed({
        "name": [it.name], "url": [it.url if it.kind == "webhook" else ""], "language": [it.language],
        "wants": ["all" if it.types is None else "some"], "types": list(it.types or ()),
        "version": [str(kept.version)],
    })  # fmt: skip


async def _one(request: Request, kept: Kept, form: Typed, problem: Problem | None = None) -> Response:
    it, w = render.asked_of(request, "all"), words_of(request)
    async with render.reading(request) as session:
        found = await deliveries.listed(session, Which(endpoint=kept.id), None, MOST_SENT)
        rows = await sent.rows(session, found[:MOST_SENT], it, w)
    wrong = {"changed": ""} if isinstance(problem, Conflict) else forms.wrong(problem) if problem else {}
    return render.page(
        request, "endpoint.html", problem.status if problem else 200, one=kept, f=form, types=TYPES, wrong=wrong,
        rows=rows, more=len(found) > MOST_SENT, done=forms.done(request), it=it, tz=it.tz, now=now_of(request),
        sees_answers=render.who_of(request).may("admin"),
    )  # fmt: skip


@router.post("/endpoints/{id}")
async def change_endpoint(id: str, request: Request) -> Response:  # noqa: A002
    render.check_may(request, "endpoints:write")
    form, now = await forms.typed(request), now_of(request)
    keyring: Keyring = request.app.state.keys
    async with render.reading(request) as session:
        kept = await endpoints.by_id(session, id)

    try:
        it = _described(form)
        # A people's channel's address is not shown again: what is left empty stays.
        given = form("url") or (kept.it.url if kept.it.kind == "webhook" else "")
        address = await addresses.checked(given, request.app.state.settings) if given else None

        async def work(session: Session) -> Done:
            old = await endpoints.by_id(session, id)
            if str(old.version) != form("version"):
                raise Conflict("it was changed meanwhile")
            new = replace(old.it, name=it.name, types=it.types, language=it.language, **_moved(old, address, keyring))
            enabled = old.health.disabled_at is None
            await endpoints.change(session, old, new, enabled=enabled, now=now)
            return Done(f"endpoint {id}", f"/endpoints/{id}", [new.name, new.types])

        return go(request, await change(request, "endpoint.change", form, work), "saved")
    except Conflict as wrong:
        return await _one(request, kept, Typed({**form.fields, "version": [str(kept.version)]}), wrong)
    except Invalid as wrong:
        return await _one(request, kept, form, wrong)


def _moved(old: Kept, address: Address | None, keyring: Keyring) -> dict[str, Any]:
    if address is None:
        return {}
    if (address.kind == "webhook") != (old.it.kind == "webhook"):
        raise Invalid("url", "…", "a webhook stays a webhook, and a people's channel one: make another endpoint")
    return {"kind": address.kind, "url": address.shown, "url_sealed": address.sealed(keyring, old.id)}


@router.post("/endpoints/{id}/enabled")
async def switch_endpoint(id: str, request: Request) -> Response:  # noqa: A002
    render.check_may(request, "endpoints:write")
    form, now = await forms.typed(request), now_of(request)
    wanted = form("enabled") == "on"

    async def work(session: Session) -> Done:
        old = await endpoints.by_id(session, id)
        await endpoints.change(session, old, old.it, enabled=wanted, now=now)
        return Done(f"endpoint {id}", f"/endpoints/{id}", wanted)

    return go(request, await change(request, "endpoint.change", form, work), "on" if wanted else "off")


@router.post("/endpoints/{id}/rotate")
async def rotate_endpoint(id: str, request: Request) -> Response:  # noqa: A002
    render.check_may(request, "endpoints:write")
    form, now = await forms.typed(request), now_of(request)
    keyring: Keyring = request.app.state.keys
    shown: list[str] = []

    async def work(session: Session) -> Done:
        old = await endpoints.by_id(session, id)
        if old.keys is None:
            raise Conflict("a people's channel has no secret of ours")
        keys = signing.new_keys(asymmetric=old.public_key is not None)
        sealed = keyring.seal(keys, signing.purpose(id))
        await endpoints.rotate(session, old, sealed, signing.public_key(keys), now + signing.GRACE_MS)
        shown.append(signing.secret_of(keys))
        return Done(f"endpoint {id}", f"/endpoints/{id}")

    to = await change(request, "endpoint.rotate", form, work)
    return _secret(request, to, shown[0], 200) if shown else go(request, to)


@router.post("/endpoints/{id}/test")
async def test_endpoint(id: str, request: Request) -> Response:  # noqa: A002
    render.check_may(request, "endpoints:write")
    form, state = await forms.typed(request), request.app.state
    async with render.reading(request) as session:
        kept = await endpoints.by_id(session, id)
    event, tried = await trial.send(state.settings, state.keys, state.clock, kept)

    async def work(session: Session) -> Done:
        await trial.write_down(session, kept, event, tried)
        return Done(f"endpoint {id}", f"/endpoints/{id}")

    return go(request, await change(request, "endpoint.test", form, work), "test_failed" if tried.problem else "tested")


@router.post("/endpoints/{id}/replay")
async def replay_endpoint(id: str, request: Request) -> Response:  # noqa: A002
    render.check_may(request, "endpoints:write")
    form, now = await forms.typed(request), now_of(request)
    async with render.reading(request) as session:
        kept = await endpoints.by_id(session, id)
    try:
        since = _since(form)

        async def work(session: Session) -> Done:
            await deliveries.replay_since(session, await endpoints.by_id(session, id), since, now)
            return Done(f"endpoint {id}", f"/endpoints/{id}")

        return go(request, await change(request, "endpoint.replay", form, work), "replayed")
    except Invalid as wrong:
        return await _one(request, kept, Typed({**_filled(kept).fields, **form.fields}), wrong)


def _since(form: Typed) -> int:
    try:
        since = asked.read({"from": form("since"), "tz": form("tz")}, "en").start
    except Invalid as wrong:
        raise Invalid("since", form("since"), wrong.detail) from None
    if since is None:
        raise Invalid("since", "", "must be a date and time")
    return since


@router.post("/endpoints/{id}/delete")
async def delete_endpoint(id: str, request: Request) -> Response:  # noqa: A002
    render.check_may(request, "endpoints:write")
    form, now = await forms.typed(request), now_of(request)

    async def work(session: Session) -> Done:
        await endpoints.remove(session, await endpoints.by_id(session, id), now)
        return Done(f"endpoint {id}", "/endpoints")

    return go(request, await change(request, "endpoint.delete", form, work), "deleted")
