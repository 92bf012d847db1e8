"""Deliveries as they are shown: listed with their attempts, sent once more when asked, and counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, delete, exists, select, update

from app.db.dialect import among
from app.db.engine import ReadSession, Session
from app.errors import Conflict, NotFound
from app.models import Attempt, Delivery, Endpoint, Event
from app.store import endpoints, paging
from app.store.sending import Tried


async def add_test(session: Session, delivery_id: str, event_id: str, endpoint_id: str, tried: Tried) -> None:
    """A test is sent once, by whoever asks for it; here it is only written down."""
    ended = tried.at + tried.took_ms
    session.add(Delivery(
        id=delivery_id, event_id=event_id, endpoint_id=endpoint_id, state="failed" if tried.problem else "delivered",
        reason=tried.problem, created_at=tried.at, ended_at=ended, tries=1, attempts=1, term=0,
    ))  # fmt: skip
    session.add(Attempt(
        delivery_id=delivery_id, number=1, at=tried.at, took_ms=tried.took_ms, status=tried.status,
        problem=tried.problem, answer=tried.answer,
    ))  # fmt: skip
    await session.flush()


@dataclass(frozen=True, slots=True)
class Which:
    """Which deliveries: to an endpoint, in a state, of an event."""

    endpoint: str | None = None
    state: str | None = None
    event: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A delivery as it is kept, with its attempts in order."""

    id: str
    event_id: str
    type: str
    endpoint_id: str
    state: str
    reason: str | None
    created_at: int
    due_at: int | None
    ended_at: int | None
    attempts: tuple[Attempt, ...]


async def listed(session: ReadSession, which: Which, after: Sequence[Any] | None, limit: int) -> list[Kept]:
    """The newest first; one more than `limit` where there are more."""
    given = (
        (which.endpoint, Delivery.endpoint_id), (which.state, Delivery.state), (which.event, Delivery.event_id),
    )  # fmt: skip
    query = _whole().where(*(column == value for value, column in given if value is not None))
    query = paging.page(query, [Delivery.created_at, Delivery.id], after, limit, descending=True)
    return await _read(session, query)


async def by_id(session: ReadSession, delivery_id: str) -> Kept:
    found = await _read(session, _whole().where(Delivery.id == delivery_id))
    if not found:
        raise NotFound(f"there is no delivery {delivery_id!r}")
    return found[0]


def _whole() -> Any:
    return select(
        Delivery.id, Delivery.event_id, Event.type, Delivery.endpoint_id, Delivery.state, Delivery.reason,
        Delivery.created_at, Delivery.due_at, Delivery.ended_at,
    ).join(Event, Event.id == Delivery.event_id)  # fmt: skip


async def _read(session: ReadSession, query: Any) -> list[Kept]:
    rows: Sequence[Any] = (await session.execute(query)).all()
    mine = select(Attempt).where(among(session, Attempt.delivery_id, [row.id for row in rows]))
    tries: dict[str, list[Attempt]] = {}
    for attempt in (await session.execute(mine.order_by(Attempt.delivery_id, Attempt.number))).scalars():
        tries.setdefault(attempt.delivery_id, []).append(attempt)
    found: Any = ((*row, tuple(tries.get(row.id, ()))) for row in rows)
    return [Kept(*one) for one in found]


async def replay(session: Session, delivery_id: str, now: int) -> Kept:
    """Due now, under the same id, with a new round of tries. Conflict where its endpoint cannot take it."""
    kept = await by_id(session, delivery_id)
    await endpoints.hold(session, [kept.endpoint_id])
    query = select(Endpoint.disabled_at).where(Endpoint.id == kept.endpoint_id)
    endpoint = (await session.execute(query)).one_or_none()
    if endpoint is None:
        raise Conflict("its endpoint was deleted: there is nobody to send it to")
    _check_enabled(endpoint.disabled_at)
    await _again(session, Delivery.id == delivery_id, now)
    return await by_id(session, delivery_id)


async def replay_since(session: Session, to: endpoints.Kept, since: int, now: int) -> int:
    """All that was said from then on and was meant for this endpoint; tests apart."""
    await endpoints.hold(session, [to.id])
    _check_enabled((await endpoints.by_id(session, to.id)).health.disabled_at)
    said = select(Event.id).where(Event.at >= since, Event.type != "endpoint.test")
    return await _again(session, and_(Delivery.endpoint_id == to.id, Delivery.event_id.in_(said)), now)


def _check_enabled(disabled_at: int | None) -> None:
    if disabled_at is not None:
        raise Conflict("the endpoint is disabled: PATCH it with enabled true first")


async def _again(session: Session, which: Any, now: int) -> int:
    """Held in the order of their ids, as everyone holds them, and after their endpoint."""
    held = select(Delivery.id).where(which).order_by(Delivery.id).with_for_update()
    ids = list((await session.execute(held)).scalars())
    values = {"state": "waiting", "reason": None, "due_at": now, "ended_at": None, "tries": 0}
    await session.execute(update(Delivery).where(among(session, Delivery.id, ids)).values(**values))
    return len(ids)


async def sweep(session: Session, before: int, now: int) -> None:
    """Ends what waits for an endpoint that went at the very moment; drops what ended long ago."""
    there = exists().where(Endpoint.id == Delivery.endpoint_id, Endpoint.disabled_at.is_(None))
    ended = {"state": "deleted", "reason": "the endpoint is gone", "due_at": None, "ended_at": now}
    await session.execute(update(Delivery).where(Delivery.due_at.is_not(None), ~there).values(**ended))
    old = select(Delivery.id).where(Delivery.ended_at < before)
    await session.execute(delete(Attempt).where(Attempt.delivery_id.in_(old)))
    await session.execute(delete(Delivery).where(Delivery.ended_at < before))
    told = exists().where(Delivery.event_id == Event.id)
    await session.execute(delete(Event).where(Event.at < before, ~told))
