"""The demo: a sandbox on loopback, its past imported and its present polled, like any platform's."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_network
from pathlib import Path

import structlog

import sandbox.demo
import sandbox.history
import sandbox.outcomes
import sandbox.server
from app import sources
from app.access import keyfile
from app.clock import HOUR, SystemClock, to_ms
from app.db.engine import Database, Session
from app.errors import Busy
from app.imports.run import run as bring_in
from app.settings import Settings
from app.store import campaigns, following, people
from app.store import demo as rows
from app.store.campaigns import Described
from app.store.people import Claim
from app.store.sources import NewSource

MASTODON, BLUESKY = "sandbox-mastodon", "sandbox-bluesky"
INTERVAL_S = 10
TRIES = 10
LOOK_BACK = 3 * HOUR
"""What is younger is taken over by the live sources, which read its levels on; what is older is history."""
SLUGS = [campaign.slug for campaign in sandbox.demo.CAMPAIGNS]
log = structlog.get_logger()


def allowed(settings: Settings) -> Settings:
    """The settings of a process that may call this machine: this one alone, and only with --demo."""
    return settings.model_copy(update={"allow_networks": (*settings.allow_networks, ip_network("127.0.0.0/8"))})


@asynccontextmanager
async def playing(db: Database, settings: Settings) -> AsyncIterator[None]:
    """The sandbox listens, its sources are there; the campaigns and their past come in while you look on."""
    now = to_ms(SystemClock().now())
    async with db.read() as session:
        began = await rows.launched(session, SLUGS[0]) or sandbox.demo.began(now)
    async with await sandbox.server.start(began=began) as world:
        await _sources(db, settings, world.url, now)
        filling = asyncio.create_task(_fill(db, settings, began))
        try:
            yield
        finally:
            filling.cancel()
            with suppress(asyncio.CancelledError):
                await filling


async def _sources(db: Database, settings: Settings, url: str, now: int) -> None:
    async with db.write() as session:
        there = await rows.move(session, [MASTODON, BLUESKY], url)
    if MASTODON not in there:
        await sources.add(db, settings, NewSource("mastodon", MASTODON, url, None, None), now)
    if BLUESKY not in there:
        secret = _secret(keyfile.default_path(settings.database_url).with_name("sandbox-bluesky.secret"))
        named = NewSource("bluesky", BLUESKY, url, sandbox.demo.BLUESKY_IDENTIFIER, str(secret))
        await sources.add(db, settings, named, now)


def _secret(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(sandbox.demo.BLUESKY_PASSWORD + "\n")
    return path.absolute()


async def _fill(db: Database, settings: Settings, began: int) -> None:
    for _ in range(TRIES):
        try:
            await _once(db, settings, began)
            return
        except Busy as busy:
            # The polls that run already write beside us. What went in stays in, so that doing it again costs little.
            log.info("demo_waits", why=busy.detail)
            await asyncio.sleep(1)
        except Exception:
            log.exception("the demo's campaigns did not come in; the next start tries again")
            return


async def _once(db: Database, settings: Settings, began: int) -> None:
    """Campaigns first, so that one sees them fill; people last, so that a start that was cut off does it again.

    They bring their donation codes along, by which what came in is put down to them.
    """
    async with db.read() as session:
        done = await rows.with_people(session, SLUGS)
    if done == set(SLUGS):
        return
    now = to_ms(SystemClock().now())
    for campaign in sandbox.demo.CAMPAIGNS:
        await _campaign(db, settings, campaign, began, now)
    with tempfile.TemporaryDirectory(prefix="groundswell-demo-") as folder:
        await _history(db, Path(folder), now, began)
    for campaign in sandbox.demo.CAMPAIGNS:
        if campaign.slug not in done:
            await _people(db, settings, campaign, now)
    log.info("demo_ready", campaigns=SLUGS)


async def _campaign(db: Database, settings: Settings, one: sandbox.demo.Campaign, began: int, now: int) -> None:
    async with db.write() as session:
        ids = await following.source_ids(session, [MASTODON, BLUESKY])
        for tag in one.tags:
            await following.follow(session, tag, ids, now, INTERVAL_S, look_back=LOOK_BACK)
        if await rows.launched(session, one.slug) is None:
            new = Described(one.slug, one.name, one.kind, began + one.launch, None, one.tags)
            await campaigns.create(session, new, now, settings.poll_seconds)


async def _history(db: Database, folder: Path, now: int, began: int) -> None:
    written = await asyncio.to_thread(sandbox.history.write, folder, now, began=began)
    await bring_in(db, "accounts", written.accounts, now=now)
    await bring_in(db, "posts", written.posts, now=now)
    await bring_in(db, "coverage", written.coverage, now=now)
    await bring_in(db, "snapshots", written.snapshots, now=now)
    given = await asyncio.to_thread(sandbox.outcomes.write, folder, now, began=began)
    for slug, path in given.items():
        await bring_in(db, "outcomes", path, now=now, campaign=slug)


async def _people(db: Database, settings: Settings, one: sandbox.demo.Campaign, now: int) -> None:
    async with db.write() as session:
        ids = [await _person(session, person, now) for person in one.influencers]
        old = await campaigns.by_slug(session, one.slug)
        it = old.it
        new = Described(it.slug, it.name, it.kind, it.launched_at, it.ended_at, it.hashtags, tuple(ids))
        await campaigns.change(session, old, new, now, settings.poll_seconds)


async def _person(session: Session, person: sandbox.demo.Influencer, now: int) -> str:
    claims: Sequence[Claim] = [Claim(one.platform, None, one.native_id) for one in person.accounts]
    return (await people.create(session, person.name, person.kind, claims, now, [person.code])).id
