"""The ticks, in real time: what is due is done, a slow server holds up nobody, and an end leaves nothing claimed."""

import asyncio
from pathlib import Path

from app.clock import SystemClock
from app.db.engine import Database
from app.models import Post, Track
from app.scheduler import Scheduler
from sandbox.ids import MASTODON
from tests.faults.proxy import Exchange, proxy
from tests.polling.town import Town, settings_for, world


async def test_a_slow_server_holds_up_nobody_and_an_end_leaves_nothing_claimed(db: Database, tmp_path: Path) -> None:
    clock = SystemClock()
    async with world(clock, "mastodon") as (script, running), proxy(running.url) as between:
        place = Town(db, settings_for(db.url, poll_seconds=1, workers=4), clock, script, running, MASTODON)
        slow = await place.add_source("slow", between.url, tmp_path)
        place.source_id = await place.add_source("town", running.url, tmp_path)
        for number in range(8):
            await place.follow(f"farm{number}", [slow])
        await place.follow("farm", [place.source_id])
        post = script.add_post(MASTODON, script.join("ann"), "so #farm")

        async def slowly(one: Exchange) -> None:
            await asyncio.sleep(2)
            one.writer.write(one.whole())

        between.spoil(slowly)
        scheduler = Scheduler(db, place.settings, clock)
        await scheduler.start()
        await asyncio.sleep(3.5)
        script.like(post, 4)
        quick = [slot for slot in await place.slots() if slot.track_id == 9]
        assert [slot.state for slot in quick][:1] == ["ok"]
        assert len(between.requests) <= 2 * 2 * 2, "half of the workers at most"
        async with asyncio.timeout(15):  # a busy machine takes its time
            while [row.likes for row in await place.rows(Post)] != [4]:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        await scheduler.stop()
        assert [row.likes for row in await place.rows(Post)] == [4]
        assert {track.claimed_until for track in await place.rows(Track)} == {None}
        assert not [slot for slot in await place.slots() if slot.state == "running"]
