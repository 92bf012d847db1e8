"""Reads the levels of known posts again, in full batches: without it there is discovery, but no growth."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import structlog

from app import sources
from app.clock import DAY, HOUR, MINUTE, SECOND, Clock, to_ms
from app.db.engine import Database, Session
from app.errors import Busy, Fenced
from app.failpoints import reached
from app.polling import cadence, outcome, terms, visits
from app.polling.outcome import PassSummary
from app.polling.patience import Patience, alive
from app.settings import Settings
from app.store import accounts, keep, refreshing
from app.store import sources as source_rows
from app.store.keep import Arrivals
from app.store.refreshing import Known
from collectors.contract import Collector, ReadsAccounts, Refreshes
from collectors.errors import CollectorError, RateLimited, Spent, Unauthorized
from collectors.posts import Looked

BATCHES = 50
"""Batches that one refresh makes before it gives the lease back."""
SPARE = 0.2
"""The part of each budget that refreshing leaves to discovery: a post that was never found cannot be made up for."""

log = structlog.get_logger()


@dataclass(slots=True)
class Refresh:
    """A refresh under way: a source's lease, by its term."""

    db: Database
    settings: Settings
    clock: Clock
    source: source_rows.Live
    term: int
    patience: Patience
    summary: PassSummary
    again_at: int | None = None

    @property
    def now(self) -> int:
        return to_ms(self.clock.now())

    async def beat(self) -> None:
        async with self.db.write() as session:
            await source_rows.hold_refresh(session, self.source.id, self.term, self.now)


async def refresh(db: Database, settings: Settings, clock: Clock, source_id: int) -> PassSummary | None:
    """What is due on one source. None: another worker is at it."""
    ours = await _claim(db, settings, clock, source_id, patient=False)
    if ours is None:
        return None
    await _told(ours, _look_at_due(ours))
    return ours.summary


async def refresh_these(
    db: Database, settings: Settings, clock: Clock, source_id: int, posts: Sequence[Known], summary: PassSummary
) -> bool:
    """Read the levels of just these posts now, due or not. False: another worker refreshes this source."""
    ours = await _claim(db, settings, clock, source_id, patient=True)
    if ours is None:
        return False
    ours.summary = summary
    await _told(ours, _look_at(ours, posts))
    return True


async def _claim(db: Database, settings: Settings, clock: Clock, source_id: int, *, patient: bool) -> Refresh | None:
    now = to_ms(clock.now())
    async with db.write() as session:
        term = await source_rows.claim_refresh(session, source_id, now)
        if term is None:
            return None
        source = source_rows.Live.of(await source_rows.by_id(session, source_id))
    return Refresh(db, settings, clock, source, term, Patience(clock, patient), PassSummary("", source.name))


async def _told(ours: Refresh, work: Awaitable[None]) -> None:
    """Runs the work; a platform's failure becomes the source's state. The lease is given back in any case."""
    error = None
    try:
        async with alive(ours.beat):
            await work
    except CollectorError as caught:
        error = caught
    except asyncio.CancelledError:
        with suppress(Busy, Fenced):
            await _release(ours, None)
        raise
    await _release(ours, error)


async def _release(ours: Refresh, error: CollectorError | None) -> None:
    now, source = ours.now, ours.source
    async with ours.db.write() as session:
        if error is None:
            await source_rows.release_refresh(session, source.id, ours.term, ours.again_at)
            return
        failures = (await source_rows.by_id(session, source.id)).failures + 1
        verdict = outcome.judge(error, now, failures)
        ours.summary.worse("partial" if ours.summary.refreshed or ours.summary.pages else "failed", verdict.reason)
        await source_rows.release_refresh(session, source.id, ours.term, verdict.waits_until or now + MINUTE)
        # What is left of our own budget is for discovery: the source need not wait.
        if not isinstance(error, Spent):
            await source_rows.set_state(session, source.id, verdict.state, verdict.reason, now, verdict.waits_until)


async def _look_at_due(ours: Refresh) -> None:
    async with sources.opened(ours.db, ours.settings, ours.clock, ours.source.id, SPARE) as collector:
        if isinstance(collector, Refreshes) and collector.offer.batch_size:
            for _ in range(BATCHES):
                batch = await _due(ours, collector.offer.batch_size)
                if not batch:
                    break
                await _batch(ours, collector, batch)
        if isinstance(collector, ReadsAccounts) and collector.offer.accounts_batch:
            await _accounts(ours, collector, collector)


async def _due(ours: Refresh, size: int) -> list[Known]:
    """A batch is filled with those next due, since it costs the same call; none where nothing is due yet."""
    ahead = ours.now + cadence.SHORTEST // 2
    async with ours.db.read() as session:
        if not await refreshing.due_posts(session, ours.source.id, ours.now, 1):
            return []
        return await refreshing.due_posts(session, ours.source.id, ahead, size)


