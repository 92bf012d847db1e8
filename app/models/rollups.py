"""What is derived: who counts under which subject, and the sums. All of it can be made again from the facts."""

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.types import CLUSTERED
from app.models.base import Base, Count, Id, Millis, Words


class Subject(Base):
    """What has a curve: a hashtag, a campaign, an influencer. Its row is the lock of its numbers."""

    __tablename__ = "subject"
    __table_args__ = (UniqueConstraint("kind", "ref"),)
    id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[Words]
    ref: Mapped[Words]
    sealed_at: Mapped[Millis | None]  # when facts of it were last taken out, their sums kept


class Member(Base):
    """A post that counts under a subject, once. `late`: it counts from `born_at` on, when an edit added the tag."""

    __tablename__ = "member"
    __table_args__ = (Index(None, "post_id"), Index(None, "subject_id", "born_at", "post_id", "author_id"), CLUSTERED)
    subject_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)
    post_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)
    author_id: Mapped[Id | None]
    born_at: Mapped[Millis]
    late: Mapped[bool]


class Debut(Base):
    """An account's first post under a subject, and how many it has there."""

    __tablename__ = "debut"
    __table_args__ = (CLUSTERED,)
    subject_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)
    post_id: Mapped[Id]
    platform: Mapped[Words]
    born_at: Mapped[Millis]
    followers: Mapped[Count | None]
    posts: Mapped[int]


class Rollup(Base):
    """Sums of one bucket. `grain` is its length in milliseconds. Whole numbers; an empty bucket has no row.

    `gave_*` counts posts born here that ever gave the metric: while their running sum is 0 the metric is unknown.
    `moved` and `estimated` are sums of absolute gains of engagement, all and those between looks over 2 hours apart.
    """

    __tablename__ = "rollup"
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
