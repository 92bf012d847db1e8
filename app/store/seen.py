"""How much there is of a hashtag on a platform, from what was seen of it."""

from sqlalchemy import func, select

from app.clock import DAY
from app.db.engine import ReadSession
from app.models import NETWORK, Coverage, Post, Source, Tagging, Track
from app.store.subjects import hashtag_key

WINDOW = 7 * DAY


async def posts_a_day(session: ReadSession, tag: str, platform: str, now: int) -> float | None:
    """Over the last week, as far as it was observed. None: less than a day of it was."""
    mine = (Track.hashtag_id == hashtag_key(tag), Source.platform == platform)
    query = select(Coverage.from_at, Coverage.to_at).join(Track, Track.id == Coverage.track_id)
    query = query.join(Source, Source.id == Track.source_id)
    query = query.where(*mine, Coverage.state.in_(("complete", "imported")), Coverage.to_at > now - WINDOW)
    stretches = [(max(start, now - WINDOW), end) for start, end in await session.execute(query)]
    if not stretches:
        return None
    start, end = min(one[0] for one in stretches), max(one[1] for one in stretches)
    if end - start < DAY:
        return None
    posts = select(func.count()).select_from(Tagging).join(Post, Post.id == Tagging.post_id)
    posts = posts.where(
        Tagging.hashtag_id == hashtag_key(tag),
        Post.platform.in_(select(NETWORK).where(Source.platform == platform)),  # its posts may bear another's name
        Post.created_at >= start,
        Post.created_at < end,
    )
    return (await session.execute(posts)).scalar_one() * DAY / (end - start)
