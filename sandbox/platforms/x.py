"""The world as X's API v2 shows it: seven days of search, counts by the hour, errors beside what was found."""

from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.ids import MASTODON, instant, position
from sandbox.platforms.shown import Now, answer, found, guarded, newest, number
from sandbox.posts import DAY, HOUR, Person, Post, World, followers, rfc3339

SHOWN = 7 * DAY


def routes(world: World, now: Now) -> list[BaseRoute]:
    def search(request: Request) -> Any:
        asked = request.query_params
        most, end = int(asked.get("max_results", "10")), asked.get("end_time")
        before = position(_ms(end), 0) if end else None
        below = number(asked.get("next_token")) or before
        start = max(now() - SHOWN, _ms(asked.get("start_time", rfc3339(0))))
        known = newest(world, _tag(request), now(), most + 1, below=below)
        posts = [post for post in known if instant(post.position) >= start]
        meta: dict[str, Any] = {"result_count": len(posts[:most])}
        if len(posts) > most:
            meta["next_token"] = str(posts[most - 1].position)
        return {**({"data": [_post(world, post, now()) for post in posts[:most]]} if posts else {}), "meta": meta}

    def tweets(request: Request) -> Any:
        ids = request.query_params["ids"].split(",")
        return _found(ids, [_post(world, post, now()) for post in found(world, ids, now())])

    def users(request: Request) -> Any:
        ids = request.query_params["ids"].split(",")
        people = [world.person(one) for one in map(number, ids) if one is not None]
        return _found(ids, [_user(person, now()) for person in people if person])

    def counts(request: Request) -> Any:
        hours = dict.fromkeys(range((now() - SHOWN) // HOUR, now() // HOUR + 1), 0)
        known = world.newest(MASTODON, _tag(request), now())
        for post in takewhile(lambda post: instant(post.position) > now() - SHOWN, known):
            hours[instant(post.position) // HOUR] += 1
        edges = [(max(hour * HOUR, now() - SHOWN), min((hour + 1) * HOUR, now()), many) for hour, many in hours.items()]
        told = [{"start": rfc3339(a), "end": rfc3339(b), "tweet_count": many} for a, b, many in edges if a < b]
        return {"data": told, "meta": {"total_tweet_count": sum(hours.values())}}

    paths = {
        "tweets/search/recent": search, "tweets/counts/recent": counts, "tweets": tweets, "users": users,
        "usage/tweets": lambda _: {"data": {"project_cap": "3000000", "project_usage": "0", "cap_reset_day": 1}},
    }  # fmt: skip
    return [Route(f"/x/2/{path}", guarded(handler, _refused, "authorization")) for path, handler in paths.items()]


def _refused() -> Response:
    return answer({"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"}, 401)


def _tag(request: Request) -> str:
    return request.query_params["query"].split()[0].removeprefix("#")


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1_000)


def _found(ids: Sequence[str], items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    missing = [id_ for id_ in ids if id_ not in {item["id"] for item in items}]
    kind = "https://api.twitter.com/2/problems/resource-not-found"
    errors = [{"resource_id": id_, "title": "Not Found Error", "type": kind} for id_ in missing]
    return {**({"data": items} if items else {}), **({"errors": errors} if errors else {})}


def _post(world: World, post: Post, now: int) -> dict[str, Any]:
    levels = world.levels(post, now)
    counted = {
        "like_count": levels.likes, "retweet_count": levels.reposts, "reply_count": levels.replies,
        "quote_count": levels.quotes, "bookmark_count": 0, "impression_count": 20 * levels.likes,
    }  # fmt: skip
    tags = {"hashtags": [{"tag": tag} for tag in post.tags]}
    about = {"author_id": str(post.person.number), "created_at": rfc3339(instant(post.position)), "lang": post.lang}
    return {"id": str(post.position), "text": post.text, **about, "entities": tags, "public_metrics": counted}


def _user(person: Person, now: int) -> dict[str, Any]:
    counted = {"followers_count": followers(person, now), "tweet_count": 1}
    return {"id": str(person.number), "username": person.name, "name": person.shown, "public_metrics": counted}
