"""The first user, login and logout. Tokens and users are made by the command."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.access import audit, sessions, users
from app.access.asked import Asked, proxied
from app.access.gate import Refusal, cookie_name, shown
from app.access.principal import ALL, Principal
from app.access.throttle import Throttle
from app.access.users import Person
from app.api.deps import now_of
from app.api.openapi import Responses, problems
from app.api.route import Route
from app.api.schemas.sources import Credentials, LoggedIn, SetUp
from app.db.engine import Session
from app.errors import Forbidden, Unauthenticated

router = APIRouter(tags=["access"], route_class=Route)
_COOKIE: dict[str, Any] = {"headers": {"Set-Cookie": {"description": "the login", "schema": {"type": "string"}}}}


@router.post("/setup", status_code=201, responses=Responses({201: _COOKIE}) | problems(409, 413, 429))
async def set_up(asked: SetUp, request: Request, response: Response) -> LoggedIn:
    """Make the first user with the one-time code in the log of the last start, and log in."""
    state, now = request.app.state, now_of(request)
    await _slow_down(request, "")
    password = asked.password.get_secret_value()
    try:
        async with state.db.write() as session:
            person = await users.set_up(session, state.keys, asked.code, asked.name, password, now)
            text = await _log_in(session, request, person, "setup", now)
    except Forbidden:
        _guessed_wrong(request, "")
        raise
    return _welcome(request, response, person, text)


@router.post("/login", responses=Responses({200: _COOKIE}) | problems(413, 429))
async def log_in(asked: Credentials, request: Request, response: Response) -> LoggedIn:
    """Log in with name and password; the login lives in a cookie."""
    state, now = request.app.state, now_of(request)
    await _slow_down(request, asked.name)
    async with state.db.read() as session:
        person = await users.check_password(session, asked.name, asked.password.get_secret_value())
    if person is None:
        _guessed_wrong(request, asked.name)
        raise Unauthenticated("name and password do not belong together")
    state.throttle.succeeded(asked.name)
    async with state.db.write() as session:
        text = await _log_in(session, request, person, "login", now)
    return _welcome(request, response, person, text)


@router.post("/logout", status_code=204, response_model=None, responses=problems())
async def log_out(request: Request) -> Response:
    """End the login that the cookie names."""
    response, cookie = Response(status_code=204), shown(Asked.of(request.scope))
    if not isinstance(cookie, Refusal) and cookie.kind == "login":
        async with request.app.state.db.write() as session:
            await sessions.log_out(session, request.app.state.keys, cookie.text)
            await audit.record(session, request.state.who, "logout", now_of(request), ip=_peer(request))
        response.delete_cookie(cookie_name(Asked.of(request.scope)), path="/")
    return response


async def _log_in(session: Session, request: Request, person: Person, action: str, now: int) -> str:
    before = shown(Asked.of(request.scope))
    replaces = before.text if not isinstance(before, Refusal) and before.kind == "login" else None
    who = Principal("user", str(person.id), person.name, ALL)
    await audit.record(session, who, action, now, ip=_peer(request))
    return await sessions.log_in(session, request.app.state.keys, person.id, now, replaces)


def _welcome(request: Request, response: Response, person: Person, text: str) -> LoggedIn:
    name = cookie_name(Asked.of(request.scope))
    response.set_cookie(
        name, text, max_age=sessions.ABSOLUTE // 1_000, path="/", httponly=True, samesite="lax",
        secure=name.startswith("__Host-"),
    )  # fmt: skip
    return LoggedIn(name=person.name, csrf=sessions.csrf_token(request.app.state.keys, text))


async def _slow_down(request: Request, name: str) -> None:
    state = request.app.state
    throttle: Throttle = state.throttle
    await state.clock.sleep(throttle.wait(_address(request), name, state.clock.monotonic()))


def _guessed_wrong(request: Request, name: str) -> None:
    state = request.app.state
    state.throttle.failed(_address(request), name, state.clock.monotonic())


def _address(request: Request) -> str | None:
    """None behind a proxy: its address is everybody's, and what it says of others can be made up."""
    return None if proxied(Asked.of(request.scope)) else _peer(request)


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""
