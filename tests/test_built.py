"""A world that is copied is the one that was built, and whoever stands in it may change it."""

from sqlalchemy import func, select

from app.db.engine import Database
from app.models import AlertRule, Source
from tests.api.conftest import add_source
from tests.built import once


async def test_the_second_world_is_like_the_first_and_goes_on_from_there(db: Database) -> None:
    built = 0

    async def build() -> list[int]:
        nonlocal built
        built += 1
        async with db.write() as session:
            await session.delete((await session.execute(select(AlertRule))).scalar_one())
        return [await add_source(db, "one"), await add_source(db, "two")]

    first = await once(db, build, build)
    assert await add_source(db, "three") == 3
    first.clear()
    assert await once(db, build, build) == [1, 2]
    assert built == 1
    async with db.read() as session:
        assert (await session.execute(select(Source.name).order_by(Source.id))).scalars().all() == ["one", "two"]
        assert (await session.execute(select(func.count()).select_from(AlertRule))).scalar_one() == 0
    assert await add_source(db, "three") == 3
