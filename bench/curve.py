"""The 90-day hourly curve over HTTP: of a million looks and of ten million, asked anew and asked again."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.db.engine import Database
from app.db.migrate import upgrade
from app.store import campaigns, outcomes
from app.store.campaigns import Described
from app.store.outcomes import Gift
from bench import history, instead
from bench.databases import fresh
from bench.history import START, kept
from bench.machine import Figure
from bench.server import Client, percentile, served, told

TAG, HOUR = "bench", 3_600
SIZES = (1_000_000, 10_000_000)
TIMES = 200
GIFTS, MONEY = 100_000, ("EUR", "USD")
END = START + history.SPAN
RANGE = START * 1_000 // instead.HOUR * instead.HOUR, -(-END * 1_000 // instead.HOUR) * instead.HOUR


@dataclass(slots=True)
class Took:
    """Seconds. `anew`: another beginning each time, so nothing of it is held; `bare`: the rollup rows without us."""

    anew: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)
    parquet: list[float] = field(default_factory=list)
    given_anew: list[float] = field(default_factory=list)
    given_again: list[float] = field(default_factory=list)


def run() -> list[Figure]:
    small, large = (_of_file(size) for size in SIZES)
    figures = [*_figures("SQLite", SIZES[0], small, "raw sqlite3"), *_instead(small)]
    figures += [*_given(small), *_figures("SQLite", SIZES[1], large, "raw sqlite3"), _growth(small, large)]
    return [*figures, *_figures("PostgreSQL", SIZES[0], _of_server(SIZES[0]), "raw asyncpg")]


def _figures(kind: str, size: int, took: Took, bare: str) -> list[Figure]:
    found = []
    for name, seconds in (("anew", took.anew), ("again", took.again)):
        ratio = percentile(seconds, 0.5) / percentile(took.bare, 0.5)
        found.append(Figure(
            f"90-day hourly curve of {size:,} snapshots over HTTP, asked {name}, {kind}",
            told(seconds, 0.5, 0.95, 0.99), "p95 < 25 ms; p50 <= 2 times bare",
            f"{ratio:.2f} of {bare} reading the same rows and json.dumps, no HTTP ({told(took.bare, 0.5, 0.95)})",
        ))  # fmt: skip
    return found


def _instead(took: Took) -> list[Figure]:
    found = []
    for name, seconds, reach in (
        ("SQL over the raw snapshots in SQLite", took.looks, 100), ("DuckDB over Parquet", took.parquet, 5),
    ):  # fmt: skip
        ratio, again = (percentile(seconds, 0.5) / percentile(ours, 0.5) for ours in (took.anew, took.again))
        found.append(Figure(
            f"{name} instead, {SIZES[0]:,} snapshots", f"p50 {percentile(seconds, 0.5):,.0f} ms",
            f">= {reach} times the curve", f"{ratio:,.0f} times the curve asked anew, {again:,.0f} asked again",
        ))  # fmt: skip
    return found


def _given(took: Took) -> list[Figure]:
    what = f"the same of a campaign with {GIFTS:,} gifts"
    return [
        Figure(f"{what}, asked {name}, SQLite", told(seconds, 0.5, 0.95), "p95 < 25 ms")
        for name, seconds in (("anew", took.given_anew), ("again", took.given_again))
    ]


def _growth(small: Took, large: Took) -> Figure:
    ratios = [
        percentile(getattr(large, name), share) / percentile(getattr(small, name), share)
        for share in (0.5, 0.95)
        for name in ("anew", "again")
    ]
    told_so = "p50 {:.2f} anew, {:.2f} again; p95 {:.2f} anew, {:.2f} again".format(*ratios)
    return Figure("the curve of ten times as many snapshots, SQLite", told_so, "<= 1.3 times")


def _of_file(size: int) -> Took:
    with kept(f"curve-{size}") as folder, ExitStack() as stack:
        path = folder / "bench.db"
        asyncio.run(made(f"sqlite:///{path}", folder, size, fill=not path.exists()))
        bare = stack.enter_context(instead.rows_of_file(path, TAG, *RANGE))
        took = _asked(f"sqlite:///{path}", f"/hashtags/{TAG}", bare)
        if size == SIZES[0]:
            given = _asked(f"sqlite:///{path}", "/campaigns/given", bare)
            took.given_anew, took.given_again = given.anew, given.again
            looks = stack.enter_context(instead.looks_of_file(path, TAG, *RANGE))
            took.looks = [instead.timed(looks) for _ in range(4)][1:]
            parquet = stack.enter_context(instead.looks_of_parquet(folder, *RANGE))
            took.parquet = [instead.timed(parquet) for _ in range(12)][2:]
        return took


def _of_server(size: int) -> Took:
    with kept(f"curve-{size}") as folder, fresh("PostgreSQL") as url:
        asyncio.run(made(url, folder, size, fill=True))
        with instead.rows_of_server(url, TAG, *RANGE) as bare:
            return _asked(url, f"/hashtags/{TAG}", bare)


async def made(url: str, folder: Path, size: int, *, fill: bool) -> None:
    await upgrade(url)
    if fill:
        history.write_files(folder, TAG, size)
        db = Database(url)
        await history.fill(db, folder)
        if size == SIZES[0]:
            await _give(db)
        await db.close()


async def _give(db: Database) -> None:
    """A campaign of the hashtag, and gifts over all of it."""
    rng = random.Random(6)
    async with db.write() as session:
        one = Described("given", "Given", "other", START * 1_000, None, (f"#{TAG}",))
        campaign = (await campaigns.create(session, one, history.NOW, 300)).id
        for start in range(0, GIFTS, 10_000):
            at = [START * 1_000 + rng.randrange(history.SPAN * 1_000) for _ in range(10_000)]
            gifts = [Gift(f"{start}/{n}", one, "donation", "12.50", rng.choice(MONEY)) for n, one in enumerate(at)]
            await outcomes.keep(session, campaign, gifts, history.NOW)


def _asked(url: str, subject: str, bare: instead.Ask) -> Took:
    """One after the other in turn, so that what else the machine does falls on all alike."""
    took = Took()
    with served(url) as server, _asking(server.port) as client:
        for place in range(TIMES + 10):
            anew = client.get(subject + _range((place + 1) * HOUR))
            again = client.get(subject + _range(0))
            assert (anew[1], again[1]) == (200, 200)
            for seconds, one in ((took.anew, anew[0]), (took.again, again[0]), (took.bare, instead.timed(bare))):
                seconds.append(one)
    return Took(took.anew[10:], took.again[10:], took.bare[10:])


def _range(later: int) -> str:
    return f"/growth?from={START + later}&to={END + HOUR + later}&step=1h"


@contextmanager
def _asking(port: int) -> Iterator[Client]:
    client = Client(port)
    yield client
    client.close()
