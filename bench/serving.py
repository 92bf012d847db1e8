"""The API under eight readers at once while a worker process keeps 500 new posts a second: a mix that a page asks."""

import asyncio
import random
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from app.db.engine import Database
from app.store import campaigns, following
from app.store import sources as source_rows
from app.store.campaigns import Described
from app.store.sources import NewSource
from bench import history
from bench.databases import KINDS, fresh
from bench.history import SPAN, START
from bench.machine import Figure
from bench.server import Client, served, told

SNAPSHOTS, READERS, WARM_S, SECONDS = 200_000, 8, 4.0, 20.0
LONG = f"/growth?from={START}&to={START + SPAN}&step=1h"
MIX = {
    f"/hashtags/history{LONG}": 1,
    "/campaigns/live/growth?step=15m": 2,
    "/hashtags/bench/growth?step=1h": 1,
    "/campaigns/live": 4,
    "/campaigns": 1,
    "/posts?limit=50": 2,
    "/posts?hashtag=bench&limit=50": 3,
    "/posts?campaign=past&order=engagement&limit=20": 1,
    "/coverage?hashtag=bench": 2,
    "/sources": 3,
}
"""How often each is asked among the others."""


@dataclass(slots=True)
class Answers:
    seconds: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    by_path: dict[str, list[float]] = field(default_factory=dict)


def run() -> list[Figure]:
    return [_measure(kind) for kind in KINDS]


def _measure(kind: str) -> Figure:
    with fresh(kind) as url:
        asyncio.run(_settle(url))
        with served(url) as port:
            command = [sys.executable, "-m", "bench.feeding", url, str(WARM_S + SECONDS)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as feeding:
                answers, took = _read(port)
                rate, late = map(float, feeding.communicate(timeout=60)[0].split())
    failed = sum(status >= 500 for status in answers.statuses)
    wrong = sum(400 <= status < 500 for status in answers.statuses)
    assert not wrong, "a question of the mix is wrong"
    for path, seconds in answers.by_path.items():
        print(f"  {path}: {len(seconds)} times, {told(seconds, 0.5, 0.99)}")
    while_fed = f"while {rate:.0f} posts/s come in (a page at most {late * 1_000:.0f} ms late)"
    shares = told(answers.seconds, 0.5, 0.99)
    return Figure(
        f"API under {READERS} readers {while_fed}, {kind}",
        f"{len(answers.seconds) / took:,.0f} req/s, {shares}, {failed} of {len(answers.statuses):,} answers 5xx",
        ">= 300 req/s, p99 < 300 ms, no 5xx",
    )


async def _settle(url: str) -> None:
    """Ninety days of the past, and a campaign that is followed now."""
    db, now = Database(url), int(time.time() * 1_000)
    with tempfile.TemporaryDirectory() as folder:
        history.write_files(Path(folder), "history", SNAPSHOTS)
        await history.fill(db, Path(folder))
    async with db.write() as session:
        source = await source_rows.insert(session, NewSource("mastodon", "bench", None, None, None), now)
        for tag in ("#Bench", "#Other"):
            await following.follow(session, tag, [source], now, 300)
        for slug, tags in (("live", ("#Bench", "#Other")), ("past", ("#history",))):
            await campaigns.create(session, Described(slug, slug, "other", None, None, tags), now, 300)
    await db.close()


def _read(port: int) -> tuple[Answers, float]:
    answers, begin = Answers(), time.monotonic() + WARM_S
    threads = [threading.Thread(target=_reader, args=(port, seed, begin, answers)) for seed in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers, SECONDS


def _reader(port: int, seed: int, begin: float, answers: Answers) -> None:
    rng, paths, weights = random.Random(seed), list(MIX), list(MIX.values())
    with closing(Client(port)) as client:
        while (now := time.monotonic()) < begin + SECONDS:
            path = rng.choices(paths, weights)[0]
            took, status, _ = client.get(path)
            if now >= begin:
                answers.seconds.append(took)
                answers.statuses.append(status)
                answers.by_path.setdefault(path, []).append(took)
