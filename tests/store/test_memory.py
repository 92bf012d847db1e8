"""What is held of a curve's sums is what a fresh reader finds, whatever is written between two questions."""

import pytest
from sqlalchemy import update

from app.clock import to_ms
from app.db.engine import Database, ReadSession
from app.models import Rollup
from app.store import curves, rebuild
from app.store.curves import Ask
from app.store.memory import Memory
from app.store.subjects import subject_key
from tests.api.conftest import NOON
from tests.store.sky import DAY, HOUR, Row, follow, rain

NOW = to_ms(NOON)
START = NOW - 2 * DAY
ROWS: list[Row] = [(START + n * HOUR, f"a{n % 3}", 10, n) for n in range(12)]


async def asked(session: ReadSession, ref: str = "a", end: int | None = None) -> int | None:
    curve = await curves.growth(session, "hashtag", ref, Ask(start=START, end=end), NOW)
    posts: int | None = curve["totals"]["posts"]
    return posts


async def posts(db: Database, ref: str = "a", end: int | None = None) -> int | None:
    async with db.read() as session:
        return await asked(session, ref, end)


async def test_new_posts_are_seen_at_once(db: Database) -> None:
    source = await follow(db, ["#A", "#B"], START - DAY, NOW)
    await rain(db, source, "A", ROWS[:6])
    assert [await posts(db), await posts(db), await posts(db, "b")] == [6, 6, 0]
    await rain(db, source, "A", ROWS)
    assert [await posts(db), await posts(db, end=START + 3 * HOUR), await posts(db, "b")] == [12, 3, 0]


async def test_a_rebuild_is_seen_at_once(db: Database) -> None:
    source = await follow(db, ["#A"], START - DAY, NOW)
    await rain(db, source, "A", ROWS)
    async with db.write() as session:
        await session.execute(update(Rollup).values(posts=Rollup.posts + 1))
    assert await posts(db) == 24
    async with db.write() as session:
        await rebuild.rebuild(session, subject_key("hashtag", "a"), NOW)
    assert await posts(db) == 12


async def test_what_is_taken_back_was_never_held(db: Database) -> None:
    source = await follow(db, ["#A"], START - DAY, NOW)
    await rain(db, source, "A", ROWS)
    assert await posts(db) == 12
    with pytest.raises(ZeroDivisionError):
        await _changed_and_taken_back(db)
    assert await posts(db) == 12


async def _changed_and_taken_back(db: Database) -> None:
    async with db.write() as session:
        await session.execute(update(Rollup).values(posts=0))
        assert await asked(session) == 0
        raise ZeroDivisionError


async def test_the_least_lately_used_leaves(db: Database) -> None:
    held: Memory[str] = Memory(10, len)
    async with db.read() as session:
        for key in ("one", "two"):
            held.put(session, key, 1, "12345")
        held.put(session, "one", 2, "1234")
        held.put(session, "long", 1, "12345678901")
        assert [held.get(session, key, 1) for key in ("one", "two", "long")] == [None, "12345", None]
        held.put(session, "more", 1, "12345")
        found = [held.get(session, key, number) for key, number in (("one", 2), ("two", 1), ("more", 1))]
        assert found == [None, "12345", "12345"]
