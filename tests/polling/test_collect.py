"""A person's pass, and the loop around it: how far it goes, what it leaves alone, how it ends."""

import asyncio
import json
import random
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from app.clock import DAY, HOUR, MINUTE
from app.db.engine import Database
from app.errors import Fenced
from app.models import Budget, Pass, Post, Source, Track
from app.polling import collect, poll
from app.polling.visits import How
from app.store import following, keep, tracks
from sandbox.ids import BLUESKY
from sandbox.limits import Limits
from tests.clocks import FakeClock
from tests.polling.town import Town, on, town


def write(place: Town, count: int, every: float = 0.5) -> list[str]:
    ann = place.script.people.get("ann") or place.script.join("ann")
    found = []
    for _ in range(count):
        place.advance(every)
        found.append(place.script.add_post(place.network, ann, "so #farm").native_id)
    place.advance(1)
    return found


@on("mastodon", BLUESKY)
async def test_since_is_how_far_back_the_first_pass_goes(
    db: Database, clock: FakeClock, tmp_path: Path, kind: str
) -> None:
    async with town(db, clock, tmp_path, kind) as place:
        names = write(place, 300, every=3_600)
        since = place.now - 10 * DAY
        await place.collect(since=since)
        wanted = {name for name in names if place.script.records[name].shows[0][0] >= since}
        # A page reaches further than it was asked for, and no second one is read.
        assert wanted <= await place.native_ids()
        assert len(await place.native_ids()) < 300 or kind == BLUESKY
        assert (await place.stretches())[0][0] == since
        await place.check()
        place.advance(60)
        await place.collect(since=since - 30 * DAY)
        assert await place.native_ids() == set(names)
        await place.check()


@on("gotosocial", BLUESKY)
async def test_a_short_history_is_walked_whole(db: Database, clock: FakeClock, tmp_path: Path, kind: str) -> None:
    """However far back a post is dated that came only now; and look-ups are left for what no page shows."""
    async with town(db, clock, tmp_path, kind) as place:
        names = write(place, 60, every=DAY / 1_000)
        await place.collect()
        ann = place.script.people["ann"]
        late = place.script.add_post(place.network, ann, "so #farm", created_at=place.now - 40 * DAY)
        place.advance(60)
        summary = await place.collect()
        assert (summary.posts_new, summary.refreshed) == (1, 0)
        assert await place.native_ids() == {*names, late.native_id}
        await place.check()


async def test_a_pass_before_its_time_stands_for_no_slot(db: Database, clock: FakeClock, tmp_path: Path) -> None:
    """However often somebody asks: the track stays due when it was."""
    async with town(db, clock, tmp_path) as place:
        write(place, 3)
        random.seed(3)  # the phase that the track gets: not one that is over in a moment
        await place.collect()
        due = (await place.rows(Track))[0].due_at
        for _ in range(4):
            place.advance(5)
            write(place, 1)
            await place.collect()
        assert (await place.rows(Track))[0].due_at == due
        assert [slot.slots for slot in await place.slots()] == [1, 0, 0, 0, 0]
        await place.until_due()
        assert [one.state for one in await place.poll()] == ["ok"]
        await place.check()


async def test_a_history_longer_than_a_pass_is_read_by_the_next_ones(
    db: Database, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect, "MOST_PAGES", 3)
    async with town(db, clock, tmp_path) as place:
        names = write(place, 250, every=60)
        states = []
        for _ in range(6):
            states.append((await place.collect()).state)
            names += write(place, 2)
        await place.check()
        assert states[0] == "partial"
        assert "ok" in states
        assert set(names[:-2]) <= await place.native_ids()


async def test_refreshing_leaves_calls_to_discovery(db: Database, clock: FakeClock, tmp_path: Path) -> None:
    """A server that looks posts up one by one: with more posts than calls, what is new is still found in time."""
    async with town(db, clock, tmp_path, "gotosocial", limits=Limits(mastodon=30)) as place:
        write(place, 150, every=1)
        await place.follow()
        for _ in range(3):
            await place.until_due()
            await place.poll()
        for _ in range(5):
            newest = write(place, 1)[0]
            await place.until_due()
            for _ in range(2):
                await place.refresh()
                place.advance(1)
            found = await place.poll()
            assert [one.state for one in found] == ["ok"], found
            assert newest in await place.native_ids()
        assert not [one for one in place.running.faults.asked if one.status == 429]
        looked = [post.looked_at for post in await place.rows(Post)]
        assert min(looked) < place.now - 10 * MINUTE, "there were more posts than calls"
        await place.check()


async def test_a_hidden_or_unreadable_post_does_not_hold_up_the_others(
    db: Database, clock: FakeClock, tmp_path: Path
) -> None:
    """Neither shown nor absent: nothing is concluded, and it is asked for again only later."""
    async with town(db, clock, tmp_path) as place:
        write(place, 3)
        await place.collect()
        place.advance(HOUR / 1_000)
        odd = (await place.rows(Post))[0]
        async with place.db.write() as session:
            await session.execute(update(Post).where(Post.id == odd.id).values(local_id="1\u00e9"))
        asked = len(place.running.faults.asked)
        for _ in range(5):
            await place.refresh()
        assert len(place.running.faults.asked) - asked < 10
        posts = {post.id: post for post in await place.rows(Post)}
        assert all(post.looked_at == place.now for post in posts.values() if post.id != odd.id)


