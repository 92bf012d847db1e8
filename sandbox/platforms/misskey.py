"""The world as a Misskey server shows it, which heard of it from its home: every call a POST, nobody need log in."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.ids import DOMAIN, MASTODON, instant
from sandbox.platforms.shown import REVOKED, Now, answer, newest, number
from sandbox.posts import Person, Post, World, followers, rfc3339

Asked = dict[str, Any]


def routes(world: World, now: Now) -> list[BaseRoute]:
    def search(asked: Asked) -> Any:
        posts = newest(world, asked["tag"], now(), int(asked.get("limit", 10)), below=number(asked.get("untilId")))
        return [_note(world, post, now()) for post in posts]

    def note(asked: Asked) -> Any:
        place = number(asked["noteId"])
        post = world.find(MASTODON, place, now()) if place is not None else None
        return _note(world, post, now()) if post else _refused(400, "NO_SUCH_NOTE", "No such note.")

    def users(asked: Asked) -> Any:
        people = [world.person(one) for one in map(number, asked["userIds"]) if one is not None]
        return [_detailed(person, now()) for person in people if person]

    def meta(_: Asked) -> Any:
        return {"name": "Sandbox", "version": "2025.4.0", "uri": f"https://{DOMAIN}"}

    def me(_: Asked) -> Any:
        return {"id": "0", "username": "observer", "host": None, "name": "Observer"}

    paths = {"notes/search-by-tag": search, "notes/show": note, "users/show": users, "meta": meta, "i": me}
    return [Route(f"/misskey/api/{path}", _open(handler), methods=["POST"]) for path, handler in paths.items()]


def _open(handler: Callable[[Asked], Any]) -> Callable[[Request], Awaitable[Response]]:
    async def answered(request: Request) -> Response:
        if request.headers.get("authorization") == f"Bearer {REVOKED}":
            return _refused(401, "AUTHENTICATION_FAILED", "Authentication failed. Please ensure your token is correct.")
        told = handler(json.loads(await request.body()))
        return told if isinstance(told, Response) else answer(told)

    return answered


def _refused(status: int, code: str, words: str) -> Response:
    return answer({"error": {"message": words, "code": code, "kind": "client"}}, status)


def _note(world: World, post: Post, now: int) -> dict[str, Any]:
    levels = world.levels(post, now)
    counted = {"renoteCount": levels.reposts, "repliesCount": levels.replies, "reactionCount": levels.likes}
    return {
        "id": str(post.position), "createdAt": rfc3339(instant(post.position)), "user": _user(post.person),
        "text": post.text, "cw": None, "visibility": "public", "tags": [tag.lower() for tag in post.tags],
        "reactions": {"❤": levels.likes} if levels.likes else {}, "uri": post.native_id, "url": post.url, **counted,
    }  # fmt: skip


def _user(person: Person) -> dict[str, Any]:
    return {"id": str(person.number), "username": person.name, "name": person.shown, "host": DOMAIN}


def _detailed(person: Person, now: int) -> dict[str, Any]:
    return {**_user(person), "followersCount": followers(person, now), "notesCount": 1}
