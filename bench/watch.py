"""The watch: ten thousand hashtags with news judged in one tick, and a hundred of them told of in the next."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from app.alerts.watch import Watch
from app.analysis.contribution import COLUMNS
from app.analysis.spikes import STEP, Detector
from app.clock import DAY, bucket_of, to_ms
from app.db.dialect import put
from app.db.engine import Database, Session
from app.models import AlertTransition, Coverage, Hashtag, Rollup, Subject, Track
from app.settings import Settings
from app.store import sources, watching
from app.store.sources import NewSource
from app.store.subjects import hashtag_key, subject_key
from app.store.watching import Known
from bench.databases import KINDS, fresh
from bench.machine import Figure

TAGS, LOUD = 10_000, 100
INTERVAL_S = 300
START = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Hand:
    """Time that stands still but where it is measured."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return time.perf_counter()

    async def sleep(self, _seconds: float) -> None:
        await asyncio.sleep(0)


def run() -> list[Figure]:
    return [figure for kind in KINDS for figure in _measure(kind)]


def _measure(kind: str) -> list[Figure]:
    with fresh(kind) as url:
        calm, loud, told = asyncio.run(_ticks(url))
    return [
        Figure(f"{TAGS:,} hashtags with news judged in one tick, {kind}", f"{calm:.1f} s", "< 10 s"),
        Figure(f"the same, and {told} of them told of, {kind}", f"{loud:.1f} s", "< 10 s"),
    ]


async def _ticks(url: str) -> tuple[float, float, int]:
    db, clock = Database(url), Hand()
    names = [f"tag{number}" for number in range(TAGS)]
    now = to_ms(clock.now())
    async with db.write() as session:
        await _follow(session, names, now)
    watch = Watch(db, Settings(_env_file=None), clock)
    async with db.write() as session:
        await _known(session, now)
    taken = []
    for posts in (4, 1_000, 1_000):
        await _news(db, names, clock, posts)
        began = time.perf_counter()
        assert await watch.run()
        taken.append(time.perf_counter() - began)
    async with db.read() as session:
        told = (await session.execute(select(func.count()).select_from(AlertTransition))).scalar_one()
    await db.close()
    return taken[0], taken[2], told


async def _follow(session: Session, names: Sequence[str], now: int) -> None:
    source = await sources.insert(session, NewSource("mastodon", "bench", None, None, None), now)
    count, keys = len(names), [hashtag_key(name) for name in names]
    await put(session, Hashtag, {
        "id": keys, "tag": names, "spelling": names, "created_at": [now] * count, "followed_at": [now] * count,
        "version": [1] * count,
    })  # fmt: skip
    await put(session, Subject, {
        "id": [subject_key("hashtag", name) for name in names], "kind": ["hashtag"] * count, "ref": names,
    })  # fmt: skip
    await put(session, Track, {
        "id": list(range(1, count + 1)), "hashtag_id": keys, "source_id": [source] * count,
        "since_at": [now - DAY] * count, "interval_s": [INTERVAL_S] * count, "due_at": [now + DAY] * count,
        "term": [0] * count, "failures": [0] * count, "walks": ["[]"] * count,
    })  # fmt: skip
    await put(session, Coverage, _stretch(count, now))


def _stretch(count: int, now: int) -> dict[str, list[Any]]:
    return {
        "track_id": list(range(1, count + 1)), "from_at": [to_ms(START) - DAY] * count,
        "to_at": [now - 2_000 * INTERVAL_S] * count, "state": ["complete"] * count,
    }  # fmt: skip


async def _known(session: Session, now: int) -> None:
    """Each detector has seen a day."""
    detector = Detector()
    judged_to = bucket_of(now - 2_000 * INTERVAL_S, STEP)
    for place in range(DAY // STEP):
        detector.push(judged_to - DAY + place * STEP, float(3 + place % 3))
    state = detector.dump()
    looked = await watching.tracks(session)
    targets = (await watching.targets(session, [("hashtag", "*")], looked))["hashtag", "*"]
    await watching.keep_detectors(
        session, [Known(one.id, "posts", judged_to, now, None, one.basis, state) for one in targets]
    )


async def _news(db: Database, names: Sequence[str], clock: Hand, posts: int) -> None:
    """Five minutes more, with four posts for each hashtag, and so many for the loud ones."""
    bucket = bucket_of(to_ms(clock.now()), STEP)
    clock.moment += timedelta(seconds=INTERVAL_S)
    sums: dict[str, list[Any]] = {name: [0] * len(names) for name in COLUMNS}
    sums["posts"] = [posts if number < LOUD else 4 for number in range(len(names))]
    rows: dict[str, list[Any]] = {
        "subject_id": [subject_key("hashtag", name) for name in names], "grain": [STEP] * len(names),
        "platform": ["mastodon"] * len(names), "bucket": [bucket] * len(names), **sums,
    }  # fmt: skip
    async with db.write() as session:
        await put(session, Rollup, rows, "replace")
        await put(session, Coverage, _stretch(len(names), to_ms(clock.now())), "replace")
