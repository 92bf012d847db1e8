"""What people name: campaigns and influencers, and the hashtags and accounts that belong to them."""

from sqlalchemy import Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id, Millis, Words


class Campaign(Base):
    __tablename__ = "campaign"
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[Words]
    kind: Mapped[Words]  # influencer-led, association-led, other
    launched_at: Mapped[Millis | None]
    ended_at: Mapped[Millis | None]
    created_at: Mapped[Millis]
    version: Mapped[int] = mapped_column(default=1)


class CampaignHashtag(Base):
    __tablename__ = "campaign_hashtag"
    campaign_id: Mapped[str] = mapped_column(Text, primary_key=True)
    hashtag_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)


class CampaignInfluencer(Base):
    __tablename__ = "campaign_influencer"
    campaign_id: Mapped[str] = mapped_column(Text, primary_key=True)
    influencer_id: Mapped[str] = mapped_column(Text, primary_key=True)


class Influencer(Base):
    """A person, with one or more accounts."""

    __tablename__ = "influencer"
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[Words]
    kind: Mapped[Words | None]
    created_at: Mapped[Millis]
    version: Mapped[int] = mapped_column(default=1)


class InfluencerAccount(Base):
    """An account claimed for an influencer, by native id or by handle. `account_id` is set once it is known."""

    __tablename__ = "influencer_account"
    __table_args__ = (UniqueConstraint("platform", "native_id"), UniqueConstraint("platform", "handle"))
    id: Mapped[int] = mapped_column(primary_key=True)
    influencer_id: Mapped[Words]
    platform: Mapped[Words]
    native_id: Mapped[Words | None]
    handle: Mapped[Words | None]
    account_id: Mapped[Id | None]
