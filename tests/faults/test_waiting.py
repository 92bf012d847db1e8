"""The platform says wait, fails, or does not know us any more: P1, P2, P3."""

import random
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from app import sources
from app.clock import MINUTE, SECOND
from app.db.engine import Database
from app.models import Track
from app.store import tracks
from sandbox.ids import BLUESKY
from tests.clocks import FakeClock
from tests.faults.conftest import Opened, Spoiled
from tests.faults.proxy import Exchange, answers
from tests.polling.town import on


@pytest.mark.parametrize(
    ("said", "wait"),
    [("date", 120), ("80000", 900), ("99999999999", 2), (None, 2)],
    ids=["date", "longer than is believed", "absurd", "missing"],
)
async def test_p1_a_rate_limit_is_waited_for_as_told(
    spoiled: Opened, clock: FakeClock, said: str | None, wait: int
) -> None:
    async with spoiled() as place:
        place.write(50)
        await place.visit()
        place.write(50)
        await place.until_due()
        told = format_datetime(clock.now() + timedelta(seconds=wait), usegmt=True) if said == "date" else said
        place.proxy.spoil(answers(429, retry_after=told), path="max_id")
        before = place.now
        summary = (await place.poll())[0]
        assert (summary.state, summary.pages) == ("partial", 1)
        source = await place.source()
        assert source.state == "waiting"
        assert source.waits_until is not None
        assert abs(source.waits_until - before - wait * SECOND) <= SECOND
        assert summary.missed
        await place.check(limited=True)
        await asked_by_nobody_before(place, source.waits_until)
        place.proxy.heal()
        place.advance(1)
        cursor = (await place.rows(Track))[0].walks
        before = len(place.proxy.requests)
        await place.visit()
        asked = [target.partition("max_id=")[2] for target in place.proxy.requests[before:]]
        assert any(f'"{one}"' in cursor for one in asked if one), "it goes on from the cursor it had"
        await place.check(limited=True)
        assert len(await place.native_ids()) == 100


async def asked_by_nobody_before(place: Spoiled, until: int) -> None:
    """The wait is a row: a worker that is started anew keeps to it too."""
    asked = len(place.proxy.requests)
    place.advance((until - place.now) / SECOND - 1)
    restarted = Database(place.db.url)
    async with restarted.read() as session:
        assert await tracks.due(session, place.now, 10) == []
    await restarted.close()
    assert await place.poll() == []
    assert await place.refresh() == []
    assert len(place.proxy.requests) == asked
    place.advance(1)


@on("mastodon", "gotosocial", BLUESKY)
async def test_p1_a_person_who_collects_waits_it_out(spoiled: Opened, clock: FakeClock, kind: str) -> None:
    async with spoiled(kind) as place:
        posts = place.write(130)
        await place.collect()
        place.advance(1)
        place.script.like(posts[0])
        place.proxy.spoil(answers(429, retry_after="200"), 1, path="max_id" if kind != BLUESKY else "cursor")
        place.proxy.spoil(answers(429, retry_after="300"), 1)
        summary = await place.collect()
        assert summary.state == "ok", summary
        assert sum(clock.slept) >= 500
        assert (await place.levels())[posts[0].native_id][0] == 1
        await place.check(limited=True, slack=0)


async def test_p2_a_third_of_all_answers_fails(spoiled: Opened) -> None:
    async with spoiled() as place:
        dice = random.Random(7)

        async def sometimes(one: Exchange) -> None:
            fails = dice.random() < 0.3
            await answers(dice.choice((500, 502, 503, 504)))(one) if fails else one.writer.write(one.whole())

        place.proxy.spoil(sometimes)
        for _ in range(6):
            posts = place.write(60)
            place.script.like(posts[5], 3)
            await place.visit()
            await place.refresh()
            await place.check()
        assert len(await place.native_ids()) >= 5 * 60
        await place.heals()


@on("mastodon", BLUESKY)
async def test_p2_all_answers_fail(spoiled: Opened, clock: FakeClock, kind: str) -> None:
    async with spoiled(kind) as place:
        place.write(5)
        await place.visit()
        place.write(130)
        place.proxy.spoil(answers(503))
        asked = len(place.proxy.requests)
        summary = await place.visit()
        assert summary.state == "failed"
        assert len(place.proxy.requests) - asked == 5
        assert all(0.1 <= wait <= 60 for wait in clock.slept[-4:])
        assert "missed" in [state for _, _, state in await place.stretches()]
        for _ in range(3):
            await place.visit()
            assert (await place.source()).waits_until is None
        await place.visit()
        source = await place.source()
        assert source.failures == 5
        assert source.waits_until is not None
        assert source.waits_until <= place.now + MINUTE
        await place.heals()
        assert len(await place.native_ids()) == 135


@pytest.mark.parametrize("status", [401, 403])
async def test_p3_a_credential_that_is_not_taken_any_more(spoiled: Opened, tmp_path: Path, status: int) -> None:
    async with spoiled() as place:
        other = await place.add_source("other", place.running.url, tmp_path)
        await place.follow(source_ids=[other])
        place.write(100)
        await place.poll()
        place.write(100)
        await place.until_due()
        place.advance(place.settings.poll_seconds)
        place.proxy.spoil(answers(status), path="max_id")
        await place.poll()
        stopped = await place.source()
        assert (stopped.state, stopped.failures) == ("stopped", 1)
        assert str(status) in (stopped.reason or "")
        asked = len(place.proxy.requests)
        for _ in range(8):
            place.advance(place.settings.poll_seconds)
            place.write(3)
            found = await place.poll()
            assert [(one.source, one.state) for one in found] == [("other", "ok")]
            await place.refresh()
        assert len(place.proxy.requests) == asked, "nobody hammers with a key that is not taken"
        await place.check()
        place.proxy.heal()
        assert await sources.check(place.db, place.settings, place.clock, "town")
        await place.heals()
