"""The world as a Lemmy server shows it: posts with a title, found by their words on numbered pages."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.ids import DOMAIN, MASTODON, instant
from sandbox.platforms.shown import Now, answer, guarded, newest, number
from sandbox.posts import Person, Post, World, rfc3339


def routes(world: World, now: Now) -> list[BaseRoute]:
    def search(request: Request) -> Any:
        asked = request.query_params
        page, most = int(asked.get("page", "1")), int(asked.get("limit", "10"))
        posts = newest(world, asked["q"].removeprefix("#"), now(), page * most)[(page - 1) * most :]
        return {"type_": "Posts", "comments": [], "posts": [_view(world, post, now()) for post in posts]}

    def one(request: Request) -> Any:
        place = number(request.query_params.get("id"))
        post = world.find(MASTODON, place, now()) if place is not None else None
        return {"post_view": _view(world, post, now())} if post else answer({"error": "couldnt_find_post"}, 404)

    def site(_: Request) -> Any:
        return {"site_view": {"site": {"id": 1, "name": "Sandbox"}}, "version": "0.19.11"}

    paths = {"search": search, "post": one, "site": site}
    return [
        Route(f"/lemmy/api/v3/{path}", guarded(handler, _refused, "authorization", needed=False))
        for path, handler in paths.items()
    ]


def _refused() -> Response:
    return answer({"error": "incorrect_login"}, 401)


def _view(world: World, post: Post, now: int) -> dict[str, Any]:
    levels = world.levels(post, now)
    about = {"published": rfc3339(instant(post.position)), "deleted": False, "removed": False, "nsfw": False}
    counted = {"upvotes": levels.likes, "downvotes": 0, "score": levels.likes, "comments": levels.replies}
    shown = {"id": post.position, "ap_id": f"https://{DOMAIN}/post/{post.position}", "name": post.text, **about}
    return {"post": shown, "creator": _creator(post.person), "counts": counted}


def _creator(person: Person) -> dict[str, Any]:
    named = {"name": person.name, "display_name": person.shown, "actor_id": f"https://{DOMAIN}/u/{person.name}"}
    return {"id": person.number, "local": True, **named}
