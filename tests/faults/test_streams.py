"""A stream that is cut, stalled, flooding or lying, over real sockets; and workers that are killed meanwhile."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.clock import MINUTE, SystemClock
from app.db.engine import Database
from app.models import Post, Stream
from app.polling import stream
from app.store import streams
from collectors import streaming
from sandbox.ids import BLUESKY
from tests.clocks import FakeClock
from tests.collectors.frames import commit, frames, tagged
from tests.faults.workers import nursery
from tests.polling.town import Town, on, town

SLACK = 20_000


class Pipe:
    """Between a stream and who hears it: passes everything on, until it is told otherwise."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream)
        self.url = ""
        self.passes = 1 << 60  # so many bytes, and then the connection is cut
        self.says = b""  # instead of what the stream says, after its answer
        self.stalled = asyncio.Event()
        self.connections = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        theirs, ours = await asyncio.open_connection(self._upstream.hostname, self._upstream.port)
        up = asyncio.create_task(self._on(reader, ours))
        try:
            writer.write(await theirs.readuntil(b"\r\n\r\n"))
            if self.says:
                while True:
                    writer.write(self.says)
                    await writer.drain()
            left = self.passes
            while left > 0 and (chunk := await theirs.read(min(left, 65_536))):
                if self.stalled.is_set():
                    await asyncio.sleep(3_600)
                writer.write(chunk)
                await writer.drain()
                left -= len(chunk)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            up.cancel()
            for end in ours, writer:
                end.transport.abort()

    async def _on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(65_536):
                writer.write(chunk)

    def heal(self) -> None:
        self.passes, self.says = 1 << 60, b""
        self.stalled.clear()


@asynccontextmanager
async def sky(db: Database, clock: FakeClock, folder: Path) -> AsyncIterator[tuple[Town, Pipe]]:
    """A hashtag that is followed on a stream, through a pipe."""
    async with town(db, clock, folder, BLUESKY) as made:
        pipe = Pipe(made.running.url)
        server = await asyncio.start_server(pipe.serve, "127.0.0.1", 0)
        async with db.write() as session:
            url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            await streams.set_url(session, made.source_id, url, made.now)
        await made.follow()
        made.script.join("ann")
        async with server:
            yield made, pipe
            await pipe.close()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "EVERY", 0.02)
    monkeypatch.setattr(streaming, "SILENCE", 0.3)
    monkeypatch.setattr(stream, "HOLD", 0)


def write(made: Town, count: int) -> set[str]:
    found = set()
    for _ in range(count):
        if isinstance(made.clock, FakeClock):
            made.advance(1)
        found.add(made.script.add_post(BLUESKY, made.script.people["ann"], "so #Farm").native_id)
    return found


