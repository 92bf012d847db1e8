"""`compare` of two campaigns of SNAPSHOTS looks each, and the influencer table of AUTHORS authors: warm."""

import asyncio
import csv
import json
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from app.db.engine import Database, ReadSession
from app.imports import run as importing
from app.store import campaigns, comparing, influence
from app.store.campaigns import Described
from bench.databases import KINDS, fresh
from bench.machine import Figure

SNAPSHOTS, LOOKS, TIMES = 1_000_000, 50, 30
AUTHORS = 10_000
START, SPAN = 1_760_000_000, 90 * 86_400


def run() -> list[Figure]:
    return [figure for kind in KINDS for figure in _measure(kind)]


def _measure(kind: str) -> list[Figure]:
    with fresh(kind) as url:
        compared, influenced = asyncio.run(_asked(url))
    sizes = f"{SNAPSHOTS:,} snapshots each, {kind}"
    return [
        Figure(f"`compare` of two campaigns of {sizes}", _told(compared), "p95 < 100 ms"),
        Figure(f"influencer table of {AUTHORS:,} authors, {kind}", _told(influenced), "p95 < 300 ms"),
    ]


def _told(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    p50, p95 = (ordered[int(len(ordered) * share)] * 1_000 for share in (0.5, 0.95))
    return f"p50 {p50:.0f} ms, p95 {p95:.0f} ms"


async def _asked(url: str) -> tuple[list[float], list[float]]:
    db, now = Database(url), (START + SPAN + 3_600) * 1_000
    await _fill(db, now)
    compared = await _timed(db, lambda session: comparing.side_by_side(session, ["one", "two"], now))

    async def table(session: ReadSession) -> Any:
        return len((await influence.of_campaign(session, await campaigns.by_slug(session, "one"), 100, now)).rows)

    influenced = await _timed(db, table)
    await db.close()
    return compared, influenced


async def _timed(db: Database, ask: Callable[[ReadSession], Awaitable[Any]]) -> list[float]:
    seconds = []
    for _ in range(TIMES + 3):
        began = time.perf_counter()
        async with db.read() as session:
            json.dumps(await ask(session))
        seconds.append(time.perf_counter() - began)
    return seconds[3:]


async def _fill(db: Database, now: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        for number, slug in enumerate(("one", "two")):
            _write_files(Path(name), slug, number)
            for kind in ("posts", "snapshots"):
                await importing.run(db, kind, Path(name) / f"{kind}.csv", now=now)
    async with db.write() as session:
        for slug in ("one", "two"):
            told = Described(slug, slug, "other", START * 1_000, None, (f"#{slug}",))
            await campaigns.create(session, told, now, 300)


def _write_files(folder: Path, tag: str, seed: int) -> None:
    rng = random.Random(seed)
    with (folder / "posts.csv").open("w", newline="") as p, (folder / "snapshots.csv").open("w", newline="") as s:
        posts, snapshots = csv.writer(p), csv.writer(s)
        posts.writerow(["platform", "native_id", "created_at", "hashtags", "author_id", "author", "followers"])
        snapshots.writerow(["platform", "native_id", "observed_at", "likes", "reposts", "replies"])
        for number in range(SNAPSHOTS // LOOKS):
            born, level, native = START + int(SPAN * rng.random() * 0.95), 0, f"https://a.example/{tag}/{number}"
            author = f"u{number % AUTHORS}"
            posts.writerow(["mastodon", native, born, f"#{tag}", f"https://a.example/{author}", author, number % 900])
            for look in range(LOOKS):
                level += rng.randrange(5)
                at = born + 300 + int(look**2.2 * 120)
                snapshots.writerow(["mastodon", native, at, level, level // 3, level // 7])
