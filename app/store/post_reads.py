"""Posts as they are shown: found by what they count under, and the history of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from app.db.dialect import among
from app.db.engine import ReadSession
from app.errors import Gone, NotFound
from app.models import Account, Campaign, Hashtag, Member, Post, PostText, Snapshot, Source, Subject, Tagging
from app.store import paging, tombstones
from app.store.facts import look_known
from app.store.subjects import no_campaign, subject_key

METRICS = ("likes", "reposts", "replies", "quotes", "views", "bookmarks")
_ENGAGEMENT = sum((func.coalesce(getattr(Post, metric), 0) for metric in METRICS[1:4]), func.coalesce(Post.likes, 0))


@dataclass(frozen=True, slots=True)
class Ask:
    """Which posts. Times in milliseconds, half-open, of when a post began to count."""

    hashtag: str | None = None
    campaign: str | None = None
    platform: str | None = None
    start: int | None = None
    end: int | None = None
    order: str = "newest"


@dataclass(frozen=True, slots=True)
class Found:
    """A post with its author, its words and its hashtags. `key` is its place in the list."""

    post: Post
    author: Account | None
    text: PostText | None
    hashtags: tuple[str, ...]
    key: tuple[int, int]


async def listed(session: ReadSession, ask: Ask, after: Sequence[object] | None, limit: int) -> list[Found]:
    began, query = await _scoped(session, ask)
    if ask.platform is not None:
        query = query.where(Post.platform == ask.platform)
    if ask.start is not None:
        query = query.where(began >= ask.start)
    if ask.end is not None:
        query = query.where(began < ask.end)
    first = _ENGAGEMENT if ask.order == "engagement" else began
    query = paging.page(query.add_columns(first), [first, Post.id], after, limit, descending=ask.order != "oldest")
    return await _found(session, (await session.execute(query)).all())


async def _scoped(session: ReadSession, ask: Ask) -> tuple[Any, Select[*tuple[Any, ...]]]:
    """What a post began to count by, and the posts under the subjects that are asked for."""
    query = select(Post)
    began: Any = None
    for kind, ref in await _subjects(session, ask):
        member = aliased(Member)
        query = query.join(member, member.post_id == Post.id).where(member.subject_id == subject_key(kind, ref))
        began = member.born_at if began is None else began
    return Post.created_at if began is None else began, query


async def _subjects(session: ReadSession, ask: Ask) -> list[tuple[str, str]]:
    found = []
    if ask.hashtag is not None:
        if await session.get(Subject, subject_key("hashtag", ask.hashtag)) is None:
            raise NotFound(f"#{ask.hashtag} is not followed: POST /hashtags follows it")
        found.append(("hashtag", ask.hashtag))
    if ask.campaign is not None:
        campaign = (await session.execute(select(Campaign.id).where(Campaign.slug == ask.campaign))).scalar()
        if campaign is None:
            raise no_campaign(ask.campaign)
        found.append(("campaign", campaign))
    return found


def key_of(text: str) -> int:
    """A post's id as it is written at the doors."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < 2**63):
        raise NotFound("there is no such post")
    return int(text)


async def by_id(session: ReadSession, post: int) -> Found:
    row = await session.get(Post, post)
    if row is None:
        if await tombstones.among_them(session, [post]):
            raise Gone("this post was here once and was taken out: its counts are in the curves, nothing else is left")
        raise NotFound("there is no such post")
    return (await _found(session, [(row, row.created_at)]))[0]


async def _found(session: ReadSession, rows: Sequence[Any]) -> list[Found]:
    ids = [post.id for post, _ in rows]
    authors = [post.author_id for post, _ in rows if post.author_id is not None]
    accounts = await session.execute(select(Account).where(among(session, Account.id, authors)))
    texts = await session.execute(select(PostText).where(among(session, PostText.post_id, ids)))
    by_account = {account.id: account for account in accounts.scalars()}
    by_post = {text.post_id: text for text in texts.scalars()}
    tags = await _hashtags(session, ids)
    return [
        Found(
            post, by_account.get(post.author_id), by_post.get(post.id), tuple(tags.get(post.id, ())), (first, post.id)
        )
        for post, first in rows
    ]


async def _hashtags(session: ReadSession, posts: Sequence[int]) -> dict[int, list[str]]:
    query = select(Tagging.post_id, Tagging.spelling).join(Hashtag, Hashtag.id == Tagging.hashtag_id)
    found: dict[int, list[str]] = {}
    for row in await session.execute(query.where(among(session, Tagging.post_id, posts)).order_by(Hashtag.tag)):
        found.setdefault(row.post_id, []).append(row.spelling)
    return found


@dataclass(frozen=True, slots=True)
class Look:
    """A look at a post; levels in the order of METRICS."""

    observed_at: int
    source_id: int
    source: str
    witness: bool
    levels: tuple[int | None, ...]


async def looks(session: ReadSession, post: int, as_of: int, after: Sequence[object] | None, limit: int) -> list[Look]:
    """Looks at the post up to `as_of`, oldest first."""
    query = (
        select(Snapshot, Source.name)
        .join(Source, Source.id == Snapshot.source_id)
        .where(Snapshot.post_id == post, look_known(as_of))
    )
    query = paging.page(query, [Snapshot.observed_at, Snapshot.source_id], after, limit)
    return [
        Look(row.observed_at, row.source_id, name, row.witness, tuple(getattr(row, m) for m in METRICS))
        for row, name in (await session.execute(query))
    ]


async def levels_at(session: ReadSession, post: int, as_of: int) -> tuple[int | None, tuple[int | None, ...]]:
    """When the post was last looked at until then, and each level from the last look that gave it."""
    mine = (Snapshot.post_id == post, look_known(as_of), Snapshot.witness.is_(False))
    last = (await session.execute(select(func.max(Snapshot.observed_at)).where(*mine))).scalar()
    levels = []
    for metric in METRICS:
        column = getattr(Snapshot, metric)
        query = select(column).where(*mine, column.is_not(None)).order_by(Snapshot.observed_at.desc()).limit(1)
        levels.append((await session.execute(query)).scalar())
    return last, tuple(levels)
