"""Telegram's messages and channels as typed facts: the library that reads the bytes lets anything stand anywhere."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from collectors.errors import Malformed
from collectors.posts import Account, Engagement, Post
from collectors.reading import Count, utc
from collectors.tags import hashtags

T = TypeVar("T")


class _Reaction(msgspec.Struct):
    count: Count


class _Reactions(msgspec.Struct):
    results: list[_Reaction]


class _Replies(msgspec.Struct):
    replies: Count


class _Peer(msgspec.Struct):
    channel_id: int


class _Message(msgspec.Struct):
    id: int
    peer_id: _Peer
    date: datetime
    message: str
    views: Count | None
    forwards: Count | None
    reactions: _Reactions | None
    replies: _Replies | None
    edit_date: datetime | None


class _Name(msgspec.Struct):
    username: str
    active: bool | None


class _Channel(msgspec.Struct):
    id: int
    title: str
    access_hash: int
    username: str | None
    usernames: list[_Name] | None
    participants_count: Count | None


def read_posts(types: Any, found: Any) -> tuple[tuple[Post, ...], tuple[str, ...]]:
    """A post whose channel did not come with it could never be found again: it is skipped, as one that is broken."""
    chats = [one for one in _list(found, "chats") if isinstance(one, types.Channel)]
    messages = [one for one in _list(found, "messages") if isinstance(one, types.Message)]
    channels = {one.id: one for one in _read(_Channel, chats)}
    whole = [one for one in _read(_Message, messages) if one.peer_id.channel_id in channels]
    lost = len(messages) - len(whole)
    if lost > len(whole):
        raise Malformed(f"{lost} of {len(messages)} messages cannot be read")
    return tuple(_post(one, channels[one.peer_id.channel_id]) for one in whole), ("a message",) * lost


def _list(found: Any, name: str) -> Sequence[Any]:
    held = getattr(found, name, None)
    return held if isinstance(held, list) else ()


def _read(kind: type[T], items: Sequence[Any]) -> list[T]:
    read = []
    for item in items:
        try:
            read.append(msgspec.convert(item, kind, from_attributes=True))
        except msgspec.ValidationError:
            continue
    return read


def _post(one: _Message, channel: _Channel) -> Post:
    likes = sum(reaction.count for reaction in one.reactions.results) if one.reactions else None
    name = channel.username or next((known.username for known in channel.usernames or () if known.active), None)
    return Post(
        f"{channel.id}/{one.id}", utc(one.date),
        Engagement(likes, one.forwards, one.replies.replies if one.replies else None, views=one.views),
        f"{channel.id}:{channel.access_hash}/{one.id}",
        Account(str(channel.id), name, channel.title, channel.participants_count), hashtags(one.message), one.message,
        f"https://t.me/{name}/{one.id}" if name else None, edited_at=utc(one.edit_date) if one.edit_date else None,
    )  # fmt: skip
