"""Notes on a campaign's curve."""

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select, update

from app.db.engine import ReadSession, Session
from app.errors import Conflict, NotFound
from app.models import Annotation
from app.store import paging


async def listed(
    session: ReadSession, campaign_id: str, after: Sequence[Any] | None = None, limit: int = 500
) -> list[Annotation]:
    """In the order of time; one more than `limit` where there are more."""
    query = select(Annotation).where(Annotation.campaign_id == campaign_id)
    return list((await session.execute(paging.page(query, [Annotation.at, Annotation.id], after, limit))).scalars())


async def by_id(session: ReadSession, campaign_id: str, annotation_id: str) -> Annotation:
    row = await session.get(Annotation, annotation_id)
    if row is None or row.campaign_id != campaign_id:
        raise NotFound(f"no annotation {annotation_id!r} on this campaign")
    return row


async def create(session: Session, campaign_id: str, at: int, text: str, url: str | None, now: int) -> Annotation:
    row = Annotation(
        id=f"ann_{secrets.token_hex(8)}", campaign_id=campaign_id, at=at, text=text, url=url, created_at=now, version=1
    )
    session.add(row)
    await session.flush()
    return row


async def change(session: Session, old: Annotation, at: int, text: str, url: str | None) -> Annotation:
    """Conflict where someone else has changed it since `old` was read."""
    campaign_id, annotation_id = old.campaign_id, old.id
    mine = (Annotation.id == annotation_id, Annotation.version == old.version)
    new = {"at": at, "text": text, "url": url, "version": old.version + 1}
    done = await session.execute(update(Annotation).where(*mine).values(**new))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("it was changed at this very moment: read it again")
    session.expire_all()
    return await by_id(session, campaign_id, annotation_id)


async def remove(session: Session, row: Annotation) -> None:
    await session.execute(delete(Annotation).where(Annotation.id == row.id))
