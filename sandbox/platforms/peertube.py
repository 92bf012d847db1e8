"""The world as a PeerTube server shows it: each post is a video, found by its tags on numbered pages."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.ids import DOMAIN, MASTODON, instant
from sandbox.platforms.shown import Now, answer, guarded, newest, number
from sandbox.posts import Person, Post, World, followers, rfc3339


def routes(world: World, now: Now) -> list[BaseRoute]:
    def listed(request: Request) -> Any:
        asked = request.query_params
        start, most = int(asked.get("start", "0")), int(asked.get("count", "15"))
        posts = newest(world, asked["tagsOneOf"], now(), start + most)[start:]
        return {"total": start + len(posts), "data": [_video(world, post, now()) for post in posts]}

    def one(request: Request) -> Any:
        place = number(request.path_params["id"])
        post = world.find(MASTODON, place, now()) if place is not None else None
        return _video(world, post, now()) if post else answer({"status": 404, "detail": "Video not found"}, 404)

    def account(request: Request) -> Any:
        place = number(request.path_params["name"].split("@")[0].rpartition("_")[2])
        person = world.person(place) if place is not None else None
        return _account(person, now()) if person else answer({"status": 404}, 404)

    def config(_: Request) -> Any:
        return {"serverVersion": "7.3.0", "instance": {"name": "Sandbox"}}

    paths = {"config": config, "videos": listed, "videos/{id}": one, "accounts/{name}": account}
    return [
        Route(f"/peertube/api/v1/{path}", guarded(handler, _refused, "authorization", needed=False))
        for path, handler in paths.items()
    ]


def _refused() -> Response:
    return answer({"status": 401, "detail": "invalid token"}, 401)


def _video(world: World, post: Post, now: int) -> dict[str, Any]:
    levels = world.levels(post, now)
    counted = {"likes": levels.likes, "dislikes": 0, "views": 3 * levels.likes, "comments": levels.replies}
    url = f"https://{DOMAIN}/videos/watch/{post.position}"
    shown = {"uuid": str(post.position), "url": url, "name": post.text, "publishedAt": rfc3339(instant(post.position))}
    return {**shown, "nsfw": False, "account": _account(post.person, now), **counted}


def _account(person: Person, now: int) -> dict[str, Any]:
    name = f"{person.name}_{person.number}"
    named = {"name": name, "host": DOMAIN, "url": f"https://{DOMAIN}/accounts/{name}"}
    return {"id": person.number, "displayName": person.shown, "followersCount": followers(person, now), **named}
