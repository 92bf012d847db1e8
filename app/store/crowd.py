"""Who posted under a campaign, how much and when: as it is, or as it was known at an instant."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from app.analysis.contribution import ENGAGEMENT
from app.db.dialect import among
from app.db.engine import ReadSession
from app.models import Debut, Member, Post
from app.store.as_of import AsOf, Posted
from app.store.lives import Life
from app.store.subjects import subject_key

_LEVELS = [func.coalesce(getattr(Post, name), 0) for name in ENGAGEMENT]


@dataclass(frozen=True, slots=True)
class Theirs:
    """An account's posts and their engagement by the last readings; its first post, and its followers then."""

    posts: int
    engagement: int
    first_at: int
    followers: int | None


@dataclass(frozen=True, slots=True)
class Act:
    """A post that may have brought others."""

    author: int
    at: int
    followers: int | None


class Crowd:
    """What a campaign's life was made of. By account; None: the posts whose author is not known."""

    def __init__(self, session: ReadSession, life: Life) -> None:
        self._session, self._as_of = session, life.as_of
        self._subject = subject_key("campaign", life.kept.id)
        self._then = life.sums if isinstance(life.sums, AsOf) else None

    async def authors(self) -> dict[int | None, Theirs]:
        if self._then is not None:
            return _summed(await self._then.posts())
        engagement = func.sum(_LEVELS[0] + _LEVELS[1] + _LEVELS[2] + _LEVELS[3])
        query = select(Member.author_id, func.count(), engagement, func.min(Member.born_at))
        query = query.join(Post, Post.id == Member.post_id).where(Member.subject_id == self._subject)
        rows = await self._session.execute(query.group_by(Member.author_id))
        debuts = select(Debut.account_id, Debut.followers).where(Debut.subject_id == self._subject)
        followers = {row[0]: row[1] for row in await self._session.execute(debuts)}
        return {who: Theirs(int(n), int(gained), int(at), followers.get(who)) for who, n, gained, at in rows}

    async def acts(self, accounts: Sequence[int], most: int) -> list[Act]:
        """Their posts in the order of time; one more than `most` where there are more."""
        if self._then is not None:
            mine = set(accounts)
            every = await self._then.posts()
            found = [Act(one.author or 0, one.born_at, one.followers) for one in every if one.author in mine]
            return sorted(found, key=lambda act: act.at)[: most + 1]
        query = select(Member.author_id, Member.born_at, Post.followers).join(Post, Post.id == Member.post_id)
        query = query.where(Member.subject_id == self._subject, among(self._session, Member.author_id, accounts))
        rows = await self._session.execute(query.order_by(Member.born_at).limit(most + 1))
        return [Act(who or 0, at, followers) for who, at, followers in rows]


def _summed(posts: Sequence[Posted]) -> dict[int | None, Theirs]:
    by: dict[int | None, list[Posted]] = {}
    for one in posts:
        by.setdefault(one.author, []).append(one)
    firsts = {who: min(each, key=lambda one: (one.born_at, one.post)) for who, each in by.items()}
    return {
        who: Theirs(
            len(each), sum(one.engagement for one in each), firsts[who].born_at,
            None if who is None else firsts[who].followers,
        )
        for who, each in by.items()
    }  # fmt: skip
