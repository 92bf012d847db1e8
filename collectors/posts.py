"""The values that every platform is read into. None always means: the platform did not say.

They are msgspec structs, frozen: a page of forty is made in a fraction of what dataclasses cost. Change one with
`msgspec.structs.replace`.
"""

from datetime import datetime

import msgspec


class Engagement(msgspec.Struct, frozen=True, gc=False):
    """A post's counters at one instant, as shown. Views and bookmarks stand apart from engagement."""

    likes: int | None = None
    reposts: int | None = None
    replies: int | None = None
    quotes: int | None = None
    views: int | None = None
    bookmarks: int | None = None


class Account(msgspec.Struct, frozen=True, gc=False):
    """An author on a platform. On federated networks `native_id` is the global id (ActivityPub actor, DID)."""

    native_id: str
    handle: str | None = None
    name: str | None = None
    followers: int | None = None
    posts: int | None = None
    local_id: str | None = None
    labels: tuple[str, ...] = ()


class Post(msgspec.Struct, frozen=True, gc=False):
    """A post as one source shows it. `native_id` is global (uri, at://); `local_id` is what that source looks it up by.

    `in_reply_to`, `repost_of` and `quote_of` are ids as this source names posts: global where it tells them.
    """

    native_id: str
    created_at: datetime
    engagement: Engagement
    local_id: str | None = None
    author: Account | None = None
    tags: tuple[str, ...] = ()
    text: str | None = None
    url: str | None = None
    lang: str | None = None
    in_reply_to: str | None = None
    repost_of: str | None = None
    quote_of: str | None = None
    edited_at: datetime | None = None
    labels: tuple[str, ...] = ()


class Page(msgspec.Struct, frozen=True):
    """One answer to a search, newest posts first. `cursor` None: the platform has no more.

    `skipped` names items that could not be read (a required field broken): the rest of the page is good.
    `cut`: what is older is there, but not shown, as with a feed's last ten items: nothing is proved below the oldest.
    """

    posts: tuple[Post, ...]
    cursor: str | None
    skipped: tuple[str, ...] = ()
    cut: bool = False


class Looked(msgspec.Struct, frozen=True):
    """What came back from looking up known posts or accounts.

    `absent`: ids that were asked for and are not there, as they were asked. An id that is neither found nor absent was
    not looked at (the budget ran out on the way, or its item could not be read): ask again later, conclude nothing.
    """

    posts: tuple[Post, ...] = ()
    accounts: tuple[Account, ...] = ()
    absent: frozenset[str] = frozenset()
    skipped: tuple[str, ...] = ()


class CountBucket(msgspec.Struct, frozen=True, gc=False):
    """A platform's own count of a hashtag for [start, end)."""

    start: datetime
    end: datetime
    posts: int
    authors: int | None = None
    views: int | None = None
    engagement: int | None = None
