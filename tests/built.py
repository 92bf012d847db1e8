"""A world in which many tests stand: built by the first of a worker on each kind of database, copied for the others."""

import io
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from sqlalchemy.engine import make_url

from app.db.engine import Database

T = TypeVar("T")
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
_NUMBERS = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"

_EMPTY = 21
"""The bytes of a table without a row: a header and an end."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """All that is in a PostgreSQL database."""

    tables: dict[str, bytes]
    numbers: dict[str, int]


_kept: dict[tuple[object, bool], tuple[Any, bytes | _Rows]] = {}


async def once(db: Database, name: object, build: Callable[[], Awaitable[T]]) -> T:
    """What `build` answers, and in `db` all that it wrote. `db` is fresh, and what is built the same at any time."""
    key = (name, db.is_file)
    if key not in _kept:
        answer = await build()
        _kept[key] = answer, _saved_file(db) if db.is_file else await _saved_rows(db.url)
        return deepcopy(answer)
    answer, saved = _kept[key]
    await db.close()  # it opens again by itself
    if isinstance(saved, bytes):
        _path(db).write_bytes(saved)
    else:
        await _put_in(db.url, saved)
    return deepcopy(answer)


def _path(db: Database) -> Path:
    return Path(make_url(db.url).database or "")


def _saved_file(db: Database) -> bytes:
    with closing(sqlite3.connect(_path(db))) as connection:
        return connection.serialize()


async def _saved_rows(url: str) -> _Rows:
    connection = await asyncpg.connect(url)
    try:
        tables = {}
        for (table,) in await connection.fetch(_TABLES):
            out = io.BytesIO()
            await connection.copy_from_table(table, output=out, format="binary")
            tables[table] = out.getvalue()
        return _Rows(tables, dict(await connection.fetch(_NUMBERS)))
    finally:
        await connection.close()


async def _put_in(url: str, rows: _Rows) -> None:
    connection = await asyncpg.connect(url)
    try:
        # Whoever refers to another may come before it.
        await connection.execute("SET session_replication_role = replica")
        async with connection.transaction():
            await connection.execute("; ".join(f'DELETE FROM "{table}"' for table in rows.tables))
            for table, binary in rows.tables.items():
                if len(binary) > _EMPTY:
                    await connection.copy_to_table(table, source=io.BytesIO(binary), format="binary")
            for name, last in rows.numbers.items():
                await connection.fetchval("SELECT setval(format('%I', $1::text)::regclass, $2)", name, last)
    finally:
        await connection.close()
