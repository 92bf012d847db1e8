"""The world as YouTube's Data API shows it: a search without counters, videos and channels with theirs as text."""

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.ids import instant, position
from sandbox.platforms.shown import Now, answer, found, guarded, newest, number
from sandbox.posts import Person, Post, World, followers, rfc3339

MOST = 50


def routes(world: World, now: Now) -> list[BaseRoute]:
    def search(request: Request) -> Any:
        """Tokens are places. `publishedBefore` is in whole seconds."""
        asked = request.query_params
        before = asked.get("publishedBefore")
        below = number(asked.get("pageToken")) or (_place(before) if before else None)
        known = newest(world, asked["q"].removeprefix("#"), now(), MOST + 1, below=below)
        after = _place(asked["publishedAfter"]) if "publishedAfter" in asked else 0
        posts = [post for post in known if post.position >= after]
        more = {"nextPageToken": str(posts[MOST - 1].position)} if len(posts) > MOST else {}
        return _listed("search", [_find(post) for post in posts[:MOST]], **more)

    def videos(request: Request) -> Any:
        ids = request.query_params.get("id", "").split(",")
        return _listed("video", [_video(world, post, now()) for post in found(world, ids, now())])

    def channels(request: Request) -> Any:
        numbers = [number(text.removeprefix("UC")) for text in request.query_params["id"].split(",")]
        people = [world.person(one) for one in numbers if one is not None]
        return _listed("channel", [_channel(person, now()) for person in people if person])

    paths = {"search": search, "videos": videos, "channels": channels}
    return [Route(f"/youtube/{path}", guarded(handler, _refused, "x-goog-api-key")) for path, handler in paths.items()]


def _refused() -> Response:
    said = "API key not valid. Please pass a valid API key."
    errors = [{"message": said, "domain": "global", "reason": "badRequest"}]
    return answer({"error": {"code": 400, "message": said, "errors": errors, "status": "INVALID_ARGUMENT"}}, 400)


def _listed(kind: str, items: list[Any], **more: str) -> dict[str, Any]:
    info = {"totalResults": 1_000_000, "resultsPerPage": MOST}
    return {"kind": f"youtube#{kind}ListResponse", "pageInfo": info, "items": items, **more}


def _place(before: str) -> int:
    return position(int(datetime.fromisoformat(before).timestamp() * 1_000), 0)


def _about(post: Post) -> dict[str, Any]:
    author = {"channelId": f"UC{post.person.number}", "channelTitle": post.person.shown}
    return {"publishedAt": rfc3339(instant(post.position)), "title": post.text, **author}


def _find(post: Post) -> dict[str, Any]:
    return {"id": {"kind": "youtube#video", "videoId": str(post.position)}, "snippet": _about(post)}


def _video(world: World, post: Post, now: int) -> dict[str, Any]:
    levels = world.levels(post, now)
    counted = {"viewCount": str(20 * levels.likes), "likeCount": str(levels.likes), "commentCount": str(levels.replies)}
    return {"id": str(post.position), "snippet": {**_about(post), "description": ""}, "statistics": counted}


def _channel(person: Person, now: int) -> dict[str, Any]:
    counted = {"subscriberCount": str(followers(person, now)), "hiddenSubscriberCount": False, "videoCount": "1"}
    named = {"title": person.shown, "customUrl": f"@{person.name}", "publishedAt": rfc3339(person.joined)}
    return {"id": f"UC{person.number}", "snippet": named, "statistics": counted}
