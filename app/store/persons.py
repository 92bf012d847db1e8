"""Two influencers who are one person, and one who is two: accounts, codes and campaigns move, facts stay."""

from collections.abc import Sequence

from sqlalchemy import select, update

from app.db.dialect import among
from app.db.engine import Session
from app.errors import Conflict, Invalid
from app.models import CampaignInfluencer, Influencer, InfluencerAccount, InfluencerCode
from app.store import people, rebuild
from app.store.people import Claim, Person
from app.store.subjects import subject_key


async def merge(session: Session, old: Person, into: str, now: int) -> Person:
    """All that was `old`'s is `into`'s from now on, whose curve is made again; `old` is gone."""
    if into == old.id:
        raise Conflict("into: is the same influencer: name the one that is to stay")
    there = await people.to_change(session, into)
    for each in sorted((old, there), key=lambda one: one.id):  # in one order: two merges never wait for each other
        await _take(session, each)
    for table in (InfluencerAccount, InfluencerCode):
        await session.execute(update(table).where(table.influencer_id == old.id).values(influencer_id=into))
    campaign = CampaignInfluencer
    mine = set((await session.execute(select(campaign.campaign_id).where(campaign.influencer_id == old.id))).scalars())
    both = set((await session.execute(select(campaign.campaign_id).where(campaign.influencer_id == into))).scalars())
    session.add_all(campaign(campaign_id=each, influencer_id=into) for each in sorted(mine - both))
    await session.flush()
    await people.remove(session, old)
    await rebuild.rebuild(session, subject_key("influencer", into), now)
    session.expire_all()
    return await people.by_id(session, into)


async def split(session: Session, old: Person, accounts: Sequence[Claim], name: str, now: int) -> Person:
    """These accounts of `old` become someone new, who is in the same campaigns; both curves are made again."""
    moved = [_owned(old, claim, place) for place, claim in enumerate(accounts)]
    if len(set(moved)) < len(moved):
        raise Invalid("accounts", name, "names one account twice")
    if len(moved) == len(old.accounts):
        raise Conflict("accounts: are all that this influencer has: nothing would be left to split from")
    await _take(session, old)
    new = await people.create(session, name, old.kind, (), now)
    claim = InfluencerAccount
    ids = (await session.execute(select(claim.id).where(claim.influencer_id == old.id).order_by(claim.id))).scalars()
    order = list(ids)
    mine = among(session, claim.id, [order[place] for place in moved])
    await session.execute(update(claim).where(mine).values(influencer_id=new.id))
    campaigns = select(CampaignInfluencer.campaign_id).where(CampaignInfluencer.influencer_id == old.id)
    for each in (await session.execute(campaigns)).scalars().all():
        session.add(CampaignInfluencer(campaign_id=each, influencer_id=new.id))
    await session.flush()
    for who in sorted((old.id, new.id)):
        await rebuild.rebuild(session, subject_key("influencer", who), now)
    session.expire_all()
    return await people.by_id(session, new.id)


def _owned(old: Person, claim: Claim, place: int) -> int:
    """Which of the influencer's accounts is meant."""
    handle = claim.handle.strip().removeprefix("@").lower() if claim.handle else None
    for index, owned in enumerate(old.accounts):
        it = owned.claim
        same = claim.native_id == it.native_id if claim.native_id else handle == (it.handle or "").lower()
        if it.platform == claim.platform and same:
            return index
    shown = claim.handle or claim.native_id
    raise Conflict(
        f"accounts.{place}: {shown} on {claim.platform} is none of this influencer's accounts: "
        f"GET /api/v1/influencers/{old.id} lists them"
    )


async def _take(session: Session, person: Person) -> None:
    """One merge or split at a time: a second one that read the same version is told so."""
    mine = (Influencer.id == person.id, Influencer.version == person.version)
    done = await session.execute(update(Influencer).where(*mine).values(version=person.version + 1))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("it was changed, merged or split at this very moment: read it again")
