"""Reads the levels of known posts again, in full batches: without it there is discovery, but no growth."""

import random
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

import structlog

from app import sources
from app.clock import DAY, SECOND, Clock, to_ms
from app.db.engine import Database
from app.polling import cadence
from app.polling.outcome import PassSummary, backoff, judge
from app.polling.poll import ACCOUNTS_AGAIN
from app.settings import Settings
from app.store import accounts, keep, rebuild, refreshing
from app.store import sources as source_rows
from app.store.keep import Arrivals
from app.store.refreshing import Known
from app.store.subjects import subject_key
from collectors.contract import Collector, ReadsAccounts, Refreshes
from collectors.errors import CollectorError, Unavailable
from collectors.posts import Looked

TRIES = 5
BATCHES = 50
"""Batches that one refresh makes before it gives the lease back."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Opened:
    """The source as it was when the lease began."""

    id: int
    name: str
    platform: str
    failures: int


@dataclass(slots=True)
class Refresh:
    """A refresh under way: a source's lease, by its term."""

    db: Database
    settings: Settings
    clock: Clock
    source: Opened
    term: int
    summary: PassSummary

    @property
    def now(self) -> int:
        return to_ms(self.clock.now())


async def refresh(db: Database, settings: Settings, clock: Clock, source_id: int) -> PassSummary | None:
    """What is due on one source. None: another worker is at it."""
    ours = await _claim(db, settings, clock, source_id)
    if ours is None:
        return None
    await _told(ours, _look_at_due(ours))
    return ours.summary


async def refresh_these(
    db: Database, settings: Settings, clock: Clock, source_id: int, posts: Sequence[Known], summary: PassSummary
) -> bool:
    """Read the levels of just these posts now, due or not. False: another worker refreshes this source."""
    ours = await _claim(db, settings, clock, source_id)
    if ours is None:
        return False
    ours.summary = summary
    await _told(ours, _look_at(ours, posts))
    return True


async def _claim(db: Database, settings: Settings, clock: Clock, source_id: int) -> Refresh | None:
    now = to_ms(clock.now())
    async with db.write() as session:
        term = await source_rows.claim_refresh(session, source_id, now)
        if term is None:
            return None
        row = await source_rows.by_id(session, source_id)
        source = Opened(row.id, row.name, row.platform, row.failures)
    return Refresh(db, settings, clock, source, term, PassSummary("", source.name))


async def _told(ours: Refresh, work: Awaitable[None]) -> None:
    """Runs the work; a platform's failure becomes the source's state. The lease is given back in any case."""
    verdict = None
    try:
        await work
    except CollectorError as error:
        verdict = judge(error, ours.now, ours.source.failures + 1)
        ours.summary.worse("partial" if ours.summary.refreshed else "failed", verdict.reason)
    async with ours.db.write() as session:
        await source_rows.hold_refresh(session, ours.source.id, ours.term, None)
        if verdict:
            await source_rows.set_state(
                session, ours.source.id, verdict.state, verdict.reason, ours.now, verdict.waits_until
            )


async def _look_at_due(ours: Refresh) -> None:
    async with sources.opened(ours.db, ours.settings, ours.clock, ours.source.id) as collector:
        if isinstance(collector, Refreshes) and collector.offer.batch_size:
            for _ in range(BATCHES):
                async with ours.db.read() as session:
                    # A batch is filled with those next due, since it costs the same call.
                    ahead = ours.now + cadence.SHORTEST // 2
                    batch = await refreshing.due_posts(session, ours.source.id, ours.now, 1)
                    if batch:
                        batch = await refreshing.due_posts(session, ours.source.id, ahead, collector.offer.batch_size)
                if not batch:
                    break
                await _batch(ours, collector, batch)
        if isinstance(collector, ReadsAccounts) and collector.offer.accounts_batch:
            await _accounts(ours, collector, collector)


async def _look_at(ours: Refresh, posts: Sequence[Known]) -> None:
    async with sources.opened(ours.db, ours.settings, ours.clock, ours.source.id) as collector:
        if not isinstance(collector, Refreshes) or not collector.offer.batch_size:
            return
        size = collector.offer.batch_size
        for start in range(0, len(posts), size):
            await _batch(ours, collector, posts[start : start + size])


async def _batch(ours: Refresh, collector: Refreshes, batch: Sequence[Known]) -> None:
    looked = await _asked(ours, collector, [post.local_id for post in batch])
    now, absent = ours.now, [post for post in batch if post.local_id in looked.absent]
    shortest = min(cadence.SHORTEST, ours.settings.poll_seconds * SECOND)
    arrivals = Arrivals(
        ours.source.platform, looked.posts, now, ours.source.id,
        plan=lambda born: cadence.next_look(born, now, shortest), account_plan=now + ACCOUNTS_AGAIN,
    )  # fmt: skip
    async with ours.db.write() as session:
        await source_rows.hold_refresh(session, ours.source.id, ours.term, now + source_rows.LEASE_MS)
        kept = await keep.keep(session, arrivals, now)
        waits = [cadence.next_look_when_absent(post.absences + 1, now) for post in absent]
        gone = await refreshing.mark_absent(session, absent, waits)
        for influencer in kept.influencers:
            await rebuild.rebuild(session, subject_key("influencer", influencer), now)
    ours.summary.refreshed += len(looked.posts)
    ours.summary.looks_new += kept.looks_new
    ours.summary.absent += len(absent)
    ours.summary.gone += len(gone)


async def _asked(ours: Refresh, collector: Refreshes, ids: Sequence[str]) -> Looked:
    """Asked again with full jitter where the platform was out of reach, five times at most."""
    for tries in range(1, TRIES + 1):
        try:
            return await collector.look(ids)
        except Unavailable:
            if tries == TRIES:
                raise
            await ours.clock.sleep(random.uniform(0.1, backoff(tries) / SECOND))
    raise AssertionError("unreachable")


async def _accounts(ours: Refresh, reads: ReadsAccounts, collector: Collector) -> None:
    """Followers of the authors whose last reading is a day old."""
    async with ours.db.read() as session:
        due = await refreshing.due_accounts(session, ours.source.id, ours.now, collector.offer.accounts_batch)
    if not due:
        return
    looked = await reads.accounts([account.local_id for account in due])
    now = ours.now
    seen = [accounts.Seen(ours.source.platform, account, now, now + ACCOUNTS_AGAIN) for account in looked.accounts]
    async with ours.db.write() as session:
        await source_rows.hold_refresh(session, ours.source.id, ours.term, now + source_rows.LEASE_MS)
        await accounts.keep(session, seen, ours.source.id)
        found = {one.id for one in seen}
        await refreshing.put_off(session, [one.id for one in due if one.id not in found], now + 7 * DAY)
