"""Passes that were missed, and a thousand that fall due at once: S1, S2, S6."""

from collections import Counter

import pytest
from sqlalchemy import select

from app.clock import MINUTE
from app.models import Track
from app.polling import poll
from app.store import following
from sandbox.ids import BLUESKY
from tests.faults.conftest import Opened
from tests.faults.proxy import Exchange
from tests.polling.town import on


async def test_s1_a_pass_that_lasts_longer_than_its_interval(spoiled: Opened) -> None:
    """One pass a track at a time; the slots that went by meanwhile are stood for by the one that ran."""
    async with spoiled() as place:
        place.write(10)
        await place.visit()
        place.write(10)
        await place.until_due()
        others: list[object] = []

        async def slow(one: Exchange) -> None:
            async with place.db.read() as session:
                track = (await session.execute(select(Track.id))).scalar_one()
            others.append(await poll.visit(place.db, place.settings, place.clock, track))
            place.advance(3.5 * place.settings.poll_seconds)
            one.writer.write(one.whole())

        place.proxy.spoil(slow, 1)
        await place.poll()
        assert others == [None]
        assert [slot.slots for slot in await place.slots()] == [1, 4]
        await place.check(slack=20 * MINUTE)


@pytest.mark.parametrize("down", [60, 3_600, 3 * 86_400], ids=["a minute", "an hour", "three days"])
@on("mastodon", BLUESKY)
async def test_s2_down_for_a_while(spoiled: Opened, kind: str, down: int) -> None:
    """One pass catches up on all of the time that was missed, and its slot stands for all that went by."""
    async with spoiled(kind) as place:
        place.write(20)
        await place.visit()
        await place.visit()
        posts = place.write(60, every=down / 60)
        summary = await place.visit()
        assert summary.state == "ok"
        assert not {post.native_id for post in posts} - await place.native_ids()
        assert {state for *_, state in await place.stretches()} == {"complete"}
        assert (await place.slots())[-1].slots == 1 + max(0, place.now - (await place.slots())[-1].due_at) // 300_000
        assert await place.poll() == []
        await place.check()


async def test_s2_the_platform_was_down_for_three_hours(spoiled: Opened) -> None:
    """Each pass failed, and none of their gaps is given up: the first that succeeds closes them all."""
    async with spoiled() as place:
        place.write(5)
        await place.visit()
        await place.proxy.close()
        while len(await place.slots()) < 30:
            place.write(3)
            await place.visit()
        await place.check()
        await place.proxy.open()
        await place.heals()
        assert {state for *_, state in await place.stretches()} == {"complete"}
        assert len(await place.native_ids()) == len(place.script.records)


async def test_s6_a_thousand_hashtags_do_not_fall_due_together(spoiled: Opened) -> None:
    """The first passes are made as fast as there are workers; each track then has a phase of its own."""
    dues = [following.first_due(0, 300_000) for _ in range(1_000)]
    by_ten_seconds = Counter(due // 10_000 for due in dues)
    assert len(by_ten_seconds) == 30
    assert max(by_ten_seconds.values()) < 3 * 1_000 / 30
    async with spoiled() as place:
        for number in range(25):
            await place.follow(f"tag{number}")
        await place.poll()
        phases = {track.due_at % 300_000 for track in await place.rows(Track)}
        assert len(phases) == 26
        await place.check()


async def test_s6_a_track_keeps_its_phase(spoiled: Opened) -> None:
    """Due times go on from each other, whenever the passes come to run."""
    async with spoiled() as place:
        await place.visit()
        await place.visit()
        phase = (await place.rows(Track))[0].due_at % 300_000
        for late in (1, 200, 299, 301, 4_000):
            await place.until_due()
            place.advance(late)
            await place.poll()
            assert (await place.rows(Track))[0].due_at % 300_000 == phase
        await place.check()
