"""Made-up posts over ninety days, each looked at fifty times at intervals that grow: what the parts import and ask."""

import csv
import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.db.engine import Database
from app.imports import run as importing

LOOKS = 50
START, SPAN = 1_760_000_000, 90 * 86_400
NOW = (START + SPAN + 3_600) * 1_000


def write_files(folder: Path, tag: str, snapshots: int, *, authors: int = 5_000, seed: int = 5) -> None:
    """`posts.csv` and `snapshots.csv`, as `groundswell import` reads them."""
    rng = random.Random(seed)
    with (folder / "posts.csv").open("w", newline="") as p, (folder / "snapshots.csv").open("w", newline="") as s:
        posts, looks = csv.writer(p), csv.writer(s)
        posts.writerow(["platform", "native_id", "created_at", "hashtags", "author_id", "author", "followers"])
        looks.writerow(["platform", "native_id", "observed_at", "likes", "reposts", "replies"])
        for number in range(snapshots // LOOKS):
            born, level, native = START + int(SPAN * rng.random() * 0.95), 0, f"https://a.example/{tag}/{number}"
            author = f"u{number % authors}"
            posts.writerow(["mastodon", native, born, f"#{tag}", f"https://a.example/{author}", author, number % 900])
            for look in range(LOOKS):
                level += rng.randrange(5)
                at = born + 300 + int(look**2.2 * 120)
                looks.writerow(["mastodon", native, at, level, level // 3, level // 7])


async def fill(db: Database, folder: Path) -> None:
    """Through the importer, as the command does it."""
    for kind in ("posts", "snapshots"):
        summary = await importing.run(db, kind, folder / f"{kind}.csv", now=NOW)
        assert summary.kept == summary.rows, summary


@contextmanager
def kept(name: str) -> Iterator[Path]:
    """A folder for what takes minutes to make: it stays where BENCH_CACHE names a place, else it goes."""
    place = os.environ.get("BENCH_CACHE")
    if place:
        folder = Path(place) / name
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    else:
        with tempfile.TemporaryDirectory(prefix="groundswell-bench-") as made:
            yield Path(made)
