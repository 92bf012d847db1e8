"""The first user, login and logout. Tokens and users are made by the command."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.access import entry, second, sessions
from app.access.asked import Asked
from app.access.gate import cookie_name
from app.access.halfway import CodeNeeded
from app.api.openapi import Responses, problems
from app.api.route import Route
from app.api.schemas.sources import LoggedIn, Login, SetUp

router = APIRouter(tags=["access"], route_class=Route)
_COOKIE: dict[str, Any] = {"headers": {"Set-Cookie": {"description": "the login", "schema": {"type": "string"}}}}


@router.post("/setup", status_code=201, responses=Responses({201: _COOKIE}) | problems(409, 413, 429))
async def set_up(asked: SetUp, request: Request, response: Response) -> LoggedIn:
    """Make the first user with the one-time code in the log of the last start, and log in."""
    given = (asked.code, asked.name, asked.password.get_secret_value())
    return _welcome(request, response, await entry.set_up(request.app.state, Asked.of(request.scope), *given))


@router.post("/login", responses=Responses({200: _COOKIE}) | problems(413, 429))
async def log_in(asked: Login, request: Request, response: Response) -> LoggedIn:
    """Log in with name and password, and a code where there is a second factor; the login lives in a cookie."""
    given, shown = (asked.name, asked.password.get_secret_value()), Asked.of(request.scope)
    try:
        opened = await entry.log_in(request.app.state, shown, *given)
    except CodeNeeded as needed:
        if asked.code is None:
            raise
        opened = await second.finish(request.app.state, shown, needed.word, asked.code.get_secret_value())
    return _welcome(request, response, opened)


@router.post("/logout", status_code=204, response_model=None, responses=problems())
async def log_out(request: Request) -> Response:
    """End the login that the cookie names."""
    response, shown = Response(status_code=204), Asked.of(request.scope)
    if await entry.log_out(request.app.state, shown, request.state.who):
        response.delete_cookie(cookie_name(shown), path="/")
    return response


def _welcome(request: Request, response: Response, opened: entry.Opened) -> LoggedIn:
    response.set_cookie(**opened.cookie(Asked.of(request.scope)))
    return LoggedIn(name=opened.person.name, csrf=sessions.csrf_token(request.app.state.keys, opened.text))
