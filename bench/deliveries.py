"""Deliveries by the product's own scheduler: how many a second, and how soon with a fifth of 1,000 receivers dead."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import quantiles
from urllib.parse import urlsplit

from app.access import keyfile
from app.alerts import signing
from app.clock import SystemClock
from app.db.engine import Database
from app.scheduler import Scheduler
from app.settings import Settings
from app.store import endpoints, outbox
from app.store.endpoints import Described, Kept
from bench.databases import KINDS, fresh
from bench.machine import Figure
from tests.alerts.outbox import alert
from tests.alerts.receiver import Answer, Came, Receiver, answering, receiver, silence

MESSAGES, RECEIVERS = 150, 20
ENDPOINTS, DEAD, A_SECOND, SECONDS = 1_000, 200, 100, 40


def run() -> list[Figure]:
    return [figure for kind in KINDS for figure in _both(kind)]


def _both(kind: str) -> list[Figure]:
    with fresh(kind) as url:
        rate = asyncio.run(_rate(url))
    with fresh(kind) as url:
        p50, p95 = asyncio.run(_soon(url))
    return [
        Figure(f"deliveries to {RECEIVERS} receivers, {kind}", f"{rate:,.0f}/s", "100/s"),
        Figure(
            f"due to first attempt at {A_SECOND}/s, {DEAD} of {ENDPOINTS:,} endpoints dead, {kind}",
            f"p50 {p50:.2f} s, p95 {p95:.2f} s", "p95 < 2 s",
        ),
    ]  # fmt: skip


def timed(arrived: list[tuple[float, Came]]) -> Answer:
    good = answering(204)

    async def answer(came: Came, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.append((time.time() * 1_000, came))
        await good(came, reader, writer)

    return answer


@asynccontextmanager
async def _working(url: str) -> AsyncIterator[tuple[Database, Settings]]:
    settings = Settings(_env_file=None, database_url=url, secret_key="k" * 40, allow_networks="127.0.0.0/8")
    db = Database(url)
    worker = Scheduler(db, settings, SystemClock())
    await worker.start()
    try:
        yield db, settings
    finally:
        await worker.stop()
        await db.close()


async def endpoints_at(db: Database, settings: Settings, addresses: list[str]) -> None:
    keys = keyfile.keyring(settings)
    async with db.write() as session:
        for number, url in enumerate(addresses):
            name = f"end_{number}"
            sealed = keys.seal(signing.new_keys(asymmetric=False), signing.purpose(name))
            await endpoints.create(session, Kept(name, 1, 0, Described(name, url), keys=sealed))


def urls(there: Receiver, hosts: int, first: int = 0) -> list[str]:
    """Each receiver on an address of its own, so that none has another's connections."""
    port = urlsplit(there.url).port
    return [f"http://127.1.{n // 250}.{n % 250 + 1}:{port}/" for n in range(first, first + hosts)]


async def _say(db: Database, number: int, to: list[str] | None = None) -> int:
    """When it was said."""
    now = int(time.time() * 1_000)
    async with db.write() as session:
        await outbox.put(session, alert(number, now), to, now)
    return now


async def _rate(url: str) -> float:
    arrived: list[tuple[float, Came]] = []
    async with _working(url) as (db, settings), receiver(timed(arrived), host="0.0.0.0") as there:
        await endpoints_at(db, settings, urls(there, RECEIVERS))
        for number in range(MESSAGES):
            await _say(db, number)
        already, began = len(arrived), time.monotonic()
        while len(arrived) < MESSAGES * RECEIVERS:  # noqa: ASYNC110 - it comes over sockets
            await asyncio.sleep(0.02)
        return (len(arrived) - already) / (time.monotonic() - began)


async def _soon(url: str) -> tuple[float, float]:
    """Of those that live: from the instant that it was due to its arrival."""
    arrived: list[tuple[float, Came]] = []
    said: dict[str, int] = {}
    async with (
        _working(url) as (db, settings),
        receiver(timed(arrived), host="0.0.0.0") as there,
        receiver(silence, host="0.0.0.0") as dead,
    ):
        addresses = urls(there, ENDPOINTS)
        addresses[:: ENDPOINTS // DEAD] = urls(dead, DEAD, first=ENDPOINTS)
        await endpoints_at(db, settings, addresses)
        dice, names = random.Random(7), [f"end_{number}" for number in range(ENDPOINTS)]
        alive, began = 0, time.monotonic()
        for number in range(SECONDS * 10):  # ten times a second to some of them
            to = dice.sample(names, A_SECOND // 10)
            alive += sum(int(name[4:]) % (ENDPOINTS // DEAD) != 0 for name in to)
            said[alert(number, 0).id] = await _say(db, number, to)
            await asyncio.sleep(max(0.0, began + (number + 1) / 10 - time.monotonic()))
        while len(arrived) < alive:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return percentiles([(at - said[came.id]) / 1_000 for at, came in arrived])


def percentiles(waits: list[float]) -> tuple[float, float]:
    """The 50th and the 95th."""
    cuts = quantiles(waits, n=20)
    return cuts[9], cuts[18]
