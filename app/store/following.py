"""Start and stop watching: a hashtag becomes a subject with a curve, and a track on each source that is to look."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select, update

from app.analysis.tags import normal, spelling, wrong
from app.clock import DAY
from app.db.dialect import among, lock_rows
from app.db.engine import ReadSession, Session
from app.errors import Invalid, NotFound
from app.models import (
    Account,
    Campaign,
    CampaignHashtag,
    Hashtag,
    InfluencerAccount,
    Post,
    Source,
    Subject,
    Tagging,
    Track,
)
from app.store import rebuild, subjects
from app.store.subjects import hashtag_key, subject_key

LOOK_BACK = 30 * DAY
"""How far a first walk goes unless it is told otherwise: a popular hashtag's whole past would take weeks of budget."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What following came to. `tracks`: the live sources that look now, by name."""

    tag: str
    tracks: tuple[str, ...]
    new: bool


async def ensure_followed(session: Session, tag: str, now: int) -> bool:
    """The hashtag has a subject; posts known from elsewhere count under it at once. True if it is new."""
    if problem := wrong(tag):
        raise Invalid("tag", tag, problem)
    new = await count_from_now(session, [tag], now)
    await session.execute(update(Hashtag).where(Hashtag.id == hashtag_key(tag)).values(unfollowed_at=None))
    return new


async def count_from_now(session: Session, tags: Iterable[str], now: int) -> bool:
    """The hashtags have curves from now on; those that posts carry already count them, influencers' curves too.

    True if a hashtag is new.
    """
    tags = list(tags)
    names = list(dict.fromkeys(map(normal, tags)))
    await subjects.ensure_hashtags(session, tags, now)
    own = {subject_key("hashtag", name): name for name in names}
    there = set((await session.execute(select(Subject.id).where(among(session, Subject.id, list(own))))).scalars())
    fresh = {hashtag_key(name): name for key, name in own.items() if key not in there}
    people = await _people(session, list(fresh))
    await lock_rows(session, Account, people.keys(), "redefine")
    await lock_rows(session, Hashtag, fresh, "redefine")
    mine = among(session, Hashtag.id, [hashtag_key(name) for name in names])
    await session.execute(update(Hashtag).where(mine, Hashtag.followed_at.is_(None)).values(followed_at=now))
    await subjects.ensure(session, "hashtag", list(fresh.values()))
    carried = select(Tagging.hashtag_id).where(among(session, Tagging.hashtag_id, list(fresh))).distinct()
    for key in (await session.execute(carried)).scalars().all():
        await rebuild.rebuild(session, subject_key("hashtag", fresh[key]), now)
    await recount(session, people.values(), now)
    return bool(fresh)


async def _people(session: ReadSession, hashtags: Sequence[int]) -> dict[int, str]:
    """Influencers, by account, with posts under any of the hashtags."""
    query = (
        select(InfluencerAccount.account_id, InfluencerAccount.influencer_id)
        .join(Post, Post.author_id == InfluencerAccount.account_id)
        .join(Tagging, Tagging.post_id == Post.id)
        .where(among(session, Tagging.hashtag_id, hashtags))
    )
    return {row[0]: row[1] for row in await session.execute(query.distinct()) if row[0] is not None}


async def recount(session: Session, influencers: Iterable[str], now: int) -> None:
    """Curves of people whose accounts, or hashtags, became known are made again."""
    for influencer in dict.fromkeys(influencers):
        await subjects.ensure(session, "influencer", [influencer])
        await rebuild.rebuild(session, subject_key("influencer", influencer), now)


