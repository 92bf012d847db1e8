"""How finds, videos and channels of YouTube's Data API are read. Pure: a saved answer tests it."""

from typing import Annotated

import msgspec

from collectors.posts import Account, Engagement, Post
from collectors.reading import Count, Id, Moment, utc
from collectors.tags import hashtags

_Said = Count | Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,18}$")] | None  # text as a rule; absent where hidden


class _VideoId(msgspec.Struct, rename="camel"):
    video_id: Id


class _About(msgspec.Struct, rename="camel"):
    published_at: Moment
    title: str = ""
    description: str = ""
    channel_id: Id | None = None
    channel_title: str | None = None
    custom_url: str | None = None
    tags: list[str] = []
    default_language: str | None = None


class _Counted(msgspec.Struct, rename="camel"):
    view_count: _Said = None
    like_count: _Said = None
    comment_count: _Said = None
    subscriber_count: _Said = None
    hidden_subscriber_count: bool = False
    video_count: _Said = None


class Item(msgspec.Struct):
    """A find, a video or a channel."""

    id: Id | _VideoId
    snippet: _About
    statistics: _Counted = msgspec.field(default_factory=_Counted)

    @property
    def key(self) -> str:
        return self.id if isinstance(self.id, str) else self.id.video_id


class Listed(msgspec.Struct, rename="camel"):
    kind: Id  # without it, this is no answer of the API's
    items: msgspec.Raw = msgspec.Raw(b"[]")
    next_page_token: Id | None = None


def post(video: Item) -> Post:
    about, counted = video.snippet, video.statistics
    likes, comments, views = map(_number, (counted.like_count, counted.comment_count, counted.view_count))
    keywords = [f"#{word.removeprefix('#')}" for word in about.tags if " " not in word]
    author = (
        Account(about.channel_id, name=about.channel_title, local_id=about.channel_id) if about.channel_id else None
    )
    return Post(
        video.key, utc(about.published_at), Engagement(likes, replies=comments, views=views), video.key, author or None,
        hashtags(about.title, about.description, *keywords), f"{about.title}\n\n{about.description}".strip(),
        f"https://www.youtube.com/watch?v={video.key}", about.default_language,
    )  # fmt: skip


def account(channel: Item) -> Account:
    about, counted = channel.snippet, channel.statistics
    followers = None if counted.hidden_subscriber_count else _number(counted.subscriber_count)
    handle = about.custom_url.removeprefix("@") if about.custom_url else None
    return Account(channel.key, handle, about.title or None, followers, _number(counted.video_count), channel.key)


def _number(said: int | str | None) -> int | None:
    return None if said is None else int(said)
