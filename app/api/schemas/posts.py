"""Posts and their history as they are shown."""

from typing import Literal

from app.api.schemas.common import Time, Told, example

_LEVELS = {"likes": 120, "reposts": 40, "replies": 9, "quotes": 3, "views": None, "bookmarks": None}
_POST = {
    "id": "6780993723366769677",
    "platform": "bluesky",
    "native_id": "at://did:plc:example/app.bsky.feed.post/3lbexample",
    "url": "https://bsky.app/profile/example.org/post/3lbexample",
    "created_at": "2026-11-24T04:05:06Z",
    "found_at": "2026-11-24T04:06:00Z",
    "edited_at": None,
    "looked_at": "2026-11-24T05:00:00Z",
    "author": {"native_id": "did:plc:example", "handle": "example.org", "name": "Example", "followers": 5400},
    "text": "Help is on its way. #LoveArmyForRohingyas",
    "lang": "en",
    "hashtags": ["LoveArmyForRohingyas"],
    "labels": [],
    "sensitive": False,
    "withheld": False,
    "in_reply_to": None,
    "repost_of": None,
    "quote_of": None,
    "state": "live",
    **_LEVELS,
    "engagement": 172,
}


class Levels(Told):
    """Counters as last shown; null: the platform did not say. `engagement` sums what is known, views apart."""

    likes: int | None
    reposts: int | None
    replies: int | None
    quotes: int | None
    views: int | None
    bookmarks: int | None
    engagement: int | None


class AuthorBody(Told):
    """`followers` are those at the post's first look."""

    native_id: str | None
    handle: str | None
    name: str | None
    followers: int | None


class PostBody(Levels):
    """`withheld`: its author asks not to be shown to readers who are not logged in, so words and names are left out."""

    model_config = example(_POST)
    id: str
    platform: str
    native_id: str
    url: str | None
    created_at: Time
    found_at: Time
    edited_at: Time | None
    looked_at: Time | None
    author: AuthorBody | None
    text: str | None
    lang: str | None
    hashtags: list[str]
    labels: list[str]
    sensitive: bool
    withheld: bool
    in_reply_to: str | None
    repost_of: str | None
    quote_of: str | None
    state: Literal["live", "gone"]


class PostList(Told):
    items: list[PostBody]
    next: str | None


_LOOK = {"observed_at": "2026-11-24T05:00:00Z", "source": "bluesky", "witness": False, **_LEVELS, "engagement": 172}


class LookBody(Levels):
    """One look at the post. A witness is another source than the one that the curve reads."""

    model_config = example(_LOOK)
    observed_at: Time
    source: str
    witness: bool


class LevelsAt(Levels):
    """The levels that were known at `as_of`, each from the last look until then that gave it."""

    observed_at: Time | None


class History(Told):
    """A post's looks, oldest first, up to `as_of`."""

    model_config = example(
        {
            "id": "6780993723366769677",
            "as_of": "2026-11-24T06:00:00Z",
            "created_at": "2026-11-24T04:05:06Z",
            "levels": {**_LEVELS, "engagement": 172, "observed_at": "2026-11-24T05:00:00Z"},
            "items": [_LOOK],
            "next": None,
        }
    )
    id: str
    as_of: Time
    created_at: Time
    levels: LevelsAt
    items: list[LookBody]
    next: str | None
