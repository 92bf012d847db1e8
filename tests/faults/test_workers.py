"""Workers that are killed at any instant, and two at once: K1, W1. In real time, as processes of their own."""

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from app.clock import MINUTE
from app.db.engine import Database
from app.models import Track
from sandbox.limits import Limits
from tests.faults.workers import AMPLE, Nursery, busy, nursery
from tests.invariants import mastodon_limits
from tests.polling.town import Town

PLACES = ("claimed", "keeping a page", "kept a page", "finishing", "finished", "refreshing", "refreshed")
SLACK = 20_000  # a busy machine may take long between an answer and its commit


async def test_k1_killed_at_every_place_where_it_hurts(db: Database, tmp_path: Path) -> None:
    """Before and after each commit of the loop: the next worker goes on from there, and nothing doubles."""
    async with nursery(db.url, tmp_path / "log") as workers, busy(db, tmp_path, seed=1) as place:
        for number, where in enumerate(PLACES):
            pid = await workers.start(f"{where}:{1 + number % 2}")
            assert await asyncio.wait_for(workers.ended(pid), 30) == -signal.SIGKILL, where
            await place.check(slack=SLACK)
        await heals(place, workers)


async def heals(place: Town, workers: Nursery) -> None:
    """One worker that nobody kills: within a minute all is as it should be."""
    killed_at = place.now
    pid = await workers.start()
    while place.now < killed_at + MINUTE:
        await asyncio.sleep(0.3)
        good = {slot.track_id for slot in await place.slots() if slot.state == "ok" and slot.started_at > killed_at}
        if len(good) == len(await place.rows(Track)):
            break
    assert await workers.kill(pid, signal.SIGTERM) == 0
    await place.check(slack=SLACK, healed_at=killed_at)


async def killed(place: Town, workers: Nursery, seed: int, times: int, longest: float) -> None:
    dice = random.Random(seed)
    for turn in range(times):
        pid = await workers.start()
        await asyncio.sleep(dice.uniform(0.1, longest))
        assert await workers.kill(pid) == -signal.SIGKILL
        if turn % 5 == 4:
            await place.check(slack=SLACK)
    await heals(place, workers)
    assert len(await place.native_ids()) > times


async def test_k1_killed_at_random_times(db: Database, tmp_path: Path) -> None:
    async with nursery(db.url, tmp_path / "log") as workers, busy(db, tmp_path, seed=2, tags=3) as place:
        await killed(place, workers, seed=2, times=4, longest=1.5)


def say(capfd: pytest.CaptureFixture[str], words: str) -> None:
    """On the terminal at once: a long run is watched, and its seed is wanted above all where it fails."""
    with capfd.disabled():
        sys.stdout.write(f"{words}\n")
        sys.stdout.flush()


@pytest.mark.soak
@pytest.mark.timeout(1_800)
async def test_k1_soak_fifty_kills_at_random_times(
    db: Database, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("SOAK_SEED") or 0) or random.SystemRandom().randrange(10**6)
    kind = "file" if db.is_file else "server"
    say(capfd, f"\nsoak on the {kind}: 50 kills, SOAK_SEED={seed}")
    async with nursery(db.url, tmp_path / "log") as workers, busy(db, tmp_path, seed=seed, tags=4) as place:
        await killed(place, workers, seed=seed, times=50, longest=3.0)
        states = Counter(slot.state for slot in await place.slots())
        say(
            capfd,
            f"  {len(await place.native_ids())} posts, {len(await place.snapshots())} readings, slots {dict(states)}",
        )


async def test_w1_two_workers_at_once(db: Database, tmp_path: Path) -> None:
    """Each slot is made once, each post kept once, whoever of the two it is; one that was paused is fenced."""
    async with nursery(db.url, tmp_path / "log") as workers, busy(db, tmp_path, seed=3, tags=6) as place:
        first, second = await workers.start(), await workers.start()
        await asyncio.sleep(2)
        os.kill(first, signal.SIGSTOP)
        await asyncio.sleep(2.5)
        os.kill(first, signal.SIGCONT)
        await asyncio.sleep(1)
        assert await workers.kill(first, signal.SIGTERM) == 0
        assert await workers.kill(second, signal.SIGTERM) == 0
        await heals(place, workers)
        begun = Counter((slot.track_id, slot.due_at) for slot in await place.slots())
        assert set(begun.values()) == {1}


async def test_w1_two_workers_share_one_budget(db: Database, tmp_path: Path) -> None:
    """The server allows far less than we would take: its headers say so, and both keep to it, over a kill too."""
    limits = Limits(mastodon=30, paging=AMPLE)
    async with (
        nursery(db.url, tmp_path / "log", calls=None) as workers,
        busy(db, tmp_path, seed=4, tags=8, limits=limits) as place,
    ):
        pids = [await workers.start(), await workers.start()]
        await asyncio.sleep(2)
        await workers.kill(pids.pop())
        pids.append(await workers.start())
        await asyncio.sleep(2.5)
        async with asyncio.timeout(20):  # where the machine is busy, workers take their time to begin
            while len(place.running.faults.asked) < 20:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        for pid in pids:
            assert await workers.kill(pid, signal.SIGTERM) == 0
        await place.check(slack=SLACK, limits=mastodon_limits(30, AMPLE))
