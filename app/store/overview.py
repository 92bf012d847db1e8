"""What the pages show beside curves: how much each hashtag holds, the strongest posts, the people of a campaign."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from app.analysis.sums import HOUR
from app.db.dialect import among
from app.db.engine import ReadSession
from app.models import (
    Account,
    Campaign,
    CampaignInfluencer,
    Debut,
    Influencer,
    InfluencerAccount,
    Member,
    Post,
    PostText,
    Rollup,
)
from app.store.subjects import subject_key


@dataclass(frozen=True, slots=True)
class Held:
    """What is counted under a subject. `newest`: when its youngest post was born, in milliseconds."""

    posts: int
    newest: int | None


async def held(session: ReadSession, kind: str, refs: Sequence[str]) -> dict[str, Held]:
    keys = {subject_key(kind, ref): ref for ref in refs}
    sums = select(Rollup.subject_id, func.sum(Rollup.posts)).where(
        among(session, Rollup.subject_id, list(keys)), Rollup.grain == HOUR
    )
    posts = dict((await session.execute(sums.group_by(Rollup.subject_id))).all())
    found = {}
    for key, ref in keys.items():
        # One step down an index each; a GROUP BY would read every member.
        newest = select(Member.born_at).where(Member.subject_id == key).order_by(Member.born_at.desc()).limit(1)
        found[ref] = Held(int(posts.get(key, 0)), (await session.execute(newest)).scalar())
    return found


async def first_post(session: ReadSession, kind: str, ref: str) -> int | None:
    """When the subject's oldest post was born."""
    mine = Member.subject_id == subject_key(kind, ref)
    query = select(Member.born_at).where(mine).order_by(Member.born_at).limit(1)
    return (await session.execute(query)).scalar()


@dataclass(frozen=True, slots=True)
class Strong:
    """A post with its author and its words, as far as both are still there."""

    post: Post
    author: Account | None
    text: PostText | None


async def strongest(
    session: ReadSession, kind: str, ref: str, start: int, end: int, platform: str | None, limit: int
) -> list[Strong]:
    """Posts born in [start, end), by their last levels of engagement."""
    parts = [func.coalesce(level, 0) for level in (Post.likes, Post.reposts, Post.replies, Post.quotes)]
    query = (
        select(Post, Account, PostText)
        .join(Member, Member.post_id == Post.id)
        .outerjoin(Account, Account.id == Post.author_id)
        .outerjoin(PostText, PostText.post_id == Post.id)
        .where(Member.subject_id == subject_key(kind, ref), Member.born_at >= start, Member.born_at < end)
    )
    if platform is not None:
        query = query.where(Post.platform == platform)
    query = query.order_by((parts[0] + parts[1] + parts[2] + parts[3]).desc(), Post.id).limit(limit)
    return [Strong(*row) for row in (await session.execute(query))]


async def with_ids(session: ReadSession, ids: Sequence[int]) -> dict[int, Strong]:
    query = (
        select(Post, Account, PostText)
        .outerjoin(Account, Account.id == Post.author_id)
        .outerjoin(PostText, PostText.post_id == Post.id)
        .where(among(session, Post.id, list(ids)))
    )
    return {row[0].id: Strong(*row) for row in (await session.execute(query))}


@dataclass(frozen=True, slots=True)
class Named:
    """Something that has a page: the end of its address, and what to call it."""

    ref: str
    name: str


async def people(session: ReadSession, ids: Sequence[str]) -> list[Named]:
    query = select(Influencer.id, Influencer.name).where(among(session, Influencer.id, ids)).order_by(Influencer.name)
    return [Named(*row) for row in (await session.execute(query))]


@dataclass(frozen=True, slots=True)
class First:
    """The first of a campaign's people: when they posted, and how many authors had before."""

    name: str
    at: int
    before: int


async def first_of(session: ReadSession, campaign: str, ids: Sequence[str]) -> First | None:
    key = subject_key("campaign", campaign)
    theirs = (
        select(Influencer.name, Debut.born_at)
        .join(InfluencerAccount, InfluencerAccount.influencer_id == Influencer.id)
        .join(Debut, Debut.account_id == InfluencerAccount.account_id)
        .where(Debut.subject_id == key, among(session, Influencer.id, ids))
    )
    found = (await session.execute(theirs.order_by(Debut.born_at, Influencer.name).limit(1))).first()
    if found is None:
        return None
    earlier = select(func.count()).where(Debut.subject_id == key, Debut.born_at < found[1])
    return First(found[0], found[1], (await session.execute(earlier)).scalar_one())


async def campaigns_of(session: ReadSession, person: str) -> list[Named]:
    query = select(Campaign.slug, Campaign.name).join(
        CampaignInfluencer, CampaignInfluencer.campaign_id == Campaign.id
    )  # fmt: skip
    query = query.where(CampaignInfluencer.influencer_id == person).order_by(Campaign.slug)
    return [Named(*row) for row in (await session.execute(query))]
