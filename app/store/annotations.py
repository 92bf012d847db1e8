"""Notes on a campaign's curve."""

import secrets
from collections.abc import Sequence

from sqlalchemy import select

from app.db.engine import ReadSession, Session
from app.errors import NotFound
from app.models import Annotation


async def listed(session: ReadSession, campaign_id: str) -> Sequence[Annotation]:
    query = select(Annotation).where(Annotation.campaign_id == campaign_id).order_by(Annotation.at, Annotation.id)
    return (await session.execute(query)).scalars().all()


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
