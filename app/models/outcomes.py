"""What a campaign brought in, and what was noted on its curve. No donor's name has a column."""

from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.types import CLUSTERED
from app.models.base import Base, Count, Millis, Words


class Outcome(Base):
    """A donation, a sign-up, or a refund (a negative amount). `id` is the sender's: the same twice counts once.

    `amount` is the decimal as it was sent; `micros` is the same in millionths, which sums exactly.
    """

    __tablename__ = "outcome"
    # A curve's sums are read from this index alone.
    __table_args__ = (Index(None, "campaign_id", "occurred_at", "kind", "currency", "micros"), CLUSTERED)
    campaign_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    occurred_at: Mapped[Millis]
    recorded_at: Mapped[Millis]
    kind: Mapped[Words]
    amount: Mapped[Words | None]
    micros: Mapped[Count | None]
    currency: Mapped[Words | None]
    code: Mapped[Words | None]
    code_key: Mapped[Words | None]  # the code in its normal form: what it is joined by
    donors: Mapped[Count | None]
    version: Mapped[int] = mapped_column(default=1)


class Annotation(Base):
    """A note on a campaign's curve."""

    __tablename__ = "annotation"
    __table_args__ = (Index(None, "campaign_id", "at"),)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    campaign_id: Mapped[Words]
    at: Mapped[Millis]
    text: Mapped[Words]
    url: Mapped[Words | None]
    created_at: Mapped[Millis]
    version: Mapped[int] = mapped_column(default=1)


class InfluencerCode(Base):
    """A donation code or UTM content that belongs to an influencer, by its normal form."""

    __tablename__ = "influencer_code"
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    influencer_id: Mapped[Words] = mapped_column(index=True)
    spelling: Mapped[Words]


class InboundHook(Base):
    """An address that takes a campaign's outcomes signed by a donation platform. Its secrets are sealed.

    After a rotation the previous secret is good until `previous_until`.
    """

    __tablename__ = "inbound_hook"
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    campaign_id: Mapped[Words]
    name: Mapped[Words]
    secret_sealed: Mapped[Words]
    created_at: Mapped[Millis]
    previous_sealed: Mapped[Words | None]
    previous_until: Mapped[Millis | None]
