"""Several credentials of one platform: they share the work by what is left, and one that is revoked stops alone."""

import pytest
from sqlalchemy import select

from app import joining, sources
from app.clock import to_ms
from app.db.engine import Database
from app.errors import Invalid
from app.models import Budget, Source
from app.polling import poll
from app.store import following, tracks
from app.store import sources as rows
from app.store.sources import NewSource
from sandbox import server
from tests.clocks import FakeClock
from tests.polling.town import settings_for

REVOKED = "revoked"


async def add(db: Database, name: str, secret: str, url: str | None, to: str | None = None) -> int:
    new, clock = NewSource("youtube", name, url, None, None), FakeClock()
    await joining.join(db, settings_for(db.url), clock, new, secret, unchecked=True, shares_with=to)
    async with db.read() as session:
        return (await rows.named(session, name)).id


async def search(db: Database, clock: FakeClock, source: int) -> None:
    async with sources.opened(db, settings_for(db.url), clock, source) as collector:
        await anext(collector.search("farm"))  # type: ignore[attr-defined]


async def states(db: Database) -> dict[str, str]:
    async with db.read() as session:
        return {row.name: row.state for row in await rows.live(session)}


async def test_credentials_share_the_work_and_a_revoked_one_stops_alone(db: Database, clock: FakeClock) -> None:
    async with await server.start(began=server.clock() - 86_400_000) as world:
        first = await add(db, "yt1", "a-key", f"{world.url}/youtube")
        second = await add(db, "yt2", "another-key", None, "yt1")
        for _ in range(4):
            await search(db, clock, first)
        async with db.read() as session:
            spent = {row.source_id: row.slices for row in (await session.execute(select(Budget))).scalars()
                     if row.name == "searches"}  # fmt: skip
            assert set(spent) == {first, second}
            assert [row.name for row in await following.looked_at(session, None)] == ["yt1"]
            row = await session.get_one(Source, second)
            assert row.base_url == f"{world.url}/youtube"
            assert (await sources.joint_limits(session, await rows.by_id(session, first)))["searches"] == 200
        third = await add(db, "yt3", REVOKED, None, "yt2")
        with pytest.raises(Exception, match="the credential of yt3 is refused and stopped"):
            await search(db, clock, first)
        assert await states(db) == {"yt1": "ok", "yt2": "ok", "yt3": "stopped"}
        await search(db, clock, first)
        async with db.write() as session:
            assert (await session.get_one(Source, third)).lends_to == first
            await rows.set_state(session, first, "stopped", "revoked", 1)
            await rows.set_state(session, first, "ok", None, 2)
        assert (await states(db))["yt1"] == "stopped", "what others did is not its own"
        async with db.write() as session:
            await following.follow(session, "farm", None, 5, 300)
            assert [source for _, source in await tracks.due(session, 10, 9)] == [first], "and its work goes on"
        await search(db, clock, first)
        await sources.check(db, settings_for(db.url), clock, "yt1")
        assert (await states(db))["yt1"] == "ok"


async def test_only_of_the_same_platform(db: Database) -> None:
    await add(db, "yt1", "a-key", None)
    with pytest.raises(Invalid, match="is a source of youtube, not of x"):
        await joining.join(
            db, settings_for(db.url), FakeClock(), NewSource("x", "x", None, None, None), "t", shares_with="yt1"
        )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_only_at_the_same_address(db: Database) -> None:
    await add(db, "yt1", "a-key", "https://youtube.example")
    with pytest.raises(Invalid, match="another server has other posts"):
        await add(db, "yt2", "another-key", "https://youtube.example.org", "yt1")
    await add(db, "yt2", "another-key", "https://youtube.example/", "yt1")


@pytest.mark.parametrize("platform", ["youtube", "misskey"])
async def test_a_source_whose_only_credential_is_revoked_stops_and_says_so(
    db: Database, clock: FakeClock, platform: str
) -> None:  # fmt: skip
    """End to end: a pass over a socket, refused by the server; nothing is asked of it any more."""
    settings = settings_for(db.url)
    async with await server.start(began=server.clock() - 86_400_000) as world:
        new = NewSource(platform, "one", f"{world.url}/{platform}", None, None)
        with pytest.raises(Invalid) as refused:
            await joining.join(db, settings, clock, new, REVOKED)
        assert refused.value.errors[0].field == "token"
        await joining.join(db, settings, clock, new, REVOKED, unchecked=True)
        async with db.write() as session:
            now = to_ms(clock.now())
            await following.follow(session, "farm", None, now, 300)
            track = (await tracks.due(session, now, 9))[0][0]
        visited = await poll.visit(db, settings, clock, track)
        assert visited is not None
        assert visited.summary.state == "failed"
        async with db.read() as session:
            row = await rows.named(session, "one")
            assert row.state == "stopped"
            assert "answered 4" in (row.reason or "")
            assert REVOKED not in (row.reason or "")
            assert await tracks.due(session, now + 10**9, 9) == []
