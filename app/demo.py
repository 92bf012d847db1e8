"""The demo: a sandbox on loopback, its past imported and its present polled, like any platform's."""

import asyncio
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
from app import demo_sources
from app.clock import SystemClock, to_ms
from app.db.engine import Database, Session
from app.errors import Busy
from app.imports.run import run as bring_in
from app.settings import Settings
from app.store import campaigns, people
from app.store import demo as rows
from app.store.campaigns import Described
from app.store.people import Claim
from sandbox.ids import NETWORKS

TRIES = 10
SLUGS = [campaign.slug for campaign in sandbox.demo.CAMPAIGNS]
log = structlog.get_logger()


def allowed(settings: Settings) -> Settings:
    """The settings of a process that may call this machine: this one alone, and only with --demo."""
    return settings.model_copy(update={"allow_networks": (*settings.allow_networks, ip_network("127.0.0.0/8"))})


@asynccontextmanager
async def playing(db: Database, settings: Settings, platforms: Sequence[str]) -> AsyncIterator[None]:
    """The sandbox listens, its sources are there; the campaigns and their past come in while you look on."""
    now = to_ms(SystemClock().now())
    async with db.read() as session:
        launched = await rows.launched(session, sandbox.demo.LOVE_ARMY.slug)
        began = sandbox.demo.began(now) if launched is None else launched - sandbox.demo.LOVE_ARMY.launch
    async with await sandbox.server.start(began=began) as world:
        await demo_sources.connect(db, settings, platforms, world.url, now)
        filling = asyncio.create_task(_fill(db, settings, platforms, began))
        try:
            yield
        finally:
            filling.cancel()
            with suppress(asyncio.CancelledError):
                await filling


async def _fill(db: Database, settings: Settings, platforms: Sequence[str], began: int) -> None:
    for _ in range(TRIES):
        try:
            await demo_sources.follow(db, to_ms(SystemClock().now()))
            await _once(db, settings, platforms, began)
            return
        except Busy as busy:
            # The polls that run already write beside us. What went in stays in, so that doing it again costs little.
            log.info("demo_waits", why=busy.detail)
            await asyncio.sleep(1)
        except Exception:
            log.exception("the demo's campaigns did not come in; the next start tries again")
            return


async def _once(db: Database, settings: Settings, platforms: Sequence[str], began: int) -> None:
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
        await _history(db, Path(folder), platforms, now, began)
    for campaign in sandbox.demo.CAMPAIGNS:
        if campaign.slug not in done:
            await _people(db, settings, campaign, now)
    log.info("demo_ready", campaigns=SLUGS)


async def _campaign(db: Database, settings: Settings, one: sandbox.demo.Campaign, began: int, now: int) -> None:
    async with db.write() as session:
        if await rows.launched(session, one.slug) is None:
            new = Described(one.slug, one.name, one.kind, began + one.launch, None, one.tags)
            await campaigns.create(session, new, now, settings.poll_seconds)


async def _history(db: Database, folder: Path, platforms: Sequence[str], now: int, began: int) -> None:
    """Of the networks that go on from there: others would look as if they had fallen silent."""
    networks = [network for network in NETWORKS if network in platforms]
    written = await asyncio.to_thread(sandbox.history.write, folder, now, began=began, networks=networks)
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
