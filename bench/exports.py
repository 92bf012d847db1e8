"""Export of a million snapshots, CSV and Parquet, in a process of its own, against a plain dump of the same rows."""

import asyncio
import csv
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from app.db.engine import Database
from app.exports.rows import Query
from app.exports.shown import AS_IT_IS
from app.exports.stream import stream
from app.imports import run as importing
from bench import imports
from bench.databases import KINDS, fresh
from bench.machine import Figure

ROWS, MOST_S, MOST_MIB = 1_000_000, 10, 50
FORMS = ("csv", "jsonl", "parquet")


def run() -> list[Figure]:
    figures = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        imports.write_files(folder, ROWS)
        for kind in KINDS:
            with fresh(kind) as url:
                asyncio.run(_fill(url, folder))
                bare = _bare(url, folder) if kind == "SQLite" else None
                figures += [_measured(kind, url, form, bare) for form in FORMS]
    return figures


async def _fill(url: str, folder: Path) -> None:
    db, now = Database(url), int(time.time() * 1_000)
    for kind in ("posts", "snapshots"):
        await importing.run(db, kind, folder / f"{kind}.csv", now=now)
    await db.close()


def _measured(kind: str, url: str, form: str, bare: float | None) -> Figure:
    done = subprocess.run(
        [sys.executable, "-m", "bench.exports", url, form], capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout)
    assert told["rows"] == ROWS, told
    ratio = f"{told['seconds'] / bare:.1f} times a plain sqlite3 dump to csv ({bare:.1f} s)" if bare else ""
    took = f"{told['seconds']:.1f} s ({told['worked']:.1f} s of CPU), RSS +{told['grown']:.0f} MiB"
    return Figure(f"export of {ROWS:,} snapshots, {form}, {kind}", took, f"< {MOST_S} s, < {MOST_MIB} MiB", ratio)


def _bare(url: str, folder: Path) -> float:
    """The same rows with nothing around them: one join, written as they come."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    query = """SELECT p.platform, p.native_id, s.observed_at, s.likes, s.reposts, s.replies, s.quotes, s.views,
        s.bookmarks FROM snapshot s JOIN post p ON p.id = s.post_id WHERE NOT s.witness
        ORDER BY s.post_id, s.observed_at"""
    began = time.perf_counter()
    with (folder / "bare.csv").open("w", newline="") as file:
        csv.writer(file).writerows(connection.execute(query))
    return time.perf_counter() - began


async def _export(url: str, form: str, into: Path, hashtag: str) -> tuple[int, float]:
    db, rows = Database(url), [0]
    began = time.perf_counter()
    with into.open("wb") as file:
        async for data in stream(
            db, "snapshots", Query((hashtag,)), form, int(time.time() * 1_000), lambda done: rows.__setitem__(0, done),
            shown=AS_IT_IS,
        ):  # fmt: skip
            file.write(data)
    seconds = time.perf_counter() - began
    await db.close()
    return rows[0], seconds


def _alone() -> None:
    """Peak memory over that of the same work on nothing: what is imported and opened is there before."""
    _, url, form = sys.argv
    with tempfile.TemporaryDirectory() as name:
        with fresh("SQLite") as nothing:
            asyncio.run(_warm(nothing, form, Path(name) / "nothing"))
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew; a child's begins with its parent's
        before = _memory("VmRSS")
        began = time.process_time()
        rows, seconds = asyncio.run(_export(url, form, Path(name) / "out", "bench"))
        worked = time.process_time() - began
        grown = _memory("VmHWM") - before
    print(json.dumps({"rows": rows, "seconds": seconds, "worked": worked, "grown": grown}))


def _memory(name: str) -> float:
    """In MiB, as the kernel counts for this process."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1_024


async def _warm(url: str, form: str, into: Path) -> None:
    from app.store.following import ensure_followed

    db = Database(url)
    async with db.write() as session:
        await ensure_followed(session, "bench", 0)
    await db.close()
    await _export(url, form, into, "bench")


if __name__ == "__main__":
    _alone()
