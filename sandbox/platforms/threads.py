"""The world as Threads' keyword search shows it: posts without counters, back in time by `until` and `after`."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.ids import instant, position
from sandbox.platforms.shown import Now, answer, guarded, moment, newest, number
from sandbox.posts import Post, World


def routes(world: World, now: Now) -> list[BaseRoute]:
    def search(request: Request) -> Any:
        asked = request.query_params
        most, until = int(asked.get("limit", "25")), number(asked.get("until"))
        below = number(asked.get("after")) or (None if until is None else position(until * 1_000, 0))
        posts = newest(world, asked["q"], now(), most + 1, below=below)
        shown = {"data": [_thread(post) for post in posts[:most]]}
        if len(posts) <= most:
            return shown
        more = {"cursors": {"after": str(posts[most - 1].position)}, "next": "https://lagoon.example/next"}
        return {**shown, "paging": more}

    def me(_: Request) -> Any:
        return {"id": "1", "username": "observer"}

    paths = {"keyword_search": search, "me": me}
    return [Route(f"/threads/{path}", guarded(handler, _refused, "authorization")) for path, handler in paths.items()]


def _refused() -> Response:
    said = {"message": "Error validating access token", "type": "OAuthException", "code": 190, "fbtrace_id": "A"}
    return answer({"error": said}, 401)


def _thread(post: Post) -> dict[str, Any]:
    about = {"permalink": post.url, "timestamp": moment(instant(post.position)), "username": post.person.name}
    topic = {"topic_tag": post.tags[0]} if post.tags else {}
    return {"id": str(post.position), "text": post.text, **about, **topic}
