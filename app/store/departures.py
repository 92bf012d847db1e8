"""What a stream tells of posts that were removed and accounts that left: content goes, times and counts stay."""

from collections.abc import Sequence

from sqlalchemy import delete, select, update

from app.clock import DAY, SECOND, to_ms
from app.db.dialect import among
from app.db.engine import ReadSession, Session
from app.models import Account, Post, PostText
from app.store import accounts
from app.store.accounts import Seen, account_key
from app.store.arrivals import post_key
from collectors.posts import Account as Named
from collectors.streaming import Left, Removed


async def remove(session: Session, platform: str, source_id: int, removed: Sequence[Removed], now: int) -> int:
    """Known posts are gone; of the others nothing was kept. Returns how many were known."""
    named = {one.native_id: post_key(platform, one.native_id) for one in removed if one.native_id}
    query = select(Post.id, Post.native_id).where(among(session, Post.id, list(named.values())), Post.state == "live")
    found = [row[0] for row in await session.execute(query) if row[1] in named]
    for one in removed:
        if one.native_id is None and one.local_id is not None:
            found += await _local(session, source_id, one)
    await _gone(session, sorted(set(found)), now)
    return len(set(found))


async def _local(session: ReadSession, source_id: int, one: Removed) -> list[int]:
    """By the source's own id. Where it tells the time, only that second is looked through."""
    if one.at is None:
        return []
    at = to_ms(one.at)
    query = select(Post.id).where(
        Post.created_at >= at - SECOND, Post.created_at <= at + SECOND, Post.source_id == source_id,
        Post.local_id == one.local_id, Post.state == "live",
    )  # fmt: skip
    return list((await session.execute(query)).scalars())


async def leave(session: Session, platform: str, left: Sequence[Left], now: int) -> int:
    """Posts of accounts that are no longer shown are gone; those of an account that is back are looked at again."""
    keys = {account_key(platform, one.native_id): one for one in left}
    query = select(Account.id).where(among(session, Account.id, list(keys)))
    known = set((await session.execute(query)).scalars())
    away = [key for key, one in keys.items() if key in known and not one.back]
    back = [key for key, one in keys.items() if key in known and one.back]
    mine = select(Post.id).where(among(session, Post.author_id, away), Post.state == "live")
    gone = sorted((await session.execute(mine)).scalars()) if away else []
    await _gone(session, gone, now)
    if back:
        again = (among(session, Post.author_id, back), Post.state == "gone", Post.source_id.is_not(None))
        await session.execute(update(Post).where(*again).values(next_look_at=now))
    return len(gone)


async def _gone(session: Session, posts: Sequence[int], now: int) -> None:
    """As if they had been asked for and absent twice. Once more they are asked for: a page on its way may show them."""
    if not posts:
        return
    mine = among(session, Post.id, posts)
    gone = {"state": "gone", "gone_at": now, "absences": 2, "next_look_at": now + DAY}
    await session.execute(update(Post).where(mine).values(**gone))
    await session.execute(delete(PostText).where(among(session, PostText.post_id, posts)))


async def rename(session: Session, platform: str, named: Sequence[Named], now: int) -> list[str]:
    """New handles of known accounts. Returns the influencers who are recognised by them."""
    seen = {account_key(platform, one.native_id): Seen(platform, one, now) for one in named}
    query = select(Account.id).where(among(session, Account.id, list(seen)), Account.erased_at.is_(None))
    known = (await session.execute(query)).scalars().all() if seen else []
    return await accounts.keep(session, [seen[key] for key in known], None) if known else []
