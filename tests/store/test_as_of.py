"""As known then: what is asked of the facts at an instant is what the sums said at that instant."""

import random
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from app.analysis.contribution import METRICS, UNKNOWN
from app.clock import DAY, HOUR, MINUTE, from_ms, rfc3339
from app.db.engine import Database
from app.errors import Invalid
from app.models import Campaign, Influencer
from app.store import coverage, curves, following, imports, keep, people, subjects
from app.store import sources as source_rows
from app.store.curves import Ask
from app.store.keep import Arrivals
from app.store.looks import Readings
from app.store.sources import NewSource
from collectors.posts import Account, Engagement, Post
from tests.store import world
from tests.store.test_rollups import begin, examples, keep_all, orders
from tests.store.world import NOW, Arrival, seeds

ALL = [("hashtag", "rain"), ("hashtag", "sun"), ("campaign", "camp"), ("influencer", "star"), ("influencer", "fan")]


async def curve(db: Database, kind: str, ref: str, now: int, **words: Any) -> dict[str, Any]:
    async with db.read() as session:
        return await curves.growth(session, kind, ref, Ask(**{"split": True, **words}), now)


@examples
@given(arrivals=world.arrivals(), order=orders)
async def test_as_of_now_is_the_curve_itself(db: Database, arrivals: list[Arrival], order: random.Random) -> None:
    await begin(db)
    order.shuffle(arrivals)
    await keep_all(db, arrivals)
    for kind, ref in ALL:
        for words in ({"step": "1d", "zone": "Asia/Kathmandu"}, {"step": "1h"}, {"step": "5m"}):
            assert await curve(db, kind, ref, NOW, as_of=NOW, **words) == await curve(db, kind, ref, NOW, **words)


class Watched:
    """Two hashtags in a campaign, watched live on one server; posts appear, grow, are edited; files come in."""

    def __init__(self, db: Database, luck: random.Random) -> None:
        self.db, self.luck, self.now = db, luck, NOW - 3 * DAY
        self.posts: list[tuple[int, tuple[str, ...]]] = []
        self.likes: dict[int, int] = {}

    async def begin(self) -> None:
        async with self.db.write() as session:
            self.source = await source_rows.insert(session, NewSource("mastodon", "a", None, None, None), self.now)
            session.add(Campaign(id="c", slug="c", name="C", kind="other", created_at=self.now, version=1))
            session.add(Influencer(id="star", name="S", kind=None, created_at=self.now, version=1))
            for tag in ("#Rain", "#Sun"):
                await following.follow(session, tag, [self.source], self.now, 300)
            await following.join_campaign(session, "c", ["#Rain", "#Sun"], self.now)
            (self.track, *_) = await coverage.of_hashtags(session, [subjects.hashtag_key("rain")])

    def shown(self, number: int) -> Post:
        born, tags = self.posts[number]
        self.likes[number] = self.likes.get(number, 0) + self.luck.randint(-1, 9)
        author = Account(f"u{number % 3}", f"u{number % 3}", followers=self.luck.choice([None, 5, 9]))
        return Post(
            f"https://a.example/{number}", from_ms(born), Engagement(max(0, self.likes[number]), number % 2 or None),
            author=author, tags=tags,
        )  # fmt: skip

    async def step(self) -> None:
        before, self.now = self.now, self.now + self.luck.randint(1, 9) * HOUR + self.luck.randint(0, 59) * MINUTE
        await self.luck.choice(self.happenings())()
        async with self.db.write() as session:
            if self.luck.random() < 0.7:
                await coverage.write(session, self.track.track_id, before, self.now, "complete")

    def happenings(self) -> list[Callable[[], Awaitable[None]]]:
        return [self.page, self.page, self.page, self.file_of_posts, self.file_of_looks]

    async def page(self) -> None:
        """Some new posts, an edit, and some of all posts shown again."""
        for _ in range(self.luck.randint(0, 3)):
            tags = self.luck.choice([("rain",), ("sun",), ("rain", "sun")])
            self.posts.append((self.now - self.luck.randint(-1, 40) * HOUR, tags))
        if self.posts and self.luck.random() < 0.4:
            edited = self.luck.randrange(len(self.posts))
            self.posts[edited] = (self.posts[edited][0], ("rain", "sun"))
        some = [number for number in range(len(self.posts)) if self.luck.random() < 0.6]
        await self.arrive(some)

    async def arrive(self, some: Iterable[int]) -> None:
        async with self.db.write() as session:
            page = Arrivals("mastodon", [self.shown(number) for number in some], self.now, self.source)
            await keep.keep(session, page, self.now)

    async def file_of_posts(self) -> None:
        born = self.now - self.luck.randint(30, 90) * HOUR
        post = Post(f"https://b.example/{born}", from_ms(born), Engagement(), author=Account("u1"), tags=("rain",))
        async with self.db.write() as session:
            source, _ = await imports.source(session, "import:mastodon", "mastodon", self.now)
            page = Arrivals("mastodon", [post], self.now, source, live=False, looked=False)
            await keep.keep(session, page, self.now)
            span = {subjects.hashtag_key("rain"): (born, born + self.luck.randint(1, 9) * HOUR)}
            await imports.cover_rows(session, "mastodon", source, span, self.now)

    async def file_of_looks(self) -> None:
        number = self.luck.randrange(len(self.posts)) if self.posts else 0
        at = self.now - self.luck.randint(1, 30) * HOUR
        levels = np.full((1, len(METRICS)), UNKNOWN, dtype=np.int64)
        levels[0, 0] = self.luck.randint(0, 9)
        key = np.array([keep.post_key("mastodon", f"https://a.example/{number}")])
        async with self.db.write() as session:
            source, _ = await imports.source(session, "import:mastodon", "mastodon", self.now)
            readings = Readings(key, np.array([at]), levels, source, np.zeros(1, dtype=bool))
            await keep.keep_readings(session, readings, self.now)


