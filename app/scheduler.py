"""The ticks. Due times live in our tables; APScheduler only wakes us, from memory, and is imported here alone."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeVar

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from app.alerts import deliver, ping
from app.alerts.letters import Writer
from app.alerts.watch import Watch
from app.clock import HOUR, Clock, to_ms
from app.db.engine import Database
from app.errors import Busy, Fenced
from app.polling import poll, refresh, stream
from app.privacy import compliance
from app.privacy import sweep as privacy
from app.settings import Settings
from app.store import sources, tracks, upkeep

STOP_WITHIN_S = 25.0
PING_EVERY_S = 60
K = TypeVar("K")
V = TypeVar("V")
log = structlog.get_logger()


class Scheduler:
    """Polls what is due, refreshes what is known, sweeps what is old. N of them may share a database."""

    def __init__(self, db: Database, settings: Settings, clock: Clock, writer: Writer | None = None) -> None:
        self._db, self._settings, self._clock = db, settings, clock
        self._ticks = AsyncIOScheduler(job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None})
        self._polled: dict[int, int] = {}  # the source of each track that is being polled
        self._refreshed: dict[int, int] = {}
        self._streamed: dict[int, int] = {}
        self._listening: set[asyncio.Task[None]] = set()
        self._sender = deliver.Sender(db, settings, clock, writer=writer)
        self._watch = Watch(db, settings, clock)
        self._watching: dict[str, bool] = {}
        self._handing_out: dict[str, bool] = {}
        self._sent: dict[str, bool] = {}  # what is on its way, and whether to an endpoint that fails
        self._well: dict[str, float] = {}  # when each tick last went well
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def start(self) -> None:
        for tick, seconds in (
            (self._poll, 1),
            (self._refresh, 2),
            (self._stream, 2),
            (self._detect, 2),
            (self._deliver, 1),
        ):
            self._well[tick.__name__] = self._clock.monotonic()
            self._ticks.add_job(_caught(self._noted(tick)), "interval", seconds=seconds)
        self._ticks.add_job(_caught(self._sweep), "interval", seconds=HOUR // 1_000)
        if self._settings.ping_url:
            self._ticks.add_job(_caught(self._ping), "interval", seconds=PING_EVERY_S)
        self._ticks.start()

    async def stop(self) -> None:
        """No new work; what runs may finish, then is cut off: its claims lapse and the next worker goes on."""
        self._stopping = True
        self._sender.stop()
        self._ticks.shutdown(wait=False)
        for task in self._listening:  # a stream has no end of its own; the next worker goes on from its cursor
            task.cancel()
        if self._tasks:
            _, late = await asyncio.wait(set(self._tasks), timeout=STOP_WITHIN_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._sender.close()

    def _spawn(self, running: dict[K, V], key: K, work: Coroutine[object, object, object]) -> asyncio.Task[None]:
        async def run() -> None:
            try:
                await work
            finally:
                running.pop(key, None)

        task = asyncio.create_task(_caught(run)())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _noted(self, tick: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            await tick()
            self._well[tick.__name__] = self._clock.monotonic()

        return run

    async def _ping(self) -> None:
        """Only while every tick goes well: silence is what the watchdog listens for."""
        now = self._clock.monotonic()
        if all(now - well < PING_EVERY_S for well in self._well.values()):
            await ping.ping(self._settings)

    async def _poll(self) -> None:
        """No source takes more than half of the workers: a slow one does not hold up the others."""
        free = self._settings.workers - len(self._polled)
        if self._stopping or free <= 0:
            return
        most, busy = max(1, self._settings.workers // 2), Counter(self._polled.values())
        async with self._db.read() as session:
            full = [source for source, running in busy.items() if running >= most]
            due = await tracks.due(session, to_ms(self._clock.now()), 2 * self._settings.workers, full)
        for track_id, source_id in due:
            if track_id not in self._polled and busy[source_id] < most and len(self._polled) < self._settings.workers:
                busy[source_id] += 1
                self._polled[track_id] = source_id
                self._spawn(self._polled, track_id, poll.visit(self._db, self._settings, self._clock, track_id))

    async def _refresh(self) -> None:
        async with self._db.read() as session:
            due = await sources.to_refresh(session, to_ms(self._clock.now()))
        for source_id in due:
            if source_id not in self._refreshed and not self._stopping:
                self._refreshed[source_id] = source_id
                self._spawn(
                    self._refreshed, source_id, refresh.refresh(self._db, self._settings, self._clock, source_id)
                )

    async def _stream(self) -> None:
        for source_id in await stream.due(self._db, to_ms(self._clock.now())):
            if source_id not in self._streamed and not self._stopping:
                self._streamed[source_id] = source_id
                listening = stream.listen(self._db, self._settings, self._clock, source_id)
                task = self._spawn(self._streamed, source_id, listening)
                self._listening.add(task)
                task.add_done_callback(self._listening.discard)

    async def _detect(self) -> None:
        if not self._watching and not self._stopping:
            self._watching["all"] = True
            self._spawn(self._watching, "all", self._watch.tick())

    async def _deliver(self) -> None:
        if not self._handing_out and not self._stopping:
            self._handing_out["all"] = True
            self._spawn(self._handing_out, "all", self._hand_out())

    async def _hand_out(self) -> None:
        """Until nothing is left that has room."""
        more = True
        while more and not self._stopping:
            more = False
            for ill, most in ((False, deliver.SOUND), (True, deliver.ILL)):
                room = most - sum(lane == ill for lane in self._sent.values())
                claimed = await self._sender.claim(room, ill=ill) if room > 0 else []
                more |= 0 < room <= len(claimed)
                for one in claimed:
                    self._sent[one.id] = ill
                    self._spawn(self._sent, one.id, self._sender.carry(one))
            await asyncio.sleep(0.05)

    async def _sweep(self) -> None:
        now = to_ms(self._clock.now())
        async with self._db.write() as session:
            await upkeep.drop_old(session, now)
        await compliance.ask(self._db, self._settings, self._clock)
        await privacy.sweep(self._db, now)


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
