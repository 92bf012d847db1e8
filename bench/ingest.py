"""Live ingest: pages of forty new posts kept one after the other, each with its looks, links, rollups and watermark."""

import asyncio
import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.clock import to_ms
from app.db.engine import Database
from app.store import following, keep, tracks
from app.store import sources as source_rows
from app.store.keep import Arrivals
from app.store.sources import NewSource
from bench.databases import KINDS, bare_file, fresh
from bench.machine import Figure
from collectors.posts import Account, Engagement, Post

PAGES, SIZE = 250, 40
START = datetime(2026, 11, 1, tzinfo=UTC)


def page(number: int, rng: random.Random) -> list[Post]:
    return [_post(number * SIZE + i, rng) for i in range(SIZE)]


def _post(number: int, rng: random.Random) -> Post:
    likes = int(rng.paretovariate(1.2))
    return Post(
        native_id=f"https://bench.example/users/u{number % 3_000}/statuses/{number}",
        created_at=START + timedelta(seconds=number * 20),
        engagement=Engagement(likes=likes, reposts=likes // 3, replies=likes // 7),
        local_id=str(10**17 + number),
        author=Account(f"https://bench.example/users/u{number % 3_000}", f"u{number % 3_000}", followers=number % 997),
        tags=("Bench", "Other"), text="A post about the #Bench with a few more words in it", url=f"https://bench.example/{number}",
    )  # fmt: skip


def run() -> list[Figure]:
    bare = _bare()
    return [_measure(kind, bare) for kind in KINDS]


def _measure(kind: str, bare: float) -> Figure:
    with fresh(kind) as url:
        seconds = asyncio.run(_followed_and_kept(url))
    rate = PAGES * SIZE / sum(seconds)
    slow = sorted(seconds)[int(len(seconds) * 0.99)]
    return Figure(
        f"live ingest, pages of {SIZE}, two followed tags a post, {kind}",
        f"{rate:,.0f} posts and as many snapshots/s; p99 page {slow * 1_000:.0f} ms", "1,000/s; p99 < 250 ms",
        f"{rate / bare:.2f} of raw sqlite3 writing posts and snapshots alone ({bare:,.0f}/s)",
    )  # fmt: skip


async def _followed_and_kept(url: str) -> list[float]:
    db, now = Database(url), to_ms(START) + 86_400_000
    async with db.write() as session:
        source = await source_rows.insert(session, NewSource("mastodon", "bench", None, None, None), now)
        for tag in ("#Bench", "#Other"):
            await following.follow(session, tag, [source], now, 300)
    seconds = await _keep_pages(db, source, now)
    await db.close()
    return seconds


async def _keep_pages(db: Database, source: int, now: int) -> list[float]:
    rng, seconds = random.Random(4), []
    async with db.write() as session:
        claimed = await tracks.claim(session, 1, now)
    assert claimed is not None
    for number in range(PAGES):
        posts = page(number, rng)
        at = now + number * 1_000
        began = time.perf_counter()
        async with db.write() as session:
            await tracks.hold(session, claimed, at, walks="[]")
            await keep.keep(session, Arrivals("mastodon", posts, at, source, plan=lambda born: born + 600_000), at)
        seconds.append(time.perf_counter() - began)
    return seconds


def _bare() -> float:
    with tempfile.TemporaryDirectory() as folder:
        connection = bare_file(Path(folder))
        connection.execute(
            "CREATE TABLE post (id INTEGER PRIMARY KEY, native TEXT, author TEXT, created INTEGER, text TEXT)"
        )
        connection.execute(
            "CREATE TABLE snapshot (post INTEGER, at INTEGER, a INTEGER, b INTEGER, c INTEGER, PRIMARY KEY (post, at))"
        )
        rng = random.Random(4)
        began = time.perf_counter()
        for number in range(PAGES):
            posts = page(number, rng)
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO post VALUES (?, ?, ?, ?, ?)", [
                (hash(p.native_id), p.native_id, p.author and p.author.native_id, number, p.text) for p in posts
            ])  # fmt: skip
            connection.executemany("INSERT INTO snapshot VALUES (?, ?, ?, ?, ?)", [
                (hash(p.native_id), number, p.engagement.likes, p.engagement.reposts, p.engagement.replies)
                for p in posts
            ])  # fmt: skip
            connection.execute("COMMIT")
        return PAGES * SIZE / (time.perf_counter() - began)
