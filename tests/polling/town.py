"""A written world on a real socket, a real database, a clock in the hand: all that the loop needs to run for real."""

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app import sources
from app.clock import SystemClock, to_ms
from app.db.engine import Database
from app.models import Coverage, Pass, Post, Snapshot, Source, Track
from app.polling import collect, poll, refresh
from app.polling.outcome import PassSummary
from app.settings import Settings
from app.store import following, tracks
from app.store import sources as source_rows
from app.store.sources import NewSource
from sandbox import demo
from sandbox.ids import BLUESKY, MASTODON
from sandbox.limits import Limits
from sandbox.script import Script
from sandbox.server import Running, start
from tests.clocks import FakeClock
from tests.invariants import Truth, check

TAG, TOKEN = "farm", "a-token-of-the-town"
KINDS = ("mastodon", "gotosocial", "takahe", BLUESKY)


def on(*kinds: str) -> pytest.MarkDecorator:
    """Each kind of server on one of the two databases in turn: they do not know of each other."""
    databases = itertools.cycle(("sqlite", "postgresql"))
    pairs = [(next(databases), kind) for kind in kinds]
    return pytest.mark.parametrize(("database_url", "kind"), pairs, indirect=["database_url"])


def settings_for(url: str, **more: Any) -> Settings:
    return Settings(_env_file=None, database_url=url, allow_networks="127.0.0.0/8", secret_key="k" * 40, **more)


@dataclass
class Town:
    """One source on one server. `clock` moves the app, the world and the server together."""

    db: Database
    settings: Settings
    clock: FakeClock | SystemClock
    script: Script
    running: Running
    network: str
    source_id: int = 0
    passes: list[PassSummary] = field(default_factory=list)

    @property
    def now(self) -> int:
        return to_ms(self.clock.now())

    async def add_source(self, name: str, url: str, folder: Path, kind: str = "mastodon") -> int:
        return await sources.add(self.db, self.settings, new_source(name, url, folder, kind), self.now)

    async def follow(self, tag: str = TAG, source_ids: Sequence[int] | None = None) -> None:
        async with self.db.write() as session:
            await following.follow(session, tag, source_ids, self.now, self.settings.poll_seconds)

    async def collect(self, tag: str = TAG, since: int | None = None) -> PassSummary:
        """A person's pass, on the town's own source."""
        found = await collect.once(self.db, self.settings, self.clock, tag, ["town"], since)
        self.passes += found
        return found[0]

    async def poll(self) -> list[PassSummary]:
        """What a worker does at this moment: every track that is due, once."""
        async with self.db.read() as session:
            due = await tracks.due(session, self.now, 100)
        made = [await poll.visit(self.db, self.settings, self.clock, track_id) for track_id, _ in due]
        found = [visit.summary for visit in made if visit]
        self.passes += found
        return found

    async def refresh(self) -> list[PassSummary]:
        async with self.db.read() as session:
            due = await source_rows.to_refresh(session, self.now)
        made = [await refresh.refresh(self.db, self.settings, self.clock, source) for source in due]
        return [summary for summary in made if summary]

    def advance(self, seconds: float) -> None:
        assert isinstance(self.clock, FakeClock)
        self.clock.advance(seconds)

    async def until_due(self, tag: str = TAG) -> None:
        """Move the clock to the next slot of the first track."""
        async with self.db.read() as session:
            due = (await session.execute(select(Track.due_at).order_by(Track.due_at))).scalars().first()
        if due is not None and due > self.now:
            self.advance((due - self.now) / 1_000 + 0.001)

    async def source(self) -> Source:
        async with self.db.read() as session:
            return await source_rows.by_id(session, self.source_id)

    def truth(self, **more: Any) -> Truth:
        return Truth(self.script, self.network, self.now, **({"asked": [*self.running.faults.asked]} | more))

    async def check(self, **more: Any) -> None:
        """Every invariant, against the ledger."""
        await check(self.db, self.truth(**more))

    async def rows(self, table: Any) -> list[Any]:
        async with self.db.read() as session:
            return list((await session.execute(select(table))).scalars())

    async def native_ids(self) -> set[str]:
        return {post.native_id for post in await self.rows(Post)}

    async def stretches(self) -> list[tuple[int, int, str]]:
        rows = sorted(await self.rows(Coverage), key=lambda row: row.from_at)
        return [(row.from_at, row.to_at, row.state) for row in rows]

    async def slots(self) -> list[Pass]:
        return sorted(await self.rows(Pass), key=lambda row: row.due_at)

    async def levels(self) -> dict[str, tuple[int | None, ...]]:
        return {p.native_id: (p.likes, p.reposts, p.replies, p.quotes) for p in await self.rows(Post)}

    async def snapshots(self) -> list[Snapshot]:
        return await self.rows(Snapshot)


def new_source(name: str, url: str, folder: Path, kind: str = "mastodon") -> NewSource:
    """A Bluesky source logs in; the others show a token, which some servers need."""
    secret = folder / f"{name}.secret"
    if kind == BLUESKY:
        secret.write_text(f"{demo.BLUESKY_IDENTIFIER}\n{demo.BLUESKY_PASSWORD}\n")
        return NewSource(BLUESKY, name, url, None, str(secret))
    secret.write_text(f"{TOKEN}\n")
    return NewSource(MASTODON, name, url, None, str(secret))


@asynccontextmanager
async def town(
    db: Database, clock: FakeClock | SystemClock, folder: Path, kind: str = "mastodon",
    limits: Limits | None = None, **settings: Any,
) -> AsyncIterator[Town]:  # fmt: skip
    """The source is the sandbox itself."""
    async with world(clock, kind, limits) as (script, running):
        network = BLUESKY if kind == BLUESKY else MASTODON
        made = Town(db, settings_for(db.url, **settings), clock, script, running, network)
        made.source_id = await made.add_source("town", running.url, folder, kind)
        yield made


@asynccontextmanager
async def world(
    clock: FakeClock | SystemClock, kind: str, limits: Limits | None = None
) -> AsyncIterator[tuple[Script, Running]]:
    def now() -> int:
        return to_ms(clock.now())

    script = Script(now)
    flavour = "mastodon" if kind == BLUESKY else kind
    async with await start(world=script, now=now, flavour=flavour, token=TOKEN, limits=limits) as running:
        yield script, running
