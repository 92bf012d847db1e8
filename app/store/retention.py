"""How long the owner wants each kind kept, which posts are past it, and what the sweep did last."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, func, select

from app.clock import DAY
from app.db.dialect import among, put
from app.db.engine import ReadSession, Session
from app.errors import Invalid
from app.models import Chore, Post, PostText, Retention, Snapshot

LEAST: Mapping[str, int] = {"text": 1, "snapshots": 15, "posts": 15}
"""Days. The finest curves and the detector read the last fourteen: what they read is not taken from under them."""
KINDS = tuple(LEAST)
MOST_DAYS = 36_500


async def days(session: ReadSession) -> dict[str, int]:
    """Of the kinds that are not kept for good."""
    return {row.kind: row.days for row in (await session.execute(select(Retention))).scalars()}


async def set_days(session: Session, wanted: Mapping[str, int | None]) -> None:
    """None: kept for good. Kinds that are not named stay as they are."""
    for kind, number in wanted.items():
        if number is not None and not LEAST[kind] <= number <= MOST_DAYS:
            raise Invalid(kind, str(number), f"must be {LEAST[kind]} to {MOST_DAYS:,} days, or empty: kept for good")
        await session.execute(delete(Retention).where(Retention.kind == kind))
    kept = {kind: number for kind, number in wanted.items() if number is not None}
    await put(session, Retention, {"kind": list(kept), "days": list(kept.values())}, "replace")


def before(kept: Mapping[str, int], kind: str, now: int) -> int | None:
    """What was born, or read, before this instant is to go."""
    return now - kept[kind] * DAY if kind in kept else None


Place = tuple[int, int]
"""Where a walk over old posts stands: when the last one was written, and its id."""
START: Place = (-(2**62), 0)


async def old_posts(session: ReadSession, before: int, after: Place, limit: int) -> list[Place]:
    """Posts from before an instant, the oldest first."""
    later = (Post.created_at > after[0]) | ((Post.created_at == after[0]) & (Post.id > after[1]))
    query = select(Post.created_at, Post.id).where(Post.created_at < before, Post.created_at >= after[0], later)
    rows = await session.execute(query.order_by(Post.created_at, Post.id).limit(limit))
    return [(row[0], row[1]) for row in rows]


async def with_words(session: ReadSession, ids: Sequence[int]) -> list[int]:
    query = select(PostText.post_id).where(among(session, PostText.post_id, ids))
    return list((await session.execute(query)).scalars())


async def with_looks(session: ReadSession, ids: Sequence[int], before: int) -> list[int]:
    """Those that have more than one look from before then: the last of them always stays."""
    query = select(Snapshot.post_id).where(among(session, Snapshot.post_id, ids), Snapshot.observed_at < before)
    return list((await session.execute(query.group_by(Snapshot.post_id).having(func.count() > 1))).scalars())


async def done_at(session: ReadSession, name: str) -> int | None:
    return (await session.execute(select(Chore.at).where(Chore.name == name))).scalar()


async def note(session: Session, name: str, now: int) -> None:
    await put(session, Chore, {"name": [name], "at": [now]}, "replace")