@seeds(6)
async def test_as_of_an_instant_is_what_was_shown_then_whatever_came_since(db: Database, seed: int) -> None:
    it = Watched(db, random.Random(seed))
    await it.begin()
    shown = []
    for _ in range(12):
        await it.step()
        for kind, ref, step in (("hashtag", "rain", "1h"), ("hashtag", "sun", "5m"), ("campaign", "c", "1d")):
            shown.append((it.now, kind, ref, step, await curve(db, kind, ref, it.now, step=step)))
    for at, kind, ref, step, then in shown:
        assert await curve(db, kind, ref, it.now + DAY, step=step, as_of=at) == then


async def test_an_influencer_is_told_as_of_then_by_the_accounts_of_now(db: Database) -> None:
    it = Watched(db, random.Random(5))
    await it.begin()
    it.posts = [(it.now - HOUR, ("rain",)), (it.now - 2 * HOUR, ("sun",))]
    await it.arrive(range(2))
    then = it.now
    it.now += DAY
    it.posts += [(it.now - HOUR, ("rain",)), (it.now - HOUR, ("sun",))]
    await it.arrive(range(4))
    async with db.write() as session:
        person = await people.create(session, "Star", None, [people.Claim("mastodon", None, "u0")], it.now)
    assert (await curve(db, "influencer", person.id, it.now, step="1d"))["totals"]["posts"] == 2
    got = await curve(db, "influencer", person.id, it.now, as_of=then, step="1d")
    assert (got["as_of"], got["totals"]["posts"]) == (rfc3339(then), 1)


async def test_nobody_knows_yet_what_will_be_known(db: Database) -> None:
    it = Watched(db, random.Random(1))
    await it.begin()
    with pytest.raises(Invalid) as caught:
        await curve(db, "hashtag", "rain", NOW, as_of=NOW + 1)
    assert caught.value.errors[0].field == "as_of"
    assert (await curve(db, "hashtag", "rain", NOW, as_of=NOW - 9 * DAY))["platforms"] == {}
