"""The facts: accounts, posts, and every reading of them. Append-only but for a post's latest state."""

from sqlalchemy import Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.types import CLUSTERED
from app.models.base import Base, Count, Id, Millis, Words

_REPOST = text("repost_of IS NOT NULL")
_TO_PURGE = text("state = 'gone' AND purged_at IS NULL")


class Account(Base):
    """An author on a platform, as last shown. Names leave with `erased_at`; the row and its numbers stay."""

    __tablename__ = "account"
    __table_args__ = (Index(None, "source_id", "next_look_at"), Index(None, "platform", "handle"), CLUSTERED)
    id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)
    platform: Mapped[Words]
    native_id: Mapped[Words]
    handle: Mapped[Words | None]
    name: Mapped[Words | None]
    followers: Mapped[Count | None]
    followers_at: Mapped[Millis | None]
    source_id: Mapped[int | None]
    local_id: Mapped[Words | None]
    next_look_at: Mapped[Millis | None]
    erased_at: Mapped[Millis | None]


class AccountLook(Base):
    """How many followed an account, and how much it had posted, at an instant. `recorded_at` as a snapshot's."""

    __tablename__ = "account_look"
    __table_args__ = (CLUSTERED,)
    account_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)
    observed_at: Mapped[Millis] = mapped_column(primary_key=True)
    followers: Mapped[Count | None]
    posts: Mapped[Count | None]
    recorded_at: Mapped[Millis | None]


class Post(Base):
    """A post. `followers` is its author's at the first look that showed them, which was at `followers_at`.

    The six levels are the last known of each metric. `born_at` is the earlier of `created_at` and the first look.
    `ragged`: some level is older than `looked_at`.
    """

    __tablename__ = "post"
    __table_args__ = (
        Index(None, "source_id", "next_look_at"), Index(None, "author_id"), Index(None, "created_at", "id"),
        # Most sources show no reposts: whether there is one at all is asked of this.
        Index("ix_post_reposts", "id", sqlite_where=_REPOST, postgresql_where=_REPOST),
        Index("ix_post_to_purge", "id", sqlite_where=_TO_PURGE, postgresql_where=_TO_PURGE), CLUSTERED,
    )  # fmt: skip
    id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)
    platform: Mapped[Words]
    native_id: Mapped[Words]
    author_id: Mapped[Id | None]
    followers: Mapped[Count | None]
    followers_at: Mapped[Millis | None]
    created_at: Mapped[Millis]
    born_at: Mapped[Millis]
    found_at: Mapped[Millis]
    edited_at: Mapped[Millis | None]
    in_reply_to: Mapped[Words | None]
    repost_of: Mapped[Words | None]
    quote_of: Mapped[Words | None]
    labels: Mapped[Words | None]
    source_id: Mapped[int | None]  # the home source, which reads the counters; None: known from imports alone
    local_id: Mapped[Words | None]
    looked_at: Mapped[Millis | None]
    ragged: Mapped[bool]
    likes: Mapped[Count | None]
    reposts: Mapped[Count | None]
    replies: Mapped[Count | None]
    quotes: Mapped[Count | None]
    views: Mapped[Count | None]
    bookmarks: Mapped[Count | None]
    state: Mapped[str] = mapped_column(Text, default="live")  # live, gone
    gone_at: Mapped[Millis | None]  # when it was learned that it is gone
    purged_at: Mapped[Millis | None]  # when its content was taken out: of a live post, not to come back
    absences: Mapped[int] = mapped_column(default=0)
    next_look_at: Mapped[Millis | None]


class PostText(Base):
    """What a post says. Erasing content is one DELETE here."""

    __tablename__ = "post_text"
    __table_args__ = (CLUSTERED,)
    post_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[Words | None]
    url: Mapped[Words | None]
    lang: Mapped[Words | None]


class Snapshot(Base):
    """A post's counters at an instant, as shown. A witness (a look by another source than the home) adds nothing.

    `recorded_at` is when it became known, where that was later than when it was observed: an import.
    """

    __tablename__ = "snapshot"
    __table_args__ = (CLUSTERED,)
    post_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)
    observed_at: Mapped[Millis] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    witness: Mapped[bool]
    likes: Mapped[Count | None]
    reposts: Mapped[Count | None]
    replies: Mapped[Count | None]
    quotes: Mapped[Count | None]
    views: Mapped[Count | None]
    bookmarks: Mapped[Count | None]
    recorded_at: Mapped[Millis | None]


class Tagging(Base):
    """A post's hashtag. `since_at` is set where an edit added it: the post counts under it from then on.

    `recorded_at` is when it became known, where that was later than the post was found.
    """

    __tablename__ = "tagging"
    __table_args__ = (Index(None, "hashtag_id", "post_id"), CLUSTERED)
    post_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)
    hashtag_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)
    spelling: Mapped[Words]
    since_at: Mapped[Millis | None]
    recorded_at: Mapped[Millis | None]
