"""A post and a profile as Bluesky's AppView writes them."""

import re
from typing import Any

from sandbox.ids import BLUESKY, fold, instant
from sandbox.posts import Person, Post, World, followers, rfc3339

_HASHTAG = re.compile(r"#(\w+)")


def post_view(world: World, post: Post, now: int) -> dict[str, Any]:
    levels = world.levels(post, now)
    quoted = world.find(post.network, post.quotes.position, now) if post.quotes else None
    view: dict[str, Any] = {
        "uri": post.native_id,
        "cid": post.cid,
        "author": _author(post.person),
        "record": record(post),
        "bookmarkCount": 0,
        "replyCount": levels.replies,
        "repostCount": levels.reposts,
        "likeCount": levels.likes,
        "quoteCount": levels.quotes,
        "indexedAt": rfc3339(instant(post.position)),
        "labels": _labels(post.labels, post.person.did),
    }
    if quoted:
        view["embed"] = {"$type": "app.bsky.embed.record#view", "record": _view_record(world, quoted, now)}
    return view


def profile(person: Person, now: int) -> dict[str, Any]:
    return _author(person) | {
        "description": "",
        "indexedAt": rfc3339(person.joined),
        "followersCount": followers(person, now),
        "followsCount": 80,
        "postsCount": 200,
    }


def _author(person: Person) -> dict[str, Any]:
    return {
        "did": person.did,
        "handle": person.handle(BLUESKY),
        "displayName": person.shown,
        "labels": _labels(person.labels, person.did),
        "createdAt": rfc3339(person.joined),
    }


def record(post: Post) -> dict[str, Any]:
    inside = {fold(found[1]) for found in _HASHTAG.finditer(post.text)}
    found: dict[str, Any] = {
        "$type": "app.bsky.feed.post",
        "text": post.text,
        "createdAt": rfc3339(post.created_at),
        "langs": [post.lang],
        "facets": _facets(post.text),
    }
    outside = [tag for tag in post.tags if fold(tag) not in inside]
    if outside:
        found["tags"] = outside
    if post.answers:
        found["reply"] = {"root": _reference(post.answers), "parent": _reference(post.answers)}
    if post.quotes:
        found["embed"] = {"$type": "app.bsky.embed.record", "record": _reference(post.quotes)}
    return found


def _facets(text: str) -> list[dict[str, Any]]:
    """Where the hashtags stand, in bytes of UTF-8."""
    return [
        {
            "index": {"byteStart": len(text[: found.start()].encode()), "byteEnd": len(text[: found.end()].encode())},
            "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": found[1]}],
        }
        for found in _HASHTAG.finditer(text)
    ]


def _view_record(world: World, post: Post, now: int) -> dict[str, Any]:
    view = post_view(world, post, now)
    kept = ("uri", "cid", "author", "labels", "likeCount", "replyCount", "repostCount", "quoteCount", "indexedAt")
    return {"$type": "app.bsky.embed.record#viewRecord", "value": view["record"], **{name: view[name] for name in kept}}


def _reference(post: Post) -> dict[str, str]:
    return {"uri": post.native_id, "cid": post.cid}


def _labels(values: tuple[str, ...], source: str) -> list[dict[str, Any]]:
    return [{"src": source, "uri": source, "val": value, "cts": rfc3339(0)} for value in values]
