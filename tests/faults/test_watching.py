"""Killed while rules are judged, the database held, full or gone, clocks that step: K3, K5, D1 to D3, S3, S5."""

import asyncio
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import event, select, text, update

from app.clock import DAY, MINUTE, SystemClock, bucket_of
from app.db.engine import Database
from app.errors import Busy
from app.models import DetectorState, Job, Track
from app.store import coverage, rules
from app.store.rules import Watched
from tests.alerts.field import Field
from tests.alerts.watched import check
from tests.clocks import FakeClock
from tests.faults.test_database import held
from tests.faults.workers import nursery

FIRED = [("firing", 1, 1, "sent")]


async def ready(db: Database, clock: FakeClock | SystemClock) -> Field:
    field = Field(db, clock)
    await field.follow()
    await field.usual()
    await field.poll()
    await field.watch.run()
    return field


async def takes_off(field: Field) -> None:
    """What was seen once is about to be seen again."""
    await field.sums(bucket_of(field.now, 300_000) - 300_000, [150, 150])
    await field.poll()
    async with field.db.write() as session:
        await session.execute(update(Track).values(due_at=field.now + 60 * MINUTE))  # nobody polls it


async def test_k3_killed_at_every_place_where_it_hurts(db: Database, tmp_path: Path) -> None:
    """Before the commit nothing was said; after it, all of it; and the next worker says nothing twice."""
    field = await ready(db, SystemClock())
    await takes_off(field)
    await field.watch.run()
    async with nursery(db.url, tmp_path / "log") as workers:
        for where, told in (("telling", []), ("telling", []), ("told", FIRED)):
            await takes_off(field)
            pid = await workers.start(f"{where}:1")
            assert await asyncio.wait_for(workers.ended(pid), 30) == -signal.SIGKILL, where
            assert await field.turns() == told
            await check(db)
        healed_at = field.now
        await takes_off(field)
        pid = await workers.start()
        while field.now < healed_at + MINUTE and not await _judged(field, healed_at):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        assert await _judged(field, healed_at)
        assert await workers.kill(pid, signal.SIGTERM) == 0
        assert await field.turns() == FIRED
        await check(db)


async def test_k3_a_digest_whose_worker_is_killed_is_told_once(db: Database, tmp_path: Path) -> None:
    field = Field(db, SystemClock())
    await field.follow()
    async with db.write() as session:
        track = (await session.execute(select(Track.id))).scalar_one()
        await coverage.write(session, track, field.now - 3 * DAY, field.now, "complete")  # past midnight, at any hour
        await session.execute(update(Track).values(due_at=field.now + 60 * MINUTE))
        about = Watched("day", "digest", ("hashtag", "*"), None, None, 86_400, "low", None, True)
        await rules.create(session, about, field.now - 2 * DAY)
    async with nursery(db.url, tmp_path / "log") as workers:
        pid = await workers.start("telling:1")
        assert await asyncio.wait_for(workers.ended(pid), 30) == -signal.SIGKILL
    assert await field.events() == []
    async with db.write() as session:
        await session.execute(update(Job).values(claimed_until=None))  # its lease would run out
    for _ in range(2):
        assert await field.watch.run()
        assert [event.type for event in await field.events()] == ["digest"]


async def _judged(field: Field, since: int) -> bool:
    async with field.db.read() as session:
        late = select(DetectorState.seen_to).where(DetectorState.seen_to >= since)
        return (await session.execute(late)).first() is not None


async def test_d1_a_database_that_is_held_for_a_while(db: Database) -> None:
    field = await ready(db, FakeClock())
    await field.pass_by([120])
    await field.sums(field.now - 300_000, [120, 150])
    field.clock.advance(300)
    await field.poll()
    async with Locked(db):
        running = asyncio.create_task(field.watch.run())
        await asyncio.sleep(0.6)
        assert not running.done()
    await running
    assert await field.turns() == FIRED
    await check(db)


class Locked:
    """Another program holds what the watch writes."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def __aenter__(self) -> None:
        if self._db.is_file:
            self._held = held(self._db.url)
            self._held.__enter__()
            return
        self._other = await asyncpg.connect(self._db.url)
        self._transaction = self._other.transaction()
        await self._transaction.start()
        await self._other.execute("LOCK TABLE job, detector_state IN EXCLUSIVE MODE")

    async def __aexit__(self, *_: object) -> None:
        if self._db.is_file:
            self._held.__exit__(None, None, None)
            return
        await self._transaction.rollback()
        await self._other.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_d2_connections_that_are_cut_are_made_anew(db: Database) -> None:
    field = await ready(db, FakeClock())
    await field.pass_by([120])
    other = await asyncpg.connect(db.url)
    await other.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await other.close()
    await field.pass_by([150])
    assert await field.turns() == FIRED
    await check(db)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_d3_a_full_disk_says_nothing_by_halves_and_all_when_there_is_room(db: Database) -> None:
    field = await ready(db, FakeClock())
    await field.pass_by([120])
    await field.sums(field.now - 300_000, [120, 150])
    field.clock.advance(300)
    await field.poll()
    most = [0]

    def fill(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={most[0]}").close()

    event.listen(db.engine.sync_engine, "connect", fill)
    refused = 0
    for spare in range(3):  # each time it goes further before it is full
        async with db.read() as session:
            most[0] = (await session.execute(text("PRAGMA page_count"))).scalar_one() + spare
        await db.engine.dispose()
        try:
            await field.watch.run()
        except Busy:
            refused += 1
            await check(db)
    most[0] = 10**6
    await db.engine.dispose()
    field.clock.advance(20)
    await field.watch.run()
    assert await field.turns() == FIRED
    await check(db)


@pytest.mark.parametrize(
    "start", [datetime(2026, 3, 29, 0, 40, tzinfo=UTC), datetime(2026, 10, 25, 0, 40, tzinfo=UTC)], ids=["on", "off"]
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_s3_a_watch_knows_no_summer_time(db: Database, start: datetime) -> None:
    field = await ready(db, FakeClock(start))
    await field.pass_by([4, 3, 5, 4, 4])
    assert await field.turns() == []
    await field.pass_by([120, 150])
    assert await field.turns() == FIRED


async def test_s5_a_clock_that_steps_back_an_hour_says_nothing_twice(db: Database) -> None:
    field = await ready(db, FakeClock())
    await field.pass_by([120, 150])
    field.clock.advance(-3_600)
    await field.watch.run()
    assert await field.turns() == FIRED
    field.clock.advance(3_600)
    await field.pass_by([4] * 18)
    assert [turn[0] for turn in await field.turns()] == ["firing", "resolved"]
    await check(db)
