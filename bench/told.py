"""A page with a spike in it is kept: how soon does a receiver hear of it? Watch, outbox and sender as they run."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from app.clock import DAY, MINUTE, SystemClock, to_ms
from app.db.engine import Database, Session
from app.models import Track
from app.scheduler import Scheduler
from app.settings import Settings
from app.store import coverage, following, rules, sources
from app.store.keep import Arrivals, keep
from app.store.rules import Watched
from app.store.sources import NewSource
from bench.databases import KINDS, fresh
from bench.deliveries import endpoints_at, percentiles, timed, urls
from bench.machine import Figure
from collectors.posts import Account, Engagement, Post
from tests.alerts.receiver import Came, receiver
from tests.alerts.schemas import check

TAGS, PAGES, SIZE = 12, 3, 40
STEP_S = 300


class Leaping(SystemClock):
    """True time that leaps over the five minutes between two polls."""

    def __init__(self) -> None:
        self.leapt = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.leapt

    @property
    def ms(self) -> int:
        return to_ms(self.now())


def run() -> list[Figure]:
    return [_measure(kind) for kind in KINDS]


def _measure(kind: str) -> Figure:
    with fresh(kind) as url:
        waits, later = asyncio.run(_told(url))
    p50, p95 = percentiles(waits)
    what = f"a page with a spike in it kept, to the first attempt at the receiver, {kind}"
    measured = f"p50 {p50:.2f} s, p95 {p95:.2f} s ({len(waits)} alerts; {later} more waited for their rule)"
    return Figure(what, measured, "p95 < 5 s and the rule's `for`")


async def _told(url: str) -> tuple[list[float], int]:
    """Seconds from the commit of the page that made a rule fire to the request at the receiver.

    Apart: how many fired when another hashtag's page was the last one; those had to be true for longer.
    """
    arrived: list[tuple[float, Came]] = []
    kept: list[tuple[float, str]] = []
    clock, db = Leaping(), Database(url)
    settings = Settings(_env_file=None, database_url=url, secret_key="k" * 40, allow_networks="127.0.0.0/8")
    worker = Scheduler(db, settings, clock)
    async with receiver(timed(arrived), host="0.0.0.0") as there:
        await endpoints_at(db, settings, urls(there, 1))
        async with db.write() as session:
            source = await _followed(session, clock.ms)
        await worker.start()
        for number, _ in itertools.product(range(TAGS), range(PAGES)):
            await _keep(db, clock, source, number)
            await _prove(db, clock)
            await asyncio.sleep(2.5 + 0.13 * number % 1)  # at every place of the ticks
            clock.leapt += timedelta(seconds=STEP_S)
            await _keep(db, clock, source, number)
            kept.append((time.time() * 1_000, f"t{number}"))
        await asyncio.sleep(6)
        await worker.stop()
        await db.close()
    return _waits(arrived, kept)


async def _followed(session: Session, now: int) -> int:
    source = await sources.insert(session, NewSource("mastodon", "bench", None, None, None), now)
    for number in range(TAGS):
        await following.follow(session, f"#t{number}", None, now - DAY, STEP_S)
        subject = ("hashtag", f"t{number}")
        await rules.create(session, Watched("Many", "threshold", subject, "posts", 30, 900, "high", None, True), now)
    # The pages come from here: nobody is to be asked for more.
    await session.execute(update(Track).values(due_at=now + 10**10, walked_to=now, since_at=now - DAY))
    return source


_NUMBERS = itertools.count()


async def _keep(db: Database, clock: Leaping, source: int, tag: int) -> None:
    posts = [_post(next(_NUMBERS), tag, clock.now()) for _ in range(SIZE)]
    async with db.write() as session:
        await keep(session, Arrivals("mastodon", posts, clock.ms, source), clock.ms)


async def _prove(db: Database, clock: Leaping) -> None:
    """The pass is over: what came before the next page is claimed."""
    async with db.write() as session:
        for track in (await session.execute(select(Track.id))).scalars().all():
            await coverage.write(session, track, clock.ms - 20 * MINUTE, clock.ms, "complete")


def _post(number: int, tag: int, now: datetime) -> Post:
    who = Account(f"https://bench.example/u{number}", f"u{number}", followers=3)
    return Post(
        native_id=f"https://bench.example/{number}", created_at=now - timedelta(seconds=number % 200),
        engagement=Engagement(1, 0, 0), local_id=str(number), author=who, tags=(f"t{tag}",), text="a post",
    )  # fmt: skip


def _waits(
    arrived: Sequence[tuple[float, Came]], kept: Sequence[tuple[float, str]]
) -> tuple[list[float], int]:  # fmt: skip
    found, later = [], 0
    for at, came in arrived:
        said = check(came.body)
        if said["type"] == "alert.firing":
            last, tag = max(page for page in kept if page[0] <= at)
            if tag == said["data"]["subject"].get("hashtag"):
                found.append((at - last) / 1_000)
            else:
                later += 1
    return found, later
