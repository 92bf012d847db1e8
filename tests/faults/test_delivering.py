"""Killed while delivering, the database held, gone or full meanwhile, clocks that step: K2, K5, D1 to D3, S3, S5."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import event, text

from app.clock import HOUR, MINUTE, SystemClock
from app.db.engine import Database
from app.errors import Busy
from tests.alerts.invariants import Ledger, check
from tests.alerts.outbox import Office, office
from tests.alerts.receiver import Answer, Came, Receiver, answering, receiver
from tests.clocks import FakeClock
from tests.faults.test_database import Relay, held
from tests.faults.test_workers import say
from tests.faults.workers import Nursery, nursery

PLACES = ("claimed a delivery", "sent", "recording", "recorded")


class Street:
    """Three receivers, one of which fails now and then, and what is said to them while workers are killed."""

    def __init__(self, ours: Office, theirs: list[Receiver], seed: int) -> None:
        self.ours, self.theirs, self.dice = ours, theirs, random.Random(seed)
        self.names: list[str] = []
        self.said = 0

    async def settle(self) -> None:
        self.theirs[2].answers = self._moody()
        for one in self.theirs:
            self.names.append(await self.ours.add(one.url, types=["alert.firing"]))

    def _moody(self) -> Answer:
        good, bad = answering(204), answering(503)

        async def answer(came: Came, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await (bad if self.dice.random() < 0.2 else good)(came, reader, writer)

        return answer

    async def say(self, count: int = 1) -> None:
        for _ in range(count):
            self.said += 1
            await self.ours.say(self.said)

    async def check(self, healed_at: int | None = None) -> None:
        pairs = zip(self.names, self.theirs, strict=True)
        ledgers = {name: Ledger(one.came, [self.ours.secrets[name]]) for name, one in pairs}
        await check(self.ours.db, ledgers, self.ours.now, healed_at)

    async def heals(self, workers: Nursery) -> None:
        """One worker that nobody kills: within a minute all has come, everywhere."""
        self.theirs[2].answers = answering(204)
        healed_at = self.ours.now
        async with self.ours.db.write() as session:  # what waits for its next try is not what this is about
            await session.execute(text("UPDATE delivery SET due_at = 1 WHERE due_at IS NOT NULL"))
        pid = await workers.start()
        while self.ours.now < healed_at + MINUTE and not await self._all_came():  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        assert await workers.kill(pid, signal.SIGTERM) == 0
        await self.check(healed_at=healed_at)
        assert await self._all_came()
        for one in self.theirs:
            assert len(one.ids) == self.said

    async def _all_came(self) -> bool:
        return {one.state for one in await self.ours.deliveries()} <= {"delivered"}


@asynccontextmanager
async def street(db: Database, seed: int) -> AsyncIterator[Street]:
    async with office(db, SystemClock()) as ours, receiver() as one, receiver() as two, receiver() as three:
        made = Street(ours, [one, two, three], seed)
        await made.settle()
        yield made


async def test_k2_killed_at_every_place_where_it_hurts(db: Database, tmp_path: Path) -> None:
    """Before and after each commit: the next worker sends under the same id, and nothing is lost."""
    async with nursery(db.url, tmp_path / "log") as workers, street(db, seed=1) as place:
        for where in PLACES:
            await place.say()
            pid = await workers.start(f"{where}:1")
            assert await asyncio.wait_for(workers.ended(pid), 30) == -signal.SIGKILL, where
            await place.check()
        await place.heals(workers)
        for one in place.theirs:
            assert max(one.ids.values()) <= 1 + len(PLACES)


async def killed(place: Street, workers: Nursery, times: int, longest: float) -> None:
    for turn in range(times):
        pid = await workers.start()
        crowd = asyncio.create_task(place.say(place.dice.randint(1, 4)))
        await asyncio.sleep(place.dice.uniform(0.05, longest))
        assert await workers.kill(pid) == -signal.SIGKILL
        await crowd
        if turn % 10 == 9:
            await place.check()
    await place.heals(workers)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_k2_killed_at_random_times(db: Database, tmp_path: Path) -> None:
    async with nursery(db.url, tmp_path / "log") as workers, street(db, seed=2) as place:
        await killed(place, workers, times=3, longest=1.6)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
async def test_k2_soak_two_hundred_kills_while_delivering(
    db: Database, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("SOAK_SEED") or 0) or random.SystemRandom().randrange(10**6)
    say(capfd, f"\nsoak on the {'file' if db.is_file else 'server'}: 200 kills while delivering, SOAK_SEED={seed}")
    async with nursery(db.url, tmp_path / "log") as workers, street(db, seed=seed) as place:
        await killed(place, workers, times=200, longest=1.6)
        came = [sum(one.ids.values()) for one in place.theirs]
        say(capfd, f"  {place.said} messages, each at three receivers; {came} requests came")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_k5_a_worker_that_is_told_to_end_finishes_what_is_under_way(db: Database, tmp_path: Path) -> None:
    async def slow(_came: Came, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.5)
        writer.write(b"HTTP/1.1 204 X\r\ncontent-length: 0\r\n\r\n")

    async with nursery(db.url, tmp_path / "log") as workers, street(db, seed=3) as place:
        for one in place.theirs:
            one.answers = slow
        await place.say(6)
        pid = await workers.start()
        while not place.theirs[0].came:  # noqa: ASYNC110 - it comes from another process
            await asyncio.sleep(0.02)
        assert await asyncio.wait_for(workers.kill(pid, signal.SIGTERM), 25) == 0
        assert [one for one in await place.ours.deliveries() if one.claimed_until] == []
        assert {one.state for one in await place.ours.deliveries()} == {"waiting", "delivered"}
        await place.check()


@asynccontextmanager
async def locked(db: Database) -> AsyncIterator[None]:
    """Another program holds all deliveries."""
    if db.is_file:
        with held(db.url):
            yield
        return
    other = await asyncpg.connect(db.url)
    transaction = other.transaction()
    await transaction.start()
    await other.execute("LOCK TABLE delivery IN EXCLUSIVE MODE")
    yield
    await transaction.rollback()
    await other.close()


async def test_d1_a_database_that_is_held_for_a_while(db: Database, clock: FakeClock) -> None:
    async with office(db, clock) as ours, receiver() as theirs:
        name = await ours.add(theirs.url)
        await ours.say()
        (claimed,) = await ours.sender.claim(1, ill=False)
        async with locked(db):
            carrying = asyncio.create_task(ours.sender.carry(claimed))
            await asyncio.sleep(0.6)
            assert not carrying.done()
        await carrying
        assert (await ours.delivery(name)).state == "delivered"
        assert len(theirs.came) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_d2_what_the_database_did_not_take_is_written_down_at_a_second_try(
    db: Database, clock: FakeClock
) -> None:
    other = await asyncpg.connect(db.url)
    waiting = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with office(db, clock) as ours, receiver() as theirs:
        name = await ours.add(theirs.url)
        await ours.say()
        (claimed,) = await ours.sender.claim(1, ill=False)
        async with locked(db):
            carrying = asyncio.create_task(ours.sender.carry(claimed))
            while not await other.fetch(f"SELECT pg_terminate_backend(pid) {waiting}"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await carrying
        assert (await ours.delivery(name)).state == "delivered"
        assert len(theirs.came) == 1
    await other.close()


async def unwritten(ours: Office, theirs: Receiver, name: str, at_most: int = 2) -> None:
    """What was sent and could not be written down is sent again, when the claim has lapsed."""
    ours.clock.advance(31)  # type: ignore[union-attr]
    await ours.tick()
    assert (await ours.delivery(name)).state == "delivered"
    (count,) = theirs.ids.values()
    assert 1 <= count <= at_most
    await check(ours.db, {name: Ledger(theirs.came, [ours.secrets[name]])}, ours.now)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_d2_the_database_is_started_anew_between_send_and_record(db: Database, clock: FakeClock) -> None:
    other = await asyncpg.connect(db.url)

    async def ends(came: Came, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await answering(200)(came, reader, writer)

    async with office(db, clock) as ours, receiver(ends) as theirs:
        name = await ours.add(theirs.url)
        await ours.say()
        with suppress(Busy):
            await ours.tick()
        await other.close()
        theirs.answers = answering(200)
        await unwritten(ours, theirs, name)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_d2_a_commit_whose_outcome_nobody_knows(db: Database, clock: FakeClock) -> None:
    relay = Relay(db.url)
    await relay.up()

    async def cut(came: Came, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relay.cut_after = b"COMMIT"
        await answering(200)(came, reader, writer)

    between = Database(relay.url)
    async with office(between, clock) as ours, receiver(cut) as theirs:
        name = await ours.add(theirs.url)
        await ours.say()
        with pytest.raises(Busy):
            await ours.tick()
        relay.cut_after, theirs.answers = b"", answering(200)
        await relay.up()
        await unwritten(ours, theirs, name)
    await between.close()
    await relay.down()


async def _until_full(ours: Office) -> int:
    """How many messages had room."""
    for said in range(40):
        try:
            await ours.say(said)
            await ours.tick()
        except Busy:
            return said
    raise AssertionError("it never was full")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_d3_a_full_disk_loses_nothing_and_the_rest_goes_on_when_there_is_room(
    db: Database, clock: FakeClock
) -> None:
    async with db.read() as session:
        pages = (await session.execute(text("PRAGMA page_count"))).scalar_one()
    most = [pages + 3]

    def fill(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={most[0]}").close()

    async with office(db, clock) as ours, receiver(answering(200, body="x" * 1_024)) as theirs:
        name = await ours.add(theirs.url)
        event.listen(db.engine.sync_engine, "connect", fill)
        await db.engine.dispose()
        said = await _until_full(ours)
        most[0] = 10**6
        await db.engine.dispose()
        clock.advance(31)
        await ours.tick()
        assert {one.state for one in await ours.deliveries()} == {"delivered"}
        assert set(theirs.ids.values()) <= {1, 2}
        await check(db, {name: Ledger(theirs.came, [ours.secrets[name]])}, ours.now)
        assert len(theirs.ids) >= said


@pytest.mark.parametrize(
    "start", [datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)], ids=["on", "off"]
)
async def test_s3_the_schedule_knows_no_summer_time(db: Database, start: datetime) -> None:
    async with office(db, FakeClock(start)) as ours, receiver(answering(500)) as theirs:
        name = await ours.add(theirs.url)
        await ours.say()
        await ours.wait(1)
        tries = await ours.attempts((await ours.delivery(name)).id)
        gaps = [after.at - before.at for before, after in pairwise(tries)]
        assert [round(gap / 1.1) for gap in gaps[:5]] == pytest.approx(
            [5_000, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR], rel=0.02, abs=40_000
        )


async def test_s5_a_clock_that_steps_back_an_hour_delays_and_loses_nothing(db: Database, clock: FakeClock) -> None:
    async with office(db, clock) as ours, receiver() as theirs:
        name = await ours.add(theirs.url)
        await ours.say()
        (claimed,) = await ours.sender.claim(1, ill=False)
        clock.advance(-3_600)
        await ours.sender.carry(claimed)
        assert (await ours.delivery(name)).state == "delivered"
        await ours.say(1)
        await ours.tick()
        clock.advance(7_200)
        await ours.tick()
        assert {one.state for one in await ours.deliveries()} == {"delivered"}
        assert len(theirs.ids) == 2
