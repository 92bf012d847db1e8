"""The outbox: what is said goes in with the change that it tells of, one delivery for each endpoint that wants it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.db.dialect import put as put_rows
from app.db.engine import Session
from app.db.types import text_id
from app.models import Delivery, Endpoint
from app.models import Event as Row

DUTY = "compliance.redacted"
"""Told to every webhook that was sent what it takes back: whether to forget is not for its filter to say."""


@dataclass(frozen=True, slots=True)
class Event:
    """`id` is the webhook-id (app.alerts.payload.message_id), `body` what every try sends."""

    id: str
    type: str
    at: int
    body: str
    alert_id: str | None = None
    rule_id: str | None = None


async def put(session: Session, event: Event, endpoints: Sequence[str] | None, now: int) -> int:
    """How many deliveries were made: to those of `endpoints` (None: of all) that want the type.

    One that is disabled gets a row too, ended: a replay finds it. The same id again is harmless: what was said is said.
    """
    if not await add(session, event):
        return 0
    wanted = [Endpoint.id.in_(endpoints)] if endpoints is not None else []
    query = (
        select(Endpoint.id, Endpoint.types, Endpoint.kind, Endpoint.disabled_at).where(*wanted).order_by(Endpoint.id)
    )
    rows = (await session.execute(query)).all()
    due = event.type == DUTY
    takers = [
        row for row in rows
        if row.types is None or event.type in row.types.split() or (due and row.kind == "webhook")
    ]  # fmt: skip
    return await put_rows(
        session, Delivery, _rows(event.id, [(row.id, row.disabled_at is None) for row in takers], now)
    )


async def told_of(session: Session, alert_id: str) -> list[str]:
    """Endpoints that were sent something of an alert."""
    query = select(Delivery.endpoint_id).join(Row, Row.id == Delivery.event_id).where(Row.alert_id == alert_id)
    return list((await session.execute(query.distinct())).scalars())


async def add(session: Session, event: Event) -> bool:
    """False: it is there."""
    return bool(await put_rows(session, Row, {
        "id": [event.id], "type": [event.type], "at": [event.at], "body": [event.body], "alert_id": [event.alert_id],
        "rule_id": [event.rule_id],
    }))  # fmt: skip


def _rows(event_id: str, takers: Sequence[tuple[str, bool]], now: int) -> dict[str, list[Any]]:
    count = len(takers)
    return {
        "id": [delivery_id(event_id, endpoint) for endpoint, _ in takers], "event_id": [event_id] * count,
        "endpoint_id": [endpoint for endpoint, _ in takers],
        "state": ["waiting" if enabled else "disabled" for _, enabled in takers],
        "reason": [None if enabled else "the endpoint was disabled" for _, enabled in takers],
        "created_at": [now] * count, "due_at": [now if enabled else None for _, enabled in takers],
        "ended_at": [None if enabled else now for _, enabled in takers],
        "tries": [0] * count, "attempts": [0] * count, "term": [0] * count,
    }  # fmt: skip


def delivery_id(event_id: str, endpoint_id: str) -> str:
    return text_id("dlv", event_id, endpoint_id)
