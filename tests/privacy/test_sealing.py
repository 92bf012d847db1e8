"""Facts are taken out, sums stay: whatever was kept, whatever goes, and whatever comes after it."""

from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.db.engine import Database, Session
from app.models import Account, Post, Seal, Snapshot, Tombstone
from app.store import checkup, erasures, rebuild, sealing
from tests.privacy.keys import KEYS
from tests.store import world
from tests.store.test_rollups import begin, keep_all, rollups
from tests.store.world import DAY, NOW, SUBJECTS, Arrival

examples = settings(
    max_examples=5,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


async def differences(db: Database) -> list[rebuild.Difference]:
    async with db.read() as session:
        return [
            one for subject in await checkup.subjects(session) async for one in rebuild.verify(session, subject, NOW)
        ]


async def _take_out(session: Session, dice: Random) -> None:
    posts = list((await session.execute(select(Post.id).order_by(Post.id))).scalars())
    some = [key for key in posts if dice.random() < 0.5]
    authors = list((await session.execute(select(Account.id).order_by(Account.id))).scalars())
    how = dice.choice(["looks", "posts", "person"])
    if how == "looks":
        await sealing.drop_looks(session, some, NOW - dice.choice([0, 8, 15]) * DAY, NOW)
    elif how == "posts":
        await sealing.drop_posts(session, some, NOW)
    elif authors:
        key = await erasures.ask(session, [dice.choice(authors)], None, NOW)
        while await erasures.go_on(session, key, NOW):
            pass


async def counted(db: Database) -> dict[Any, Any]:
    """Of hashtags and campaigns: a person who is erased has no curve any more."""
    return {key: row for key, row in (await rollups(db)).items() if key[0] in SUBJECTS[:3]}


@examples
@given(first=world.arrivals(), then=world.arrivals(), dice=st.integers(0, 2**32).map(Random))
async def test_no_sum_changes_and_a_rebuild_is_the_same(
    db: Database, first: list[Arrival], then: list[Arrival], dice: Random
) -> None:
    db.keyed = KEYS.mac
    await begin(db)
    await keep_all(db, first)
    before = await counted(db)
    for _ in range(2):
        async with db.write() as session:
            await _take_out(session, dice)
    assert await counted(db) == before
    assert await differences(db) == []
    await keep_all(db, then)
    assert await differences(db) == []
    after = await rollups(db)
    async with db.write() as session:
        for subject in await checkup.subjects(session):
            await rebuild.rebuild(session, subject, NOW)
    assert await rollups(db) == after


def _page(hour: int) -> world.Page:
    born = NOW - 40 * DAY
    levels = (10 * hour, None, None, None, None, None)
    return world.Page(
        "mastodon", 1, born + hour * world.HOUR, (world.Shown("p", born, "u1", 10, ("rain",), None, levels),)
    )


async def _arrive(db: Database, pages: list[world.Page]) -> None:
    for page in pages:
        async with db.write() as session:
            await world.arrive(session, page)


async def test_a_lost_seal_is_noticed(db: Database) -> None:
    """A proof that could not fail proves nothing."""
    db.keyed = KEYS.mac
    await begin(db)
    pages = [_page(hour) for hour in (1, 2, 30)]
    await _arrive(db, pages)
    async with db.write() as session:
        (post,) = (await session.execute(select(Post.id))).scalars()
        assert await sealing.drop_looks(session, [post], NOW - 20 * DAY, NOW) == 2
        assert len(list((await session.execute(select(Snapshot.observed_at))).scalars())) == 1
    assert await differences(db) == []
    async with db.write() as session:
        await sealing.drop_posts(session, [post], NOW)
        assert (await session.execute(select(Tombstone.why))).scalars().all() == ["purged"]
    assert await differences(db) == []
    await _arrive(db, pages)
    async with db.read() as session:
        assert (await session.execute(select(Post.id))).scalars().all() == []
    async with db.write() as session:
        await session.execute(Seal.__table__.delete())  # type: ignore[attr-defined]
    assert await differences(db) != []
