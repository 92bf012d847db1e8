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
from bench.server import Client, Server, served, told

SNAPSHOTS, READERS, WARM_S, SECONDS, BARE_S = 200_000, 8, 3.0, 20.0, 3.0
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
        with served(url) as server:
            command = [sys.executable, "-m", "bench.feeding", url, str(2 * WARM_S + SECONDS + BARE_S)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as feeding:
                mixed, cpu = _read(server, MIX, SECONDS)
                bare, _ = _read(server, {"/healthz": 1}, BARE_S)
                rate, late = map(float, feeding.communicate(timeout=60)[0].split())
    for path, seconds in mixed.by_path.items():
        print(f"  {path}: {len(seconds)} times, {told(seconds, 0.5, 0.99)}")
    while_fed = f"while {rate:.0f} posts/s come in (a page at most {late * 1_000:.0f} ms late)"
    failed = sum(status >= 500 for status in mixed.statuses)
    return Figure(
        f"API under {READERS} readers {while_fed}, {kind}",
        f"{len(mixed.seconds) / SECONDS:,.0f} req/s, {told(mixed.seconds, 0.5, 0.99)}, {failed} answers 5xx",
        ">= 300 req/s, p99 < 300 ms, no 5xx",
        f"{cpu / len(mixed.seconds) * 1_000:.1f} ms of the server's CPU a request; "
        f"/healthz alone {len(bare.seconds) / BARE_S:,.0f} req/s",
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


def _read(server: Server, mix: dict[str, int], seconds: float) -> tuple[Answers, float]:
    """And the processor seconds that the server used meanwhile. What comes in the first moments is not counted."""
    answers, begin = Answers(), time.monotonic() + WARM_S
    threads = [
        threading.Thread(target=_reader, args=(server.port, seed, mix, begin, begin + seconds, answers))
        for seed in range(READERS)
    ]
    for thread in threads:
        thread.start()
    time.sleep(WARM_S)
    cpu = server.cpu_s()
    for thread in threads:
        thread.join()
    wrong = [status for status in answers.statuses if 400 <= status < 500]
    assert not wrong, "a question of the mix is wrong"
    return answers, server.cpu_s() - cpu


def _reader(port: int, seed: int, mix: dict[str, int], begin: float, end: float, answers: Answers) -> None:
    rng, paths, weights = random.Random(seed), list(mix), list(mix.values())
    with closing(Client(port)) as client:
        while (now := time.monotonic()) < end:
            path = rng.choices(paths, weights)[0]
            took, status, _ = client.get(path)
            if now >= begin:
                answers.seconds.append(took)
                answers.statuses.append(status)
                answers.by_path.setdefault(path, []).append(took)
