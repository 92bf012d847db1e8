"""Campaigns: hashtags and people under one name, and the curve that follows whenever they change."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from app.analysis.tags import normal
from app.clock import rfc3339
from app.db.dialect import among, lock_rows
from app.db.engine import ReadSession, Session
from app.errors import Conflict, Invalid, NotFound
from app.models import (
    Annotation,
    Campaign,
    CampaignHashtag,
    CampaignInfluencer,
    Debut,
    DetectorState,
    Hashtag,
    InboundHook,
    Influencer,
    Member,
    Outcome,
    Rollup,
    Seal,
    Subject,
)
from app.store import following, paging, rebuild, subjects
from app.store.subjects import hashtag_key, subject_key


@dataclass(frozen=True, slots=True)
class Described:
    """A campaign as people send it. Times in milliseconds; `influencers` by id."""

    slug: str
    name: str
    kind: str
    launched_at: int | None
    ended_at: int | None
    hashtags: tuple[str, ...] = ()
    influencers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """A campaign as it is kept. `hashtags` as they are spelled."""

    id: str
    version: int
    created_at: int
    it: Described


async def listed(session: ReadSession, after: Sequence[object] | None, limit: int) -> list[Kept]:
    query = paging.page(select(Campaign), [Campaign.slug], after, limit)
    return await _kept(session, (await session.execute(query)).scalars().all())


async def by_slug(session: ReadSession, slug: str) -> Kept:
    row = (await session.execute(select(Campaign).where(Campaign.slug == slug))).scalar_one_or_none()
    if row is None:
        raise subjects.no_campaign(slug)
    return (await _kept(session, [row]))[0]


async def hold(session: Session, campaign_id: str) -> None:
    """What is added to a campaign waits for whoever deletes it, and they for it; NotFound where it is gone."""
    found = select(Campaign.id).where(Campaign.id == campaign_id).with_for_update(read=True, key_share=True)
    if (await session.execute(found)).scalar() is None:
        raise NotFound("this campaign was deleted at this very moment")


async def _kept(session: ReadSession, rows: Sequence[Campaign]) -> list[Kept]:
    ids = [row.id for row in rows]
    tags = select(CampaignHashtag.campaign_id, Hashtag.spelling).join(Hashtag, Hashtag.id == CampaignHashtag.hashtag_id)
    tags = tags.where(among(session, CampaignHashtag.campaign_id, ids)).order_by(Hashtag.tag)
    people = select(CampaignInfluencer.campaign_id, CampaignInfluencer.influencer_id)
    people = people.where(among(session, CampaignInfluencer.campaign_id, ids)).order_by(
        CampaignInfluencer.influencer_id
    )
    by_tag = _grouped((await session.execute(tags)).all())
    by_person = _grouped((await session.execute(people)).all())
    return [
        Kept(row.id, row.version, row.created_at, Described(
            row.slug, row.name, row.kind, row.launched_at, row.ended_at,
            tuple(by_tag.get(row.id, ())), tuple(by_person.get(row.id, ())),
        ))
        for row in rows
    ]  # fmt: skip


def _grouped(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


async def create(session: Session, new: Described, now: int, interval_s: int) -> Kept:
    """Hashtags that nobody follows yet are followed from now on, on every live source."""
    _check_times(new)
    row = Campaign(id=f"cmp_{secrets.token_hex(8)}", slug=new.slug, created_at=now, version=1, **_columns(new))
    session.add(row)
    try:
        await session.flush()
    except IntegrityError:
        raise Conflict(
            f"slug: {new.slug!r} is taken; choose another, or change that campaign with PATCH /campaigns/{new.slug}"
        ) from None
    await subjects.ensure(session, "campaign", [row.id])
    await _set_people(session, row.id, new.influencers)
    await _set_hashtags(session, row.id, new.hashtags, now, interval_s)
    return await by_slug(session, new.slug)


async def change(session: Session, old: Kept, new: Described, now: int, interval_s: int) -> Kept:
    """Conflict where someone else has changed it since `old` was read."""
    _check_times(new)
    mine = (Campaign.id == old.id, Campaign.version == old.version)
    done = await session.execute(update(Campaign).where(*mine).values(version=old.version + 1, **_columns(new)))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("it was changed at this very moment: read it again")
    if new.influencers != old.it.influencers:
        await _set_people(session, old.id, new.influencers)
    if new.hashtags != old.it.hashtags:
        await _set_hashtags(session, old.id, new.hashtags, now, interval_s)
    session.expire_all()
    return await by_slug(session, old.it.slug)


async def remove(session: Session, old: Kept) -> None:
    """The campaign, its curve and what it brought in. Its hashtags stay followed, with all that was seen of them."""
    # The campaign first: whoever changes it holds that row before its subject's.
    await session.execute(delete(Campaign).where(Campaign.id == old.id))
    for table in (CampaignHashtag, CampaignInfluencer, Outcome, Annotation, InboundHook):
        await session.execute(delete(table).where(table.campaign_id == old.id))
    await drop_subject(session, "campaign", old.id)


async def drop_subject(session: Session, kind: str, ref: str) -> None:
    """A subject with its numbers. The facts stay."""
    key = subject_key(kind, ref)
    await lock_rows(session, Subject, [key])
    for table in (Member, Debut, Rollup, Seal, DetectorState):
        await session.execute(delete(table).where(table.subject_id == key))
    await session.execute(delete(Subject).where(Subject.id == key))


def _columns(new: Described) -> dict[str, object]:
    return {"name": new.name, "kind": new.kind, "launched_at": new.launched_at, "ended_at": new.ended_at}


def _check_times(new: Described) -> None:
    if new.launched_at is not None and new.ended_at is not None and new.launched_at >= new.ended_at:
        launch = rfc3339(new.launched_at)
        raise Invalid("ended_at", rfc3339(new.ended_at), f"must lie after launched_at, which is {launch}")


async def _set_people(session: Session, campaign: str, ids: Sequence[str]) -> None:
    wanted = list(dict.fromkeys(ids))
    query = select(Influencer.id).where(among(session, Influencer.id, wanted)).order_by(Influencer.id)
    # Whoever deletes one of them, or merges one away, waits: nobody is named who is not there.
    there = set((await session.execute(query.with_for_update(read=True, key_share=True))).scalars())
    for one in wanted:
        if one not in there:
            raise Invalid("influencers", one, "no influencer has this id: POST /influencers makes one")
    await session.execute(delete(CampaignInfluencer).where(CampaignInfluencer.campaign_id == campaign))
    session.add_all(CampaignInfluencer(campaign_id=campaign, influencer_id=one) for one in wanted)
    await session.flush()


async def _set_hashtags(session: Session, campaign: str, tags: Sequence[str], now: int, interval_s: int) -> None:
    spellings: Mapping[str, str] = {normal(tag): tag for tag in reversed(tags)}
    await subjects.ensure_hashtags(session, spellings.values(), now)
    # All of them at once and before anything else is held: writers of posts take theirs in the same order.
    await lock_rows(session, Hashtag, map(hashtag_key, spellings), "redefine")
    for tag in await _unfollowed(session, spellings):
        await following.follow(session, spellings[tag], None, now, interval_s)
    await session.execute(delete(CampaignHashtag).where(CampaignHashtag.campaign_id == campaign))
    session.add_all(CampaignHashtag(campaign_id=campaign, hashtag_id=hashtag_key(tag)) for tag in sorted(spellings))
    await session.flush()
    await rebuild.rebuild(session, subject_key("campaign", campaign), now)


async def _unfollowed(session: ReadSession, spellings: Mapping[str, str]) -> list[str]:
    names = sorted(spellings)
    query = select(Hashtag.tag).where(
        among(session, Hashtag.tag, names), Hashtag.followed_at.is_not(None), Hashtag.unfollowed_at.is_(None)
    )
    there = set((await session.execute(query)).scalars())
    return [name for name in names if name not in there]