async def _look_at(ours: Refresh, posts: Sequence[Known]) -> None:
    async with sources.opened(ours.db, ours.settings, ours.clock, ours.source.id) as collector:
        if not isinstance(collector, Refreshes) or not collector.offer.batch_size:
            return
        left, size = list(posts), collector.offer.batch_size
        while left:
            batch, left = left[:size], left[size:]
            unread = await _batch(ours, collector, batch)
            # Cut short by a budget on the way: the rest is asked for again. Nothing learned at all: given up.
            left = unread + left if len(unread) < len(batch) else left


PutOff = Callable[[Session, Sequence[Known], int], Awaitable[None]]


@asynccontextmanager
async def _or_put_off(ours: Refresh, asked: Sequence[Known], put_off: PutOff, wait: int) -> AsyncIterator[None]:
    """Where one of them is in the way of all, the rest get their turn: these come later, by lot in other company."""
    try:
        yield
    except (RateLimited, Unauthorized, Busy, Fenced):
        raise
    except Exception:
        by_lot = random.sample(asked, len(asked))
        async with ours.db.write() as session:
            await source_rows.hold_refresh(session, ours.source.id, ours.term, ours.now)
            await put_off(session, by_lot[::2], ours.now + wait)
            await put_off(session, by_lot[1::2], ours.now + 2 * wait)
        raise


async def _batch(ours: Refresh, collector: Refreshes, batch: Sequence[Known]) -> list[Known]:
    """Returns those of which nothing was learned."""
    async with _or_put_off(ours, batch, refreshing.put_off_posts, cadence.SHORTEST):
        return await _read(ours, collector, batch)


async def _read(ours: Refresh, collector: Refreshes, batch: Sequence[Known]) -> list[Known]:
    looked = await _asked(ours, collector, [post.local_id for post in batch])
    now, shown = ours.now, {post.local_id for post in looked.posts}
    absent = [post for post in batch if post.local_id in looked.absent]
    unread = [post for post in batch if post.local_id not in looked.absent and post.local_id not in shown]
    arrivals = Arrivals(
        ours.source.network, terms.posts(ours.source.platform, looked.posts, now), now, ours.source.id,
        plan=terms.plan(ours.source.platform, now, cadence.plan(now, ours.settings.poll_seconds * SECOND)),
        account_plan=now + cadence.ACCOUNTS_AGAIN,
    )  # fmt: skip
    async with ours.db.write() as session:
        await source_rows.hold_refresh(session, ours.source.id, ours.term, now)
        kept = await keep.keep(session, arrivals, now)
        waits = [cadence.next_look_when_absent(post.absences + 1, now) for post in absent]
        gone = await refreshing.mark_absent(session, absent, waits, now)
        await refreshing.put_off_posts(session, unread, now + cadence.SHORTEST)
        await visits.rebuild_curves(session, kept.influencers, now)
        reached("refreshing")
    reached("refreshed")
    ours.summary.refreshed += len(looked.posts)
    ours.summary.looks_new += kept.looks_new
    ours.summary.absent += len(absent)
    ours.summary.gone += len(gone)
    return unread


async def _asked(ours: Refresh, collector: Refreshes, ids: Sequence[str]) -> Looked:
    while True:
        try:
            looked = await collector.look(ids)
        except CollectorError as error:
            await ours.patience.after(error)
        else:
            ours.patience.answered()
            return looked


async def _accounts(ours: Refresh, reads: ReadsAccounts, collector: Collector) -> None:
    """Followers of authors whose last reading is a day old, and in the same call of those for whom it soon will be."""
    async with ours.db.read() as session:
        if not await refreshing.due_accounts(session, ours.source.id, ours.now, 1):
            return
        ahead, size = ours.now + cadence.ACCOUNTS_AHEAD, collector.offer.accounts_batch
        due = await refreshing.due_accounts(session, ours.source.id, ahead, size)
    async with _or_put_off(ours, due, refreshing.put_off_accounts, HOUR):
        await _read_accounts(ours, reads, due)


async def _read_accounts(ours: Refresh, reads: ReadsAccounts, due: Sequence[Known]) -> None:
    looked = await reads.accounts([account.local_id for account in due])
    now = ours.now
    shown = terms.authors(ours.source.platform, looked.accounts)
    seen = [accounts.Seen(ours.source.network, one, now, now + cadence.ACCOUNTS_AGAIN) for one in shown]
    found = {one.id for one in seen}
    absent = [one for one in due if one.local_id in looked.absent and one.id not in found]
    unread = [one for one in due if one.local_id not in looked.absent and one.id not in found]
    async with ours.db.write() as session:
        await source_rows.hold_refresh(session, ours.source.id, ours.term, now)
        recognised = await accounts.keep(session, seen, ours.source.id)
        await refreshing.put_off_accounts(session, absent, now + 7 * DAY)
        await refreshing.put_off_accounts(session, unread, now + HOUR)
        await visits.rebuild_curves(session, recognised, now)
