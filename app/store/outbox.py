"""The outbox: what is said goes in with the change that it tells of, one delivery for each endpoint that wants it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.db.dialect import put as put_rows
from app.db.engine import ReadSession, Session
from app.db.types import text_id
from app.models import Delivery, Endpoint
from app.models import Event as Row


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
    """How many deliveries were made: to those of `endpoints` (None: of all) that are enabled and want the type.

    The same id again is harmless: what was said is said, to those who were there then.
    """
    if not await add(session, event):
        return 0
    wanting = await _wanting(session, event.type)
    chosen = wanting if endpoints is None else [one for one in wanting if one in set(endpoints)]
    return await deliver_to(session, event.id, chosen, now)


async def add(session: Session, event: Event) -> bool:
    """False: it is there."""
    return bool(await put_rows(session, Row, {
        "id": [event.id], "type": [event.type], "at": [event.at], "body": [event.body], "alert_id": [event.alert_id],
        "rule_id": [event.rule_id],
    }))  # fmt: skip


async def deliver_to(session: Session, event_id: str, endpoints: Sequence[str], now: int) -> int:
    count = len(endpoints)
    return await put_rows(session, Delivery, {
        "id": [delivery_id(event_id, endpoint) for endpoint in endpoints], "event_id": [event_id] * count,
        "endpoint_id": list(endpoints), "state": ["waiting"] * count, "created_at": [now] * count,
        "due_at": [now] * count, "tries": [0] * count, "attempts": [0] * count, "term": [0] * count,
    })  # fmt: skip


async def _wanting(session: ReadSession, kind: str) -> list[str]:
    query = select(Endpoint.id, Endpoint.types).where(Endpoint.disabled_at.is_(None)).order_by(Endpoint.id)
    return [row.id for row in await session.execute(query) if row.types is None or kind in row.types.split()]


def delivery_id(event_id: str, endpoint_id: str) -> str:
    return text_id("dlv", event_id, endpoint_id)
