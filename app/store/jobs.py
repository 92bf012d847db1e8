"""Work that one worker does at a time: a lease with a term, that fences whoever held it before."""

from sqlalchemy import or_, update

from app.db.dialect import put
from app.db.engine import Session
from app.errors import Fenced
from app.models import Job

LEASE_MS = 15_000


async def claim(session: Session, name: str, now: int) -> int | None:
    """The term of the lease, or None: someone else has it. A lease far longer than any is of a clock that was
    set back; that of another machine may be ahead by one lease.
    """
    await put(session, Job, {"name": [name], "term": [0], "claimed_until": [None]})
    free = or_(Job.claimed_until.is_(None), Job.claimed_until < now, Job.claimed_until > now + 2 * LEASE_MS)
    values = {"term": Job.term + 1, "claimed_until": now + LEASE_MS}
    taken = await session.execute(update(Job).where(Job.name == name, free).values(**values).returning(Job.term))
    return taken.scalar()


async def hold(session: Session, name: str, term: int, now: int | None) -> None:
    """Lengthen it, or give it back (`now` None); Fenced if another worker has taken over."""
    until = None if now is None else now + LEASE_MS
    mine = update(Job).where(Job.name == name, Job.term == term).values(claimed_until=until)
    if (await session.execute(mine)).rowcount != 1:  # type: ignore[attr-defined]
        raise Fenced(f"{name} was taken over")
