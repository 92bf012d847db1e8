"""The database is held by somebody else, or is not there: D1, D2."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from sqlalchemy import text

from app.db import engine
from app.db.engine import Database
from app.errors import Busy
from app.models import Track
from tests.clocks import FakeClock
from tests.faults.conftest import Spoiled, spoiled_town
from tests.faults.proxy import Exchange
from tests.reused import Reused


@contextmanager
def held(url: str) -> Iterator[sqlite3.Connection]:
    """Another program that writes and does not come to an end."""
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield other
    finally:
        other.close()


@pytest.fixture
def file_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "held.db"
    path.write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture
def server_url(request: pytest.FixtureRequest) -> Iterator[str]:
    clones: Reused = request.getfixturevalue("postgres_clones")
    url = clones.take()
    yield url
    clones.give_back(url)


Made = Callable[[str], AbstractAsyncContextManager[Spoiled]]


@pytest.fixture
def at(clock: FakeClock, tmp_path: Path) -> Made:
    """A town on the database of that URL."""

    @asynccontextmanager
    async def opened(url: str) -> AsyncIterator[Spoiled]:
        db = Database(url)
        async with spoiled_town(db, clock, tmp_path) as place:
            yield place
        await db.close()

    return opened


async def test_d1_another_writer_holds_the_file_for_a_while(at: Made, file_url: str) -> None:
    async with at(file_url) as place:
        place.write(100)
        with held(file_url) as other:
            visit = asyncio.create_task(place.visit())
            await asyncio.sleep(1.0)
            assert not visit.done()
            async with place.db.read() as session:  # readers are not held up
                assert (await session.execute(text("SELECT count(*) FROM track"))).scalar() == 1
            other.execute("ROLLBACK")
            summary = await visit
        assert (summary.state, summary.posts_new) == ("ok", 100)
        await place.check()


async def test_d1_another_writer_holds_a_row_of_the_server(at: Made, server_url: str) -> None:
    async with at(server_url) as place:
        place.write(100)
        other = await asyncpg.connect(server_url)
        transaction = other.transaction()
        await transaction.start()
        await other.execute("UPDATE track SET term = term")
        visit = asyncio.create_task(place.visit())
        await asyncio.sleep(0.5)
        assert not visit.done()
        await transaction.rollback()
        summary = await visit
        await other.close()
        assert (summary.state, summary.posts_new) == ("ok", 100)
        await place.check()


async def test_d1_another_writer_does_not_come_to_an_end(
    at: Made, file_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its patience a pass says Busy and leaves all as it was: it is made again when there is room."""
    monkeypatch.setattr(engine, "PATIENCE_S", 0.2)
    async with at(file_url) as place:
        place.write(60)
        await place.visit()
        place.write(60)
        await place.until_due()
        with ExitStack() as holding:

            async def hold(one: Exchange) -> None:
                holding.enter_context(held(file_url))
                one.writer.write(one.whole())

            place.proxy.spoil(hold, 1)
            with pytest.raises(Busy):
                await place.poll()
        assert (await place.rows(Track))[0].claimed_until
        assert len(await place.native_ids()) == 60
        place.advance(31)
        await place.heals()
        assert len(await place.native_ids()) == 120


class Relay:
    """Between us and the server of the database: when it is down, nobody listens, and open connections are reset.

    `cut_after`: words of ours after which, once they are through, no answer comes back.
    """

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        self._port = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.cut_after = b""

    @property
    def url(self) -> str:
        return self._to._replace(netloc=f"{self._to.username}@127.0.0.1:{self._port}").geturl()

    async def up(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        if self._server:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection(self._to.hostname, self._to.port)
        self._writers |= {writer, forth}
        await asyncio.gather(self._pump(reader, forth, mine=True), self._pump(back, writer, mine=False))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, mine: bool) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
                if mine and self.cut_after and self.cut_after in data:
                    await asyncio.sleep(0.2)  # the server has done it
                    await self.down()
        except ConnectionError:
            pass
        finally:
            writer.close()


@pytest.fixture
async def relay(server_url: str) -> AsyncIterator[Relay]:
    made = Relay(server_url)
    await made.up()
    yield made
    await made.down()


async def test_d2_the_server_is_down_at_the_start(at: Made, relay: Relay) -> None:
    async with at(relay.url) as place:
        place.write(50)
        await relay.down()
        with pytest.raises(Busy):
            await place.poll()
        await relay.up()
        await place.heals()
        assert len(await place.native_ids()) == 50


async def test_d2_the_server_goes_down_within_a_pass(at: Made, relay: Relay) -> None:
    """The page that was fetched is not taken for kept: it is read again, and the pool lets go of dead connections."""
    async with at(relay.url) as place:
        place.write(100)

        async def down(one: Exchange) -> None:
            await relay.down()
            one.writer.write(one.whole())

        place.proxy.spoil(down, 1, path="max_id")
        with pytest.raises(Busy):
            await place.poll()
        await relay.up()
        assert len(await place.native_ids()) == 40
        place.advance(31)
        await place.heals()
        assert len(await place.native_ids()) == 100


async def test_d2_the_server_is_started_anew(at: Made, server_url: str) -> None:
    """Every session is ended by it, between passes and within one."""
    async with at(server_url) as place:
        for turn in range(3):
            place.write(50)
            other = await asyncpg.connect(server_url)

            async def end(one: Exchange, other: asyncpg.Connection = other) -> None:
                await other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                one.writer.write(one.whole())

            place.proxy.spoil(end, 1)
            with suppress(Busy):
                await place.visit()
            await other.close()
            place.advance(31)
            await place.poll()
            assert len(await place.native_ids()) == 50 * (turn + 1)
        await place.heals()


async def test_d2_a_commit_whose_outcome_nobody_knows(at: Made, relay: Relay) -> None:
    """It went through, and the word of it was lost: the page is kept again, and counts once."""
    async with at(relay.url) as place:
        place.write(30)

        async def cut(one: Exchange) -> None:
            relay.cut_after = b"COMMIT"
            one.writer.write(one.whole())

        place.proxy.spoil(cut, 1)
        with pytest.raises(Busy):
            await place.poll()
        relay.cut_after = b""
        await relay.up()
        assert len(await place.native_ids()) in (0, 30)
        place.advance(31)
        await place.heals()
        assert len(await place.native_ids()) == 30
