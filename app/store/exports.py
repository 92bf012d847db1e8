"""Reads facts out by pages, each in a moment of its own: an export of hours holds no read transaction open."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, func, select, tuple_

from app.analysis.contribution import METRICS
from app.analysis.tags import normal
from app.db.dialect import among
from app.db.engine import ReadSession
from app.errors import NotFound
from app.models import (
    Account,
    AccountLook,
    Campaign,
    CampaignHashtag,
    Debut,
    Hashtag,
    Member,
    Post,
    PostText,
    Snapshot,
    Subject,
    Tagging,
)
from app.store.coverage import Observed, Stretch, of_hashtags
from app.store.facts import look_known, tag_known
from app.store.subjects import subject_key

Row = tuple[Any, ...]
FIRST = -1
"""Before the first key."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is read: all, or one subject's; in [start, end) milliseconds; what was known at `as_of`."""

    kind: str = ""
    ref: str = ""
    start: int | None = None
    end: int | None = None
    as_of: int | None = None

    def known(self, of: Callable[[int], ColumnElement[bool]]) -> list[ColumnElement[bool]]:
        return [] if self.as_of is None else [of(self.as_of)]

    @property
    def subject(self) -> int | None:
        return subject_key(self.kind, self.ref) if self.kind else None

    def within(self, column: Any) -> list[Any]:
        low = [] if self.start is None else [column >= self.start]
        return low + ([] if self.end is None else [column < self.end])


async def scope(
    session: ReadSession, hashtag: str | None, campaign: str | None, start: int | None, end: int | None
) -> Scope:
    """The subject by what people call it: a hashtag in any spelling, a campaign's slug."""
    if campaign is not None:
        ref = (await session.execute(select(Campaign.id).where(Campaign.slug == campaign))).scalar()
        if ref is None:
            raise NotFound(f"no campaign {campaign!r}")
        return Scope("campaign", ref, start, end)
    if hashtag is None:
        return Scope("", "", start, end)
    tag = normal(hashtag)
    if (await session.execute(select(Subject.id).where(Subject.id == subject_key("hashtag", tag)))).scalar() is None:
        raise NotFound(f"#{tag} is not followed")
    return Scope("hashtag", tag, start, end)


async def post_ids(session: ReadSession, scope: Scope, after: int, limit: int) -> list[int]:
    """The next posts in the order of their keys."""
    if scope.subject is None:
        query = select(Post.id).where(Post.id > after, *scope.known(Post.found_at.__le__)).order_by(Post.id)
    else:
        mine = (Member.subject_id == scope.subject, Member.post_id > after)
        query = select(Member.post_id).where(*mine).order_by(Member.post_id)
        if scope.as_of is not None:
            query = query.join(Post, Post.id == Member.post_id).where(Post.found_at <= scope.as_of)
    return list((await session.execute(query.limit(limit))).scalars())


async def account_ids(session: ReadSession, scope: Scope, after: int, limit: int) -> list[int]:
    if scope.subject is None:
        query = select(Account.id).where(Account.id > after).order_by(Account.id)
    else:
        mine = (Debut.subject_id == scope.subject, Debut.account_id > after)
        query = select(Debut.account_id).where(*mine).order_by(Debut.account_id)
    return list((await session.execute(query.limit(limit))).scalars())


async def posts(session: ReadSession, ids: Sequence[int], scope: Scope) -> list[Row]:
    """In the order of the columns of a posts file."""
    query = (
        select(
            Post.id, Post.platform, Post.native_id, Post.created_at, Account.native_id, Account.handle,
            _followers(scope), PostText.text, PostText.url, PostText.lang, Post.in_reply_to, Post.repost_of,
            Post.quote_of,
        )
        .outerjoin(Account, Account.id == Post.author_id)
        .outerjoin(PostText, PostText.post_id == Post.id)
        .where(among(session, Post.id, ids), *scope.within(Post.created_at))
        .order_by(Post.id)
    )  # fmt: skip
    tags: dict[int, list[str]] = {}
    carried = select(Tagging.post_id, Tagging.spelling).where(
        among(session, Tagging.post_id, ids), *scope.known(tag_known)
    )
    for post, spelling in await session.execute(carried.order_by(Tagging.post_id, Tagging.hashtag_id)):
        tags.setdefault(post, []).append(f"#{spelling}")
    return [(*row[1:4], " ".join(tags.get(row[0], ())), *row[4:]) for row in await session.execute(query)]


