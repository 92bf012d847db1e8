"""Hashtags that are followed, and what was observed of them."""

from typing import Annotated, Literal

from pydantic import Field

from app.api.schemas.common import Asked, Line, Slug, Tag, Time, Told, example

Sources = Annotated[list[Line], Field(min_length=1, max_length=100)]
_TRACK = {
    "source": "mastodon.example",
    "platform": "mastodon",
    "kind": "live",
    "since": "2026-11-24T04:05:06Z",
    "until": None,
    "every_s": 300,
    "due_at": "2026-11-24T04:10:06Z",
    "observed_to": "2026-11-24T04:05:06Z",
    "failures": 0,
    "last_pass": {"at": "2026-11-24T04:05:06Z", "state": "ok", "reason": None, "posts": 40, "posts_new": 40},
}


class NewHashtag(Asked):
    """`sources` by name, null for all that are live; `campaign` by slug."""

    model_config = example({"tag": "#LoveArmyForRohingyas", "sources": None, "campaign": "love-army"})
    tag: Tag
    sources: Sources | None = None
    campaign: Slug | None = None


class HashtagChange(Asked):
    """Where it is followed from now on: on these sources alone, null for all that are live."""

    model_config = example({"sources": ["mastodon.example"]})
    sources: Sources | None


class PassBody(Told):
    at: Time
    state: str
    reason: str | None
    posts: int
    posts_new: int


class TrackBody(Told):
    """A hashtag on a source. `observed_to` is the newest instant that was proved; `due_at` null: not looked at now."""

    source: str
    platform: str
    kind: Literal["live", "import"]
    since: Time
    until: Time | None
    every_s: int
    due_at: Time | None
    observed_to: Time | None
    failures: int
    last_pass: PassBody | None


class HashtagBody(Told):
    model_config = example(
        {
            "tag": "lovearmyforrohingyas",
            "spelling": "LoveArmyForRohingyas",
            "state": "followed",
            "followed_at": "2026-11-24T04:05:06Z",
            "unfollowed_at": None,
            "campaigns": ["love-army"],
            "tracks": [_TRACK],
        }
    )
    tag: str
    spelling: str
    state: Literal["followed", "unfollowed"]
    followed_at: Time
    unfollowed_at: Time | None
    campaigns: list[str]
    tracks: list[TrackBody]


class HashtagList(Told):
    items: list[HashtagBody]
    next: str | None


class StretchBody(Told):
    """[from, to) on one source: observed, or not, and why."""

    model_config = example(
        {
            "from": "2026-11-24T02:00:00Z",
            "to": "2026-11-24T03:00:00Z",
            "state": "missed",
            "reason": "the instance did not answer",
            "hashtag": "lovearmyforrohingyas",
            "source": "mastodon.example",
            "platform": "mastodon",
        }
    )
    start: Annotated[Time, Field(alias="from")]
    to: Time
    state: Literal["complete", "partial", "missed", "imported"]
    reason: str | None
    hashtag: str
    source: str
    platform: str


class CoverageList(Told):
    items: list[StretchBody]
    next: str | None
