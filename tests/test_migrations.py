"""One chain for both databases: up and down with rows in it, and models and migrations say the same."""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Boolean, Connection, Float, Integer, LargeBinary, Table, inspect, select
from sqlalchemy import types as kinds

from app.db.engine import Database, make_engine
from app.db.migrate import _config, downgrade, stand, upgrade
from app.models import Base

T = TypeVar("T")
CHAIN = ScriptDirectory.from_config(_config())
STEPS = [revision.revision for revision in reversed(list(CHAIN.walk_revisions()))]


async def looked_at(url: str, look: Callable[[Connection], T]) -> T:
    engine = make_engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(look)
    finally:
        await engine.dispose()


def sample(kind: kinds.TypeEngine[Any], number: int) -> object:
    if isinstance(kind, Boolean):
        return number % 2 == 0
    if isinstance(kind, LargeBinary):
        return bytes([number])
    if isinstance(kind, Float):
        return number + 0.5
    return number if isinstance(kind, Integer) else f"word {number}"


def full_row(table: Table) -> dict[str, object]:
    """A value in every column, each another, so that a column lost or swapped is seen."""
    return {column.name: sample(column.type, place) for place, column in enumerate(table.columns, 1)}


async def fill(url: str) -> None:
    database = Database(url)
    async with database.write() as session:
        for table in Base.metadata.sorted_tables:
            await session.execute(table.insert().values(full_row(table)))
    await database.close()


async def rows(url: str) -> dict[str, list[dict[str, object]]]:
    """All of them but the one rule that a migration makes."""
    database = Database(url)
    async with database.read() as session:
        found = {
            table.name: [
                dict(row) for row in (await session.execute(select(table))).mappings() if row.get("id") != "rul_spikes"
            ]
            for table in Base.metadata.sorted_tables
        }
    await database.close()
    return found


def columns_there(connection: Connection) -> set[tuple[str, str]]:
    found = inspect(connection)
    return {(table, str(column["name"])) for table in found.get_table_names() for column in found.get_columns(table)}


def test_there_is_one_head() -> None:
    assert len(CHAIN.get_heads()) == 1
    assert len(CHAIN.get_bases()) == 1


async def test_models_and_migrations_say_the_same(database_url: str) -> None:
    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, Base.metadata))

    assert await looked_at(database_url, differences) == []


async def test_up_with_rows_in_every_table_and_down_to_nothing_and_up_again(empty_database_url: str) -> None:
    url = empty_database_url
    assert await stand(url) == (None, STEPS[-1])
    await upgrade(url)
    await fill(url)
    kept = await rows(url)
    assert kept == {table.name: [full_row(table)] for table in Base.metadata.sorted_tables}
    await upgrade(url)  # nothing left to do
    assert await rows(url) == kept
    await downgrade(url, "base")
    assert await looked_at(url, lambda c: inspect(c).get_table_names()) == ["alembic_version"]
    await upgrade(url)
    assert await rows(url) == {table.name: [] for table in Base.metadata.sorted_tables}
    assert await stand(url) == (STEPS[-1], STEPS[-1])


async def test_every_step_down_and_up_again_keeps_the_rows_of_the_tables_that_stay(empty_database_url: str) -> None:
    url = empty_database_url
    await upgrade(url)
    await fill(url)
    kept = await rows(url)
    stayed = {(table, column) for table, (row,) in kept.items() for column in row}
    for step in reversed(STEPS[:-1]):
        await downgrade(url, step)
        stayed &= await looked_at(url, columns_there)
    for step in STEPS:
        await upgrade(url, step)
    assert await rows(url) == {
        table: [{name: value if (table, name) in stayed else None for name, value in row.items()}]
        if table in {name for name, _ in stayed}
        else []
        for table, (row,) in kept.items()
    }
    assert await stand(url) == (STEPS[-1], STEPS[-1])


async def test_a_failure_half_way_leaves_the_database_as_it_was(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it is one transaction, on SQLite too."""
    create = Operations.create_table
    made: list[str] = []

    def fail(operations: Operations, name: str, *columns: Any, **options: Any) -> Table:
        made.append(name)
        if len(made) == len(Base.metadata.sorted_tables):
            raise RuntimeError("the power went")
        return create(operations, name, *columns, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Operations, "create_table", fail)
        with pytest.raises(RuntimeError, match="the power went"):
            await upgrade(empty_database_url)
    assert await looked_at(empty_database_url, lambda c: inspect(c).get_table_names()) == []
    await upgrade(empty_database_url)
    assert await stand(empty_database_url) == (STEPS[-1], STEPS[-1])
