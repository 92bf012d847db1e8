"""One way to read and one way to write. Nothing here is held while a socket to a platform is open."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from app.errors import Busy

PATIENCE_S = 60.0
"""How long a writer waits for another before it gives up and says so."""


class ReadSession(AsyncSession):
    """May read. Functions that only read ask for this one."""


class Session(ReadSession):
    """May write: inside `Database.write`, one transaction."""


def async_url(url: str) -> URL:
    """The URL a user writes, with the driver that we use."""
    parsed = make_url(url)
    driver = "sqlite+aiosqlite" if parsed.get_backend_name() == "sqlite" else "postgresql+asyncpg"
    return parsed.set(drivername=driver)


def make_engine(url: str, **options: Any) -> AsyncEngine:
    parsed = async_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_async_engine(
            parsed, pool_pre_ping=True, pool_size=5, max_overflow=10,
            connect_args={"timeout": 5, "command_timeout": 300}, **options,
        )  # fmt: skip
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(parsed, pool_size=5, max_overflow=10, **options)
    event.listen(engine.sync_engine, "connect", _sqlite_connect)
    event.listen(engine.sync_engine, "begin", _sqlite_begin)
    return engine


def _sqlite_connect(connection: Any, _record: object) -> None:
    # The driver must not open transactions by itself: "begin" below does, as a writer or as a reader.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "busy_timeout=5000",
        "journal_mode=WAL",  # readers go on while one writes
        "synchronous=FULL",  # a commit survives power loss, which WAL with NORMAL does not promise
        "cache_size=-32000",
        "wal_autocheckpoint=4000",
        "temp_store=MEMORY",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    writer = connection.get_execution_options().get("writer", False)
    # A deferred transaction that turns writer half-way fails at once when another one writes: ask for the lock first.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")


class Database:
    """The database at `url` (`sqlite:///…` or `postgresql://…`). Close it when done."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = make_engine(url)
        self.is_file = self.engine.dialect.name == "sqlite"
        self._writer = self.engine.execution_options(writer=True)
        # Within the process writers queue here in order, instead of racing for the file's lock.
        self._door = asyncio.Lock() if self.is_file else None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        with _told_plainly():
            async with ReadSession(self.engine, expire_on_commit=False) as session:
                yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Session]:
        """One transaction: commits at the end, rolls back on an error. Raises Busy when it cannot be had."""
        with _told_plainly():
            async with self._door or nullcontext(), Session(self._writer, expire_on_commit=False) as session:
                await self._begin(session)
                yield session
                await session.commit()

    async def _begin(self, session: Session) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE_S
        while True:
            try:
                await session.connection()
                return
            except OperationalError:
                await session.rollback()
                if not self.is_file or loop.time() > deadline:
                    raise
                await asyncio.sleep(random.uniform(0.05, 0.5))

    async def ping(self) -> None:
        async with self.read() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self.engine.dispose()


class _told_plainly:  # noqa: N801 - reads as a phrase where it is used
    """Turns a database that is locked, full, gone or read-only into Busy: the caller tries again, the API says 503."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        lost = isinstance(error, DBAPIError) and error.connection_invalidated
        if isinstance(error, OperationalError | InterfaceError | OSError | TimeoutError) or lost:
            origin = getattr(error, "orig", None) or error
            raise Busy(f"the database did not take it: {str(origin).splitlines()[0][:200]}") from error
