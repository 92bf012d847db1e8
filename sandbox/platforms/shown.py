"""What a further platform shows of the world, and whom it lets in."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from sandbox.ids import MASTODON
from sandbox.posts import Post, World

Now = Callable[[], int]
Routes = Callable[[World, Now], Sequence[BaseRoute]]
Answering = Callable[[Request], Response]

REVOKED = "revoked"  # the one credential that no platform takes


def answer(value: Any, status: int = 200) -> Response:
    return JSONResponse(value, status)


def guarded(
    handler: Callable[[Request], Any], refused: Callable[[], Response], header: str, *, needed: bool = True
) -> Answering:  # fmt: skip
    """The handler's answer as JSON, for anyone whose header is not the revoked credential."""

    def answered(request: Request) -> Response:
        given = request.headers.get(header, "").removeprefix("Bearer ")
        if given == REVOKED or (needed and not given):
            return refused()
        told = handler(request)
        return told if isinstance(told, Response) else answer(told)

    return answered


def newest(world: World, tag: str, now: int, most: int, *, below: int | None = None) -> list[Post]:
    return list(islice(world.newest(MASTODON, tag, now, below=below), most))


def found(world: World, ids: Sequence[str], now: int) -> list[Post]:
    """Those that are there, in the order of their ids, each once."""
    posts = [world.find(MASTODON, place, now) for place in map(number, dict.fromkeys(ids)) if place is not None]
    return [post for post in posts if post]


def number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else None


def moment(ms: int) -> str:
    """As Meta writes it: whole seconds, no colon in the offset."""
    return datetime.fromtimestamp(ms // 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
