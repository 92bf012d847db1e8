"""The world as Instagram's Graph API shows it: the last day of a hashtag, thirty of them in a week, without names."""

from itertools import takewhile
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.ids import MASTODON, fold, instant
from sandbox.platforms.shown import Now, answer, guarded, moment, number
from sandbox.posts import DAY, Post, World

MOST, TAGS = 50, 30


def routes(world: World, now: Now) -> list[BaseRoute]:
    asked: dict[str, int] = {}  # hashtags, and when they were first asked for

    def recent() -> list[str]:
        return [tag for tag, at in asked.items() if at > now() - 7 * DAY]

    def hashtag(request: Request) -> Any:
        tag = fold(request.query_params["q"])
        if tag not in recent():
            if len(recent()) >= TAGS:
                return _error(18, "You have reached the maximum number of hashtags")
            asked[tag] = now()
        return {"data": [{"id": _id(tag)}]}

    def searched(_: Request) -> Any:
        return {"data": [{"id": _id(tag), "name": tag} for tag in recent()]}

    def media(request: Request) -> Any:
        """In one order, but with the same cursor on each page where it pleases Instagram; here it tells the place."""
        tag = _tag(request.path_params["id"])
        if tag not in recent():
            return _error(24, "The requested resource does not exist")
        below = number(request.query_params.get("after"))
        shown = takewhile(
            lambda post: instant(post.position) > now() - DAY, world.newest(MASTODON, tag, now(), below=below)
        )
        posts = [post for post, _ in zip(shown, range(MOST + 1), strict=False)]
        cursors = {"cursors": {"after": str(posts[:MOST][-1].position)}} if posts else {}
        paging = {**cursors, **({"next": "https://lagoon.example/next"} if len(posts) > MOST else {})}
        return {"data": [_media(world, post, now()) for post in posts[:MOST]], "paging": paging}

    def me(request: Request) -> Any:
        return {"id": request.path_params["user"], "username": "observer"}

    paths = {
        "ig_hashtag_search": hashtag, "{user}/recently_searched_hashtags": searched, "{id}/recent_media": media,
        "{user}": me,
    }  # fmt: skip
    return [Route(f"/instagram/{path}", guarded(handler, _refused, "authorization")) for path, handler in paths.items()]


def _refused() -> Response:
    return _error(190, "Error validating access token: the session has been invalidated")


def _error(code: int, message: str) -> Response:
    return answer({"error": {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A"}}, 400)


def _id(tag: str) -> str:
    return str(int.from_bytes(tag.encode()))


def _tag(id_: str) -> str:
    place = int(id_)
    return place.to_bytes((place.bit_length() + 7) // 8).decode()


def _media(world: World, post: Post, now: int) -> dict[str, Any]:
    levels, when = world.levels(post, now), instant(post.position)
    about = {"id": str(post.position), "caption": post.text, "permalink": post.url, "timestamp": moment(when)}
    return {**about, "like_count": levels.likes, "comments_count": levels.replies}
