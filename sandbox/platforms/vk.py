"""The world as VK's API shows it: a form with a token comes in, and errors go out with HTTP 200."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.ids import MASTODON, instant, position
from sandbox.platforms.shown import REVOKED, Now, answer, found, number
from sandbox.posts import Person, Post, World, followers

Form = dict[str, str]


def routes(world: World, now: Now) -> list[BaseRoute]:
    def search(form: Form) -> Any:
        """`end_time` is the last second that is wanted."""
        end = number(form.get("end_time"))
        below = None if end is None else position((end + 1) * 1_000, 0)
        posts = world.newest(MASTODON, form["q"].removeprefix("#"), now(), below=below)
        return _response(world, list(islice(posts, int(form.get("count", "30")))), now())

    def by_id(form: Form) -> Any:
        ids = [id_.partition("_")[2] for id_ in form["posts"].split(",")]
        return _response(world, found(world, ids, now()), now())

    paths = {"newsfeed.search": search, "wall.getById": by_id}
    return [Route(f"/vk/method/{path}", _guarded(handler), methods=["POST"]) for path, handler in paths.items()]


def _guarded(handler: Callable[[Form], Any]) -> Callable[[Request], Awaitable[Response]]:
    async def answered(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        if form.get("access_token", "") in ("", REVOKED):
            said = "User authorization failed: invalid access_token."
            return answer({"error": {"error_code": 5, "error_msg": said, "request_params": []}})
        return answer({"response": handler(form)})

    return answered


def _response(world: World, posts: Sequence[Post], now: int) -> dict[str, Any]:
    people = {post.person.number: post.person for post in posts}
    items = [_post(world, post, now) for post in posts]
    profiles = [_profile(person, now) for person in people.values()]
    return {"count": len(items), "total_count": len(items), "items": items, "profiles": profiles, "groups": []}


def _post(world: World, post: Post, now: int) -> dict[str, Any]:
    levels, owner = world.levels(post, now), post.person.number
    counted = {
        "likes": levels.likes, "reposts": levels.reposts, "comments": levels.replies, "views": 20 * levels.likes,
    }  # fmt: skip
    about = {"id": post.position, "owner_id": owner, "from_id": owner, "date": instant(post.position) // 1_000}
    return {**about, "text": post.text, **{name: {"count": count} for name, count in counted.items()}}


def _profile(person: Person, now: int) -> dict[str, Any]:
    named = {"first_name": person.shown, "last_name": "", "screen_name": person.name}
    return {"id": person.number, **named, "followers_count": followers(person, now)}