async def follow(
    session: Session, tag: str, source_ids: Sequence[int] | None, now: int, interval_s: int,
    campaign_slug: str | None = None, look_back: int | None = LOOK_BACK,
) -> Followed:  # fmt: skip
    """Watch `tag` on the sources (None: on all live ones), as part of a campaign if one is named.

    The first walk goes `look_back` milliseconds back; None: through all that the platform shows.
    """
    sources = await looked_at(session, source_ids)
    new = await ensure_followed(session, tag, now)
    await session.execute(
        update(Hashtag)
        .where(Hashtag.id == hashtag_key(tag), Hashtag.spelling == normal(tag))
        .values(spelling=spelling(tag))
    )
    for source in sources:
        look_back_to = None if look_back is None else now - look_back
        await _track(session, hashtag_key(tag), source.id, now, interval_s, look_back_to)
    if campaign_slug is not None:
        await join_campaign(session, campaign_slug, [tag], now)
    return Followed(normal(tag), tuple(source.name for source in sources), new)


async def looked_at(session: ReadSession, ids: Sequence[int] | None) -> Sequence[Source]:
    mine = (Source.kind == "live", Source.removed_at.is_(None), Source.lends_to.is_(None))
    query = select(Source).where(*mine).order_by(Source.id)
    rows = (await session.execute(query)).scalars().all()
    return rows if ids is None else [row for row in rows if row.id in set(ids)]


async def source_ids(session: ReadSession, names: Sequence[str]) -> list[int]:
    """Ids of live sources by name; a name that is none is Invalid, with those that are."""
    rows = {row.name: row.id for row in await looked_at(session, None)}
    for name in names:
        if name not in rows:
            known = ", ".join(sorted(rows)) or "none yet: groundswell sources add"
            raise Invalid("sources", name, f"no source of that name (there are: {known})")
    return [rows[name] for name in names]


async def _track(
    session: Session, hashtag: int, source: int, now: int, interval_s: int, look_back_to: int | None
) -> None:
    mine = (Track.hashtag_id == hashtag, Track.source_id == source)
    row = (await session.execute(select(Track).where(*mine))).scalar()
    if row is None:
        session.add(Track(
            hashtag_id=hashtag, source_id=source, since_at=now, interval_s=interval_s, due_at=now, walks="[]", term=0,
            failures=0, look_back_to=look_back_to,
        ))  # fmt: skip
        await session.flush()
    elif row.until_at is not None or row.due_at is None:
        await session.execute(update(Track).where(*mine).values(until_at=None, due_at=now, interval_s=interval_s))


def first_due(due: int, interval_ms: int) -> int:
    """The slot after the first pass has a phase of its own, so that a thousand tags do not all fall due at :00."""
    return due + random.randrange(max(1, interval_ms))


async def unfollow(session: Session, tag: str, now: int) -> None:
    """Stop looking; what was seen stays."""
    key = hashtag_key(tag)
    row = await session.get(Hashtag, key)
    if row is None or row.followed_at is None:
        raise NotFound(f"#{normal(tag)} is not followed")
    await session.execute(
        update(Hashtag).where(Hashtag.id == key).values(unfollowed_at=now, version=Hashtag.version + 1)
    )
    live = select(Source.id).where(Source.kind == "live")
    await session.execute(
        update(Track)
        .where(Track.hashtag_id == key, Track.until_at.is_(None), Track.source_id.in_(live))
        .values(until_at=now, due_at=None, walks="[]")
    )


async def join_campaign(session: Session, slug: str, tags: Sequence[str], now: int) -> None:
    """Hashtags become part of a campaign; its curve is made again, a post with two of its tags counted once."""
    campaign = (await session.execute(select(Campaign).where(Campaign.slug == slug))).scalar()
    if campaign is None:
        raise subjects.no_campaign(slug)
    query = select(CampaignHashtag.hashtag_id).where(CampaignHashtag.campaign_id == campaign.id)
    there = set((await session.execute(query)).scalars())
    fresh = [tag for tag in dict.fromkeys(map(normal, tags)) if hashtag_key(tag) not in there]
    session.add_all(CampaignHashtag(campaign_id=campaign.id, hashtag_id=hashtag_key(tag)) for tag in fresh)
    await session.flush()
    await subjects.ensure(session, "campaign", [campaign.id])
    if fresh:
        await rebuild.rebuild(session, subject_key("campaign", campaign.id), now)
