"""A stream is held, kept and proved: what it says counts once beside the polls, and what it missed is a gap."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from app.clock import HOUR, MINUTE
from app.db.engine import Database
from app.errors import Fenced
from app.models import Account, Coverage, Post, PostText, Stream
from app.polling import stream
from app.store import following, streams
from collectors import offer, open_collector, streaming
from collectors.contract import Streams
from sandbox import streams as served
from sandbox.ids import BLUESKY, MASTODON
from tests.clocks import FakeClock
from tests.collectors.stage import CountingMeter, MemoryKeeper
from tests.polling.town import Town, on, town

LAG = 10 * MINUTE


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second is long for a test."""
    monkeypatch.setattr(streaming, "EVERY", 0.02)
    monkeypatch.setattr(stream, "LOOK_UP", 0)
    monkeypatch.setattr(stream, "HOLD", 0)


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@asynccontextmanager
async def place(db: Database, clock: FakeClock, folder: Path, kind: str = BLUESKY) -> AsyncIterator[Town]:
    """Its source has its stream on the same server, and its hashtag is followed."""
    async with town(db, clock, folder, kind) as made:
        if kind == BLUESKY:
            async with db.write() as session:
                await streams.set_url(session, made.source_id, made.running.url.replace("http", "ws"), made.now)
        await made.follow()
        yield made


@asynccontextmanager
async def listening(made: Town) -> AsyncIterator[asyncio.Task[None]]:
    async with made.db.write() as session:
        await streams.again(session, made.source_id, made.now)
    task = asyncio.create_task(stream.listen(made.db, made.settings, made.clock, made.source_id))
    try:
        await until(lambda: is_live(made), task)
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, Fenced):
            await task


async def is_live(made: Town) -> bool:
    """A Jetstream speaks when something happens: somebody posts."""
    live = [row.state for row in await made.rows(Stream)] == ["live"]
    if made.network == BLUESKY and not live:
        nobody = made.script.people.get("nobody") or made.script.join("nobody")
        made.script.add_post(BLUESKY, nobody, "of #nothing that is followed")
    return live


async def until(true: Callable[[], Awaitable[bool]], task: asyncio.Task[None] | None = None) -> None:
    async with asyncio.timeout(10):
        while not await true():
            assert task is None or not task.done(), task
            await asyncio.sleep(0.02)


async def hears(made: Town, *posts: Any) -> None:
    wanted = {post.native_id for post in posts}

    async def all_of_them() -> bool:
        return wanted <= await made.native_ids()

    await until(all_of_them)


async def is_gone(made: Town, post: Any) -> None:
    async def gone() -> bool:
        return [row.state for row in await made.rows(Post) if row.native_id == post.native_id] == ["gone"]

    await until(gone)


def write(made: Town, text: str = "so #Farm") -> Any:
    person = made.script.people.get("ann") or made.script.join("ann")
    return made.script.add_post(made.network, person, text)


async def proves(made: Town) -> list[tuple[int, int, str]]:
    """What coverage says when an hour is over and something happened."""
    made.advance(3_600)
    await hears(made, write(made))

    async def said() -> bool:
        return any(row.to_at == made.now - LAG for row in await made.rows(Coverage))

    await until(said)
    return await made.stretches()


@on(BLUESKY)
async def test_what_a_jetstream_says_is_kept_once_beside_the_polls(
    db: Database, clock: FakeClock, tmp_path: Path, kind: str
) -> None:
    async with place(db, clock, tmp_path) as made:
        early = write(made)
        clock.advance(1)
        async with listening(made):
            heard, other = write(made, "so #ＦARM"), write(made, "so #barn")
            await hears(made, heard)
            assert await made.native_ids() == {heard.native_id}
            post = (await made.rows(Post))[0]
            assert (post.likes, post.followers, post.looked_at) == (None, None, None)
            assert await made.snapshots() == []  # no counters, so no look
            await made.poll()
            await made.refresh()
            assert await made.native_ids() == {early.native_id, heard.native_id}
            assert other.native_id not in await made.native_ids()
            assert len(await made.snapshots()) == 2
            clock.advance(1)
            edited = made.script.edit(heard, "so very #farm")
            gone = write(made)
            await hears(made, gone)
            made.script.delete(gone)
            await is_gone(made, gone)
            assert {row.text for row in await made.rows(PostText)} == {"so #Farm", edited.text}
        await made.check()


