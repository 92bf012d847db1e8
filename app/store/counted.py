"""A campaign's life as the platforms themselves count it, for what nobody collected post by post."""

from dataclasses import replace
from itertools import accumulate
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.analysis import curve
from app.db.engine import ReadSession
from app.models import CampaignHashtag
from app.store import coverage, lives, native_counts
from app.store.lives import UTC, Begun, Life

_SUMS = ("authors_total", "engagement_total")
_TOLD = {"posts": "native_posts", "views": "native_views", "engagement": "native_engagement"}


async def read(session: ReadSession, it: Begun, step: str, zone: ZoneInfo = UTC) -> Life:
    """The columns that they tell; covered where all of its platforms that ever told do. Platforms add up."""
    life = await lives.read(session, it, step, zone)
    tags = select(CampaignHashtag.hashtag_id).where(CampaignHashtag.campaign_id == it.kept.id)
    tracks = await coverage.of_hashtags(session, list((await session.execute(tags)).scalars()), it.as_of)
    told = list((await native_counts.by_platform(session, tracks, life.edges, it.as_of)).values())
    count = len(life.edges) - 1
    columns: dict[str, curve.Column] = {name: [None] * count for name in curve.SERIES if name not in _SUMS}
    for name, native in _TOLD.items():
        given = [one[native] for one in told if native in one]
        if given:
            columns[name] = [None if None in each else sum(x or 0 for x in each) for each in zip(*given, strict=True)]
    columns["posts_total"] = list(accumulate(posts or 0 for posts in columns["posts"]))
    columns["coverage"] = [0.0 if posts is None else 1.0 for posts in columns["posts"]]
    return replace(life, columns=columns)
