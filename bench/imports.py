"""`import snapshots` with its rollups, through the same call as the command, against bare inserts of the same rows."""

import asyncio
import csv
import random
import sqlite3
import tempfile
import time
from pathlib import Path

from app.db.engine import Database
from app.imports import run as importing
from bench.databases import KINDS, bare_file, fresh
from bench.machine import Figure

ROWS, LOOKS = 500_000, 50
START, SPAN = 1_760_000_000, 90 * 86_400
REACH = {"SQLite": "20,000 rows/s", "PostgreSQL": "30,000 rows/s"}


def run() -> list[Figure]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder, ROWS)
        bare = _bare(folder)
        return [_measure(kind, folder, bare) for kind in KINDS]


def write_files(folder: Path, rows: int) -> None:
    """Made-up posts over ninety days, each looked at fifty times, at intervals that grow."""
    rng = random.Random(5)
    with (folder / "posts.csv").open("w", newline="") as p, (folder / "snapshots.csv").open("w", newline="") as s:
        posts, snapshots = csv.writer(p), csv.writer(s)
        posts.writerow(["platform", "native_id", "created_at", "hashtags", "author_id", "author", "followers"])
        snapshots.writerow(["platform", "native_id", "observed_at", "likes", "reposts", "replies"])
        for number in range(rows // LOOKS):
            born, level, native = START + int(SPAN * rng.random() * 0.95), 0, f"https://a.example/{number}"
            author = f"u{number % 5_000}"
            posts.writerow(["mastodon", native, born, "#Bench", f"https://a.example/{author}", author, number % 900])
            for look in range(LOOKS):
                level += rng.randrange(5)
                at = born + 300 + int(look**2.2 * 120)
                snapshots.writerow(["mastodon", native, at, level, level // 3, level // 7])


def _measure(kind: str, folder: Path, bare: float) -> Figure:
    with fresh(kind) as url:
        rate = asyncio.run(_imported(url, folder))
    return Figure(
        f"import snapshots, rollups included, {kind}", f"{rate:,.0f} rows/s", REACH[kind],
        f"{rate / bare:.2f} of csv and raw sqlite3 executemany into one table ({bare:,.0f}/s)",
    )  # fmt: skip


async def _imported(url: str, folder: Path) -> float:
    db, now = Database(url), int(time.time() * 1_000)
    await importing.run(db, "posts", folder / "posts.csv", now=now)
    summary = await importing.run(db, "snapshots", folder / "snapshots.csv", now=now)
    await db.close()
    assert summary.kept == ROWS, summary
    return summary.rows / summary.seconds


def _bare(folder: Path) -> float:
    connection = bare_file(folder)
    connection.execute("CREATE TABLE snapshot (post, at INTEGER, a, b, c, PRIMARY KEY (post, at)) WITHOUT ROWID")
    began = time.perf_counter()
    with (folder / "snapshots.csv").open(newline="") as file:
        rows = csv.reader(file)
        next(rows)
        _insert(connection, [(row[1], int(row[2]), int(row[3]), int(row[4]), int(row[5])) for row in rows])
    return ROWS / (time.perf_counter() - began)


def _insert(connection: sqlite3.Connection, rows: list[tuple[str, int, int, int, int]]) -> None:
    for start in range(0, len(rows), 50_000):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO snapshot VALUES (?, ?, ?, ?, ?)", rows[start : start + 50_000])
        connection.execute("COMMIT")
