"""Due tracks are claimed by a checked UPDATE: one row changed, it is yours. The term fences whoever comes late."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import and_, or_, select, update

from app.db.dialect import put
from app.db.engine import ReadSession, Session
from app.errors import Fenced
from app.models import NETWORK, Hashtag, Pass, Source, Track
from app.store.sources import at_work

LEASE_MS = 30_000
"""How long a claim holds without a sign of life, of which there are three in that time (app.polling.patience)."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A track that is ours until `term` moves on. Times in milliseconds.

    `early`: somebody asked before the track was due. Such a pass stands for no slot, and the next one stays due.
    """

    id: int
    term: int
    tag: str
    hashtag_id: int
    source_id: int
    platform: str
    network: str
    since: int
    due_at: int
    interval_ms: int
    failures: int
    walked_to: int | None
    look_back_to: int | None
    deep_at: int | None
    walks: str
    early: bool


def _free(now: int) -> object:
    return or_(Track.claimed_until.is_(None), Track.claimed_until < now)


async def due(session: ReadSession, now: int, limit: int, full: Collection[int] = ()) -> list[tuple[int, int]]:
    """Tracks (with their sources) that are due, longest overdue first: none of a source that waits or is `full`."""
    query = (
        select(Track.id, Track.source_id)
        .join(Source, Source.id == Track.source_id)
        .where(Track.due_at <= now, _free(now), Source.removed_at.is_(None), at_work())  # type: ignore[arg-type]
        .where(or_(Source.waits_until.is_(None), Source.waits_until <= now), Source.id.not_in(full))
        .order_by(Track.due_at)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


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
            NETWORK, Track.since_at, Track.due_at, Track.interval_s * 1_000, Track.failures, Track.walked_to,
            Track.look_back_to, Track.deep_at, Track.walks,
        )
        .join(Hashtag, Hashtag.id == Track.hashtag_id)
        .join(Source, Source.id == Track.source_id)
        .where(Track.id == track_id)
    )  # fmt: skip
    values = list((await session.execute(query)).one())
    early = values[8] is None or values[8] > now
    values[8] = now if early else values[8]
    return Claimed(*[*values, early])


async def deep_at(session: ReadSession, track_id: int) -> int | None:
    """When its re-walk window was last begun to be walked whole."""
    return (await session.execute(select(Track.deep_at).where(Track.id == track_id))).scalar()


async def hold(session: Session, claimed: Claimed, now: int, **values: object) -> None:
    """Write to the track and lengthen the claim; Fenced if another worker has taken over."""
    done = await session.execute(
        update(Track)
        .where(Track.id == claimed.id, Track.term == claimed.term)
        .values(claimed_until=now + LEASE_MS, **values)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Fenced(f"track {claimed.id} was taken over")


async def release(session: Session, claimed: Claimed, due_at: int | None, **values: object) -> None:
    """Give the track back. A track that was unfollowed meanwhile stays without a due time. `due_at` None: as it was."""
    mine = (Track.id == claimed.id, Track.term == claimed.term)
    done = await session.execute(update(Track).where(*mine).values(claimed_until=None, **values))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Fenced(f"track {claimed.id} was taken over")
    if due_at is not None:
        await session.execute(update(Track).where(*mine, Track.until_at.is_(None)).values(due_at=due_at))


async def begin_pass(session: Session, claimed: Claimed, now: int) -> None:
    """The slot's row, made before the run. A run that was cut off is closed; in this same slot it is begun again."""
    await session.execute(
        update(Pass)
        .where(Pass.track_id == claimed.id, Pass.state == "running")
        .values(state="failed", reason="cut off: the worker stopped", ended_at=now)
    )
    await put(session, Pass, {
        "track_id": [claimed.id], "due_at": [claimed.due_at], "slots": [int(not claimed.early)], "started_at": [now],
        "ended_at": [None], "state": ["running"], "reason": [None], "pages": [0], "posts": [0], "posts_new": [0],
    }, "replace")  # fmt: skip


async def end_pass(session: Session, claimed: Claimed, now: int, state: str, **values: object) -> None:
    """`slots`: how many due times it stands for, those that passed while it ran or waited included."""
    mine = (Pass.track_id == claimed.id, Pass.due_at == claimed.due_at)
    await session.execute(update(Pass).where(*mine).values(state=state, ended_at=now, **values))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a hashtag is followed."""

    id: int
    hashtag_id: int
    source_id: int


async def of_hashtag(session: ReadSession, hashtag_id: int) -> list[Place]:
    """The live tracks of a hashtag."""
    query = select(Track.id, Track.hashtag_id, Track.source_id).join(Source, Source.id == Track.source_id)
    query = query.where(Source.kind == "live", Track.hashtag_id == hashtag_id, Track.until_at.is_(None))
    return [Place(*row) for row in await session.execute(query.order_by(Track.id))]
