"""Who may come in: users and tokens."""

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from app.access import second, tokens, users
from app.access.principal import SCOPES, parse_scopes
from app.access.tokens import Minted
from app.dashboard import forms, render
from app.dashboard.forms import Done, Typed
from app.dashboard.render import asked_of, now_of, page, who_of, words_of
from app.db.engine import Session
from app.errors import Conflict, Invalid
from app.store import access as rows
from app.store.totp import those_with

router = APIRouter(route_class=render.Page)


@router.get("/settings/users")
async def show_users(request: Request) -> Response:
    render.check_may(request, "admin")
    return await _users(request, Typed())


async def _users(request: Request, form: Typed, status: int = 200, wrong: Mapping[str, str] | None = None) -> Response:
    async with render.reading(request) as session:
        everyone, twice = await users.everyone(session), await those_with(session)
    return page(
        request, "users.html", status, users=everyone, twice=twice, typed=form("name"), wrong=wrong or {},
        mark=forms.mark(), done=forms.asked(request)("done"), tz=asked_of(request, "all").tz,
    )  # fmt: skip


@router.post("/settings/users")
async def make_user(request: Request) -> Response:
    render.check_may(request, "admin")
    form, w = await forms.typed(request), words_of(request)
    password = next(iter(form.fields.get("password", ())), "")

    async def work(session: Session) -> Done:
        made = await users.create(session, form("name"), password, now_of(request))
        return Done(made.name, "/settings/users")

    try:
        return forms.go(request, await forms.change(request, "user.create", form, work), "made")
    except Conflict:
        return await _users(request, form, 422, {"name": w("users.taken")})
    except Invalid as problem:
        return await _users(request, form, 422, {field: w(f"users.wrong.{field}") for field in forms.wrong(problem)})


@router.post("/settings/users/disable")
async def disable_user(request: Request) -> Response:
    render.check_may(request, "admin")
    form, who = await forms.typed(request), who_of(request)
    name = form("user")

    async def work(session: Session) -> Done:
        if who.kind == "user" and who.name == name:
            raise Conflict("nobody disables themselves: someone else does, or groundswell users disable")
        await users.disable(session, name, now_of(request))
        return Done(name, "/settings/users")

    return forms.go(request, await forms.change(request, "user.disable", form, work), "disabled")


@router.post("/settings/users/second")
async def reset_second_factor(request: Request) -> Response:
    """Of somebody else: one's own is switched off with the password or a code."""
    render.check_may(request, "admin")
    form, who = await forms.typed(request), who_of(request)
    name = form("user")

    async def work(session: Session) -> Done:
        if who.kind == "user" and who.name == name:
            raise Conflict("your own second factor is switched off in your settings, with the password or a code")
        await second.reset(session, name)
        return Done(name, "/settings/users")

    return forms.go(request, await forms.change(request, "user.totp.reset", form, work), "reset.done")


@router.get("/settings/tokens")
async def show_tokens(request: Request) -> Response:
    render.check_may(request, "admin")
    return await _tokens(request, Typed())


async def _tokens(
    request: Request, form: Typed, status: int = 200, wrong: Mapping[str, str] | None = None,
    made: Minted | None = None,
) -> Response:  # fmt: skip
    async with render.reading(request) as session:
        found, there = await tokens.everything(session), await rows.presence(session)
    return page(
        request, "tokens.html", status, tokens=found[::-1], made=made, wrong=wrong or {}, scopes=SCOPES,
        mark=forms.mark(), typed=form("name"), ticked=form.every("scopes"),
        days=form("days", str(tokens.LIFE_DAYS)), now=now_of(request), alone=not there.users,
        done=forms.asked(request)("done"), tz=asked_of(request, "all").tz,
    )  # fmt: skip


@router.post("/settings/tokens")
async def make_token(request: Request) -> Response:
    """The page that shows the token, this once."""
    render.check_may(request, "admin")
    form, w, keys = await forms.typed(request), words_of(request), request.app.state.keys
    minted: list[Minted] = []

    async def work(session: Session) -> Done:
        scopes = parse_scopes(" ".join(form.every("scopes")))
        made = await tokens.create(session, keys, form("name"), scopes, now_of(request), form.whole("days"))
        minted.append(made)
        return Done(made.facts.id, "/settings/tokens")

    try:
        to = await forms.change(request, "token.create", form, work)
    except Invalid as problem:
        return await _tokens(request, form, 422, {field: w(f"tokens.wrong.{field}") for field in forms.wrong(problem)})
    return await _tokens(request, Typed(), made=minted[0]) if minted else forms.go(request, to)


@router.post("/settings/tokens/{token}/revoke")
async def revoke_token(token: str, request: Request) -> Response:
    render.check_may(request, "admin")

    async def work(session: Session) -> Done:
        await tokens.revoke(session, token, now_of(request))
        return Done(token, "/settings/tokens")

    return forms.go(request, await forms.change(request, "token.revoke", await forms.typed(request), work), "revoked")
