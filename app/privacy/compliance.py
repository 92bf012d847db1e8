"""Asks platforms that have such jobs which of our posts are gone: begun, uploaded, asked for again, applied."""

import structlog

from app import sources
from app.clock import HOUR, Clock, to_ms
from app.db.engine import Database
from app.failpoints import reached
from app.privacy.limits import with_jobs
from app.settings import Settings
from app.store import compliance
from collectors.errors import CollectorError, RateLimited, Unavailable
from collectors.policy import Complies

EVERY = 6 * HOUR
"""From one round to the next: what is deleted is learned of within this, and the time that a job takes."""
log = structlog.get_logger()


async def ask(db: Database, settings: Settings, clock: Clock) -> int:
    """One step for each source; returns how many posts were learned to be gone. A platform's failure waits an hour."""
    async with db.read() as session:
        ids = await compliance.sources(session, with_jobs())
    count = 0
    for source_id in ids:
        try:
            count += await _step(db, settings, clock, source_id)
        except CollectorError as error:
            log.warning("compliance", source=source_id, why=str(error))
    return count


async def _step(db: Database, settings: Settings, clock: Clock, source_id: int) -> int:
    now = to_ms(clock.now())
    async with db.read() as session:
        row = await compliance.stands(session, source_id)
    job, after, at = (row.job, row.after, row.at) if row else (None, 0, 0)
    if job is None and not after and row is not None and now - at < EVERY:
        return 0
    # A job is its app's: with the credential of another, lent, it would not be found.
    async with sources.opened(db, settings, clock, source_id, own=True) as collector:
        if not isinstance(collector, Complies):
            return 0
        count = await _applied(db, collector, source_id, job, (after, at), now) if job else 0
        if count is None:
            return 0
        await _begun(db, collector, source_id, (after, at if after else now), now)
    return count


async def _applied(
    db: Database, collector: Complies, source_id: int, job: str, place: tuple[int, int], now: int
) -> int | None:
    """None: it still runs. One that failed is asked for no more: its posts come with the next round.

    A server that cannot answer now says nothing of the job.
    """
    try:
        gone = await collector.gone(job)
    except (RateLimited, Unavailable):
        raise
    except CollectorError:
        async with db.write() as session:
            await compliance.keep(session, source_id, None, 0, 0)
        raise
    if gone is None:
        return None
    async with db.write() as session:
        count = await compliance.apply(session, source_id, gone, now)
        await compliance.keep(session, source_id, None, *place)
        reached("complying")
    return count


async def _begun(db: Database, collector: Complies, source_id: int, place: tuple[int, int], now: int) -> None:
    """The next posts; when there are no more, the round is over, and the next begins in a while."""
    after, at = place
    async with db.read() as session:
        posts = await compliance.next_posts(session, source_id, after, collector.jobs_of)
    if after and not posts and now - at < EVERY:
        async with db.write() as session:
            await compliance.keep(session, source_id, None, 0, at)
        return
    if not posts:
        async with db.write() as session:
            await compliance.keep(session, source_id, None, 0, now)
        return
    job = await collector.begin([local for _, local in posts])
    async with db.write() as session:
        await compliance.keep(session, source_id, job, posts[-1][0], at)
