"""Notes on a campaign's curve."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update

from app.db.engine import ReadSession, Session
from app.errors import Conflict, NotFound
from app.models import Annotation
from app.store import campaigns, paging


@dataclass(frozen=True, slots=True)
class Note:
    """What someone noted on a curve. Times in milliseconds."""

    at: int
    text: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A note as it is kept."""

    id: str
    campaign_id: str
    version: int
    created_at: int
    it: Note


def _kept(row: Annotation) -> Kept:
    return Kept(row.id, row.campaign_id, row.version, row.created_at, Note(row.at, row.text, row.url))


async def listed(
    session: ReadSession, campaign_id: str, after: Sequence[Any] | None = None, limit: int = 500
) -> list[Kept]:
    """In the order of time; one more than `limit` where there are more."""
    query = select(Annotation).where(Annotation.campaign_id == campaign_id)
    query = paging.page(query, [Annotation.at, Annotation.id], after, limit)
    return [_kept(row) for row in (await session.execute(query)).scalars()]


async def by_id(session: ReadSession, campaign_id: str, annotation_id: str) -> Kept:
    row = await session.get(Annotation, annotation_id)
    if row is None or row.campaign_id != campaign_id:
        raise NotFound(f"no annotation {annotation_id!r} on this campaign")
    return _kept(row)


async def create(session: Session, campaign_id: str, note: Note, now: int) -> Kept:
    await campaigns.hold(session, campaign_id)
    row = Annotation(
        id=f"ann_{secrets.token_hex(8)}", campaign_id=campaign_id, at=note.at, text=note.text, url=note.url,
        created_at=now, version=1,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    return _kept(row)


async def change(session: Session, old: Kept, new: Note) -> Kept:
    """Conflict where someone else has changed it since `old` was read."""
    mine = (Annotation.id == old.id, Annotation.version == old.version)
    values = {"at": new.at, "text": new.text, "url": new.url, "version": old.version + 1}
    done = await session.execute(update(Annotation).where(*mine).values(**values))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("it was changed at this very moment: read it again")
    session.expire_all()
    return await by_id(session, old.campaign_id, old.id)


async def remove(session: Session, old: Kept) -> None:
    await session.execute(delete(Annotation).where(Annotation.id == old.id))
