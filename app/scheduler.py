"""The ticks. Due times live in our tables; APScheduler only wakes us, from memory, and is imported here alone."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from app.clock import HOUR, Clock, to_ms
from app.db.engine import Database
from app.errors import Busy, Fenced
from app.polling import poll, refresh
from app.settings import Settings
from app.store import sources, tracks, upkeep

STOP_WITHIN_S = 25.0
log = structlog.get_logger()


class Scheduler:
    """Polls what is due, refreshes what is known, sweeps what is old. N of them may share a database."""

    def __init__(self, db: Database, settings: Settings, clock: Clock) -> None:
        self._db, self._settings, self._clock = db, settings, clock
        self._ticks = AsyncIOScheduler(job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None})
        self._running: dict[object, asyncio.Task[None]] = {}
        self._stopping = False

    async def start(self) -> None:
        for tick, seconds in ((self._poll, 1), (self._refresh, 2), (self._sweep, HOUR // 1_000)):
            self._ticks.add_job(_caught(tick), "interval", seconds=seconds)
        self._ticks.start()

    async def stop(self) -> None:
        """No new work; what runs may finish, then is cut off: its claims lapse and the next worker goes on."""
        self._stopping = True
        self._ticks.shutdown(wait=False)
        if self._running:
            _, late = await asyncio.wait(self._running.values(), timeout=STOP_WITHIN_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _spawn(self, key: object, work: Coroutine[object, object, object]) -> None:
        async def run() -> None:
            try:
                await work
            finally:
                self._running.pop(key, None)

        self._running[key] = asyncio.create_task(_caught(run)())

    async def _poll(self) -> None:
        free = self._settings.workers - sum(1 for key in self._running if isinstance(key, int))
        if self._stopping or free <= 0:
            return
        async with self._db.read() as session:
            due = await tracks.due(session, to_ms(self._clock.now()), free * 2)
        for track_id in [one for one in due if one not in self._running][:free]:
            self._spawn(track_id, poll.visit(self._db, self._settings, self._clock, track_id))

    async def _refresh(self) -> None:
        now = to_ms(self._clock.now())
        async with self._db.read() as session:
            live = await sources.live(session)
        for source in live:
            key = ("refresh", source.id)
            waits = source.state == "stopped" or (source.waits_until or 0) > now
            if not waits and not self._stopping and key not in self._running:
                self._spawn(key, refresh.refresh(self._db, self._settings, self._clock, source.id))

    async def _sweep(self) -> None:
        async with self._db.write() as session:
            await upkeep.drop_old(session, to_ms(self._clock.now()))


def _caught(tick: Callable[[], Awaitable[None]]) -> Callable[[], Coroutine[object, object, None]]:
    """The one place that catches everything: it is logged, and the other tracks go on."""

    async def run() -> None:
        try:
            await tick()
        except Fenced as error:
            log.info("fenced", why=str(error))
        except Busy as error:
            log.warning("database busy", why=error.detail)
            await asyncio.sleep(random.uniform(0.5, 2.0))
        except Exception:
            log.exception("a tick failed")

    return run
