"""A delivery is claimed when it is due, and ended or due again when it was tried. The term fences who comes late."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select, update

from app.db.dialect import among
from app.db.engine import ReadSession, Session
from app.errors import Fenced
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


def _free(now: int) -> Any:
    return and_(Delivery.due_at <= now, or_(Delivery.claimed_until.is_(None), Delivery.claimed_until < now))


async def due(session: ReadSession, now: int, limit: int, most: tuple[int, int, int], *, failing: bool) -> list[str]:
    """What is to be sent, the oldest first: to endpoints that fail, or to those that do not.

    `most`: how many an endpoint may have under way, from how many failures on, and how many then.
    """
    usual, breaks, then = most
    busy = (
        select(Delivery.endpoint_id.label("id"), func.count().label("n"))
        .where(Delivery.due_at.is_not(None), Delivery.claimed_until >= now).group_by(Delivery.endpoint_id).subquery()
    )  # fmt: skip
    place = func.row_number().over(partition_by=Delivery.endpoint_id, order_by=(Delivery.created_at, Delivery.id))
    found = (
        select(Delivery.id, Delivery.created_at, Endpoint.failures, place.label("place"),
               func.coalesce(busy.c.n, 0).label("busy"))
        .join(Endpoint, Endpoint.id == Delivery.endpoint_id).outerjoin(busy, busy.c.id == Delivery.endpoint_id)
        .where(_free(now), Endpoint.disabled_at.is_(None), Endpoint.failures > 0 if failing else Endpoint.failures == 0)
        .where(or_(Endpoint.waits_until.is_(None), Endpoint.waits_until <= now))
        .subquery()
    )  # fmt: skip
    room = case((found.c.failures >= breaks, then), else_=usual)
    query = select(found.c.id).where(found.c.place + found.c.busy <= room)
    return list((await session.execute(query.order_by(found.c.created_at, found.c.id).limit(limit))).scalars())


async def claim(session: Session, ids: Sequence[str], now: int) -> list[Claimed]:
    """Those of them that nobody else has, and that are still due."""
    query = select(Delivery.id).where(among(session, Delivery.id, ids), _free(now)).order_by(Delivery.id)
    return await _take(session, query, now)


async def claim_next(session: Session, endpoint_id: str, now: int) -> Claimed | None:
    """The oldest that is due to this endpoint."""
    query = select(Delivery.id).where(Delivery.endpoint_id == endpoint_id, _free(now))
    taken = await _take(session, query.order_by(Delivery.created_at, Delivery.id).limit(1), now)
    return taken[0] if taken else None


async def _take(session: Session, query: Select[str], now: int) -> list[Claimed]:
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


async def write_down(session: Session, claimed: Claimed, tried: Tried) -> int:
    """How many tries this round has had. Fenced where another worker has taken over: it sends again, by the same id."""
    mine = (Delivery.id == claimed.id, Delivery.term == claimed.term)
    values = {"attempts": claimed.attempts + 1, "tries": Delivery.tries + 1, "claimed_until": None}
    done = update(Delivery).where(*mine).values(**values).returning(Delivery.tries)
    tries = (await session.execute(done.execution_options(synchronize_session=False))).scalar()
    if tries is None:
        raise Fenced(f"delivery {claimed.id} was taken over")
    await add_attempt(session, claimed.id, claimed.attempts + 1, tried)
    return tries


async def add_attempt(session: Session, delivery_id: str, number: int, tried: Tried) -> None:
    session.add(Attempt(
        delivery_id=delivery_id, number=number, at=tried.at, took_ms=tried.took_ms, status=tried.status,
        problem=tried.problem, answer=tried.answer,
    ))  # fmt: skip
    await session.flush()


async def arrived(session: Session, delivery_id: str, now: int) -> None:
    """Whatever became of it meanwhile: the receiver has it."""
    values = {"state": "delivered", "reason": None, "due_at": None, "ended_at": now}
    await session.execute(update(Delivery).where(Delivery.id == delivery_id).values(**values))


async def postpone(session: Session, delivery_id: str, due_at: int) -> None:
    """Unless its endpoint was disabled or deleted meanwhile, or somebody asked for it to be sent at once."""
    waiting = (Delivery.id == delivery_id, Delivery.due_at.is_not(None))
    await session.execute(update(Delivery).where(*waiting).values(due_at=due_at))


async def give_up(session: Session, delivery_id: str, state: str, reason: str, now: int) -> None:
    waiting = (Delivery.id == delivery_id, Delivery.due_at.is_not(None))
    values = {"state": state, "reason": reason, "due_at": None, "ended_at": now}
    await session.execute(update(Delivery).where(*waiting).values(**values))
