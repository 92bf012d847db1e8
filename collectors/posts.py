"""The values that every platform is read into. None always means: the platform did not say."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Engagement:
    """A post's counters at one instant, as shown. Views and bookmarks stand apart from engagement."""

    likes: int | None = None
    reposts: int | None = None
    replies: int | None = None
    quotes: int | None = None
    views: int | None = None
    bookmarks: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """An author on a platform. On federated networks `native_id` is the global id (ActivityPub actor, DID)."""

    native_id: str
    handle: str | None = None
    name: str | None = None
    followers: int | None = None
    posts: int | None = None
    local_id: str | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """A post as one source shows it. `native_id` is global (uri, at://); `local_id` is what that source looks it up by."""

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


@dataclass(frozen=True, slots=True)
class Page:
    """One answer to a search, newest posts first. `cursor` None: the platform has no more.

    `skipped` names items that could not be read (a required field broken): the rest of the page is good.
    """

    posts: tuple[Post, ...]
    cursor: str | None
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Looked:
    """What came back from looking up known posts or accounts: those found; the others were asked for and absent."""

    posts: tuple[Post, ...] = ()
    accounts: tuple[Account, ...] = ()
    absent: frozenset[str] = field(default_factory=frozenset)  # the ids asked for, as they were asked


@dataclass(frozen=True, slots=True)
class CountBucket:
    """A platform's own count of a hashtag for [start, end)."""

    start: datetime
    end: datetime
    posts: int
    authors: int | None = None
    views: int | None = None
    engagement: int | None = None
