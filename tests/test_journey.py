"""The whole way, wave after wave: every public tagged post is found once and read right, and the curve's sums agree."""

import random
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from app.clock import DAY, HOUR, MINUTE
from app.db.engine import Database
from app.models import Member, Post, PostText, Tagging
from app.store import curves
from app.store.subjects import subject_key
from sandbox.ids import BLUESKY, fold
from sandbox.posts import Post as Written
from sandbox.script import Record
from tests.clocks import FakeClock
from tests.polling.town import KINDS, TAG, Town, on, town

TEXTS = ("so #Farm", "so #FARM", "two #field #farm", "full width #ｆａｒｍ")
NEAR = ("near #Farmer", "apart #far #m", "no tag, only farm", "none")


class People:
    """They write, like, take back, delete, edit, leave and come back: by chance that is the same in every run."""

    def __init__(self, place: Town, kind: str) -> None:
        self.town, self.kind, self.dice = place, kind, random.Random(kind)
        self.people = [place.script.join(f"person{number}", number * 10) for number in range(6)]
        self.posts: list[Written] = []
        self.silent: set[str] = set()  # their counters never move: an edit gave them the tag

    def listed(self, record: Record) -> bool:
        """What this kind of server shows in the timeline of a tag."""
        post = record.shows[0][1]
        if post is None or post.answers is None or self.kind in ("mastodon", BLUESKY):
            return True
        return self.kind == "gotosocial" and post.answers.person == post.person

    def write(self, text: str, **more: object) -> None:
        self.town.advance(self.dice.uniform(0.1, 90))
        post = self.town.script.add_post(self.town.network, self.dice.choice(self.people), text, **more)  # type: ignore[arg-type]
        self.posts.append(post)

    def wave(self) -> None:
        for _ in range(22):
            self.write(self.dice.choice(TEXTS))
            self.write(self.dice.choice(NEAR))
        for _ in range(3):
            self.write("late #farm", created_at=self.town.now - 3 * DAY - self.dice.randrange(HOUR))
            self.write("answering #farm", answers=self.dice.choice(self.posts))
        self.move_counters()
        self.edit()
        for post in self.dice.sample([post for post in self.posts if post.text in TEXTS], 3):
            self.town.script.delete(post)

    def move_counters(self) -> None:
        moving = [post for post in self.posts if post.native_id not in self.silent]
        for post in self.dice.choices(moving, k=80):
            change = self.town.script.change
            change(post, likes=self.dice.randint(-3, 9), reposts=self.dice.randint(-1, 3), replies=1, quotes=1)
            self.town.advance(self.dice.uniform(0, 5))

    def edit(self) -> None:
        shown = [post for post in self.posts if self.town.script.records[post.native_id].shown(self.town.now)]
        untouched = [p for p in shown if p.text == "none" and not any(self._levels(p))]
        for post in untouched[:2]:
            self.silent.add(post.native_id)
            self.town.script.edit(post, "joined #Farm")
        for post in self.dice.sample([post for post in shown if post.text in TEXTS], 2):
            self.town.script.edit(post, "left it")

    def _levels(self, post: Written) -> tuple[int, ...]:
        return self.town.script.records[post.native_id].levels(self.town.now)

    def deactivate(self, name: str) -> None:
        for post in self.of(name):
            self.town.script.delete(post)

    def reactivate(self, name: str) -> None:
        for post in self.of(name):
            self.town.script.restore(post)

    def of(self, name: str) -> list[Written]:
        return [post for post in self.posts if post.person.name == name]


@pytest.mark.parametrize("kind", KINDS)
async def test_every_post_is_found_once_and_read_right(
    db: Database, clock: FakeClock, tmp_path: Path, kind: str
) -> None:
    async with town(db, clock, tmp_path, kind) as place:
        people = People(place, kind)
        for wave in range(5):
            people.wave()
            if wave == 1:
                people.deactivate("person1")
            if wave == 3:
                people.reactivate("person1")
            clock.advance(1)
            summary = await place.collect()
            assert summary.state == "ok", summary
            await found_and_read(place, people)
            await place.check(listed=people.listed, slack=0)
            clock.advance(20 * 60)
        await gone_after_two_absences(place, people)
        await spellings_are_kept(place)
        await sums_agree(place)
        await place.check(listed=people.listed, slack=0)