@on(MASTODON)
async def test_mastodon_tells_of_hashtags_until_they_are_unfollowed(
    db: Database, clock: FakeClock, tmp_path: Path, kind: str
) -> None:
    async with place(db, clock, tmp_path, MASTODON) as made:
        early = write(made)
        clock.advance(1)
        async with listening(made) as task:
            first = write(made)
            await hears(made, first)
            assert early.native_id not in await made.native_ids()
            assert len(await made.snapshots()) == 1  # its counters came with it
            await made.follow("barn")

            async def barn_is_asked_for() -> bool:
                post = write(made, "so #barn")
                await asyncio.sleep(0.1)
                return post.native_id in await made.native_ids()

            await until(barn_is_asked_for, task)
            clock.advance(1)
            made.script.edit(first, "so very #farm")
            gone = write(made)
            await hears(made, gone)
            made.script.delete(gone)
            await is_gone(made, gone)
            assert "so very #farm" in {row.text for row in await made.rows(PostText)}
            async with db.write() as session:
                await following.unfollow(session, "farm", made.now)

            async def farm_is_not() -> bool:
                post, seen = write(made), write(made, "so #barn")
                await hears(made, seen)
                return post.native_id not in await made.native_ids()

            await until(farm_is_not, task)


async def test_an_outage_is_replayed_from_the_cursor(db: Database, clock: FakeClock, tmp_path: Path) -> None:
    async with place(db, clock, tmp_path) as made:
        async with listening(made):
            begun = made.now
            assert await proves(made) == [(begun, made.now - LAG, "complete")]
        missed = [write(made)]
        clock.advance(1_800)
        missed.append(write(made))
        made.script.delete(missed[0])
        clock.advance(1_800)
        async with listening(made):
            await hears(made, missed[1])
            assert await proves(made) == [(begun, made.now - LAG, "complete")]
        assert len(await made.native_ids()) == 4  # it was deleted, and yet it was
        assert (await made.rows(Stream))[0].state == "cut"


async def test_a_cursor_that_is_too_old_leaves_a_gap_which_a_poll_heals(
    db: Database, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "KEPT", HOUR)
    async with place(db, clock, tmp_path) as made:
        async with listening(made):
            begun = made.now
            await proves(made)
        reached = made.now
        lost = write(made)
        clock.advance(3 * 3_600)
        async with listening(made):
            again = made.now
            assert await proves(made) == [
                (begun, reached - LAG, "complete"), (reached - LAG, reached, "partial"), (reached, again, "missed"),
                (again, made.now - LAG, "complete"),
            ]  # fmt: skip
            assert lost.native_id not in await made.native_ids()
            await made.until_due()
            await made.poll()
            assert lost.native_id in await made.native_ids()
            first, *_ = await made.stretches()
            assert first[1:] == (made.now - LAG, "complete")
        await made.check()


async def test_mastodon_cannot_go_back_and_says_so(db: Database, clock: FakeClock, tmp_path: Path) -> None:
    async with place(db, clock, tmp_path, MASTODON) as made:
        async with listening(made):
            await proves(made)
        reached = made.now
        clock.advance(60)
        async with listening(made):
            assert (reached, made.now, "missed") in await made.stretches()


async def test_an_account_that_leaves_takes_its_posts_along(db: Database, clock: FakeClock, tmp_path: Path) -> None:
    async with place(db, clock, tmp_path) as made, listening(made):
        post = write(made)
        await hears(made, post)
        made.script.leave(BLUESKY, made.script.people["ann"], "deactivated")
        await is_gone(made, post)
        assert await made.rows(PostText) == []
        made.script.leave(BLUESKY, made.script.people["ann"], "active")

        async def is_looked_at_again() -> bool:
            return bool((await made.rows(Post))[0].next_look_at == made.now)

        await until(is_looked_at_again)
        await made.refresh()
        assert (await made.rows(Post))[0].state == "live"
        assert [(row.followers, row.handle) for row in await made.rows(Account)] == [(100, "ann.lagoon.example")]
        await made.check()


async def test_one_worker_holds_it_and_a_late_one_is_fenced(db: Database, clock: FakeClock, tmp_path: Path) -> None:
    async with place(db, clock, tmp_path) as made:
        assert await stream.due(db, made.now) == [made.source_id]
        async with listening(made) as first:
            assert await stream.due(db, made.now) == []
            await asyncio.wait_for(stream.listen(db, made.settings, clock, made.source_id), 5)
            clock.advance(40)  # it was paused, and another took over
            async with db.write() as session:
                assert await streams.claim(session, made.source_id, made.now)
            post = write(made)
            with pytest.raises(Fenced):
                await asyncio.wait_for(first, 5)
            assert await made.native_ids() == set()
        async with listening_anew(made):
            await hears(made, post)


