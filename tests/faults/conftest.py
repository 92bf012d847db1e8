"""A town whose source is reached through a proxy that can spoil what it says."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.db.engine import Database
from sandbox.ids import BLUESKY, MASTODON
from sandbox.limits import Limits
from sandbox.posts import Post
from tests.clocks import FakeClock
from tests.faults.proxy import Proxy, proxy
from tests.polling.town import Town, settings_for, world


@dataclass
class Spoiled(Town):
    """A town, its proxy, and a person who posts."""

    proxy: Proxy = field(kw_only=True)

    def write(self, count: int, text: str = "so #Farm", every: float = 0.5) -> list[Post]:
        found = []
        for _ in range(count):
            self.advance(every)
            person = self.script.people.get("ann") or self.script.join("ann")
            found.append(self.script.add_post(self.network, person, text))
        self.advance(1)
        return found

    async def visit(self) -> Any:
        """The next pass of the first track, at its time."""
        await self.until_due()
        found = await self.poll()
        return found[0] if found else None

    async def heals(self) -> None:
        """The fault is over: the loop must be well again by itself, in time, with nothing lost."""
        self.proxy.heal()
        healed_at = self.now
        for _ in range(2):
            await self.until_due()
            await self.poll()
        await self.check(healed_at=healed_at)


Opened = Callable[..., AbstractAsyncContextManager[Spoiled]]


@asynccontextmanager
async def spoiled_town(
    db: Database, clock: FakeClock, folder: Path, kind: str = "mastodon", limits: Limits | None = None, **more: Any
) -> AsyncIterator[Spoiled]:
    """Its hashtag is followed."""
    network = BLUESKY if kind == BLUESKY else MASTODON
    async with world(clock, kind, limits) as (script, running), proxy(running.url) as between:
        made = Spoiled(db, settings_for(db.url, **more), clock, script, running, network, proxy=between)
        made.source_id = await made.add_source("town", between.url, folder, kind)
        await made.follow()
        yield made


@pytest.fixture
def spoiled(db: Database, clock: FakeClock, tmp_path: Path) -> Opened:
    return partial(spoiled_town, db, clock, tmp_path)
