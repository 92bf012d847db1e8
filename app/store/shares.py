"""SQL for share links, and for what they show."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select, update

from app.db.dialect import among
from app.db.engine import ReadSession, Session
from app.models import Campaign, Share


@dataclass(frozen=True, slots=True)
class Link:
    """`campaigns`: ids, of which two or more are a comparison. `origins`: whose pages may frame it."""

    id: str
    campaigns: tuple[str, ...]
    origins: tuple[str, ...]
    author: str
    created_at: int
    expires_at: int
    revoked_at: int | None = None
    sealed: str = field(default="", repr=False)


async def add(session: Session, link: Link, mac: str) -> None:
    share = Share(
        id=link.id, mac=mac, sealed=link.sealed, campaigns=" ".join(link.campaigns), origins=" ".join(link.origins),
        author=link.author, created_at=link.created_at, expires_at=link.expires_at, revoked_at=link.revoked_at,
    )  # fmt: skip
    session.add(share)
    await session.flush()


def _link(row: Share) -> Link:
    return Link(
        row.id, tuple(row.campaigns.split()), tuple(row.origins.split()), row.author, row.created_at, row.expires_at,
        row.revoked_at, row.sealed,
    )  # fmt: skip


async def by_mac(session: ReadSession, mac: str) -> Link | None:
    row = (await session.execute(select(Share).where(Share.mac == mac))).scalar_one_or_none()
    return None if row is None else _link(row)


async def is_there(session: ReadSession, share_id: str) -> bool:
    return (await session.execute(select(Share.id).where(Share.id == share_id))).scalar() is not None


async def live(session: ReadSession, now: int, most: int) -> list[Link]:
    """The newest first."""
    query = select(Share).where(Share.revoked_at.is_(None), Share.expires_at > now)
    found = await session.execute(query.order_by(Share.created_at.desc(), Share.id).limit(most))
    return [_link(row) for row in found.scalars()]


async def revoke(session: Session, share_id: str, now: int) -> None:
    await session.execute(update(Share).where(Share.id == share_id, Share.revoked_at.is_(None)).values(revoked_at=now))


async def campaigns(session: ReadSession, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """(slug, name) by id, of those that are still there."""
    query = select(Campaign.id, Campaign.slug, Campaign.name).where(among(session, Campaign.id, list(ids)))
    return {key: (slug, name) for key, slug, name in await session.execute(query)}


async def ids_of(session: ReadSession, slugs: Sequence[str]) -> dict[str, str]:
    query = select(Campaign.slug, Campaign.id).where(among(session, Campaign.slug, list(slugs)))
    return {row.slug: row.id for row in await session.execute(query)}
