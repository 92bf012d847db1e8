"""Which posts and accounts are to be read again, and what becomes of those that are no longer shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update

from app.db.dialect import among, change
from app.db.engine import ReadSession, Session
from app.models import Account, Post, PostText, Tagging


@dataclass(frozen=True, slots=True)
class Known:
    """A post or an account as its source looks it up."""

    id: int
    local_id: str
    absences: int = 0


async def due_posts(session: ReadSession, source_id: int, until: int, limit: int) -> list[Known]:
    """Posts of the source whose next look falls before `until`, the longest overdue first."""
    query = (
        select(Post.id, Post.local_id, Post.absences)
        .where(Post.source_id == source_id, Post.next_look_at <= until, Post.local_id.is_not(None))
        .order_by(Post.next_look_at)
        .limit(limit)
    )
    return [Known(row[0], str(row[1]), row[2]) for row in await session.execute(query)]


async def posts_of(session: ReadSession, hashtag_id: int, source_id: int) -> list[Known]:
    """All posts of a hashtag whose home the source is, those once absent too."""
    query = (
        select(Post.id, Post.local_id, Post.absences)
        .join(Tagging, Tagging.post_id == Post.id)
        .where(Tagging.hashtag_id == hashtag_id, Post.source_id == source_id, Post.local_id.is_not(None))
        .order_by(Post.id)
    )
    return [Known(row[0], str(row[1]), row[2]) for row in await session.execute(query)]


async def count_of(session: ReadSession, hashtag_id: int, source_id: int) -> int:
    query = select(func.count()).select_from(Post).join(Tagging, Tagging.post_id == Post.id)
    query = query.where(Tagging.hashtag_id == hashtag_id, Post.source_id == source_id)
    return (await session.execute(query)).scalar_one()


async def shown_before(session: ReadSession, hashtag_id: int, source_id: int, start: int, end: int) -> frozenset[int]:
    """Live posts of the hashtag born in [start, end) that the source has shown: it should show them again."""
    query = (
        select(Post.id)
        .join(Tagging, Tagging.post_id == Post.id)
        .where(Tagging.hashtag_id == hashtag_id, Post.source_id == source_id, Post.state == "live", Post.absences == 0)
        .where(Post.created_at >= start, Post.created_at < end)
    )
    return frozenset((await session.execute(query)).scalars())


async def mark_gone(session: Session, posts: Sequence[int], now: int) -> None:
    """They are known to be deleted: what they say goes at once, and what was said of them with the next sweep."""
    mine = among(session, Post.id, posts)
    await session.execute(update(Post).where(mine).values(state="gone", gone_at=func.coalesce(Post.gone_at, now)))
    await session.execute(delete(PostText).where(among(session, PostText.post_id, posts)))


async def mark_absent(
    session: Session, posts: Sequence[Known], next_looks: Sequence[int | None], now: int
) -> list[int]:
    """Asked for and not there: the second time in a row a post is gone, its content with it. Returns those."""
    gone = [post.id for post in posts if post.absences + 1 >= 2]
    await change(session, Post, "id", {
        "id": [post.id for post in posts], "absences": [post.absences + 1 for post in posts],
        "state": ["gone" if post.absences + 1 >= 2 else "live" for post in posts], "next_look_at": list(next_looks),
    })  # fmt: skip
    await mark_gone(session, gone, now)
    return [post.id for post in posts if post.absences + 1 == 2]


async def put_off_posts(session: Session, posts: Sequence[Known], until: int) -> None:
    """Neither shown nor absent: nothing is concluded, and the others get their turn."""
    await session.execute(
        update(Post).where(among(session, Post.id, [post.id for post in posts])).values(next_look_at=until)
    )


async def due_accounts(session: ReadSession, source_id: int, now: int, limit: int) -> list[Known]:
    query = (
        select(Account.id, func.coalesce(Account.local_id, Account.native_id))
        .where(Account.source_id == source_id, Account.next_look_at <= now, Account.erased_at.is_(None))
        .order_by(Account.next_look_at)
        .limit(limit)
    )
    return [Known(*row) for row in await session.execute(query)]


async def put_off_accounts(session: Session, accounts: Sequence[Known], until: int) -> None:
    await session.execute(
        update(Account).where(among(session, Account.id, [one.id for one in accounts])).values(next_look_at=until)
    )
