"""The world as Reddit's API shows it: a token for an app's id and secret, listings that end after a thousand."""

import base64
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.ids import instant
from sandbox.platforms.shown import REVOKED, Now, answer, found, guarded, newest, number
from sandbox.posts import Post, World

SHOWN = 1_000


def routes(world: World, now: Now) -> list[BaseRoute]:
    def login(request: Request) -> Response:
        pair = base64.b64decode(request.headers.get("authorization", "").removeprefix("Basic ")).decode()
        if pair.partition(":")[2] in ("", REVOKED):
            return _refused()
        return answer({"access_token": "a-token", "token_type": "bearer", "expires_in": 86_400, "scope": "*"})

    def search(request: Request) -> Any:
        asked = request.query_params
        most, after = int(asked.get("limit", "25")), _place(asked.get("after"))
        shown = newest(world, asked["q"].strip('"').removeprefix("#"), now(), SHOWN)
        posts = [post for post in shown if after is None or post.position < after]
        return _listing(world, posts[:most], now(), more=len(posts) > most)

    def info(request: Request) -> Any:
        ids = [id_.removeprefix("t3_") for id_ in request.query_params["id"].split(",")]
        return _listing(world, found(world, ids, now()), now(), more=False)

    paths = {"search": search, "api/info": info}
    return [
        Route("/reddit/api/v1/access_token", login, methods=["POST"]),
        *(Route(f"/reddit/{path}", guarded(handler, _refused, "authorization")) for path, handler in paths.items()),
    ]


def _refused() -> Response:
    return answer({"message": "Unauthorized", "error": 401}, 401)


def _place(name: str | None) -> int | None:
    return number(name.removeprefix("t3_")) if name else None


def _listing(world: World, posts: list[Post], now: int, *, more: bool) -> dict[str, Any]:
    children = [{"kind": "t3", "data": _link(world, post, now)} for post in posts]
    after = f"t3_{posts[-1].position}" if more else None
    return {"kind": "Listing", "data": {"after": after, "dist": len(posts), "children": children}}


def _link(world: World, post: Post, now: int) -> dict[str, Any]:
    levels = world.levels(post, now)
    counted = {"score": levels.likes, "num_comments": levels.replies, "num_crossposts": levels.reposts}
    about = {"author": post.person.name, "created_utc": instant(post.position) / 1_000, "title": post.text}
    where = {"subreddit": "sandbox", "permalink": f"/r/sandbox/comments/{post.position}/post/"}
    marks = {"selftext": "", "edited": False, "over_18": False, "removed_by_category": None}
    return {"id": str(post.position), "name": f"t3_{post.position}", **about, **counted, **where, **marks}
