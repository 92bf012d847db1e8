"""Due tracks are claimed by a checked UPDATE: one row changed, it is yours. The term fences whoever comes late."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, or_, select, update

from app.db.dialect import put
from app.db.engine import ReadSession, Session
from app.errors import Fenced
from app.models import Hashtag, Pass, Source, Track

LEASE_MS = 90_000
"""How long a claim holds without a sign of life: three request deadlines."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A track that is ours until `term` moves on. Times in milliseconds."""

    id: int
    term: int
    tag: str
    hashtag_id: int
    source_id: int
    platform: str
    since: int
    due_at: int
    interval_ms: int
    failures: int
    walked_to: int | None
    look_back_to: int | None
    deep_at: int | None
    walks: str


def _free(now: int) -> object:
    return or_(Track.claimed_until.is_(None), Track.claimed_until < now)


async def due(session: ReadSession, now: int, limit: int) -> list[int]:
    """Tracks whose time has come and whose source is not waiting, longest overdue first."""
    query = (
        select(Track.id)
        .join(Source, Source.id == Track.source_id)
        .where(Track.due_at <= now, _free(now), Source.removed_at.is_(None), Source.state != "stopped")  # type: ignore[arg-type]
        .where(or_(Source.waits_until.is_(None), Source.waits_until <= now))
        .order_by(Track.due_at)
        .limit(limit)
    )
    return list((await session.execute(query)).scalars())


async def claim(session: Session, track_id: int, now: int, *, even_if_early: bool = False) -> Claimed | None:
    """None: someone else has it, or it is not due any more. That is not an error."""
    wanted = and_(Track.id == track_id, _free(now), Track.until_at.is_(None))  # type: ignore[arg-type]
    if not even_if_early:
        wanted = and_(wanted, Track.due_at <= now)
    taken = await session.execute(update(Track).where(wanted).values(claimed_until=now + LEASE_MS, term=Track.term + 1))
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        return None
    query = (
        select(
            Track.id, Track.term, Hashtag.spelling, Track.hashtag_id, Track.source_id, Source.platform,
            Track.since_at, Track.due_at, Track.interval_s * 1_000, Track.failures, Track.walked_to,
            Track.look_back_to, Track.deep_at, Track.walks,
        )
        .join(Hashtag, Hashtag.id == Track.hashtag_id)
        .join(Source, Source.id == Track.source_id)
        .where(Track.id == track_id)
    )  # fmt: skip
    row = (await session.execute(query)).one()
    values = list(row)
    values[7] = values[7] if values[7] is not None else now
    return Claimed(*values)


async def hold(session: Session, claimed: Claimed, now: int, **values: object) -> None:
    """Write to the track and lengthen the claim; Fenced if another worker has taken over."""
    done = await session.execute(
        update(Track)
        .where(Track.id == claimed.id, Track.term == claimed.term)
        .values(claimed_until=now + LEASE_MS, **values)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Fenced(f"track {claimed.id} was taken over")


async def release(session: Session, claimed: Claimed, due_at: int, **values: object) -> None:
    """Give the track back with its next due time. A track that was unfollowed meanwhile stays without one."""
    mine = (Track.id == claimed.id, Track.term == claimed.term)
    done = await session.execute(update(Track).where(*mine).values(claimed_until=None, **values))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Fenced(f"track {claimed.id} was taken over")
    await session.execute(update(Track).where(*mine, Track.until_at.is_(None)).values(due_at=due_at))


async def begin_pass(session: Session, claimed: Claimed, now: int) -> int:
    """The slot's row, made before the run. Returns how many slots it stands for; an earlier run cut off is closed."""
    slots = 1 + max(0, now - claimed.due_at) // max(1, claimed.interval_ms)
    await session.execute(
        update(Pass)
        .where(Pass.track_id == claimed.id, Pass.state == "running")
        .values(state="failed", reason="cut off: the worker stopped", ended_at=now)
    )
    await put(session, Pass, {
        "track_id": [claimed.id], "due_at": [claimed.due_at], "slots": [slots], "started_at": [now],
        "state": ["running"], "pages": [0], "posts": [0], "posts_new": [0],
    }, "replace")  # fmt: skip
    return slots


async def end_pass(session: Session, claimed: Claimed, now: int, state: str, **values: object) -> None:
    mine = (Pass.track_id == claimed.id, Pass.due_at == claimed.due_at)
    await session.execute(update(Pass).where(*mine).values(state=state, ended_at=now, **values))


async def of_hashtag(session: ReadSession, hashtag_id: int) -> Sequence[Track]:
    """The live tracks of a hashtag."""
    query = select(Track).join(Source, Source.id == Track.source_id).where(Source.kind == "live")
    return (
        (await session.execute(query.where(Track.hashtag_id == hashtag_id, Track.until_at.is_(None)))).scalars().all()
    )
