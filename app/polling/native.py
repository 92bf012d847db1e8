"""The platform's own counts of a hashtag, read with each deep pass: what a source counts itself costs one call."""

import structlog

from app.clock import to_ms
from app.polling.visits import Visit
from app.store import native_counts, tracks
from collectors.contract import Collector, Counts
from collectors.errors import CollectorError
from collectors.posts import CountBucket

log = structlog.get_logger()


async def read(ours: Visit, collector: Collector) -> None:
    """What fails here takes nothing from the pass: the next deep one asks again."""
    if not isinstance(collector, Counts) or not await _is_deep(ours):
        return
    try:
        buckets = await collector.counts(ours.claimed.tag)
    except CollectorError as error:
        log.info("native_counts_not_read", tag=ours.claimed.tag, source=ours.summary.source, why=str(error))
        return
    async with ours.db.write() as session:
        await tracks.hold(session, ours.claimed, ours.now)
        await native_counts.keep(session, [_row(ours.claimed.id, one) for one in buckets], ours.now)


async def _is_deep(ours: Visit) -> bool:
    async with ours.db.read() as session:
        return await tracks.deep_at(session, ours.claimed.id) != ours.claimed.deep_at


def _row(track: int, one: CountBucket) -> native_counts.Native:
    start = to_ms(one.start)
    return track, start, to_ms(one.end) - start, one.posts, one.authors, one.views, one.engagement
