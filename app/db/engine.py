"""One way to read and one way to write. Nothing here is held while a socket to a platform is open."""

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from app.db import at_once
from app.errors import Busy

PATIENCE_S = 60.0
"""How long a writer waits for another before it gives up and says so."""
BUSY_TIMEOUT_MS = 5_000
"""How long SQLite itself waits for another's lock, each time that it is asked."""

# Result codes of SQLite (the low byte) and states of SQL that pass, or that the owner can mend while we wait.
_LOCKED = {5, 6}
_PASSING_CODES = _LOCKED | {8, 10, 13, 14}  # read-only, input/output, full, cannot open
_PASSING_STATES = (
    "08", "53", "57", "58",  # connection, resources (a full disk too), intervention (a stop), system
    "40", "55P03", "25006",  # lost against another transaction, a lock not had, read-only
)  # fmt: skip


class ReadSession(AsyncSession):
    """May read. Functions that only read ask for this one."""


class Session(ReadSession):
    """May write: inside `Database.write`, one transaction. What is in `at_end` is called just before the commit."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.at_end: list[Callable[[], Awaitable[None]]] = []


def async_url(url: str) -> URL:
    """The URL a user writes, with the driver that we use."""
    parsed = make_url(url)
    driver = "sqlite+aiosqlite" if parsed.get_backend_name() == "sqlite" else "postgresql+asyncpg"
    return parsed.set(drivername=driver)


def make_engine(url: str, **options: Any) -> AsyncEngine:
    """Errors name the statement and never its values, which may be secrets or what people wrote."""
    parsed = async_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_async_engine(
            parsed, hide_parameters=True, pool_pre_ping=True, pool_size=5, max_overflow=10,
            connect_args={"timeout": 5, "command_timeout": 300}, **options,
        )  # fmt: skip
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        parsed, hide_parameters=True, pool_size=5, max_overflow=10, module=at_once.driver(), **options
    )
    event.listen(engine.sync_engine, "connect", _sqlite_connect)
    event.listen(engine.sync_engine, "begin", _sqlite_begin)
    return engine


def _sqlite_connect(connection: Any, _record: object) -> None:
    # The driver must not open transactions by itself: "begin" below does, as a writer or as a reader.
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",  # readers go on while one writes
            "synchronous=FULL",  # a commit survives power loss, which WAL with NORMAL does not promise
            "cache_size=-32000",
            "wal_autocheckpoint=4000",
            "temp_store=MEMORY",
            "foreign_keys=ON",
            "secure_delete=ON",  # what is deleted is overwritten; `Database.rewrite` does the rest
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
    except Exception:
        # Nobody else does: the driver's thread would keep the process from ending.
        connection.close()
        raise


def _sqlite_begin(connection: Connection) -> None:
    writer = connection.get_execution_options().get("writer", False)
    # A deferred transaction that turns writer half-way fails at once when another one writes: ask for the lock first.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")


Keyed = Callable[[str], str]
"""A hash by the service's key, which is not in the database (app.access.seal)."""


class Database:
    """The database at `url` (`sqlite:///…` or `postgresql://…`). Close it when done.

    `keyed` makes the marks by which erased posts are known again; sessions carry it to the store.
    """

    def __init__(self, url: str, keyed: Keyed | None = None) -> None:
        self.url = url
        self.keyed = keyed
        self.engine = make_engine(url)
        self.is_file = self.engine.dialect.name == "sqlite"
        self._writer = self.engine.execution_options(writer=True)
        # A reader sees one moment, however many statements it takes: a file's reader does so by itself.
        self._reader = self.engine if self.is_file else self.engine.execution_options(isolation_level="REPEATABLE READ")
        # Within the process writers queue here in order, instead of racing for the file's lock.
        self._door = asyncio.Lock() if self.is_file else None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        async with ReadSession(self._reader, expire_on_commit=False, info={"keyed": self.keyed}) as session:
            await self._begin(session)
            with _told_plainly():
                yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Session]:
        """One transaction: commits at the end, rolls back on an error. Raises Busy when it cannot be had."""
        made = Session(self._writer, expire_on_commit=False, info={"keyed": self.keyed})
        async with self._door or nullcontext(), made as session:
            await self._begin(session)
            with _told_plainly():
                yield session
                for last in session.at_end:
                    await last()
                await session.commit()

    async def _begin(self, session: ReadSession) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE_S
        while True:
            try:
                with _told_plainly(OSError, TimeoutError):
                    await session.connection()
                return
            except Busy as error:
                await session.rollback()
                if not _codes(error.__cause__) & _LOCKED or loop.time() > deadline:
                    raise
                await asyncio.sleep(random.uniform(0.05, 0.5))

    async def rewrite(self) -> bool:
        """Make the file anew without what was taken out, its log too; a server's tables are vacuumed.

        False: a reader held on to the old log. Until the next time it is still beside the file.
        """
        async with self._door or nullcontext(), self.engine.connect() as connection:
            raw: Any = (await connection.get_raw_connection()).driver_connection
            with _told_plainly(sqlite3.OperationalError):
                await raw.execute("VACUUM")
                if not self.is_file:
                    return True
                row = await (await raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")).fetchone()
                return bool(row[0] == 0)

    async def ping(self) -> None:
        async with self.read() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self.engine.dispose()


@contextmanager
def _told_plainly(*unreachable: type[Exception]) -> Iterator[None]:
    """A database that is locked, full, gone or read-only becomes Busy: the caller tries again, the API says 503.

    Other errors stay what they are, those of the caller's own files and sockets too.
    """
    try:
        yield
    except unreachable as error:
        raise Busy(f"the database cannot be reached: {_first_line(error)}") from error
    except Exception as error:
        if not _passes(error):
            raise
        raise Busy(f"the database did not take it: {_first_line(error)}") from error


def _passes(error: BaseException) -> bool:
    if isinstance(error, PoolTimeout) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return True
    states = [getattr(each, "sqlstate", None) or "" for each in _origins(error)]
    return bool(_codes(error) & _PASSING_CODES) or any(state.startswith(_PASSING_STATES) for state in states)


def _codes(error: BaseException | None) -> set[int]:
    return {getattr(each, "sqlite_errorcode", 0) & 0xFF for each in _origins(error)}


def _origins(error: BaseException | None) -> list[BaseException]:
    """The error and what lies under it: the driver's, and the database's own."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = getattr(error, "orig", None) or error.__cause__
    return found


def _first_line(error: BaseException) -> str:
    origin = getattr(error, "orig", None) or error
    return (str(origin) or type(origin).__name__).splitlines()[0][:200]
