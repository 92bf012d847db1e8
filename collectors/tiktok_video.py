"""How videos and people of TikTok's Research API are read. Pure: a saved answer tests it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from collectors.errors import CollectorError, RateLimited, Unauthorized, Unavailable
from collectors.posts import Account, Engagement, Post
from collectors.reading import Count, Id
from collectors.tags import hashtags

FIELDS = (
    "id,create_time,username,video_description,hashtag_names,view_count,like_count,comment_count,share_count,"
    "favorites_count"
)
PEOPLE = "display_name,follower_count,video_count"
MEANT: Mapping[str, type[CollectorError]] = {
    "access_token_invalid": Unauthorized, "scope_not_authorized": Unauthorized, "scope_permission_missed": Unauthorized,
    "rate_limit_exceeded": RateLimited, "internal_error": Unavailable, "timeout": Unavailable,
}  # fmt: skip


class Error(msgspec.Struct):
    code: str
    message: str = ""


class Envelope(msgspec.Struct):
    error: Error
    data: msgspec.Raw = msgspec.Raw(b"{}")


class Found(msgspec.Struct):
    videos: msgspec.Raw
    cursor: Count | None = None
    search_id: Id | Count = ""
    has_more: bool = False


class Video(msgspec.Struct):
    id: Id | Count
    create_time: Annotated[int, msgspec.Meta(ge=0, lt=10**11)]
    username: Id | None = None
    video_description: str | None = None
    hashtag_names: list[str] = []
    view_count: Count | None = None
    like_count: Count | None = None
    comment_count: Count | None = None
    share_count: Count | None = None
    favorites_count: Count | None = None
    favourites_count: Count | None = None


class Person(msgspec.Struct):
    display_name: str | None = None
    follower_count: Count | None = None
    video_count: Count | None = None


def video(read: Video) -> Post:
    """Ids come as numbers or as text, and are kept as text. One counter is spelt in two ways."""
    id_ = str(read.id)
    saved = read.favourites_count if read.favorites_count is None else read.favorites_count
    return Post(
        id_, datetime.fromtimestamp(read.create_time, UTC),
        Engagement(
            likes=read.like_count, reposts=read.share_count, replies=read.comment_count,
            views=read.view_count, bookmarks=saved,
        ),
        id_, Account(read.username, read.username, local_id=read.username) if read.username else None,
        tuple(dict.fromkeys((*read.hashtag_names, *hashtags(read.video_description)))), read.video_description,
        f"https://www.tiktok.com/@{read.username}/video/{id_}" if read.username else None,
    )  # fmt: skip


def person(name: str, read: Person) -> Account:
    return Account(name, name, read.display_name, read.follower_count, read.video_count, name)


def born(id_: str) -> int:
    """Unix seconds, from the upper half of an id. 0: it is none."""
    return int(id_) >> 32 if id_.isascii() and id_.isdecimal() and len(id_) < 20 else 0
