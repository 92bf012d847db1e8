"""Where a source's compliance jobs stand: which posts were asked about, what runs, and when the last round began."""

from collections.abc import Collection, Sequence

from sqlalchemy import case, func, select

from app.db.dialect import among, put
from app.db.engine import ReadSession, Session
from app.models import ComplianceJob, Post, PostText, Source
from app.store import refreshing
from app.store.purging import Over


async def sources(session: ReadSession, platforms: Sequence[str]) -> list[int]:
    query = select(Source.id).where(Source.platform.in_(platforms), Source.kind == "live", Source.removed_at.is_(None))
    return list((await session.execute(query.where(Source.state != "stopped").order_by(Source.id))).scalars())


async def stands(session: ReadSession, source_id: int) -> ComplianceJob | None:
    return await session.get(ComplianceJob, source_id, populate_existing=True)


async def keep(session: Session, source_id: int, job: str | None, after: int, at: int) -> None:
    await put(session, ComplianceJob, {
        "source_id": [source_id], "job": [job], "after": [after], "at": [at],
    }, "replace")  # fmt: skip


async def next_posts(session: ReadSession, source_id: int, after: int, limit: int) -> list[tuple[int, str]]:
    """Posts with words, in the order of their keys, by the source's own ids."""
    query = (
        select(Post.id, Post.local_id).join(PostText, PostText.post_id == Post.id)
        .where(Post.source_id == source_id, Post.id > after, Post.local_id.is_not(None), Post.state == "live")
    )  # fmt: skip
    rows = await session.execute(query.order_by(Post.id).limit(limit))
    return [(row[0], str(row[1])) for row in rows]


async def apply(session: Session, source_id: int, gone: Collection[str], now: int) -> int:
    query = select(Post.id).where(Post.source_id == source_id, among(session, Post.local_id, sorted(gone)))
    ids = list((await session.execute(query.where(Post.state == "live"))).scalars())
    await refreshing.mark_gone(session, ids, now)
    return len(ids)


async def orphans(session: ReadSession, platforms: Sequence[str], limit: int) -> list[int]:
    """Posts with words of sources that were removed: nobody would learn that they are deleted."""
    removed = select(Source.id).where(Source.platform.in_(platforms), Source.removed_at.is_not(None))
    query = select(Post.id).join(PostText, PostText.post_id == Post.id).where(Post.source_id.in_(removed))
    return list((await session.execute(query.order_by(Post.id).limit(limit))).scalars())


async def late(session: ReadSession, platform: str, before: int) -> Over:
    """Posts with words of which nobody asked in time, whatever the reason."""
    asked = func.coalesce(ComplianceJob.at, 0)
    since = case((asked > Post.found_at, asked), else_=Post.found_at)
    query = (
        select(func.count(), func.min(since)).join(PostText, PostText.post_id == Post.id)
        .outerjoin(ComplianceJob, ComplianceJob.source_id == Post.source_id)
        .where(Post.source_id.in_(select(Source.id).where(Source.platform == platform)), since < before)
    )  # fmt: skip
    posts, oldest = (await session.execute(query)).one()
    return Over(platform, "not asked about", posts, oldest)
