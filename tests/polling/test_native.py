"""The platform's own counts: read with a deep pass, shown beside ours, in no sum of ours."""

from pathlib import Path
from typing import Any

import pytest

from app.clock import DAY, HOUR
from app.db.engine import Database
from app.models import NativeCount
from app.store import curves
from app.store.curves import Ask
from sandbox.ids import BLUESKY
from tests.clocks import FakeClock
from tests.polling.town import TAG, Town, town


def write(place: Town, count: int, every: float = 1_800) -> None:
    ann = place.script.people.get("ann") or place.script.join("ann")
    for _ in range(count):
        place.advance(every)
        place.script.add_post(place.network, ann, f"so #{TAG}")
    place.advance(301)  # the server counts every five minutes


async def curve(place: Town, **words: Any) -> dict[str, Any]:
    async with place.db.read() as session:
        return await curves.growth(session, "hashtag", TAG, Ask(**words), place.now)


async def test_the_servers_own_days_stand_beside_ours(db: Database, clock: FakeClock, tmp_path: Path) -> None:
    async with town(db, clock, tmp_path) as place:
        write(place, 100)
        await place.follow()
        await place.poll()
        got = await curve(place, step="1d")
        told = got["platforms"]["mastodon"]
        assert told["native_posts"] == got["series"]["posts"]
        assert set(told["native_authors"]) == {1}
        assert "native_views" not in told
        assert got["totals"]["posts"] == 100
        for words in ({"step": "1h"}, {"step": "1d", "zone": "Europe/Paris"}):
            assert "native_posts" not in (await curve(place, **words))["platforms"]["mastodon"]
        assert "native_posts" not in (await curve(place, step="1d", as_of=place.now - DAY))["platforms"].get(
            "mastodon", {}
        )


async def test_they_are_read_with_deep_passes_alone_and_brought_up_to_date(
    db: Database, clock: FakeClock, tmp_path: Path
) -> None:
    async with town(db, clock, tmp_path) as place:
        write(place, 3)
        await place.follow()
        await place.poll()
        rows = {row.start_at: row.posts for row in await place.rows(NativeCount)}
        assert (len(rows), sum(rows.values())) == (7, 3)
        write(place, 2)
        await place.until_due()
        await place.poll()
        assert sum(row.posts for row in await place.rows(NativeCount)) == 3
        place.advance(7 * HOUR / 1_000)
        await place.poll()
        assert sum(row.posts for row in await place.rows(NativeCount)) == 5


@pytest.mark.parametrize("kind", ["gotosocial", "takahe", BLUESKY])
async def test_a_server_that_counts_nothing_takes_nothing_from_the_pass(
    db: Database, clock: FakeClock, tmp_path: Path, kind: str
) -> None:
    async with town(db, clock, tmp_path, kind) as place:
        write(place, 3)
        await place.follow()
        await place.poll()
        assert [one.state for one in place.passes] == ["ok"]
        assert await place.rows(NativeCount) == []
        await place.check()
