"""A delivery is claimed when it is due, and ended or due again when it was tried. The term fences who comes late."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, not_, or_, select, update

from app.db.dialect import among, put
from app.db.engine import ReadSession, Session
from app.models import Attempt, Delivery, Endpoint, Event

LEASE_MS = 30_000
"""How long a claim holds: a try takes 15 seconds at most, and as long again is left to write it down."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours until `term` moves on, and all that one try needs. `tries`: of this round, so far."""

    id: str
    term: int
    event_id: str
    type: str
    body: str
    endpoint_id: str
    endpoint: str
    kind: str
    language: str
    url: str
    url_sealed: str | None
    keys: str | None
    previous: str | None
    previous_until: int | None
    failures: int
    tries: int
    attempts: int


def _held(now: int) -> Any:
    """A lease far longer than any is of a clock that was set back; others' clocks may be ahead by one lease."""
    return and_(Delivery.claimed_until >= now, Delivery.claimed_until <= now + 2 * LEASE_MS)


def _free(now: int) -> Any:
    return and_(Delivery.due_at <= now, or_(Delivery.claimed_until.is_(None), not_(_held(now))))


async def due(
    session: ReadSession, now: int, limit: int, at_once: int, *, failing: bool, of: Sequence[str] | None = None
) -> list[tuple[str, str]]:
    """What is to be sent, the oldest first, and to which endpoint: of those that fail, or of those that do not.

    None is given more than `at_once`, what it has under way included.
    """
    mine = [] if of is None else [among(session, Delivery.endpoint_id, of)]
    busy = (
        select(Delivery.endpoint_id.label("id"), func.count().label("n"))
        .where(Delivery.due_at.is_not(None), _held(now), *mine)
        .group_by(Delivery.endpoint_id).subquery()
    )  # fmt: skip
    place = func.row_number().over(partition_by=Delivery.endpoint_id, order_by=(Delivery.created_at, Delivery.id))
    found = (
        select(Delivery.id, Delivery.endpoint_id, Delivery.created_at,
               (place + func.coalesce(busy.c.n, 0)).label("place"))
        .join(Endpoint, Endpoint.id == Delivery.endpoint_id).outerjoin(busy, busy.c.id == Delivery.endpoint_id)
        .where(_free(now), Endpoint.disabled_at.is_(None), Endpoint.failures > 0 if failing else Endpoint.failures == 0)
        .where(or_(Endpoint.waits_until.is_(None), Endpoint.waits_until <= now), *mine)
        .subquery()
    )  # fmt: skip
    query = select(found.c.id, found.c.endpoint_id).where(found.c.place <= at_once)
    rows = await session.execute(query.order_by(found.c.created_at, found.c.id).limit(limit))
    return [(row[0], row[1]) for row in rows]


async def claim(session: Session, ids: Sequence[str], now: int) -> list[Claimed]:
    """Those of them that nobody else has, and that are still due; the oldest first."""
    if not ids:
        return []
    query = select(Delivery.id).where(among(session, Delivery.id, ids), _free(now)).order_by(Delivery.id)
    free = list((await session.execute(query.with_for_update(skip_locked=True))).scalars())
    if not free:
        return []
    mine = among(session, Delivery.id, free)
    taken = update(Delivery).where(mine).values(term=Delivery.term + 1, claimed_until=now + LEASE_MS)
    await session.execute(taken.execution_options(synchronize_session=False))
    rows: Any = await session.execute(
        select(
            Delivery.id, Delivery.term, Delivery.event_id, Event.type, Event.body, Delivery.endpoint_id, Endpoint.name,
            Endpoint.kind, Endpoint.language, Endpoint.url, Endpoint.url_sealed, Endpoint.keys_sealed,
            Endpoint.previous_sealed, Endpoint.previous_until, Endpoint.failures, Delivery.tries, Delivery.attempts,
        )
        .join(Event, Event.id == Delivery.event_id).join(Endpoint, Endpoint.id == Delivery.endpoint_id)
        .where(mine, Endpoint.disabled_at.is_(None)).order_by(Delivery.created_at, Delivery.id)
    )  # fmt: skip
    return [Claimed(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Tried:
    """One try. `problem`: None where it was taken."""

    at: int
    took_ms: int
    status: int | None
    problem: str | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class Stands:
    """How a delivery stands after a try: the tries of this round, and the attempts of all."""

    tries: int
    attempts: int


async def write_down(session: Session, tried: Sequence[tuple[Claimed, Tried]]) -> dict[str, Stands]:
    """Those that are still ours. The others were taken over, and are sent again by whoever did that."""
    terms = {claimed.id: claimed.term for claimed, _ in tried}
    query = select(Delivery.id, Delivery.term, Delivery.tries, Delivery.attempts)
    query = query.where(among(session, Delivery.id, sorted(terms))).order_by(Delivery.id).with_for_update()
    rows = [row for row in await session.execute(query) if row.term == terms[row.id]]
    stands = {row.id: Stands(row.tries + 1, row.attempts + 1) for row in rows}
    values = {"attempts": Delivery.attempts + 1, "tries": Delivery.tries + 1, "claimed_until": None}
    await _set(session, among(session, Delivery.id, sorted(stands)), values)
    mine = [(claimed.id, one) for claimed, one in tried if claimed.id in stands]
    await put(session, Attempt, {
        "delivery_id": [name for name, _ in mine], "number": [stands[name].attempts for name, _ in mine],
        "at": [one.at for _, one in mine], "took_ms": [one.took_ms for _, one in mine],
        "status": [one.status for _, one in mine], "problem": [one.problem for _, one in mine],
        "answer": [one.answer for _, one in mine],
    })  # fmt: skip
    return stands


async def arrived(session: Session, ids: Sequence[str], now: int) -> None:
    """Whatever became of them meanwhile: the receiver has them."""
    values = {"state": "delivered", "reason": None, "due_at": None, "ended_at": now}
    await _set(session, among(session, Delivery.id, ids), values)


async def _set(session: Session, which: Any, values: dict[str, Any]) -> None:
    await session.execute(update(Delivery).where(which).values(**values).execution_options(synchronize_session=False))


async def postpone(session: Session, delivery_id: str, due_at: int) -> None:
    """Unless its endpoint was disabled or deleted meanwhile."""
    await _set(session, and_(Delivery.id == delivery_id, Delivery.due_at.is_not(None)), {"due_at": due_at})


async def give_up(session: Session, delivery_id: str, state: str, reason: str, now: int) -> None:
    values = {"state": state, "reason": reason, "due_at": None, "ended_at": now}
    await _set(session, and_(Delivery.id == delivery_id, Delivery.due_at.is_not(None)), values)
