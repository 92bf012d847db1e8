"""app.bsky.feed.searchPosts: what is found, in which order, and how one goes on from a page."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice, takewhile
from typing import Any

from starlette.datastructures import QueryParams

from sandbox.bluesky_json import post_view
from sandbox.bluesky_session import Refused, invalid
from sandbox.ids import BLUESKY, fold, instant, position
from sandbox.posts import Post, World

_PAGE = 100


def search(world: World, query: QueryParams, now: int) -> dict[str, Any]:
    if not query.get("q"):
        raise invalid("searchPosts", 'Missing required key "q"')
    limit = _limit(query.get("limit", "25"))
    found = list(islice(_found(world, query, now), limit + 1))
    answer: dict[str, Any] = {"posts": [post_view(world, post, now) for post in found[:limit]]}
    if len(found) > limit:
        last = found[limit - 1].position
        answer["cursor"] = f"{instant(last)}__{last & 0xFFFF}"
    return answer


def _found(world: World, query: QueryParams, now: int) -> Iterator[Post]:
    """Newest first, from the cursor or `until` (excluded) back to `since` (included); all tags, all words."""
    asked = query["q"].split()
    tags = [fold(tag) for tag in (*query.getlist("tag"), *(word for word in asked if word.startswith("#")))]
    words = [word.casefold() for word in asked if not word.startswith("#") and word != "*"]
    if not tags:
        return  # the sandbox finds by tag alone
    since = _time(query.get("since"))
    posts = world.newest(BLUESKY, tags[0], now, below=_below(query))
    for post in takewhile(lambda post: since is None or instant(post.position) >= since, posts):
        if {fold(tag) for tag in post.tags}.issuperset(tags) and all(word in post.text.casefold() for word in words):
            yield post


def _below(query: QueryParams) -> int | None:
    until = _time(query.get("until"))
    ends = [_cursor(query["cursor"])] if query.get("cursor") else []
    return min([*ends, position(until, 0)] if until is not None else ends, default=None)


def _limit(given: str) -> int:
    if not given.isascii() or not given.isdigit():
        raise invalid("searchPosts", f"expected integer value (got {given!r})")
    if not 1 <= int(given) <= _PAGE:
        raise invalid("searchPosts", f"integer out of range 1 to {_PAGE} (got {given})")
    return int(given)


def _cursor(given: str) -> int:
    at, _, serial = given.partition("__")
    if not (at.isascii() and at.isdigit() and serial.isascii() and serial.isdigit() and len(given) < 30):
        raise Refused(400, "InvalidRequest", "bad cursor")
    return position(int(at), int(serial))


def _time(given: str | None) -> int | None:
    if not given:
        return None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise Refused(502, "InternalServerError", "RangeError: Invalid time value") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1_000)
