"""What the demo alone may change: its sources move to where the sandbox listens this time."""

from collections.abc import Sequence

from sqlalchemy import select, update

from app.db.engine import ReadSession, Session
from app.models import Campaign, CampaignInfluencer, Source


async def move(session: Session, names: Sequence[str], url: str) -> set[str]:
    """Returns the names of those that are there. What held an old one back is forgotten."""
    mine = (Source.name.in_(names), Source.removed_at.is_(None))
    fresh = {"base_url": url, "state": "ok", "reason": None, "waits_until": None, "failures": 0}
    await session.execute(update(Source).where(*mine).values(**fresh))
    return set((await session.execute(select(Source.name).where(*mine))).scalars())


async def launched(session: ReadSession, slug: str) -> int | None:
    return (await session.execute(select(Campaign.launched_at).where(Campaign.slug == slug))).scalar()


async def with_people(session: ReadSession, slugs: Sequence[str]) -> set[str]:
    """Those of the campaigns that have influencers: they come last, when the history is in."""
    query = select(Campaign.slug).join(CampaignInfluencer, CampaignInfluencer.campaign_id == Campaign.id)
    return set((await session.execute(query.where(Campaign.slug.in_(slugs)))).scalars())
