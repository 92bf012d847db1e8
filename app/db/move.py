"""A database copied to another, of the same kind or the other: all tables, in one transaction, and compared after."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import MetaData, Row, Table, func, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db import migrate, ready
from app.db.engine import make_engine
from app.errors import Conflict, Problem

BATCH = 5_000
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class Content:
    """How many rows a table has, and a sum over their hashes: it does not depend on their order."""

    rows: int = 0
    sums: int = 0

    def plus(self, rows: Sequence[Row[Any]]) -> "Content":
        return Content(self.rows + len(rows), (self.sums + sum(hash(tuple(row)) for row in rows)) % (1 << 64))


async def copy(source_url: str, target_url: str, tables: MetaData, progress: Progress) -> dict[str, int]:
    """Rows by table. `tables` are those of this program; both databases are at its revision, the target has no row."""
    await ready.check(source_url)
    await _prepare(target_url, tables)
    source, target = make_engine(source_url), make_engine(target_url)
    try:
        async with source.connect() as reading, target.execution_options(writer=True).begin() as writing:
            await _hold_still(reading)
            await _refuse_unknown(reading, tables)
            return await _all_tables(reading, writing, tables, progress)
    finally:
        await source.dispose()
        await target.dispose()


async def _prepare(url: str, tables: MetaData) -> None:
    if await ready.revision(url) is None:
        await migrate.upgrade(url)
    await ready.check(url)
    engine = make_engine(url)
    try:
        async with engine.connect() as connection:
            for table in tables.sorted_tables:
                if await _count(connection, table) > _built_in(table):
                    raise Conflict(f"{ready.shown(url)} has rows in {table.name}: copy into an empty database")
    finally:
        await engine.dispose()


def _built_in(table: Table) -> int:
    """How many rows the migrations make: the copied database brings its own of them."""
    return int(table.info.get("built_in", 0))


async def _hold_still(reading: AsyncConnection) -> None:
    """All tables are read as they are at one instant, whatever is written meanwhile."""
    if reading.dialect.name == "postgresql":
        await reading.execution_options(isolation_level="REPEATABLE READ")
    await reading.execute(text("SELECT 1 FROM alembic_version"))


async def _refuse_unknown(reading: AsyncConnection, tables: MetaData) -> None:
    names = set(await reading.run_sync(lambda sync: inspect(sync).get_table_names())) - {"alembic_version"}
    if more := names - set(tables.tables):
        raise Problem(
            f"the database has tables that are not Groundswell's ({', '.join(sorted(more))}): move them first"
        )


async def _all_tables(
    reading: AsyncConnection, writing: AsyncConnection, tables: MetaData, progress: Progress
) -> dict[str, int]:
    total = sum([await _count(reading, table) for table in tables.sorted_tables])
    copied: dict[str, int] = {}
    for table in tables.sorted_tables:
        put = Content()
        if _built_in(table):
            await writing.execute(table.delete())
        async for rows in _batches(reading, table):
            await _insert(writing, table, rows)
            put = put.plus(rows)
            progress(sum(copied.values()) + put.rows, total)
        await _count_on(writing, table)
        if await _content(writing, table) != put:
            raise Problem(f"the rows of {table.name} did not arrive as they left: nothing was copied")
        copied[table.name] = put.rows
    return copied


async def _count(connection: AsyncConnection, table: Table) -> int:
    return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


async def _batches(connection: AsyncConnection, table: Table) -> AsyncIterator[Sequence[Row[Any]]]:
    found = await connection.stream(select(table).execution_options(yield_per=BATCH))
    async for rows in found.partitions(BATCH):
        yield rows


async def _content(connection: AsyncConnection, table: Table) -> Content:
    content = Content()
    async for rows in _batches(connection, table):
        content = content.plus(rows)
    return content


async def _insert(writing: AsyncConnection, table: Table, rows: Sequence[Row[Any]]) -> None:
    names = [column.name for column in table.columns]
    if writing.dialect.name == "postgresql":
        raw = (await writing.get_raw_connection()).driver_connection
        assert raw is not None  # noqa: S101 - it is open: the batch before was read through it
        await raw.copy_records_to_table(table.name, records=[tuple(row) for row in rows], columns=names)
        return
    await writing.execute(table.insert(), [dict(zip(names, row, strict=True)) for row in rows])


async def _count_on(writing: AsyncConnection, table: Table) -> None:
    """PostgreSQL's next number comes after the largest that came in. SQLite sees to it by itself."""
    column = table.autoincrement_column
    if writing.dialect.name != "postgresql" or column is None:
        return
    await writing.execute(
        text(
            f"SELECT setval(pg_get_serial_sequence('\"{table.name}\"', '{column.name}'), "  # noqa: S608 - our own names
            f'coalesce((SELECT max("{column.name}") FROM "{table.name}"), 0) + 1, false)'
        )
    )
