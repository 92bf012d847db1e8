"""Comparisons and who made it grow, as known then: whatever comes later changes nothing of what was shown."""

import random
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from app.clock import HOUR, from_ms, rfc3339, to_ms
from app.db.engine import Database
from app.models import Campaign
from app.store import following, imports, keep, people
from app.store import outcomes as gifts
from app.store.keep import Arrivals
from app.store.outcomes import Gift
from collectors.posts import Account, Engagement, Post
from tests.clocks import FakeClock
from tests.store.test_as_of import Watched
from tests.store.world import seeds

ASKED = (
    "/compare?campaign=c&campaign=d",
    "/compare?campaign=d&campaign=c&metric=posts&per=post",
    "/campaigns/c/influencers",
)


class Town(Watched):
    """Two campaigns, one within the other; gifts come in, and files of reposts."""

    async def begin(self) -> None:
        await super().begin()
        async with self.db.write() as session:
            await session.execute(update(Campaign).values(launched_at=self.now - 40 * HOUR))
            since = self.now - 30 * HOUR
            session.add(Campaign(id="d", slug="d", name="D", kind="other", launched_at=since, created_at=self.now))
            await following.join_campaign(session, "d", ["#Sun"], self.now)
            await people.create(session, "Star", None, [people.Claim("mastodon", None, "u0")], self.now)

    def happenings(self) -> list[Callable[[], Awaitable[None]]]:
        return [*super().happenings(), self.gift, self.file_of_reposts]

    async def gift(self) -> None:
        """One that is said at once, or late."""
        at = self.now - self.luck.randint(0, 30) * HOUR
        async with self.db.write() as session:
            await gifts.keep(session, "c", [Gift(f"{self.now}", at, "donation", "5", "EUR")], self.now)

    async def file_of_reposts(self) -> None:
        of = f"https://a.example/{self.luck.randint(0, 3)}"
        made = [self.now - self.luck.randint(0, 40) * HOUR for _ in range(3)]
        reposts = [
            Post(
                f"https://a.example/{self.now}/{place}", from_ms(born), Engagement(), tags=("rain",), repost_of=of,
                author=Account(f"u{place}", followers=9),
            )
            for place, born in enumerate(made)
        ]  # fmt: skip
        async with self.db.write() as session:
            source, _ = await imports.source(session, "import:mastodon", "mastodon", self.now)
            await keep.keep(
                session, Arrivals("mastodon", reposts, self.now, source, live=False, looked=False), self.now
            )


async def shown(api: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await api.get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    for row in found.get("items", ()):  # what people are called is told as it is now
        row["name"] = row["accounts"] = None
    return found


@seeds(4)
async def test_what_comes_later_changes_nothing(
    db: Database, api: httpx.AsyncClient, clock: FakeClock, seed: int
) -> None:
    it = Town(db, random.Random(seed))
    await it.begin()
    for what in (it.page, it.gift, it.file_of_reposts):
        await what()
    then = []
    for _ in range(9):
        await it.step()
        clock.advance((it.now - to_ms(clock.now())) / 1_000)
        then += [(path, rfc3339(it.now), await shown(api, path)) for path in ASKED]
    clock.advance(86_400)
    assert then[-1][2]["reposts_seen"] >= 3
    assert then[-3][2]["table"][1]["values"]["c"]["value"] >= 1
    for path, at, one in then:
        assert await shown(api, f"{path}{'&' if '?' in path else '?'}as_of={at}") == one, (path, at)


@pytest.mark.parametrize("path", ASKED)
async def test_nobody_knows_yet_what_will_be_known(
    db: Database, api: httpx.AsyncClient, clock: FakeClock, path: str
) -> None:
    await Town(db, random.Random(1)).begin()
    answer = await api.get(f"{path}{'&' if '?' in path else '?'}as_of={rfc3339(to_ms(clock.now()) + 60_000)}")
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["field"], "must not lie in the future" in error["message"]) == ("as_of", True)
