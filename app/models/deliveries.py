"""The outbox: who is told, what is said, to whom it is on its way, and how each try went."""

from sqlalchemy import Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Millis, Words


class Endpoint(Base):
    """A webhook's address, or a people's channel. Secrets are sealed; after a rotation the previous one signs too.

    `failures` counts failed tries since the last good one, `exhausted` the messages given up in that time.
    """

    __tablename__ = "endpoint"
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[Words]
    kind: Mapped[Words]  # webhook, or the channel: slack, ntfy, …
    url: Mapped[Words]  # of a channel only what may be shown: the rest of its address is a secret
    url_sealed: Mapped[Words | None]
    language: Mapped[Words]
    types: Mapped[Words | None]  # separated by spaces; null: all
    keys_sealed: Mapped[Words | None]
    previous_sealed: Mapped[Words | None]
    previous_until: Mapped[Millis | None]
    public_key: Mapped[Words | None]  # where it asks for v1a
    created_at: Mapped[Millis]
    disabled_at: Mapped[Millis | None]
    disabled_why: Mapped[Words | None]
    failures: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[Millis | None]
    exhausted: Mapped[int] = mapped_column(default=0)
    waits_until: Mapped[Millis | None]  # the breaker is open until then
    version: Mapped[int] = mapped_column(default=1)


class Event(Base):
    """What is said, built once: every try at every endpoint sends these bytes under this id."""

    __tablename__ = "event"
    __table_args__ = (Index(None, "at"), Index(None, "alert_id"))
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    type: Mapped[Words]
    at: Mapped[Millis]
    body: Mapped[Words]
    alert_id: Mapped[Words | None]
    rule_id: Mapped[Words | None]


class Delivery(Base):
    """An event on its way to an endpoint. `term` rises with each claim and fences whoever held it before."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("event_id", "endpoint_id"),
        Index(None, "endpoint_id", "due_at"),
        Index(None, "created_at"),
        Index(None, "due_at"),
        Index(None, "state"),
    )
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    event_id: Mapped[Words]
    endpoint_id: Mapped[Words]
    state: Mapped[Words]  # waiting, delivered, failed, exhausted, disabled, deleted
    reason: Mapped[Words | None]
    created_at: Mapped[Millis]
    due_at: Mapped[Millis | None]  # null once it has ended
    ended_at: Mapped[Millis | None]
    tries: Mapped[int] = mapped_column(default=0)  # in this round: a replay begins at 0
    attempts: Mapped[int] = mapped_column(default=0)  # of all rounds
    term: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[Millis | None]


class Attempt(Base):
    """One try. `answer` is the beginning of what the receiver said: strangers' words, for administrators alone."""

    __tablename__ = "attempt"
    __table_args__ = (Index(None, "at"),)
    delivery_id: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[Millis]
    took_ms: Mapped[int]
    status: Mapped[int | None]
    problem: Mapped[Words | None]
    answer: Mapped[Words | None]
