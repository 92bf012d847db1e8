"""Hashtags that are followed, as they are shown: where they are looked for, how far, and in which campaigns."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, update

from app.analysis.tags import normal
from app.db.dialect import among
from app.db.engine import ReadSession, Session
from app.errors import NotFound
from app.models import Campaign, CampaignHashtag, Coverage, Hashtag, Pass, Source, Track
from app.store import following, paging
from app.store.subjects import hashtag_key


@dataclass(frozen=True, slots=True)
class Looked:
    """A track with its source's name, the end of what was proved on it, and its last pass."""

    track: Track
    source: str
    platform: str
    kind: str
    observed_to: int | None
    last: Pass | None


@dataclass(frozen=True, slots=True)
class Followed:
    row: Hashtag
    campaigns: tuple[str, ...]
    tracks: tuple[Looked, ...]


async def listed(session: ReadSession, after: Sequence[object] | None, limit: int) -> list[Followed]:
    query = paging.page(select(Hashtag).where(Hashtag.followed_at.is_not(None)), [Hashtag.tag], after, limit)
    return await _followed(session, (await session.execute(query)).scalars().all())


async def by_tag(session: ReadSession, tag: str) -> Followed:
    """By any spelling. One that posts carry but nobody follows is not there."""
    row = await session.get(Hashtag, hashtag_key(tag), populate_existing=True)
    if row is None or row.followed_at is None:
        raise NotFound(f"#{normal(tag)} is not followed: POST /hashtags follows it")
    return (await _followed(session, [row]))[0]


async def _followed(session: ReadSession, rows: Sequence[Hashtag]) -> list[Followed]:
    ids = [row.id for row in rows]
    link = select(CampaignHashtag.hashtag_id, Campaign.slug).join(Campaign, Campaign.id == CampaignHashtag.campaign_id)
    campaigns: dict[int, list[str]] = {}
    link = link.where(among(session, CampaignHashtag.hashtag_id, ids)).order_by(Campaign.slug)
    for row in await session.execute(link):
        campaigns.setdefault(row.hashtag_id, []).append(row.slug)
    tracks: dict[int, list[Looked]] = {}
    for looked in await _tracks(session, ids):
        tracks.setdefault(looked.track.hashtag_id, []).append(looked)
    return [Followed(row, tuple(campaigns.get(row.id, ())), tuple(tracks.get(row.id, ()))) for row in rows]


async def _tracks(session: ReadSession, hashtags: Sequence[int]) -> list[Looked]:
    query = select(Track, Source.name, Source.platform, Source.kind).join(Source, Source.id == Track.source_id)
    query = query.where(among(session, Track.hashtag_id, hashtags)).order_by(Source.name)
    found = (await session.execute(query.execution_options(populate_existing=True))).all()
    ids = [row[0].id for row in found]
    proved = select(Coverage.track_id, func.max(Coverage.to_at)).where(among(session, Coverage.track_id, ids))
    proved = proved.where(Coverage.state.in_(("complete", "imported"))).group_by(Coverage.track_id)
    ends = dict((await session.execute(proved)).all())
    last = await _last_passes(session, ids)
    return [
        Looked(track, name, platform, kind, ends.get(track.id), last.get(track.id))
        for track, name, platform, kind in found
    ]


async def _last_passes(session: ReadSession, tracks: Sequence[int]) -> dict[int, Pass]:
    newest = select(Pass.track_id, func.max(Pass.due_at).label("due_at")).where(among(session, Pass.track_id, tracks))
    latest = newest.group_by(Pass.track_id).subquery()
    query = select(Pass).join(latest, (latest.c.track_id == Pass.track_id) & (latest.c.due_at == Pass.due_at))
    return {row.track_id: row for row in (await session.execute(query)).scalars()}


async def change_sources(session: Session, old: Followed, source_ids: Sequence[int], now: int, interval_s: int) -> None:
    """Follow it on these sources and on no other live one. What the others have seen stays."""
    key = old.row.id
    await following.follow(session, old.row.spelling, source_ids, now, interval_s)
    others = select(Source.id).where(Source.kind == "live", ~among(session, Source.id, source_ids))
    await session.execute(
        update(Track)
        .where(Track.hashtag_id == key, Track.until_at.is_(None), Track.source_id.in_(others))
        .values(until_at=now, due_at=None, walks="[]")
    )
    await raise_version(session, key)


async def raise_version(session: Session, hashtag: int) -> None:
    await session.execute(update(Hashtag).where(Hashtag.id == hashtag).values(version=Hashtag.version + 1))


async def live_source_ids(session: ReadSession) -> list[int]:
    mine = (Source.kind == "live", Source.removed_at.is_(None), Source.lends_to.is_(None))
    query = select(Source.id).where(*mine)
    return list((await session.execute(query)).scalars())


async def spellings(session: ReadSession, tags: Sequence[str]) -> dict[str, str]:
    """How each hashtag is written, as far as it is known."""
    query = select(Hashtag.tag, Hashtag.spelling).where(among(session, Hashtag.tag, list(tags)))
    return {row[0]: row[1] for row in await session.execute(query)}
