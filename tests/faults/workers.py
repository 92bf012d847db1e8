"""A busy world in real time, and the workers that watch it: started, killed, paused, waited for."""

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from app.clock import SystemClock
from app.db.engine import Database
from sandbox.ids import MASTODON
from sandbox.limits import Limits
from tests.polling.town import Town, settings_for, world

HOUSE = Path(__file__).resolve().parents[2]
INTERVAL_S = 1
AMPLE = 1_000_000


class Nursery:
    """See nursery.py."""

    def __init__(
        self, process: asyncio.subprocess.Process, url: str, settings: dict[str, Any], calls: int | None
    ) -> None:
        self._process, self._url, self._settings, self._calls = process, url, settings, calls
        self._alive: set[int] = set()

    async def start(self, failpoint: str = "") -> int:
        told = {"url": self._url, "failpoint": failpoint, "calls": self._calls, "settings": self._settings}
        pid = await self._ask({"start": told})
        self._alive.add(pid)
        return pid

    async def ended(self, pid: int) -> int:
        """How it ended: an exit code, or the negative number of a signal."""
        code = await self._ask({"wait": pid})
        self._alive.discard(pid)
        return code

    async def kill(self, pid: int, sign: signal.Signals = signal.SIGKILL) -> int:
        os.kill(pid, sign)
        return await self.ended(pid)

    async def _ask(self, told: dict[str, Any]) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(told).encode() + b"\n")
        await self._process.stdin.drain()
        return int(await asyncio.wait_for(self._process.stdout.readline(), 40))

    async def close(self) -> None:
        for pid in self._alive:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert self._process.stdin
        self._process.stdin.close()
        await self._process.wait()


@asynccontextmanager
async def nursery(url: str, log: Path, calls: int | None = AMPLE, **settings: Any) -> AsyncIterator[Nursery]:
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.nursery",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=out,
            cwd=HOUSE,
        )  # fmt: skip
    given = {"allow_networks": "127.0.0.0/8", "secret_key": "k" * 40, "poll_seconds": INTERVAL_S} | settings
    made = Nursery(process, url, given, calls)
    try:
        yield made
    finally:
        await made.close()


class Busy:
    """People who write, like, edit and delete all the time, by a seed that a failure names."""

    def __init__(self, place: Town, seed: int, tags: int = 1) -> None:
        self._town, self._dice, self._tags = place, random.Random(seed), tags
        self._people = [place.script.join(f"person{number}") for number in range(4)]
        self._posts: list[Any] = []

    async def run(self, every: float = 0.08) -> None:
        while True:
            self.step()
            await asyncio.sleep(self._dice.uniform(0, 2 * every))

    def step(self) -> None:
        script, dice = self._town.script, self._dice
        tag = dice.choice(["farm", *(f"farm{number}" for number in range(1, self._tags))])
        self._posts.append(script.add_post(self._town.network, dice.choice(self._people), f"so #{tag}"))
        for post in dice.choices(self._posts, k=3):
            script.change(post, likes=dice.randint(-2, 5), reposts=dice.randint(0, 2))
        if dice.random() < 0.1:
            script.delete(dice.choice(self._posts))


@asynccontextmanager
async def busy(
    db: Database, folder: Path, seed: int, *, tags: int = 1, every: float = 0.08, limits: Limits | None = None
) -> AsyncIterator[Town]:
    """`tags` hashtags are followed, and people are at it until the end of the block."""
    clock = SystemClock()
    async with world(clock, "mastodon", limits or Limits(mastodon=AMPLE, paging=AMPLE)) as (script, running):
        settings = settings_for(db.url, poll_seconds=INTERVAL_S)
        place = Town(db, settings, clock, script, running, MASTODON)
        place.source_id = await place.add_source("town", running.url, folder)
        for number in range(tags):
            await place.follow(f"farm{number or ''}")
        crowd = asyncio.create_task(Busy(place, seed, tags).run(every))
        try:
            yield place
        finally:
            crowd.cancel()
            with suppress(asyncio.CancelledError):
                await crowd