async def test_a_page_that_breaks_us_closes_its_slot(
    db: Database, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with town(db, clock, tmp_path) as place:
        write(place, 3)
        await place.follow()

        async def breaks(*_: object) -> keep.Kept:
            raise ZeroDivisionError("a poison row")

        monkeypatch.setattr(keep, "keep", breaks)
        with pytest.raises(ZeroDivisionError):
            await place.poll()
        monkeypatch.undo()
        slot = (await place.slots())[0]
        assert (slot.state, slot.reason) == ("failed", "ZeroDivisionError")
        assert (await place.source()).state == "failing"
        healed_at = place.now
        await place.until_due()
        assert [one.state for one in await place.poll()] == ["ok"]
        await place.check(healed_at=healed_at)


async def test_a_pass_that_is_stopped_gives_its_track_back_at_once(
    db: Database, clock: FakeClock, tmp_path: Path
) -> None:
    async with town(db, clock, tmp_path) as place:
        write(place, 3)
        await place.follow()
        place.running.faults.fail(1, kind="slow", seconds=2)
        track = (await place.rows(Track))[0]
        task = asyncio.create_task(poll.visit(place.db, place.settings, place.clock, track.id))
        await asyncio.sleep(0.5)
        assert (await place.rows(Track))[0].claimed_until
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await place.rows(Track))[0].claimed_until is None
        assert [one.state for one in await place.poll()] == ["ok"]
        assert [slot.state for slot in await place.slots()] == ["ok"]
        await place.check()


async def test_who_was_overtaken_writes_nothing_more(db: Database, clock: FakeClock, tmp_path: Path) -> None:
    async with town(db, clock, tmp_path) as place:
        write(place, 60)
        await place.follow()
        track = (await place.rows(Track))[0]

        def overtaken(_: Any) -> None:
            progressed.append(1)

        progressed: list[int] = []

        async def first() -> None:
            with pytest.raises(Fenced):
                await poll.visit(place.db, place.settings, place.clock, track.id, How(progress=overtaken))

        place.running.faults.fail(1, kind="slow", seconds=0.5, path="timelines")
        task = asyncio.create_task(first())
        await asyncio.sleep(0.2)
        place.advance(31)
        assert await poll.visit(place.db, place.settings, place.clock, track.id)
        await task
        assert progressed == []
        assert [slot.state for slot in await place.slots()] == ["ok"]
        await place.check()


async def test_a_track_that_is_unfollowed_meanwhile_stays_so(db: Database, clock: FakeClock, tmp_path: Path) -> None:
    async with town(db, clock, tmp_path) as place:
        write(place, 3)
        await place.follow()
        place.running.faults.fail(1, kind="slow", seconds=0.4, path="timelines")
        track = (await place.rows(Track))[0]
        task = asyncio.create_task(poll.visit(place.db, place.settings, place.clock, track.id))
        await asyncio.sleep(0.15)
        async with place.db.write() as session:
            await following.unfollow(session, "farm", place.now)
        await task
        place.advance(DAY / 1_000)
        assert await place.poll() == []
        assert (await place.rows(Track))[0].due_at is None


async def test_a_post_that_two_servers_show_is_read_by_one(db: Database, clock: FakeClock, tmp_path: Path) -> None:
    """The other's looks are kept as witnesses, and its curve counts it once."""
    async with town(db, clock, tmp_path) as place:
        await place.add_source("second", place.running.url, tmp_path)
        names = write(place, 5)
        await place.follow()
        for _ in range(2):
            await place.until_due()
            await place.poll()
            place.advance(MINUTE / 1_000)
            await place.poll()
        looks = await place.snapshots()
        assert {post.source_id for post in await place.rows(Post)} == {place.source_id}
        assert {look.witness for look in looks if look.source_id != place.source_id} == {True}
        assert {look.witness for look in looks if look.source_id == place.source_id} == {False}
        assert await place.native_ids() == set(names)
        await place.check()


async def test_budgets_outlive_whoever_spent_them(db: Database, clock: FakeClock, tmp_path: Path) -> None:
    """A worker that starts anew finds what the last one spent."""
    async with town(db, clock, tmp_path, limits=Limits(mastodon=5)) as place:
        write(place, 400)
        assert (await place.collect()).posts_new == 400, "a person waits until there is more"
        spent = {row.name: json.loads(row.slices) for row in await place.rows(Budget)}
        assert sum(spent["calls"].values()) >= 1
        again = Database(db.url)
        other = Town(again, place.settings, clock, place.script, place.running, place.network, place.source_id)
        clock.slept.clear()
        assert (await other.collect()).state == "ok"
        assert sum(clock.slept) > 60
        await again.close()
        assert not [one for one in place.running.faults.asked if one.status == 429]


async def test_due_tracks_of_a_busy_source_do_not_hide_those_of_others(
    db: Database, clock: FakeClock, tmp_path: Path
) -> None:
    async with town(db, clock, tmp_path) as place:
        other = await place.add_source("other", place.running.url, tmp_path)
        for number in range(20):
            await place.follow(f"tag{number}", [place.source_id])
        place.advance(5)
        await place.follow("quiet", [other])
        place.advance(5)
        async with db.read() as session:
            assert {source for _, source in await tracks.due(session, place.now, 8)} == {place.source_id}
            assert [source for _, source in await tracks.due(session, place.now, 8, [place.source_id])] == [other]
            assert {slot.state for slot in await place.rows(Pass)} == set()
            assert len(await place.rows(Source)) == 2
