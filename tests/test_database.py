"""The database under faults: held by another, killed, full, read-only, gone. What fails says Busy, and recovers."""

import asyncio
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from app.db import engine
from app.db.dialect import among, change, lock_rows, put
from app.db.engine import Database, Session
from app.errors import Busy
from app.models import Subject

COLUMNS = {"kind": ["hashtag"], "ref": ["rain"]}


on_a_file = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_a_server = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


async def add(db: Database, number: int, ref: str | None = None) -> None:
    async with db.write() as session:
        await put(session, Subject, {"id": [number], "kind": ["hashtag"], "ref": [ref or f"tag {number}"]})


async def count(db: Database) -> int:
    async with db.read() as session:
        return (await session.execute(select(func.count()).select_from(Subject))).scalar_one()


def holder(db: Database) -> sqlite3.Connection:
    """Another process's connection that holds the file for itself."""
    connection = sqlite3.connect(db.url.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    return connection


@on_a_file
async def test_a_commit_survives_power_loss_and_readers_go_on_while_one_writes(db: Database) -> None:
    async with db.read() as session:
        for pragma, value in (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)):
            assert (await session.execute(text(f"PRAGMA {pragma}"))).scalar() == value
    async with db.write() as session:
        await put(session, Subject, {"id": [1], **COLUMNS})
        assert await count(db) == 0
    assert await count(db) == 1


@on_a_file
async def test_a_writer_holds_the_file_from_its_beginning_and_a_reader_does_not(db: Database) -> None:
    other = sqlite3.connect(db.url.removeprefix("sqlite:///"), isolation_level=None, timeout=0)
    async with db.write():
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    async with db.read() as session:
        await session.execute(select(Subject.id))
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    other.close()


@on_a_file
async def test_who_writes_while_another_holds_the_file_waits_and_succeeds(db: Database) -> None:
    held = holder(db)
    began = time.monotonic()
    waiting = asyncio.create_task(add(db, 1))
    await asyncio.sleep(1.2)
    assert not waiting.done()
    held.execute("ROLLBACK")
    held.close()
    await waiting
    assert 1.2 <= time.monotonic() - began < 10
    assert await count(db) == 1


@on_a_file
async def test_the_file_is_asked_again_after_its_own_patience_is_over(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 50)
    held = holder(db)
    waiting = asyncio.create_task(add(db, 1))
    await asyncio.sleep(0.7)
    held.execute("ROLLBACK")
    held.close()
    await waiting
    assert await count(db) == 1


@on_a_file
async def test_a_file_held_for_longer_than_our_patience_is_busy_and_free_again_later(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 50)
    monkeypatch.setattr(engine, "PATIENCE_S", 0.3)
    held = holder(db)
    with pytest.raises(Busy, match="locked"):
        await add(db, 1)
    assert await count(db) == 0  # readers went on all the time
    held.execute("ROLLBACK")
    held.close()
    await add(db, 1)
    assert await count(db) == 1


async def test_a_reader_sees_one_moment_however_many_statements_it_takes(db: Database) -> None:
    """What verifies sums while pages are kept would else find differences that are none."""
    async with db.read() as session:
        before = (await session.execute(select(func.count()).select_from(Subject))).scalar_one()
        await add(db, 1)
        after = (await session.execute(select(func.count()).select_from(Subject))).scalar_one()
    assert (before, after, await count(db)) == (0, 0, 1)


async def test_writers_of_one_process_take_turns(db: Database) -> None:
    async def one(number: int) -> None:
        async with db.write() as session:
            there = (await session.execute(select(func.count()).select_from(Subject))).scalar_one()
            await asyncio.sleep(0.005)
            await put(session, Subject, {"id": [number], "kind": ["hashtag"], "ref": [f"{number} after {there}"]})

    await asyncio.gather(*(one(number) for number in range(12)))
    assert await count(db) == 12


async def test_an_error_undoes_the_transaction_and_stays_itself(db: Database) -> None:
    for error in (ValueError("ours"), FileNotFoundError("a file of the caller's"), TimeoutError("a socket's")):
        with pytest.raises(type(error), match=str(error)):  # noqa: PT012 - the error is raised in the transaction
            async with db.write() as session:
                await put(session, Subject, {"id": [1], **COLUMNS})
                raise error
    assert await count(db) == 0


async def test_a_wrong_statement_is_an_error_of_ours_and_not_busy(db: Database) -> None:
    with pytest.raises(SQLAlchemyError, match="nonsense"):
        async with db.read() as session:
            await session.execute(text("SELECT * FROM nonsense"))
    await add(db, 1)
    with pytest.raises(SQLAlchemyError, match=r"(?i)unique"):
        async with db.write() as session:
            await session.execute(insert(Subject).values(id=2, kind="hashtag", ref="tag 1"))


async def test_a_cancelled_writer_lets_the_next_one_in(db: Database) -> None:
    entered = asyncio.Event()

    async def stuck() -> None:
        async with db.write() as session:
            await put(session, Subject, {"id": [1], **COLUMNS})
            entered.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(stuck())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(add(db, 1), 5)
    assert await count(db) == 1


@on_a_file
async def test_a_full_disk_is_busy_leaves_nothing_half_done_and_recovers(db: Database) -> None:
    await add(db, 1)
    async with db.write() as session:
        pages = (await session.execute(text("PRAGMA page_count"))).scalar_one()
        await session.execute(text(f"PRAGMA max_page_count={pages + 2}"))
    many: dict[str, list[Any]] = {
        "id": list(range(2, 2_000)),
        "kind": ["hashtag"] * 1_998,
        "ref": [f"{n:>200}" for n in range(1_998)],
    }
    with pytest.raises(Busy, match="full"):
        async with db.write() as session:
            await put(session, Subject, many)
    assert await count(db) == 1
    async with db.write() as session:
        await session.execute(text("PRAGMA max_page_count=1000000"))
        await put(session, Subject, many)
    assert await count(db) == 1_999


