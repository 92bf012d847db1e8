"""`rollups verify` of a million looks under one hashtag: every sum against a rebuild from the facts."""

import asyncio
import time
from contextlib import nullcontext

from app.db.engine import Database
from app.store import rebuild
from app.store.subjects import subject_key
from bench import curve
from bench.databases import KINDS, fresh
from bench.history import NOW, kept
from bench.machine import Figure

SNAPSHOTS = curve.SIZES[0]


def run() -> list[Figure]:
    return [_measure(kind) for kind in KINDS]


def _measure(kind: str) -> Figure:
    with kept(f"curve-{SNAPSHOTS}") as folder:
        path = folder / "bench.db"
        with nullcontext(f"sqlite:///{path}") if kind == "SQLite" else fresh(kind) as url:
            there = kind == "SQLite" and path.exists()
            asyncio.run(curve.made(url, folder, SNAPSHOTS, fill=not there))
            seconds = asyncio.run(_verified(url))
    return Figure(f"`rollups verify` of {SNAPSHOTS:,} snapshots, {kind}", f"{seconds:.1f} s", "< 20 s")


async def _verified(url: str) -> float:
    db, began = Database(url), time.perf_counter()
    async with db.read() as session:
        differences = [one async for one in rebuild.verify(session, subject_key("hashtag", curve.TAG), NOW)]
    await db.close()
    assert not differences, differences[:3]
    return time.perf_counter() - began