def _followers(scope: Scope) -> Any:
    """Unknown where a look that came later was the first to show them."""
    if scope.as_of is None:
        return Post.followers
    return case((func.coalesce(Post.followers_at, scope.as_of) <= scope.as_of, Post.followers))


async def names(session: ReadSession, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Platform and native id of posts."""
    query = select(Post.id, Post.platform, Post.native_id).where(among(session, Post.id, ids))
    return {row.id: (row.platform, row.native_id) for row in await session.execute(query)}


LookKey = tuple[int, int, int]


async def snapshots(
    session: ReadSession, ids: Sequence[int], scope: Scope, after: LookKey, limit: int
) -> list[tuple[LookKey, Row]]:
    """Looks at the posts that count, by post and time: (key, instant and counts). A witness's are not exported."""
    key = (Snapshot.post_id, Snapshot.observed_at, Snapshot.source_id)
    query = (
        select(*key, *(getattr(Snapshot, metric) for metric in METRICS))
        .where(among(session, Snapshot.post_id, ids), Snapshot.witness.is_(False), tuple_(*key) > tuple_(*after))
        .where(*scope.within(Snapshot.observed_at), *scope.known(look_known))
        .order_by(*key)
        .limit(limit)
    )
    return [((row[0], row[1], row[2]), (row[1], *row[3:])) for row in await session.execute(query)]


async def account_looks(session: ReadSession, ids: Sequence[int], scope: Scope) -> list[Row]:
    query = (
        select(
            Account.platform, Account.native_id, AccountLook.observed_at, AccountLook.followers, Account.handle,
            Account.name, AccountLook.posts,
        )
        .join(AccountLook, AccountLook.account_id == Account.id)
        .where(among(session, Account.id, ids), *scope.within(AccountLook.observed_at))
        .where(*scope.known(AccountLook.observed_at.__le__))
        .order_by(Account.id, AccountLook.observed_at)
    )  # fmt: skip
    return [tuple(row) for row in await session.execute(query)]


async def hashtag_ids(session: ReadSession, scope: Scope) -> list[int]:
    query = select(Hashtag.id).where(Hashtag.followed_at.is_not(None)).order_by(Hashtag.id)
    if scope.kind == "hashtag":
        query = select(Hashtag.id).where(Hashtag.tag == scope.ref)
    if scope.kind == "campaign":
        query = select(CampaignHashtag.hashtag_id).where(CampaignHashtag.campaign_id == scope.ref)
    return list((await session.execute(query)).scalars())


async def coverage(session: ReadSession, hashtags: Sequence[int], scope: Scope, now: int) -> list[Row]:
    """What was owed, and what of it was observed: time that nobody speaks of is said to be missed."""
    rows: list[Row] = []
    for track in await of_hashtags(session, hashtags, scope.as_of):
        for one in owed(track, now):
            start = one.start if scope.start is None else max(one.start, scope.start)
            end = one.end if scope.end is None else min(one.end, scope.end)
            if start < end:
                rows.append((track.platform, track.source, f"#{track.hashtag}", start, end, one.state, one.reason))
    return rows


def owed(track: Observed, now: int) -> list[Stretch]:
    """The whole of what the track owed, in stretches without a break."""
    found: list[Stretch] = []
    for low, high in track.owed(now):
        at = low
        for one in track.stretches:
            start, end = max(one.start, at), min(one.end, high)
            if start >= end:
                continue
            if start > at:
                found.append(Stretch(at, start, "missed", "not observed"))
            found.append(Stretch(start, end, one.state, one.reason))
            at = end
        if at < high:
            found.append(Stretch(at, high, "missed", "not observed"))
    return found
