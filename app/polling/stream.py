"""Holds a source's stream: what it says is kept page by page with its cursor, and covers the time it was heard.

One worker holds it, by a lease. What a stream did not say, because it was cut off, the polls find.
"""

import asyncio
import random
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from app import sources
from app.analysis.tags import normal
from app.clock import DAY, MINUTE, SECOND, Clock, rfc3339, to_ms
from app.db.engine import Database
from app.errors import Busy, Fenced
from app.failpoints import reached
from app.polling import cadence, outcome, terms, visits
from app.polling.patience import alive
from app.settings import Settings
from app.store import departures, keep, streams
from app.store.keep import Arrivals
from app.store.streams import Claimed, Listened
from collectors.contract import Streams
from collectors.errors import CollectorError, RateLimited, Refused, Unauthorized, Unavailable
from collectors.posts import Engagement
from collectors.streaming import Heard, Tags

LOOK_UP = 2 * SECOND
"""How soon a hashtag that is newly followed is sought for too."""
HOLD = 5 * SECOND
COVER = MINUTE
LONGEST = 5 * MINUTE
"""Between two tries of a stream that makes no sense."""
log = structlog.get_logger()


@dataclass(slots=True)
class Listening:
    """A stream that is ours. Milliseconds: `reached` and `covered` by the stream's clock, the others by ours."""

    db: Database
    settings: Settings
    clock: Clock
    claimed: Claimed
    tags: Tags
    reached: int | None
    tracks: list[Listened] = field(default_factory=list)
    live: bool = False
    kept_at: int = 0
    looked_up_at: int = 0
    covered: int = 0

    @property
    def now(self) -> int:
        return to_ms(self.clock.now())

    async def beat(self) -> None:
        async with self.db.write() as session:
            await streams.hold(session, self.claimed, self.now)


async def due(db: Database, now: int) -> list[int]:
    """Sources whose stream wants to be held, by us or by whoever is quicker."""
    async with db.read() as session:
        free = await streams.free(session, now)
    return [one.source_id for one in free if sources.streams(one)]


async def listen(db: Database, settings: Settings, clock: Clock, source_id: int) -> None:
    """Until the stream is cut off or we are stopped. A platform's failure becomes the stream's state."""
    ours = await _claim(db, settings, clock, source_id)
    if ours is None:
        return
    error: CollectorError = Unavailable("the stream came to its end")
    try:
        async with alive(ours.beat), sources.opened(db, settings, clock, source_id) as collector:
            if not isinstance(collector, Streams):
                raise Refused("this platform has no stream")
            await _hear(ours, collector)
    except CollectorError as caught:
        error = caught
    except Busy as caught:
        error = Unavailable(caught.detail)
    except asyncio.CancelledError:
        with suppress(Busy, Fenced):
            await _release(ours, "cut", "the worker stopped", ours.now)
        raise
    await _end(ours, error)


async def _claim(db: Database, settings: Settings, clock: Clock, source_id: int) -> Listening | None:
    now = to_ms(clock.now())
    async with db.write() as session:
        claimed = await streams.claim(session, source_id, now)
        if claimed is None:
            return None
        tracks = await streams.listened(session, source_id)
    names = [one.tag for one in tracks if one.until is None]
    return Listening(db, settings, clock, claimed, Tags(names, normal), claimed.reached, tracks)


async def _end(ours: Listening, error: CollectorError) -> None:
    now, failures = ours.now, 0 if ours.live else ours.claimed.failures + 1
    log.info("stream ended", source=ours.claimed.name, why=str(error)[:200])
    match error:
        case Unauthorized():
            await _release(ours, "stopped", str(error), now)
        case Refused():
            await _release(ours, "off", str(error), now + DAY)
        case RateLimited(until=datetime() as until):
            await _release(ours, "cut", str(error), min(to_ms(until), now + outcome.LONGEST_WAIT), failures)
        case Unavailable():
            await _release(ours, "cut", str(error), now + _jitter(outcome.backoff(failures)), failures)
        case _:
            await _release(
                ours, "cut", str(error), now + _jitter(min(LONGEST, outcome.backoff(failures) * 5)), failures
            )


