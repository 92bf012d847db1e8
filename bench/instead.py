"""The curve without rollups: the limit (its rows read bare), and what one would write instead (SQL over every look)."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import duckdb

from app.db.types import hash_id

HOUR = 3_600_000
_ROWS = (
    "SELECT * FROM rollup WHERE subject_id = {} AND grain = 3600000 AND bucket >= {} AND bucket < {} ORDER BY bucket"
)
# Posts and new authors by the hour they came in, gains by the hour they were seen in: {look} and {post} are tables.
_GAINS = """
WITH gained AS (
  SELECT post, seen / 3600000 AS hour, likes - LAG(likes, 1, 0) OVER w AS likes,
    reposts - LAG(reposts, 1, 0) OVER w AS reposts, replies - LAG(replies, 1, 0) OVER w AS replies
  FROM ({look}) AS look WINDOW w AS (PARTITION BY post ORDER BY seen)
)
SELECT hour, SUM(likes), SUM(reposts), SUM(replies) FROM gained
WHERE hour >= {start} AND hour < {end} GROUP BY hour ORDER BY hour"""
_BORN = "SELECT seen / 3600000 AS hour, COUNT(*) FROM ({post}) AS post GROUP BY hour ORDER BY hour"
_NEW = """
SELECT seen / 3600000 AS hour, COUNT(*)
FROM (SELECT author, MIN(seen) AS seen FROM ({post}) AS post GROUP BY author) AS debut GROUP BY hour ORDER BY hour"""

Ask = Callable[[], Any]


@contextmanager
def rows_of_file(path: Path, tag: str, start: int, end: int) -> Iterator[Ask]:
    """The same rollup rows with the standard library's sqlite3, as JSON columns."""
    statement = _ROWS.format(hash_id("hashtag", tag), start, end)
    with closing(sqlite3.connect(path)) as connection:

        def ask() -> str:
            cursor = connection.execute(statement)
            names = [column[0] for column in cursor.description]
            return json.dumps(dict(zip(names, zip(*cursor.fetchall(), strict=True), strict=True)))

        yield ask


@contextmanager
def rows_of_server(url: str, tag: str, start: int, end: int) -> Iterator[Ask]:
    """Likewise with asyncpg."""
    statement = _ROWS.format(hash_id("hashtag", tag), start, end)
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(url))

        def ask() -> str:
            rows = runner.run(connection.fetch(statement))
            return json.dumps(dict(zip(rows[0].keys(), zip(*rows, strict=True), strict=True)))

        yield ask
        runner.run(connection.close())


@contextmanager
def looks_of_file(path: Path, tag: str, start: int, end: int) -> Iterator[Ask]:
    """SQL over the looks themselves, where SQLite has them in the order of their posts."""
    tagged = "JOIN tagging ON tagging.post_id = {} JOIN hashtag ON hashtag.id = tagging.hashtag_id WHERE tag = '{}'"
    look = "SELECT snapshot.post_id AS post, observed_at AS seen, likes, reposts, replies FROM snapshot "
    look += tagged.format("snapshot.post_id", tag)
    post = f"SELECT post.created_at AS seen, author_id AS author FROM post {tagged.format('post.id', tag)}"
    with closing(sqlite3.connect(path)) as connection:
        yield lambda: _answer(lambda sql: connection.execute(sql).fetchall(), look, post, start, end)


@contextmanager
def looks_of_parquet(folder: Path, start: int, end: int) -> Iterator[Ask]:
    """The same with DuckDB, on as many cores as there are."""
    with duckdb.connect() as connection:
        for kind in ("posts", "snapshots"):
            target = folder / f"{kind}.parquet"
            if not target.exists():
                connection.execute(f"COPY (SELECT * FROM read_csv('{folder / kind}.csv')) TO '{target}'")
        look = "SELECT native_id AS post, observed_at * 1000 AS seen, likes, reposts, replies "
        look += f"FROM '{folder / 'snapshots.parquet'}'"
        post = f"SELECT created_at * 1000 AS seen, author_id AS author FROM '{folder / 'posts.parquet'}'"
        # DuckDB's / is not whole numbers'.
        yield lambda: _answer(
            lambda sql: connection.execute(sql.replace(" / ", " // ")).fetchall(), look, post, start, end
        )


def _answer(query: Callable[[str], list[tuple[Any, ...]]], look: str, post: str, start: int, end: int) -> str:
    hours = {"look": look, "post": post, "start": start // HOUR, "end": end // HOUR}
    parts = [list(zip(*query(sql.format(**hours)), strict=True)) for sql in (_GAINS, _BORN, _NEW)]
    return json.dumps(parts, default=int)


def timed(ask: Ask) -> float:
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began
