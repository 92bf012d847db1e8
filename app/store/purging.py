"""Content that a platform wants gone: of posts known to be deleted, and of those not read again in time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, delete, func, literal_column, or_, select, update

from app.db.dialect import among
from app.db.engine import ReadSession, Session
from app.models import Account, Post, PostText, Source
from app.store import redaction
from app.store.redaction import Away

_IS_GONE = Post.state == literal_column("'gone'")
"""Spelt out, as in the index: one that is a parameter would not be found by it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """A platform's, in milliseconds: from learning of a deletion, and from the last reading (None: no limit)."""

    purge_within: int
    reread_within: int | None


async def gone(session: ReadSession, limit: int) -> list[int]:
    """Deleted on their platforms, and not yet taken out of all that was said here."""
    query = select(Post.id).where(_IS_GONE, Post.purged_at.is_(None)).order_by(Post.id)
    return list((await session.execute(query.limit(limit))).scalars())


def _stale(limits: Mapping[str, Limits], now: int) -> ColumnElement[bool] | None:
    asked = [(name, one.reread_within) for name, one in limits.items() if one.reread_within is not None]
    if not asked:
        return None
    read = func.coalesce(Post.looked_at, Post.found_at)
    return or_(*(and_(Post.platform == name, read < now - most) for name, most in asked))


def _due(limits: Mapping[str, Limits], now: int) -> ColumnElement[bool]:
    """What is stale should have been looked at before: it is found by the index of what is due."""
    mine = select(Source.id).where(Source.platform.in_([name for name, one in limits.items() if one.reread_within]))
    return and_(Post.source_id.in_(mine), or_(Post.next_look_at <= now, Post.next_look_at.is_(None)))


async def stale(session: ReadSession, limits: Mapping[str, Limits], now: int, limit: int) -> list[int]:
    """With words that were not read again in time."""
    old = _stale(limits, now)
    if old is None:
        return []
    query = select(Post.id).join(PostText, PostText.post_id == Post.id).where(_due(limits, now), old)
    return list((await session.execute(query.order_by(Post.id).limit(limit))).scalars())


@dataclass(frozen=True, slots=True)
class How:
    """`tell`: who was sent an address is told that it is no longer to be kept. `mark`: while the post stands, its words
    do not come back. `names`: those of authors of whom no words are left go too.
    """

    tell: bool = True
    mark: bool = True
    names: bool = True


async def purge(session: Session, ids: Sequence[int], now: int, how: How) -> int:
    """Text, address and labels, also in messages; returns how many of these were changed."""
    await session.execute(delete(PostText).where(among(session, PostText.post_id, ids)))
    values = {"labels": None, **({"purged_at": now} if how.mark else {})}
    await session.execute(update(Post).where(among(session, Post.id, ids)).values(**values))
    if how.names:
        await _forget_names(session, ids)
    return await redaction.redact(session, Away(posts=set(ids)), now, tell=how.tell)


async def _forget_names(session: Session, ids: Sequence[int]) -> None:
    """They are not asked for again either: a post of theirs that is met brings them back."""
    query = select(Post.author_id).where(among(session, Post.id, ids), Post.author_id.is_not(None)).distinct()
    authors = sorted(key for key in (await session.execute(query)).scalars() if key is not None)
    spoken = select(Post.author_id).join(PostText, PostText.post_id == Post.id)
    silent = Account.id.not_in(spoken.where(among(session, Post.author_id, authors)))
    bare = {"handle": None, "name": None, "next_look_at": None}
    await session.execute(update(Account).where(among(session, Account.id, authors), silent).values(**bare))


@dataclass(frozen=True, slots=True)
class Over:
    """Posts past a limit, and since when the oldest of them is (its instant)."""

    platform: str
    rule: str
    posts: int
    since: int | None


async def over(session: ReadSession, limits: Mapping[str, Limits], usual: Limits, now: int) -> list[Over]:
    """What should have been taken out and was not: nothing, when all is well."""
    found = []
    learned = func.coalesce(Post.gone_at, Post.found_at)
    late = and_(_IS_GONE, Post.purged_at.is_(None))
    query = select(Post.platform, learned.label("at")).where(late)
    rows = [(row.platform, row.at) for row in await session.execute(query)]
    for platform in sorted({row[0] for row in rows}):
        most = limits.get(platform, usual).purge_within
        times = [at for name, at in rows if name == platform and at < now - most]
        found.append(Over(platform, "deleted", len(times), min(times, default=None)))
    if (old := _stale(limits, now)) is not None:
        read = func.coalesce(Post.looked_at, Post.found_at)
        query2 = select(Post.platform, func.count(), func.min(read)).join(PostText, PostText.post_id == Post.id)
        counted = await session.execute(query2.where(old, _due(limits, now)).group_by(Post.platform))
        found += [Over(name, "not read again", count, since) for name, count, since in counted]
    return [one for one in found if one.posts]


async def oldest_read(session: ReadSession) -> dict[str, int]:
    """By platform: when the post with words that was not read for longest was read. Reads all posts: for who asks."""
    read = func.min(func.coalesce(Post.looked_at, Post.found_at))
    query = select(Post.platform, read).join(PostText, PostText.post_id == Post.id)
    query = query.where(Post.state == "live", Post.source_id.is_not(None)).group_by(Post.platform)
    return {row[0]: row[1] for row in await session.execute(query)}
