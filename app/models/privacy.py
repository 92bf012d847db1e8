"""What was taken out and must not come back, what may be kept how long, and the sums of what is no longer there."""

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.types import CLUSTERED
from app.models.base import Base, Count, Id, Millis, Words


class Tombstone(Base):
    """A post or an account that is not to be kept again. `mark` is a keyed hash, and the key is not in the database."""

    __tablename__ = "tombstone"
    __table_args__ = (CLUSTERED,)
    mark: Mapped[str] = mapped_column(Text, primary_key=True)
    why: Mapped[Words]  # erased, purged
    at: Mapped[Millis]


class Erasure(Base):
    """That somebody was erased, never who. `accounts` and `influencer` are there until it is done, for a crash."""

    __tablename__ = "erasure"
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    at: Mapped[Millis]
    accounts: Mapped[Words | None]  # JSON, ids
    influencer: Mapped[Words | None]
    posts: Mapped[int] = mapped_column(default=0)
    messages: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[Millis | None]


class Retention(Base):
    """For how many days a kind is kept: text, snapshots, posts. No row: for good."""

    __tablename__ = "retention"
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    days: Mapped[int]


class Chore(Base):
    """When something of the sweep was last done, or asked for."""

    __tablename__ = "chore"
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    at: Mapped[Millis]


class ComplianceJob(Base):
    """A platform's job that tells which posts of a source are gone. `after`: the last post that was asked about."""

    __tablename__ = "compliance_job"
    source_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    job: Mapped[Words | None]  # what the collector needs to ask for it; null: none is under way
    after: Mapped[Id]
    at: Mapped[Millis]


class Seal(Base):
    """What of a rollup no fact tells any more: a rebuild's sums and these are the rollup. Columns as there."""

    __tablename__ = "seal"
    __table_args__ = (CLUSTERED,)
    subject_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)
    grain: Mapped[int] = mapped_column(primary_key=True)
    platform: Mapped[Words] = mapped_column(primary_key=True)
    bucket: Mapped[Millis] = mapped_column(primary_key=True)
    posts: Mapped[Count]
    authored: Mapped[Count]
    authors_new: Mapped[Count]
    followed: Mapped[Count]
    followers: Mapped[Count]
    impressions: Mapped[Count]
    gave_likes: Mapped[Count]
    gave_reposts: Mapped[Count]
    gave_replies: Mapped[Count]
    gave_quotes: Mapped[Count]
    gave_views: Mapped[Count]
    likes: Mapped[Count]
    reposts: Mapped[Count]
    replies: Mapped[Count]
    quotes: Mapped[Count]
    views: Mapped[Count]
    moved: Mapped[Count]
    estimated: Mapped[Count]
