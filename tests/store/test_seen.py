"""How much there is of a hashtag, where a platform's posts are kept under the name of another's network."""

import pytest

from app.clock import DAY, to_ms
from app.db.engine import Database
from app.models import Track
from app.store import coverage, following
from app.store.seen import posts_a_day
from tests.api.conftest import NOON, add_source, ago, arrive, post


@pytest.mark.parametrize(("platform", "network"), [("misskey", "mastodon"), ("mastodon", None)])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_was_seen_is_counted_under_its_network(db: Database, platform: str, network: str | None) -> None:
    now = to_ms(NOON)
    source = await add_source(db, platform=platform, network=network)
    async with db.write() as session:
        await following.follow(session, "#Rain", [source], now - 3 * DAY, 300)
        track = (await session.get_one(Track, 1)).id
        await coverage.write(session, track, now - 2 * DAY, now, "complete", None)
    await arrive(db, source, [post(number, ("Rain",), ago(hours=number)) for number in (1, 2, 30, 31)], NOON)
    async with db.read() as session:
        assert await posts_a_day(session, "rain", platform, now) == 2
