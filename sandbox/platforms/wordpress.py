"""The world as a blog of WordPress's: tags by number, posts with their terms, comments to be counted."""

from base64 import b64decode
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.ids import fold
from sandbox.platforms.shown import REVOKED, Now, found, newest, number
from sandbox.posts import Post, World, rfc3339


def routes(world: World, now: Now) -> list[BaseRoute]:
    tags: list[str] = []  # the number of a tag is its place

    def index(_: Request) -> Response:
        return JSONResponse({"name": "Sandbox", "namespaces": ["oembed/1.0", "wp/v2"]})

    def me(_: Request) -> Response:
        return JSONResponse({"id": 99, "name": "Observer"})

    def tagged(request: Request) -> Response:
        slug = fold(request.query_params.get("slug", ""))
        if not world.knows(slug, now()):
            return _listed([], 0, 1)
        if slug not in tags:
            tags.append(slug)
        return _listed([{"id": tags.index(slug) + 1, "slug": slug, "name": slug}], 1, 1)

    def posts(request: Request) -> Response:
        asked = request.query_params
        if "include" in asked:
            here = found(world, asked["include"].split(","), now())
            return _listed([_post(one) for one in here], len(here), 1)
        page, size, tag = number(asked.get("page", "1")) or 1, int(asked["per_page"]), number(asked.get("tags")) or 0
        shown = newest(world, tags[tag - 1], now(), page * size + 1) if 0 < tag <= len(tags) else []
        here = shown[(page - 1) * size : page * size]
        if page > 1 and not here:
            return _error(400, "rest_post_invalid_page_number", "The page number requested is larger than there are.")
        return _listed([_post(one) for one in here], len(shown), page + (len(shown) > page * size))

    def comments(request: Request) -> Response:
        asked = request.query_params
        page, size = number(asked.get("page", "1")) or 1, int(asked["per_page"])
        here = found(world, asked["post"].split(","), now())
        made = [post.position for post in here for _ in range(world.levels(post, now()).replies)]
        first = (page - 1) * size
        items = [{"id": first + n, "post": post} for n, post in enumerate(made[first : first + size], 1)]
        return _listed(items, len(made), -(-len(made) // size))

    paths = {"": index, "wp/v2/users/me": me, "wp/v2/tags": tagged, "wp/v2/posts": posts, "wp/v2/comments": comments}
    return [Route(f"/wordpress/wp-json/{path}", _let_in(handler)) for path, handler in paths.items()]


def _let_in(handler: Any) -> Any:
    def answered(request: Request) -> Response:
        login = b64decode(request.headers.get("authorization", "").removeprefix("Basic ")).decode()
        if login.endswith(f":{REVOKED}"):
            return _error(401, "incorrect_password", "The provided password is an invalid application password.")
        told: Response = handler(request)
        return told

    return answered


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"code": code, "message": message, "data": {"status": status}}, status)


def _listed(items: list[dict[str, Any]], total: int, pages: int) -> Response:
    return JSONResponse(items, headers={"X-WP-Total": str(total), "X-WP-TotalPages": str(pages)})


def _post(post: Post) -> dict[str, Any]:
    date, person = rfc3339(post.created_at).removesuffix("Z"), post.person
    who = {"id": person.number, "name": person.shown, "slug": person.name, "link": f"{post.url.rpartition('/')[0]}/"}
    terms = [{"id": 1, "name": tag, "taxonomy": "post_tag"} for tag in post.tags]
    return {
        "id": post.position, "date_gmt": date, "modified_gmt": date, "guid": {"rendered": post.url}, "link": post.url,
        "title": {"rendered": post.text}, "excerpt": {"rendered": ""}, "content": {"rendered": ""},
        "author": person.number, "tags": [1], "_embedded": {"author": [who], "wp:term": [[], terms]},
    }  # fmt: skip
