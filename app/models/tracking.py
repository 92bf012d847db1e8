"""What is followed, where, how far it was observed, and what may still be spent on it."""

from sqlalchemy import Index, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.db.types import CLUSTERED
from app.models.base import Base, Count, Id, Millis, Words


class Source(Base):
    """A platform + instance + credential. `kind` is `live` or `import`; an import is never called."""

    __tablename__ = "source"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    platform: Mapped[Words]
    kind: Mapped[Words]
    base_url: Mapped[Words | None]
    identifier: Mapped[Words | None]
    credential_file: Mapped[Words | None]
    credential_sealed: Mapped[Words | None]
    session_sealed: Mapped[Words | None]
    state: Mapped[Words]  # ok, waiting, failing, stopped
    reason: Mapped[Words | None]
    state_at: Mapped[Millis]
    waits_until: Mapped[Millis | None]
    failures: Mapped[int] = mapped_column(default=0)
    refresh_at: Mapped[Millis | None]
    refresh_term: Mapped[int] = mapped_column(default=0)
    refresh_until: Mapped[Millis | None]
    created_at: Mapped[Millis]
    removed_at: Mapped[Millis | None]
    limits: Mapped[Words | None]  # its owner's own, by allowance, as JSON
    network: Mapped[Words | None]  # where its posts and people belong, where that is another platform's name
    lends_to: Mapped[int | None]  # the source whose work its credential shares; it has no tracks of its own


NETWORK = func.coalesce(Source.network, Source.platform)
"""The platform under whose name what a source shows is kept."""


class Budget(Base):
    """What one allowance of a source has spent, slice by slice of its window, and what headers said of it."""

    __tablename__ = "budget"
    source_id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    slices: Mapped[Words]
    told_limit: Mapped[Count | None]
    told_remaining: Mapped[Count | None]
    told_resets_at: Mapped[Millis | None]


class Hashtag(Base):
    """A hashtag by its normal form (NFKC, casefold); `spelling` is how it was first written."""

    __tablename__ = "hashtag"
    id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)
    tag: Mapped[str] = mapped_column(Text, unique=True)
    spelling: Mapped[Words]
    created_at: Mapped[Millis]
    followed_at: Mapped[Millis | None]
    unfollowed_at: Mapped[Millis | None]
    version: Mapped[int] = mapped_column(default=1)


class Track(Base):
    """A hashtag on a source. `term` rises with each claim and fences whoever held it before."""

    __tablename__ = "track"
    __table_args__ = (UniqueConstraint("hashtag_id", "source_id"), Index(None, "due_at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    hashtag_id: Mapped[Id]
    source_id: Mapped[int]
    since_at: Mapped[Millis]
    until_at: Mapped[Millis | None]
    interval_s: Mapped[int]
    due_at: Mapped[Millis | None]
    term: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[Millis | None]
    failures: Mapped[int] = mapped_column(default=0)
    walked_to: Mapped[Millis | None]  # the watermark: the top of the last walk begun
    look_back_to: Mapped[Millis | None]  # how far back the first walk goes; None: all that there is
    deep_at: Mapped[Millis | None]  # when the re-walk window was last walked whole
    walks: Mapped[Words]  # unfinished walks, newest first (app.polling.walks)
    heard_from: Mapped[Millis | None]  # since when the source's stream is heard, less what coverage says already


class Stream(Base):
    """A source's stream: who holds it, and how far it was heard. `url` None: where the platform has it; or `off`."""

    __tablename__ = "stream"
    source_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    url: Mapped[Words | None]
    state: Mapped[Words]  # live, cut, stopped, off
    reason: Mapped[Words | None]
    state_at: Mapped[Millis]
    term: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[Millis | None]
    due_at: Mapped[Millis | None]
    failures: Mapped[int] = mapped_column(default=0)
    cursor: Mapped[Words | None]
    reached: Mapped[Millis | None]  # the time, by the server's clock, up to which all was heard and kept


class Pass(Base):
    """One visit to a track: the slot it was due in, and how it ended. `slots` counts the due times it stands for."""

    __tablename__ = "pass"
    track_id: Mapped[int] = mapped_column(primary_key=True)
    due_at: Mapped[Millis] = mapped_column(primary_key=True)
    slots: Mapped[int]
    started_at: Mapped[Millis]
    ended_at: Mapped[Millis | None]
    state: Mapped[Words]  # running, ok, partial, failed, skipped, coalesced
    reason: Mapped[Words | None]
    pages: Mapped[int]
    posts: Mapped[int]
    posts_new: Mapped[int]


class Coverage(Base):
    """What was observed of a track in [from_at, to_at): disjoint, merged when written.

    `recorded_at` is when an import said so; None: a pass did, at about the end of the stretch.
    """

    __tablename__ = "coverage"
    __table_args__ = (CLUSTERED,)
    track_id: Mapped[int] = mapped_column(primary_key=True)
    from_at: Mapped[Millis] = mapped_column(primary_key=True)
    to_at: Mapped[Millis]
    state: Mapped[Words]  # complete, partial, missed, imported
    reason: Mapped[Words | None]
    recorded_at: Mapped[Millis | None]


class NativeCount(Base):
    """The platform's own count of a hashtag for [start_at, start_at + step)."""

    __tablename__ = "native_count"
    track_id: Mapped[int] = mapped_column(primary_key=True)
    start_at: Mapped[Millis] = mapped_column(primary_key=True)
    step: Mapped[Millis] = mapped_column(primary_key=True)
    posts: Mapped[Count]
    authors: Mapped[Count | None]
    views: Mapped[Count | None]
    engagement: Mapped[Count | None]
    observed_at: Mapped[Millis]
