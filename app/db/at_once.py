"""SQLite's driver with one visit to its thread for a statement: SQLAlchemy's own pays four, which is most of a read."""

# ruff: noqa: SLF001 - neither SQLAlchemy's adapter nor aiosqlite has a public way to do several things in one visit.

import sqlite3
from collections import deque
from collections.abc import Sequence
from typing import Any

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)

_Told = tuple[Any, int, int | None, Sequence[Any]]
_NOTHING: _Told = (None, -1, None, ())


class Cursor(AsyncAdapt_aiosqlite_cursor):
    """Made, executed, read to the end and closed in one go. There is none on the other side in between."""

    __slots__ = ("_told",)

    def __init__(self, adapt_connection: AsyncAdapt_aiosqlite_connection) -> None:
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection
        self._rows = deque()
        self._told = _NOTHING

    @property
    def description(self) -> Any:
        return self._told[0]

    @property
    def rowcount(self) -> int:
        return self._told[1]

    @property
    def lastrowid(self) -> Any:
        return self._told[2]

    async def _async_soft_close(self) -> None:
        pass

    def close(self) -> None:
        self._rows.clear()

    async def _execute_async(self, operation: Any, parameters: Any) -> None:
        await self._visit("execute", operation, () if parameters is None else parameters)

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> None:
        await self._visit("executemany", operation, seq_of_parameters)

    async def _visit(self, how: str, operation: Any, parameters: Any) -> None:
        connection: Any = self._connection
        async with self._adapt_connection._execute_mutex:
            self._told = await connection._execute(_at_once, connection._conn, how, operation, parameters)
        self._rows = deque(self._told[3])


def _at_once(connection: sqlite3.Connection, how: str, operation: Any, parameters: Any) -> _Told:
    cursor = connection.cursor()
    try:
        getattr(cursor, how)(operation, parameters)
        rows = cursor.fetchall() if cursor.description else ()
        return cursor.description, cursor.rowcount, cursor.lastrowid, rows
    finally:
        cursor.close()


class Connection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ()

    _cursor_cls = Cursor  # type: ignore[assignment]


class Driver(AsyncAdapt_aiosqlite_dbapi):
    def connect(self, *given: Any, **options: Any) -> Connection:
        return Connection(self, super().connect(*given, **options)._connection)


def driver() -> Driver:
    return Driver(aiosqlite, sqlite3)
