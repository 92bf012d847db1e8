"""Reads facts out by pages, each in a moment of its own: an export of hours holds no read transaction open."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, func, select, tuple_

from app.analysis.contribution import METRICS
from app.analysis.tags import normal
from app.clock import rfc3339
from app.db.dialect import among
from app.db.engine import ReadSession
from app.errors import NotFound
from app.models import (
    Account,
    AccountLook,
    Campaign,
    Debut,
    Hashtag,
    Member,
    Post,
    PostText,
    Snapshot,
    Subject,
    Tagging,
)
from app.store.facts import account_look_known, look_known, tag_known
from app.store.subjects import subject_key

Row = Sequence[Any]
FIRST = -1
"""Before the first key."""


@dataclass(frozen=True, slots=True)
class Named:
    """A subject: `label` is what people call it."""

    kind: str
    ref: str
    label: str

    @property
    def key(self) -> int:
        return subject_key(self.kind, self.ref)


@dataclass(frozen=True, slots=True)
class Scope:
    """What is read: all, or some subjects'; in [start, end) milliseconds; what was known at `as_of`."""

    subjects: tuple[Named, ...] = ()
    start: int | None = None
    end: int | None = None
    as_of: int | None = None

    def known(self, of: Callable[[int], ColumnElement[bool]]) -> list[ColumnElement[bool]]:
        return [] if self.as_of is None else [of(self.as_of)]

    def within(self, column: Any) -> list[Any]:
        low = [] if self.start is None else [column >= self.start]
        return low + ([] if self.end is None else [column < self.end])


async def named(session: ReadSession, hashtags: Sequence[str], campaign: str | None) -> tuple[Named, ...]:
    """Subjects by what people call them: hashtags in any spelling, each once, or a campaign's slug."""
    if campaign is not None:
        ref = (await session.execute(select(Campaign.id).where(Campaign.slug == campaign))).scalar()
        if ref is None:
            raise NotFound(f"no campaign {campaign!r}")
        return (Named("campaign", ref, campaign),)
    found = [Named("hashtag", tag, tag) for tag in dict.fromkeys(map(normal, hashtags))]
    query = select(Subject.id).where(among(session, Subject.id, [one.key for one in found]))
    there = set((await session.execute(query)).scalars())
    for one in found:
        if one.key not in there:
            raise NotFound(f"#{one.ref} is not followed")
    return tuple(found)


async def post_ids(session: ReadSession, scope: Scope, after: int, limit: int) -> list[int]:
    """The next posts in the order of their keys."""
    if not scope.subjects:
        query = select(Post.id).where(Post.id > after, *scope.known(Post.found_at.__le__)).order_by(Post.id)
        return list((await session.execute(query.limit(limit))).scalars())
    found: set[int] = set()
    for one in scope.subjects:
        mine = (Member.subject_id == one.key, Member.post_id > after)
        query = select(Member.post_id).where(*mine).order_by(Member.post_id)
        if scope.as_of is not None:
            query = query.join(Post, Post.id == Member.post_id).where(Post.found_at <= scope.as_of)
        found.update((await session.execute(query.limit(limit))).scalars())
    return sorted(found)[:limit]


async def account_ids(session: ReadSession, scope: Scope, after: int, limit: int) -> list[int]:
    if not scope.subjects:
        query = select(Account.id).where(Account.id > after).order_by(Account.id)
        return list((await session.execute(query.limit(limit))).scalars())
    found: set[int] = set()
    for one in scope.subjects:
        mine = (Debut.subject_id == one.key, Debut.account_id > after)
        query = select(Debut.account_id).where(*mine).order_by(Debut.account_id)
        found.update((await session.execute(query.limit(limit))).scalars())
    return sorted(found)[:limit]


_POST = (
    Post.platform, Post.native_id, Post.created_at, Account.native_id, Account.handle, PostText.text, PostText.url,
    PostText.lang, Post.in_reply_to, Post.repost_of, Post.quote_of, Post.edited_at, Post.labels,
)  # fmt: skip
Owed = Mapping[tuple[str, int], tuple[int, int]]
"""By platform and hashtag: from the first to the last instant of which a coverage file speaks."""