def _jitter(wait: int) -> int:
    return random.randint(wait // 4, wait)


async def _release(ours: Listening, state: str, reason: str, due_at: int, failures: int = 0) -> None:
    async with ours.db.write() as session:
        await streams.release(session, ours.claimed, ours.now, state, reason[:300], due_at, failures)


async def _hear(ours: Listening, collector: Streams) -> None:
    """Each time: what was said is kept, then the hashtags are looked up. Nothing is said meanwhile that we miss."""
    claimed = ours.claimed
    async with aclosing(collector.stream(ours.tags, cursor=claimed.cursor, url=claimed.url)) as heard:
        async for one in heard:
            if not ours.live:
                await _begin(ours, one)
            await _keep(ours, one)
            await _tend(ours, to_ms(one.reached))


async def _begin(ours: Listening, one: Heard) -> None:
    """The connection speaks: where it does not go on from the cursor, something was missed."""
    now = ours.now
    async with ours.db.write() as session:
        await streams.hold(session, ours.claimed, now)
        await streams.live(session, ours.claimed, now)
        if one.begins is not None:
            begins = to_ms(one.begins)
            why = "the stream was cut off" if ours.reached is None else f"no stream from {rfc3339(ours.reached)} on"
            await streams.break_off(session, ours.tracks, ours.reached, begins, why)
            ours.reached = begins
        elif ours.reached is not None:
            await streams.prove(session, ours.tracks, ours.reached, ours.reached)
        ours.tracks = await streams.listened(session, ours.claimed.source_id)
    ours.live, ours.covered = True, ours.reached or 0


async def _keep(ours: Listening, one: Heard) -> None:
    """Rows and cursor in one transaction: a crash before the commit hears the page again."""
    now, claimed = ours.now, ours.claimed
    says = one.posts or one.removed or one.left or one.named
    if not says and now - ours.kept_at < HOLD:
        return
    counted = any(post.engagement != Engagement() for post in one.posts)
    plan = cadence.plan(now, ours.settings.poll_seconds * SECOND) if counted else cadence.first_look(now)
    plan = terms.plan(claimed.platform, now, plan)
    arrivals = Arrivals(
        claimed.platform, terms.posts(claimed.platform, one.posts, now), now, claimed.source_id, counted=counted,
        plan=plan, account_plan=now + cadence.ACCOUNTS_AGAIN if counted else now,
    )  # fmt: skip
    reached_now = min(to_ms(one.reached), now)
    async with ours.db.write() as session:
        await streams.hold(session, claimed, now, cursor=one.cursor, reached=reached_now)
        kept = await keep.keep(session, arrivals, now)
        await departures.remove(session, claimed.platform, claimed.source_id, one.removed, now)
        await departures.leave(session, claimed.platform, one.left, now)
        known = await departures.rename(session, claimed.platform, one.named, now)
        await visits.rebuild_curves(session, {*kept.influencers, *known}, now)
        reached("keeping what was heard")
    reached("kept what was heard")
    ours.kept_at, ours.reached = now, reached_now
    if one.skipped:
        log.warning("not understood", source=claimed.name, events=len(one.skipped), first=one.skipped[0])


async def _tend(ours: Listening, heard: int) -> None:
    """Hashtags come and go without a break: those that are new are heard from `heard` on. What was heard is covered."""
    now = ours.now
    if now - ours.looked_up_at < LOOK_UP:
        return
    async with ours.db.read() as session:
        found = await streams.listened(session, ours.claimed.source_id)
        url = await streams.url(session, ours.claimed.source_id)
    ours.looked_up_at = now
    changed = any((one.heard_from is None) == (one.until is None) for one in found)
    if changed or heard - ours.covered >= COVER:
        async with ours.db.write() as session:
            await streams.hold(session, ours.claimed, now)
            await streams.prove(session, found, heard, heard)
        ours.covered = heard
    ours.tags.change(one.tag for one in found if one.until is None)
    if not ours.tags.names or url != ours.claimed.url:
        raise Unavailable("nothing is followed here any more, or another stream is to be heard")