async def hears(made: Town, wanted: set[str], seconds: float = 10) -> None:
    """Connection after connection, as the scheduler makes them, until all of it is there."""
    task = asyncio.create_task(listens(made))
    await there(made, wanted, seconds)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def there(made: Town, wanted: set[str], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while wanted - await made.native_ids():  # noqa: ASYNC110 - a database tells nobody
            await asyncio.sleep(0.02)


async def listens(made: Town) -> None:
    while True:
        if await stream.due(made.db, made.now):
            await stream.listen(made.db, made.settings, made.clock, made.source_id)
        else:
            made.advance(1)
        await asyncio.sleep(0.01)


async def ends(made: Town) -> Stream:
    """How one connection came to its end."""
    made.advance(MINUTE / 1_000)
    await asyncio.wait_for(stream.listen(made.db, made.settings, made.clock, made.source_id), 10)
    row: Stream = (await made.rows(Stream))[0]
    assert (row.state, row.claimed_until) == ("cut", None)
    assert made.now < (row.due_at or 0) <= made.now + 5 * MINUTE
    return row


@on(BLUESKY)
async def test_a_stream_that_is_cut_again_and_again_loses_nothing(
    db: Database, clock: FakeClock, tmp_path: Path, kind: str
) -> None:
    """In the middle of frames, too: each connection goes on from what was kept."""
    async with sky(db, clock, tmp_path) as (made, pipe):
        await first(made)
        pipe.passes = 9_000
        wanted = write(made, 30)
        await hears(made, wanted)
        assert pipe.connections >= 3
        pipe.heal()
        wanted |= write(made, 5)
        await hears(made, wanted)
        await made.check()


async def first(made: Town) -> None:
    """It was heard once: there is a cursor."""
    task = asyncio.create_task(stream.listen(made.db, made.settings, made.clock, made.source_id))
    while not (rows := await made.rows(Stream)) or rows[0].cursor is None:
        write(made, 1)
        await asyncio.sleep(0.05)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@on(BLUESKY)
async def test_a_stream_that_stalls_is_cut_and_caught_up_with(
    db: Database, clock: FakeClock, tmp_path: Path, kind: str
) -> None:
    async with sky(db, clock, tmp_path) as (made, pipe):
        await first(made)
        pipe.stalled.set()
        wanted = write(made, 5)
        row = await ends(made)
        assert "nothing was said" in (row.reason or "")
        pipe.heal()
        await hears(made, wanted)
        await made.check()


@on(BLUESKY)
async def test_a_stream_that_lies_about_the_time_is_left(
    db: Database, clock: FakeClock, tmp_path: Path, kind: str
) -> None:
    """In the future its cursor would skip all that comes; going back it would never end."""
    async with sky(db, clock, tmp_path) as (made, pipe):
        await first(made)
        cursor = (await made.rows(Stream))[0].cursor
        for lie, words in (86_400, "already"), (-86_400, "goes back"):
            pipe.says = frames([commit(made.now * 1_000 + lie * 10**6, **tagged("farm"))])
            row = await ends(made)
            assert words in (row.reason or "")
            assert row.cursor == cursor
        pipe.heal()
        wanted = write(made, 3)
        await hears(made, wanted)
        await made.check()


@on(BLUESKY)
async def test_a_stream_that_floods_with_trash_is_left(
    db: Database, clock: FakeClock, tmp_path: Path, kind: str
) -> None:
    async with sky(db, clock, tmp_path) as (made, pipe):
        await first(made)
        kept = len(await made.rows(Post))
        for trash, words in (b"<html>" * 9, "not"), (b"[" * 50_000, "not"):
            pipe.says = frames([trash] * 20)
            assert words in ((await ends(made)).reason or "")
        assert len(await made.rows(Post)) == kept
        pipe.heal()
        await hears(made, write(made, 3))
        await made.check()


# Workers that are killed.


@pytest.mark.parametrize(
    ("database_url", "place"),
    [("sqlite", "keeping what was heard"), ("postgresql", "kept what was heard")],
    indirect=["database_url"],
)
async def test_k1_killed_while_it_hears(db: Database, tmp_path: Path, place: str) -> None:
    """Before or after a commit, and at any instant: nothing is lost, nothing doubles, though nobody polls."""
    async with town(db, SystemClock(), tmp_path, BLUESKY, poll_seconds=3_600) as made:
        async with db.write() as session:
            await streams.set_url(session, made.source_id, made.running.url.replace("http", "ws"), made.now)
        await made.follow()
        made.script.join("ann")
        wanted: set[str] = set()
        writing = asyncio.create_task(_writes(made, wanted))
        async with nursery(db.url, tmp_path / "log", poll_seconds=3_600) as workers:
            pid = await workers.start(f"{place}:2")
            assert await asyncio.wait_for(workers.ended(pid), 30) == -signal.SIGKILL
            pid = await workers.start()
            await asyncio.sleep(1.5)
            await workers.kill(pid)
            writing.cancel()
            pid = await workers.start()
            await there(made, wanted, 20)
            assert await workers.kill(pid, signal.SIGTERM) == 0
        assert len(wanted) > 20
        await made.check(slack=SLACK)


async def _writes(made: Town, wanted: set[str]) -> None:
    while True:
        wanted |= write(made, 1)
        await asyncio.sleep(0.05)
