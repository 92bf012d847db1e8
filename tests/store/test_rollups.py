"""Rollups equal what is summed from the beginning, whatever comes, in whatever order, however often."""

import random
from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from app.analysis.contribution import COLUMNS, METRICS
from app.db.engine import Database
from app.models import Base, News, Post, Rollup
from app.store import rebuild
from app.store.accounts import account_key
from tests.store import world
from tests.store.naive import FINE_FROM, GRAINS, Naive
from tests.store.world import NOW, SUBJECTS, Arrival

examples = settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
orders = st.integers(0, 2**32).map(random.Random)


async def begin(db: Database) -> None:
    """The database without a row but what is followed: made anew for each example it would take most of the time."""
    async with db.write() as session:
        for table in reversed(Base.metadata.sorted_tables):
            if table is not News.__table__:
                await session.execute(delete(table))
        # A number that was given is never given again: readers tell by it what they know.
        await session.execute(delete(News).where(News.topic != "clock"))
        await world.settle(session)


async def keep_all(db: Database, arrivals: list[Arrival]) -> Naive:
    """All of it, each in a transaction of its own; what waits for its post comes again at the end."""
    naive, waiting = Naive(), list(arrivals)
    note("\n".join(["kept, in this order:", *map(repr, arrivals)]))
    while waiting:
        async with db.write() as session:
            again = [left for arrival in waiting for left in await world.arrive(session, arrival)]
        for arrival in waiting:
            naive.arrive(arrival)
        if again == waiting:
            break
        waiting = again
    return naive


async def rollups(db: Database) -> dict[tuple[int, int, str, int], dict[str, int]]:
    key = (Rollup.subject_id, Rollup.grain, Rollup.platform, Rollup.bucket)
    async with db.read() as session:
        rows = await session.execute(select(*key, *(getattr(Rollup, name) for name in COLUMNS)))
        found = {tuple(row[:4]): dict(zip(COLUMNS, row[4:], strict=True)) for row in rows}
    short = {key: {name: amount for name, amount in row.items() if amount} for key, row in found.items()}
    return {key: row for key, row in short.items() if row and (key[1] != GRAINS[0] or key[3] >= FINE_FROM)}


async def posts(db: Database) -> dict[int, tuple[Any, ...]]:
    columns = (Post.id, Post.born_at, Post.source_id, Post.author_id, Post.followers, Post.looked_at)
    async with db.read() as session:
        rows = await session.execute(select(*columns, *(getattr(Post, metric) for metric in METRICS)))
        return {row[0]: tuple(row[1:]) for row in rows}


def expected_posts(naive: Naive) -> dict[int, tuple[Any, ...]]:
    return {
        post.id: (
            post.born_at, post.home, account_key(post.platform, post.author) if post.author else None, post.followers,
            max((at for at, _ in post.looks), default=None), *post.levels(),
        )
        for post in naive.posts.values()
    }  # fmt: skip


async def differences(db: Database, of: Sequence[int] = SUBJECTS) -> list[rebuild.Difference]:
    async with db.read() as session:
        return [found for subject in of async for found in rebuild.verify(session, subject, NOW)]


async def everything(db: Database) -> dict[str, list[tuple[Any, ...]]]:
    async with db.read() as session:
        tables = {table.name: await session.execute(select(table)) for table in Base.metadata.sorted_tables}
        return {name: sorted((tuple(row) for row in rows), key=repr) for name, rows in tables.items()}


@examples
@given(arrivals=world.arrivals(), order=orders)
async def test_rollups_are_what_a_slow_sum_from_the_beginning_gives(
    db: Database, arrivals: list[Arrival], order: random.Random
) -> None:
    await begin(db)
    order.shuffle(arrivals)
    naive = await keep_all(db, arrivals)
    assert await posts(db) == expected_posts(naive)
    assert await rollups(db) == naive.rollups()
    assert await differences(db) == []


@examples
@given(arrivals=world.arrivals(calm=True), order=orders)
async def test_any_order_of_arrival_gives_the_same_rollups(
    db: Database, arrivals: list[Arrival], order: random.Random
) -> None:
    await begin(db)
    naive = await keep_all(db, arrivals)
    before = await rollups(db)
    await begin(db)
    order.shuffle(arrivals)
    await keep_all(db, arrivals)
    assert await rollups(db) == before == naive.rollups()


@examples
@given(arrivals=world.arrivals(), order=orders)
async def test_what_is_kept_again_changes_no_row_and_a_rebuild_gives_the_same(
    db: Database, arrivals: list[Arrival], order: random.Random
) -> None:
    await begin(db)
    order.shuffle(arrivals)
    await keep_all(db, arrivals)
    once, before = await everything(db), await rollups(db)
    await keep_all(db, arrivals)
    assert await everything(db) == once
    order.shuffle(arrivals)
    await keep_all(db, arrivals)
    # Two sources may say two things of an author at one instant: the last one said stands there, and nowhere else.
    assert {**await everything(db), "account": []} == {**once, "account": []}
    async with db.write() as session:
        for subject in SUBJECTS:
            await rebuild.rebuild(session, subject, NOW)
    assert await rollups(db) == before
    assert await differences(db) == []
