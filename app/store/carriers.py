"""Which posts carried an alert, and whose they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, or_, select

from app.analysis.contribution import ENGAGEMENT
from app.db.dialect import among
from app.db.engine import ReadSession
from app.models import InfluencerAccount, Member, Post, PostText, Snapshot


@dataclass(frozen=True, slots=True)
class Carrier:
    """A post that carried it: what it gained in the window, and whose it is if that is an influencer."""

    post_id: int
    url: str | None
    gained: int
    influencer: str | None


MOST = 10
_CANDIDATES = 200


async def of_window(session: ReadSession, subject: int, start: int, end: int) -> list[Carrier]:
    """The posts that gained most engagement between the two instants.

    Of the posts born before it those count that have most by now: what gains much in a window has much.
    """
    level = sum((func.coalesce(getattr(Post, metric), 0) for metric in ENGAGEMENT[1:]),
                func.coalesce(getattr(Post, ENGAGEMENT[0]), 0))  # fmt: skip
    query = (
        select(Post.id, level, Post.author_id)
        .join(Member, Member.post_id == Post.id)
        .where(Member.subject_id == subject, Member.born_at < end, Member.born_at >= start - (end - start) * 24)
        .where(or_(Post.looked_at >= start, Member.born_at >= start))
        .order_by(level.desc(), Post.id)
        .limit(_CANDIDATES)
    )
    found = (await session.execute(query)).all()
    before = await _levels_before(session, [key for key, _, _ in found], start)
    people = await _influencers(session, [author for _, _, author in found if author is not None])
    ranked = sorted(((int(now) - before.get(key, 0), -key, author) for key, now, author in found), reverse=True)
    chosen = ranked[:MOST]
    found_at = await urls(session, [-key for _, key, _ in chosen])
    return [
        Carrier(-key, found_at.get(-key), gained, people.get(author) if author is not None else None)
        for gained, key, author in chosen
    ]


async def urls(session: ReadSession, posts: Sequence[int]) -> dict[int, str | None]:
    texts = select(PostText.post_id, PostText.url).where(among(session, PostText.post_id, posts))
    return {post: url for post, url in await session.execute(texts)}  # noqa: C416 - rows are no pairs to mypy


async def _levels_before(session: ReadSession, posts: Sequence[int], at: int) -> dict[int, int]:
    mine = and_(among(session, Snapshot.post_id, posts), Snapshot.observed_at < at, Snapshot.witness.is_(False))
    last = select(Snapshot.post_id, func.max(Snapshot.observed_at).label("at")).where(mine).group_by(Snapshot.post_id)
    newest = last.subquery()
    query = select(Snapshot.post_id, *(getattr(Snapshot, metric) for metric in ENGAGEMENT)).join(
        newest, and_(Snapshot.post_id == newest.c.post_id, Snapshot.observed_at == newest.c.at)
    )
    rows = await session.execute(query.where(Snapshot.witness.is_(False)))
    return {post: sum(level or 0 for level in levels) for post, *levels in rows}


async def _influencers(session: ReadSession, accounts: Sequence[int]) -> dict[int, str]:
    query = select(InfluencerAccount.account_id, InfluencerAccount.influencer_id)
    rows = await session.execute(query.where(among(session, InfluencerAccount.account_id, accounts)))
    return {account: person for account, person in rows if account is not None}
