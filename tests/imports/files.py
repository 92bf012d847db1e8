"""Files as people bring them, and the state of a service as a comparable value."""

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.db.engine import Database
from app.imports.run import Summary, run
from app.models import AccountLook, Coverage, Debut, Member, NativeCount, Post, PostText, Rollup, Snapshot, Subject
from app.store.rebuild import verify

NOW = 1_772_366_400_000  # 2026-03-01T12:00:00Z
BORN = 1_772_000_000  # seconds

Row = Mapping[str, Any]


def post(n: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "platform": "mastodon", "native_id": f"https://a.example/{n}", "created_at": BORN + n * 60,
        "hashtags": "#Rain", "author_id": f"https://a.example/u/{n % 3}", "author": f"u{n % 3}", "followers": 100 + n,
        **more,
    }  # fmt: skip


def look(n: int = 1, after: int = 600, **more: Any) -> dict[str, Any]:
    return {
        "platform": "mastodon", "native_id": f"https://a.example/{n}", "observed_at": BORN + n * 60 + after,
        "likes": 10, "reposts": 3, "replies": 1, **more,
    }  # fmt: skip


def write(path: Path, rows: Sequence[Row], names: Sequence[str] | None = None) -> Path:
    """In the format, and packed or not, as the name says."""
    columns = list(names or dict.fromkeys(name for row in rows for name in row))
    kind = path.name.removesuffix(".gz").rsplit(".", 1)[-1]
    if kind == "parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({name: [row.get(name) for row in rows] for name in columns}), path)
        return path
    if kind == "jsonl":
        data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    else:
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerow(columns)
        writer.writerows([["" if row.get(name) is None else row[name] for name in columns] for row in rows])
        data = out.getvalue().encode()
    path.write_bytes(gzip.compress(data) if path.name.endswith(".gz") else data)
    return path


async def brought(db: Database, kind: str, path: Path, **how: Any) -> Summary:
    return await run(db, kind, path, **{"now": NOW, **how})


async def bring(db: Database, folder: Path, kind: str, rows: Sequence[Row], **how: Any) -> Summary:
    return await brought(db, kind, write(folder / f"{kind}.csv", rows), **how)


_FACTS = (
    (Post, "id platform native_id author_id followers created_at born_at looked_at likes reposts replies quotes views"),
    (PostText, "post_id text url lang"),
    (Snapshot, "post_id observed_at likes reposts replies quotes views bookmarks"),
    (AccountLook, "account_id observed_at followers posts"),
    (Member, "subject_id post_id author_id born_at late"),
    (Debut, "subject_id account_id post_id born_at followers posts"),
    (Rollup, "subject_id grain platform bucket posts authors_new followers impressions likes reposts views estimated"),
    (Coverage, "from_at to_at state reason"),
    (NativeCount, "start_at step posts authors views engagement"),
)


async def everything(db: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All facts and sums, in order."""
    found = {}
    async with db.read() as session:
        for table, names in _FACTS:
            columns = [getattr(table, name) for name in names.split()]
            rows = await session.execute(select(*columns).order_by(*columns))
            found[table.__tablename__] = [tuple(row) for row in rows]
    return found


async def differences(db: Database) -> list[Any]:
    """What `rollups verify` would say of every subject."""
    async with db.read() as session:
        subjects = (await session.execute(select(Subject.id))).scalars().all()
        return [each for key in subjects async for each in verify(session, key, NOW)]