@asynccontextmanager
async def listening_anew(made: Town) -> AsyncIterator[None]:
    """When the other's lease has lapsed."""
    made.advance(40)
    async with listening(made):
        yield


@on(MASTODON)
async def test_a_token_that_is_not_taken_stops_the_stream_and_says_so(
    db: Database, clock: FakeClock, tmp_path: Path, kind: str
) -> None:
    async with place(db, clock, tmp_path, MASTODON) as made:
        (tmp_path / "town.secret").write_text("another")
        await stream.listen(db, made.settings, clock, made.source_id)
        row = (await made.rows(Stream))[0]
        assert row.state == "stopped"
        assert "403" in (row.reason or "")
        clock.advance(86_400)
        assert await stream.due(db, made.now) == []
        async with db.write() as session:
            await streams.again(session, made.source_id, made.now)
        assert await stream.due(db, made.now) == [made.source_id]


@on("gotosocial")
async def test_a_server_whose_stream_is_not_known_is_left_to_the_polls(
    db: Database, clock: FakeClock, tmp_path: Path, kind: str
) -> None:
    async with place(db, clock, tmp_path, "gotosocial") as made:
        await asyncio.wait_for(stream.listen(db, made.settings, clock, made.source_id), 10)
        row = (await made.rows(Stream))[0]
        assert (row.state, row.due_at) == ("off", made.now + 24 * HOUR)
        assert "polls alone" in (row.reason or "")


@on(BLUESKY)
async def test_who_has_a_stream_and_who_does_not(db: Database, clock: FakeClock, tmp_path: Path, kind: str) -> None:
    """By itself where the platform offers one to such a source; its owner may name another, or have none."""
    async with place(db, clock, tmp_path) as made:
        for url, has in (None, False), ("ws://127.0.0.1:1", True), ("off", False):
            async with db.write() as session:
                await streams.set_url(session, made.source_id, url, made.now)
            assert (await stream.due(db, made.now) == [made.source_id]) is has
        async with db.write() as session:
            await streams.set_url(session, made.source_id, "ws://127.0.0.1:1", made.now)
        await stream.listen(db, made.settings, clock, made.source_id)
        row = (await made.rows(Stream))[0]
        assert (row.state, row.failures) == ("cut", 1)
        assert made.now < (row.due_at or 0) <= made.now + MINUTE


def test_without_a_password_the_network_is_heard_and_not_searched() -> None:
    made = open_collector(
        "bluesky", client=None, base_url=None, credential=None, meter=CountingMeter(), keeper=MemoryKeeper()  # type: ignore[arg-type]
    )  # fmt: skip
    assert isinstance(made, Streams)
    assert made.streams_by_itself(None, with_credential=False)
    assert (made.offer.page_size, made.offer.batch_size) == (0, 25)
    assert offer("bluesky").page_size == 100


@on(BLUESKY)
async def test_how_a_stream_does_is_shown(db: Database, clock: FakeClock, tmp_path: Path, kind: str) -> None:
    """A worker that was killed cannot say that it is gone: its lease does."""
    async with place(db, clock, tmp_path) as made:

        async def shown() -> tuple[str, str | None]:
            async with db.read() as session:
                found = (await streams.shown(session, [made.source_id], made.now))[made.source_id]
            return found.state, found.reason

        async with listening(made):
            assert await shown() == ("live", None)
            clock.advance(31)
            assert await shown() == ("cut", "no worker holds it")
        assert await shown() == ("cut", "the worker stopped")
        async with db.write() as session:
            await streams.set_url(session, made.source_id, "off", made.now)
        assert await shown() == ("off", None)


@on(BLUESKY, MASTODON)
async def test_it_ends_when_it_is_wanted_no_more(db: Database, clock: FakeClock, tmp_path: Path, kind: str) -> None:
    """Nothing is followed there, or its owner wants another stream, or none."""
    async with place(db, clock, tmp_path, kind) as made:
        async with listening(made) as task:
            async with db.write() as session:
                await streams.set_url(session, made.source_id, "off", made.now)
            await asyncio.wait_for(task, 10)
        assert await stream.due(db, made.now + HOUR) == []
        async with db.write() as session:
            await streams.set_url(session, made.source_id, made.running.url.replace("http", "ws"), made.now)
        async with listening(made) as task:
            async with db.write() as session:
                await following.unfollow(session, "farm", made.now)
            await asyncio.wait_for(task, 10)
        assert await stream.due(db, made.now + HOUR) == []
        await made.follow()
        assert await stream.due(db, made.now + HOUR) == [made.source_id]
