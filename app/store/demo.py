"""What the demo alone may change: its sources move to where the sandbox listens this time."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select, update

from app.db.engine import ReadSession, Session
from app.models import Campaign, CampaignInfluencer, Source, Track


async def move(session: Session, urls: Mapping[str, str]) -> set[str]:
    """Each source by its name. Returns the names that are taken. What held one back is forgotten."""
    fresh = {"state": "ok", "reason": None, "waits_until": None, "failures": 0}
    for name, url in urls.items():
        await session.execute(update(Source).where(Source.name == name).values(base_url=url, **fresh))
    return set((await session.execute(select(Source.name).where(Source.name.in_(urls)))).scalars())


async def idle(session: ReadSession, names: Sequence[str]) -> list[tuple[int, str]]:
    """Those, by id and platform, on which no hashtag was ever followed."""
    tracked = select(Track.id).where(Track.source_id == Source.id).exists()
    query = select(Source.id, Source.platform).where(Source.name.in_(names), Source.removed_at.is_(None), ~tracked)
    return [(row[0], row[1]) for row in await session.execute(query)]


async def launched(session: ReadSession, slug: str) -> int | None:
    return (await session.execute(select(Campaign.launched_at).where(Campaign.slug == slug))).scalar()


async def with_people(session: ReadSession, slugs: Sequence[str]) -> set[str]:
    """Those of the campaigns that have influencers: they come last, when the history is in."""
    query = select(Campaign.slug).join(CampaignInfluencer, CampaignInfluencer.campaign_id == Campaign.id)
    return set((await session.execute(query.where(Campaign.slug.in_(slugs)))).scalars())
