"""The world as Tumblr's API shows it: tagged posts by the second, one blog a person, every note of a post a like."""

from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.ids import MASTODON, instant, position
from sandbox.platforms.shown import REVOKED, Answering, Now, answer, number
from sandbox.posts import Post, World

MOST = 20


def routes(world: World, now: Now) -> list[BaseRoute]:
    def tagged(request: Request) -> Response:
        asked = request.query_params
        before, most = number(asked.get("before")), min(int(asked.get("limit", MOST)), MOST)
        below = None if before is None else position(before * 1_000, 0)
        posts = islice(world.newest(MASTODON, asked["tag"], now(), below=below), most)
        return _enveloped([_post(world, post, now()) for post in posts])

    def of_blog(request: Request) -> Response:
        place = number(request.query_params.get("id"))
        post = world.find(MASTODON, place, now()) if place is not None else None
        if post is None or post.person.name != request.path_params["blog"]:
            return _failed(404, "Not Found")
        return _enveloped({"blog": _blog(post), "posts": [_post(world, post, now())], "total_posts": 1})

    return [Route("/tumblr/v2/tagged", _keyed(tagged)), Route("/tumblr/v2/blog/{blog}/posts", _keyed(of_blog))]


def _keyed(handler: Answering) -> Answering:
    """The key stands in the address."""

    def answered(request: Request) -> Response:
        if request.query_params.get("api_key", "") in ("", REVOKED):
            return _failed(401, "Unauthorized")
        return handler(request)

    return answered


def _enveloped(response: Any) -> Response:
    return answer({"meta": {"status": 200, "msg": "OK"}, "response": response})


def _failed(status: int, words: str) -> Response:
    return answer({"meta": {"status": status, "msg": words}, "response": [], "errors": [{"title": words}]}, status)


def _blog(post: Post) -> dict[str, Any]:
    return {"name": post.person.name, "title": post.person.shown, "uuid": f"t:{post.person.number}"}


def _post(world: World, post: Post, now: int) -> dict[str, Any]:
    named = {"id": post.position, "id_string": str(post.position), "blog_name": post.person.name, "blog": _blog(post)}
    said = {"timestamp": instant(post.position) // 1_000, "tags": list(post.tags), "summary": post.text}
    where = f"https://www.tumblr.com/{post.person.name}/{post.position}"
    return {"type": "text", **named, **said, "post_url": where, "note_count": world.levels(post, now).likes}
