"""The world as TikTok's Research API shows it: an app's token, windows of thirty days, ids that hold their second."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import dropwhile, islice, takewhile
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.ids import MASTODON, instant
from sandbox.platforms.shown import REVOKED, Now, answer
from sandbox.posts import DAY, Post, World, followers

OK = {"code": "ok", "message": "", "log_id": "1"}


def routes(world: World, now: Now) -> list[BaseRoute]:
    async def token(request: Request) -> Response:
        given = parse_qs((await request.body()).decode())
        if given.get("client_secret", [REVOKED]) == [REVOKED]:
            return answer({"error": "invalid_client", "error_description": "Client secret is incorrect."}, 401)
        return answer({"access_token": "clt.lagoon", "expires_in": 7_200, "token_type": "Bearer"})

    async def query(request: Request) -> Response:
        asked = await request.json()
        start, end = (_midnight(asked[name]) for name in ("start_date", "end_date"))
        [condition] = asked["query"]["and"]
        if request.headers.get("authorization") != "Bearer clt.lagoon":
            return _error(401, "access_token_invalid")
        if not 0 <= end - start <= 30 * DAY or not 1 <= asked["max_count"] <= 100:
            return _error(400, "invalid_params")
        posts = _matching(condition, start, end + DAY)
        cursor, most = asked.get("cursor", 0), asked["max_count"]
        page = list(islice(posts, cursor, cursor + most + 1))
        videos = [_video(world, post, now()) for post in page[:most]]
        told = {"videos": videos, "cursor": cursor + most, "search_id": "1", "has_more": len(page) > most}
        return answer({"data": told, "error": OK})

    def _matching(condition: dict[str, Any], start: int, end: int) -> Iterator[Post]:
        [value, *more] = condition["field_values"]
        if condition["field_name"] == "video_id":
            found = (world.find(MASTODON, _position(int(id_)), now()) for id_ in (value, *more))
            return (post for post in found if post and start <= instant(post.position) < end)
        known = world.newest(MASTODON, value, now())
        young = dropwhile(lambda post: instant(post.position) >= end, known)
        return takewhile(lambda post: instant(post.position) >= start, young)

    async def user(request: Request) -> Response:
        name = (await request.json())["username"]
        person = world.named(name)
        if person is None:
            return _error(404, "user_not_found")
        told = {"display_name": person.shown, "follower_count": followers(person, now()), "video_count": 1}
        return answer({"data": told, "error": OK})

    paths = {"oauth/token/": token, "research/video/query/": query, "research/user/info/": user}
    return [Route(f"/tiktok/v2/{path}", handler, methods=["POST"]) for path, handler in paths.items()]


def _error(status: int, code: str) -> Response:
    return answer({"data": {}, "error": {"code": code, "message": code, "log_id": "1"}}, status)


def _midnight(date: str) -> int:
    return int(datetime.strptime(date, "%Y%m%d").replace(tzinfo=UTC).timestamp() * 1_000)


def _id(post: Post) -> int:
    second, rest = divmod(instant(post.position), 1_000)
    return second << 32 | rest << 16 | post.position & 0xFFFF


def _position(id_: int) -> int:
    return ((id_ >> 32) * 1_000 + (id_ >> 16 & 0xFFFF)) << 16 | id_ & 0xFFFF


def _video(world: World, post: Post, now: int) -> dict[str, Any]:
    levels = world.levels(post, now)
    counted = {"like_count": levels.likes, "share_count": levels.reposts, "comment_count": levels.replies}
    about = {"username": post.person.name, "video_description": post.text, "hashtag_names": list(post.tags)}
    return {"id": _id(post), "create_time": _id(post) >> 32, **about, **counted, "view_count": 20 * levels.likes}