async def found_and_read(place: Town, people: People) -> None:
    now, script = place.now, place.script
    wanted = {name for name in script.visible(place.network, TAG, now) if people.listed(script.records[name])}
    posts = {post.native_id: post for post in await place.rows(Post)}
    tagged = {post.native_id for post in await under_tag(place)}
    assert wanted <= tagged, "nothing missing"
    assert tagged <= script.ever_visible(place.network, TAG, 0, now), "nothing extra"
    for name, post in posts.items():
        true = script.records[name].levels(now)
        if script.records[name].shown(now):
            quotes = true.quotes if people.kind in ("mastodon", BLUESKY) else None
            assert (post.likes, post.reposts, post.replies, post.quotes) == (*true[:3], quotes), name
            assert (post.state, post.absences) == ("live", 0)
    looks = Counter(look.post_id for look in await place.snapshots() if look.observed_at == now)
    assert set(looks.values()) == {1}
    assert set(looks) == {post.id for name, post in posts.items() if script.records[name].shown(now)}


async def under_tag(place: Town) -> list[Post]:
    async with place.db.read() as session:
        query = select(Post).join(Member, Member.post_id == Post.id)
        return list((await session.execute(query.where(Member.subject_id == subject_key("hashtag", TAG)))).scalars())


async def gone_after_two_absences(place: Town, people: People) -> None:
    """The last wave's deletions were met once as absences; a second time makes them gone, their words with them."""
    for _ in range(2):
        place.advance(60)
        await place.collect()
    hidden = {name for name, record in place.script.records.items() if record.shown(place.now) is None}
    texts = {row.post_id for row in await place.rows(PostText)}
    known = {post.native_id: post for post in await place.rows(Post)}
    assert {name for name, post in known.items() if post.state == "gone"} == hidden & set(known)
    assert hidden & set(known)
    for post in known.values():
        assert (post.id in texts) == (post.state == "live")


async def spellings_are_kept(place: Town) -> None:
    """Bluesky shows a tag as it was written. Mastodon's servers fold it: there the text tells."""
    spelled = {row.spelling for row in await place.rows(Tagging)}
    assert {"Farm", "FARM", "farm"} <= spelled
    assert {fold(tag) for tag in spelled} <= {"farm", "field", "farmer", "far", "m"}


async def sums_agree(place: Town) -> None:
    """Gains sum to the posts' last levels, whatever the step: those that are gone keep what they gained."""
    posts = await under_tag(place)
    for step in ("1h", "1d"):
        async with place.db.read() as session:
            curve = await curves.growth(session, "hashtag", TAG, curves.Ask(step=step), place.now)
        series = curve["series"]
        assert sum(filter(None, series["posts"])) == len(posts) == series["posts_total"][-1]
        for metric in ("likes", "reposts", "replies"):
            levels = sum(getattr(post, metric) for post in posts)
            assert sum(filter(None, series[metric])) == levels, metric


@on(*KINDS)
async def test_a_worker_finds_all_of_it_too(db: Database, clock: FakeClock, tmp_path: Path, kind: str) -> None:
    """The same world, by polling and refreshing at their own times for half a day, instead of a person's passes."""
    async with town(db, clock, tmp_path, kind) as place:
        people = People(place, kind)
        people.wave()
        await place.follow()
        for turn in range(28):
            if turn in (6, 12):
                people.wave()
            await place.poll()
            await place.refresh()
            clock.advance(MINUTE / 1_000)
            if turn > 14:
                clock.advance(1_500)
        names = await place.native_ids()
        for name in place.script.visible(place.network, TAG, place.now):
            assert name in names or not people.listed(place.script.records[name])
        await place.check(listed=people.listed, slack=0)
        await sums_agree(place)