@on_a_file
async def test_a_file_that_became_read_only_is_busy_at_once_and_can_be_read(db: Database) -> None:
    await add(db, 1)
    async with db.read() as session:
        await session.execute(text("PRAGMA query_only=ON"))
    began = time.monotonic()
    with pytest.raises(Busy, match="readonly"):
        await add(db, 2)
    assert time.monotonic() - began < 2
    assert await count(db) == 1
    async with db.read() as session:
        await session.execute(text("PRAGMA query_only=OFF"))
    await add(db, 2)
    assert await count(db) == 2


async def test_what_is_no_database_is_not_busy(tmp_path: Path) -> None:
    path = tmp_path / "letters.db"
    path.write_text("this is a letter to a friend " * 100)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(SQLAlchemyError, match="not a database"):
        await database.ping()
    await database.close()


async def kill(url: str, *, me: int | None = None) -> None:
    """The backends of the database end, all or one, as when the server is stopped in the middle."""
    other = Database(url)
    which = f"pid = {me}" if me else "datname = current_database() AND pid <> pg_backend_pid()"
    async with other.write() as session:
        await session.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {which}"))
    await other.close()


@on_a_server
async def test_a_killed_connection_is_busy_undoes_its_transaction_and_the_next_one_works(db: Database) -> None:
    with pytest.raises(Busy):  # noqa: PT012 - it is killed in the middle
        async with db.write() as session:
            await put(session, Subject, {"id": [1], **COLUMNS})
            me = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            await kill(db.url, me=me)
            await put(session, Subject, {"id": [2], **COLUMNS})
    assert await count(db) == 0
    await add(db, 3)
    assert await count(db) == 1


@on_a_server
async def test_a_connection_killed_before_the_commit_is_busy(db: Database) -> None:
    with pytest.raises(Busy):  # noqa: PT012 - it is killed in the middle
        async with db.write() as session:
            await put(session, Subject, {"id": [1], **COLUMNS})
            me = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            await kill(db.url, me=me)
    assert await count(db) == 0


@on_a_server
async def test_connections_killed_in_the_pool_are_not_noticed_by_anyone(db: Database) -> None:
    await asyncio.gather(*(count(db) for _ in range(5)))
    await kill(db.url)
    assert await asyncio.gather(*(count(db) for _ in range(5))) == [0] * 5


async def test_a_server_that_is_not_there_is_busy() -> None:
    gone = Database("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(Busy, match="cannot be reached"):
        await gone.ping()
    await gone.close()


@on_a_server
async def test_a_deadlock_is_busy_for_one_and_the_other_goes_on(db: Database) -> None:
    await add(db, 1)
    await add(db, 2)
    both = asyncio.Barrier(2)

    async def cross(first: int, second: int) -> str:
        try:
            async with db.write() as session:
                await lock_rows(session, Subject, [first])
                await both.wait()
                await lock_rows(session, Subject, [second])
        except Busy:
            return "busy"
        return "done"

    assert sorted(await asyncio.gather(cross(1, 2), cross(2, 1))) == ["busy", "done"]


@on_a_server
async def test_a_server_that_only_reads_is_busy_for_writers(db: Database) -> None:
    with pytest.raises(Busy, match="read-only"):  # noqa: PT012 - the first statement only sets the scene
        async with db.write() as session:
            await session.execute(text("SET TRANSACTION READ ONLY"))
            await put(session, Subject, {"id": [1], **COLUMNS})


async def test_rows_are_put_left_added_to_and_replaced(db: Database) -> None:
    async def names(session: Session) -> list[tuple[int, str]]:
        rows = await session.execute(select(Subject.id, Subject.ref).order_by(Subject.id))
        return [(row.id, row.ref) for row in rows]

    async with db.write() as session:
        assert await put(session, Subject, {"id": [1, 2], "kind": ["a", "a"], "ref": ["x", "y"]}) == 2
        assert await put(session, Subject, {"id": [2, 3], "kind": ["a", "a"], "ref": ["no", "z"]}) == 1
        assert await names(session) == [(1, "x"), (2, "y"), (3, "z")]
        await put(session, Subject, {"id": [3], "kind": ["a"], "ref": ["Z"]}, "replace")
        assert await put(session, Subject, {"id": [], "kind": [], "ref": []}) == 0
        await change(session, Subject, "id", {"id": [1, 2], "ref": ["one", "two"]})
        assert await names(session) == [(1, "one"), (2, "two"), (3, "Z")]


@pytest.mark.parametrize("size", [0, 1, 70_000])
async def test_one_of_many_values_is_one_parameter_however_many(db: Database, size: int) -> None:
    await add(db, 2**62, 'it\'s "quoted" 💜')
    async with db.read() as session:
        ids = [2**62, *range(size)][: size or None] if size else []
        found = await session.execute(select(Subject.id).where(among(session, Subject.id, ids)))
        assert list(found.scalars()) == ([2**62] if size else [])
        refs = ['it\'s "quoted" 💜', *map(str, range(size))] if size else []
        found = await session.execute(select(Subject.id).where(among(session, Subject.ref, refs)))
        assert list(found.scalars()) == ([2**62] if size else [])
