"""A campaign's whole life as columns, and where it began: what comparisons and credits are made of."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import select

from app.analysis import calendar, curve
from app.analysis.shape import Ints
from app.analysis.statistics import columns, summary
from app.analysis.statistics.measured import TIME, Measured, exactly
from app.clock import DAY, EARLIEST, LATEST
from app.db.engine import ReadSession
from app.errors import Invalid
from app.models import CampaignHashtag
from app.store import coverage
from app.store.as_of import sums_of
from app.store.campaigns import Kept
from app.store.subjects import subject_key
from app.store.sums import Source, nothing

UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Begun:
    """A campaign to be read at `now`, from its launch or first post on, whichever is earlier.

    `as_of`: from the facts that were known then (`now` is that instant); None: from the sums as they are.
    """

    kept: Kept
    sums: Source
    start: int
    now: int
    as_of: int | None


@dataclass(frozen=True, slots=True)
class Life:
    """All columns of a campaign's curve, over edges that begin where it began."""

    kept: Kept
    edges: Ints
    columns: dict[str, curve.Column]
    sums: Source
    now: int
    as_of: int | None

    def began(self) -> Measured:
        """The launch as declared, else as found; null says why there is none."""
        posts = columns.read(self.columns, self.edges, self.now, "posts")
        return summary.began(posts, self.kept.it.launched_at)


async def begin(session: ReadSession, kept: Kept, now: int, as_of: int | None = None) -> Begun:
    sums = sums_of(session, subject_key("campaign", kept.id), as_of)
    known = [at for at in (await sums.first(), kept.it.launched_at) if at is not None]
    return Begun(kept, sums, min([*known, now - 1]), now, as_of)


def step_for(start: int, end: int) -> str:
    """The finest of hours and days that can be shown."""
    hours = (end - start) // calendar.STEPS["1h"]
    return "1h" if hours < calendar.MOST_BUCKETS else "1d"


async def read(session: ReadSession, it: Begun, step: str | None = None, zone: ZoneInfo = UTC) -> Life:
    """At the finest step that can be shown, if none is given."""
    kept, now = it.kept, it.now
    step = step or step_for(it.start, now)
    if not EARLIEST + 8 * DAY <= it.start <= now <= LATEST - 8 * DAY:
        raise Invalid("campaign", kept.it.slug, "begins outside the years that can be shown")
    try:
        edges = calendar.edges(it.start, now, step, zone)
    except calendar.TooMany as error:
        raise Invalid("campaign", kept.it.slug, f"is too old to be compared: {error}") from None
    parts = list((await it.sums.read(edges, step, None)).values())
    tags = select(CampaignHashtag.hashtag_id).where(CampaignHashtag.campaign_id == kept.id)
    tracks = await coverage.of_hashtags(session, list((await session.execute(tags)).scalars()), it.as_of)
    empty = nothing(edges)
    buckets = curve.Buckets(
        edges,
        sum((one.within for one in parts), empty.within),
        sum((one.before for one in parts), empty.before),
        curve.coverage(edges, [(track.owed(now), track.covered()) for track in tracks]),
    )
    return Life(kept, np.asarray(edges, dtype=np.int64), curve.series(buckets), it.sums, now, it.as_of)


async def launch(session: ReadSession, kept: Kept, now: int) -> Measured:
    """Where the campaign began: as declared, else found in its hourly (daily, when it is old) posts."""
    if kept.it.launched_at is not None:  # of any year, and its curve need not be read
        return exactly(kept.it.launched_at, TIME, "declared")
    return (await read(session, await begin(session, kept, now))).began()
