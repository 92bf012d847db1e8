"""A campaign's whole life as columns, and where it began: what comparisons and credits are made of."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import select

from app.analysis import calendar, curve
from app.analysis.shape import Ints
from app.analysis.statistics import columns, summary
from app.analysis.statistics.measured import Measured
from app.clock import DAY, EARLIEST, LATEST
from app.db.engine import ReadSession
from app.errors import Invalid
from app.models import CampaignHashtag
from app.store import coverage
from app.store.campaigns import Kept
from app.store.subjects import subject_key
from app.store.sums import Rollups, nothing

UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Life:
    """All columns of a campaign's curve, over edges that begin at its launch or first post, whichever is earlier."""

    kept: Kept
    edges: Ints
    columns: dict[str, curve.Column]
    sums: Rollups

    def began(self, now: int) -> Measured:
        """The launch as declared, else as found; null says why there is none."""
        posts = columns.read(self.columns, self.edges, now, "posts")
        return summary.began(posts, self.kept.it.launched_at)


async def since(session: ReadSession, kept: Kept, now: int) -> int:
    first = await Rollups(session, subject_key("campaign", kept.id)).first()
    known = [at for at in (first, kept.it.launched_at) if at is not None]
    return min([*known, now - 1])


def step_for(start: int, end: int) -> str:
    """The finest of hours and days that can be shown."""
    hours = (end - start) // calendar.STEPS["1h"]
    return "1h" if hours < calendar.MOST_BUCKETS else "1d"


async def read(session: ReadSession, kept: Kept, step: str, now: int, zone: ZoneInfo = UTC) -> Life:
    start = await since(session, kept, now)
    if not EARLIEST + 8 * DAY <= start <= now <= LATEST - 8 * DAY:
        raise Invalid("campaign", kept.it.slug, "begins outside the years that can be shown")
    try:
        edges = calendar.edges(start, now, step, zone)
    except calendar.TooMany as error:
        raise Invalid("campaign", kept.it.slug, f"is too old to be compared: {error}") from None
    sums = Rollups(session, subject_key("campaign", kept.id))
    parts = list((await sums.read(edges, step, None)).values())
    tags = select(CampaignHashtag.hashtag_id).where(CampaignHashtag.campaign_id == kept.id)
    tracks = await coverage.of_hashtags(session, list((await session.execute(tags)).scalars()))
    empty = nothing(edges)
    buckets = curve.Buckets(
        edges,
        sum((one.within for one in parts), empty.within),
        sum((one.before for one in parts), empty.before),
        curve.coverage(edges, [(track.owed(now), track.covered()) for track in tracks]),
    )
    return Life(kept, np.asarray(edges, dtype=np.int64), curve.series(buckets), sums)


async def launch(session: ReadSession, kept: Kept, now: int) -> Measured:
    """Where the campaign began: as declared, else found in its hourly (daily, when it is old) posts."""
    step = step_for(await since(session, kept, now), now)
    return (await read(session, kept, step, now)).began(now)