async def posts(session: ReadSession, ids: Sequence[int], scope: Scope, owed: Owed) -> list[Row]:
    """In the order of the columns of a posts file."""
    query = (
        select(Post.id, Post.state, *_followers(scope), *_POST)
        .outerjoin(Account, Account.id == Post.author_id)
        .outerjoin(PostText, PostText.post_id == Post.id)
        .where(among(session, Post.id, ids), *scope.within(Post.created_at))
        .order_by(Post.id)
    )
    carried = await _carried(session, ids, scope)
    return [_post(tuple(row), carried.get(row[0], []), owed) for row in await session.execute(query)]


@dataclass(frozen=True, slots=True)
class _Carried:
    key: int
    text: str
    since: int | None
    followed: bool


async def _carried(session: ReadSession, ids: Sequence[int], scope: Scope) -> dict[int, list[_Carried]]:
    query = (
        select(Tagging.post_id, Tagging.hashtag_id, Tagging.spelling, Tagging.since_at, Hashtag.followed_at)
        .join(Hashtag, Hashtag.id == Tagging.hashtag_id)
        .where(among(session, Tagging.post_id, ids), *scope.known(tag_known))
        .order_by(Tagging.post_id, Tagging.hashtag_id)
    )
    found: dict[int, list[_Carried]] = {}
    for post, key, spelling, since, followed in await session.execute(query):
        found.setdefault(post, []).append(_Carried(key, f"#{spelling}", since, followed is not None))
    return found


def _post(row: Row, tags: Sequence[_Carried], owed: Owed) -> Row:
    _, state, followers, followers_at, platform, native, created, author, handle, *words, edited, labels = row
    late = " ".join(f"{tag.text}={rfc3339(tag.since)}" for tag in tags if tag.since is not None)
    followed = [tag for tag in tags if tag.followed]
    spans = [owed.get((platform, tag.key)) for tag in followed]
    inside = all(span is not None and span[0] <= created < span[1] for span in spans)
    return (
        platform, native, created, " ".join(tag.text for tag in tags), author, handle, followers, *words, edited,
        followers_at, labels, None if state == "live" else state, late or None,
        None if len(followed) == len(tags) else " ".join(tag.text for tag in followed) or "-",
        None if inside else "stated",
    )  # fmt: skip


def _followers(scope: Scope) -> tuple[Any, Any]:
    """Unknown where a look that came later was the first to show them."""
    if scope.as_of is None:
        return Post.followers, Post.followers_at
    known = func.coalesce(Post.followers_at, scope.as_of) <= scope.as_of
    return case((known, Post.followers)), case((known, Post.followers_at))


async def names(session: ReadSession, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Platform and native id of posts."""
    query = select(Post.id, Post.platform, Post.native_id).where(among(session, Post.id, ids))
    return {row[0]: (row[1], row[2]) for row in await session.execute(query)}


LookKey = tuple[int, int, int]
_LOOK = Snapshot.__table__.c  # rows of mapped attributes cost twice as much to read
_LOOK_KEY = (_LOOK.post_id, _LOOK.observed_at, _LOOK.source_id)
_LEVELS = tuple(_LOOK[metric] for metric in METRICS)


async def snapshots(
    session: ReadSession, ids: Sequence[int], scope: Scope, after: LookKey, limit: int
) -> Sequence[Row]:
    """Looks at the posts that count, by their key: post, instant, source, then the levels. No witness's."""
    query = (
        select(*_LOOK_KEY, *_LEVELS)
        .where(among(session, _LOOK.post_id, ids), _LOOK.witness.is_(False), *scope.within(_LOOK.observed_at))
        .where(*scope.known(look_known))
        .order_by(*_LOOK_KEY)
        .limit(limit)
    )
    if after[1] != FIRST:
        query = query.where(tuple_(*_LOOK_KEY) > tuple_(*after))
    return (await session.execute(query)).all()


async def account_looks(session: ReadSession, ids: Sequence[int], scope: Scope) -> list[Row]:
    query = (
        select(
            Account.platform, Account.native_id, AccountLook.observed_at, AccountLook.followers, Account.handle,
            Account.name, AccountLook.posts,
        )
        .join(AccountLook, AccountLook.account_id == Account.id)
        .where(among(session, Account.id, ids), *scope.within(AccountLook.observed_at))
        .where(*scope.known(account_look_known))
        .order_by(Account.id, AccountLook.observed_at)
    )  # fmt: skip
    return list((await session.execute(query)).all())
