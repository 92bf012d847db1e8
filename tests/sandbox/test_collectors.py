"""The collectors find every public tagged post, with the right counters, wave after wave, on every kind of server."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
import pytest

from collectors import open_collector
from collectors.bluesky import Bluesky
from collectors.contract import Credential, Told
from collectors.mastodon import Mastodon
from collectors.posts import Engagement
from collectors.posts import Post as Read
from sandbox import demo
from sandbox.ids import BLUESKY, MASTODON
from sandbox.posts import Levels, Post
from sandbox.script import Script
from sandbox.server import Running, clock, start

KINDS = ("mastodon", "gotosocial", "takahe", BLUESKY)


class Open:
    """A meter that never stops anyone, and a keeper that forgets with the test."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.heard: list[Told] = []

    async def spend(self, name: str, units: int = 1) -> None: ...
    async def give_back(self, name: str, units: int) -> None: ...

    async def told(self, told: Told) -> None:
        self.heard.append(told)

    async def load(self) -> Mapping[str, str]:
        return self.kept

    async def save(self, values: Mapping[str, str]) -> None:
        self.kept = dict(values)


@asynccontextmanager
async def collecting(kind: str, running: Running) -> AsyncIterator[Mastodon | Bluesky]:
    login = Credential(demo.BLUESKY_PASSWORD, demo.BLUESKY_IDENTIFIER)
    async with httpx.AsyncClient(trust_env=False) as client:
        collector = open_collector(
            BLUESKY if kind == BLUESKY else MASTODON,
            client=client,
            base_url=running.url,
            credential=login if kind == BLUESKY else Credential("t"),
            meter=Open(),
            keeper=Open(),
        )
        assert isinstance(collector, Mastodon | Bluesky)
        yield collector


class Waves:
    """People who write, like, take back, delete and edit, by chance that is the same in every run."""

    def __init__(self, network: str) -> None:
        self.script, self.network, self.dice = Script(clock), network, random.Random(4)
        self.people = [self.script.join(f"person{number}", number * 10) for number in range(5)]
        self.posts: list[Post] = []

    def wave(self) -> None:
        for _ in range(45):
            text = self.dice.choice(("so #Farm", "so #FARM", "near #Farmer", "two #field #farm", "none"))
            self.posts.append(self.script.add_post(self.network, self.dice.choice(self.people), text))
        for post in self.dice.choices(self.posts, k=60):
            self.script.change(post, likes=self.dice.randint(-2, 9), reposts=self.dice.randint(-1, 3), replies=1)
        for post in self.dice.sample(self.posts, 4):
            self.script.delete(post)
        for post in self.dice.sample(self.posts, 3):
            self.script.edit(post, self.dice.choice(("left it", "joined #farm")))
        for post in self.dice.sample(self.posts, 2):
            self.script.restore(post)


async def found(collector: Mastodon | Bluesky) -> list[Read]:
    return [post async for page in collector.search("farm") for post in page.posts]


def levels(read: Engagement) -> Levels:
    return Levels(*(count or 0 for count in (read.likes, read.reposts, read.replies, read.quotes)))


@pytest.mark.parametrize("kind", KINDS)
async def test_every_post_is_found_and_read_right_wave_after_wave(kind: str) -> None:
    waves = Waves(BLUESKY if kind == BLUESKY else MASTODON)
    script = waves.script
    flavour = "mastodon" if kind == BLUESKY else kind
    async with await start(world=script, flavour=flavour, token="t") as running, collecting(kind, running) as collector:
        local: dict[str, str] = {}
        for _ in range(4):
            waves.wave()
            await asyncio.sleep(0.002)
            at = clock()
            posts = await found(collector)
            names = [post.native_id for post in posts]
            assert set(names) == script.visible(waves.network, "farm", at)
            # On Bluesky the last millisecond of a window is met again at the beginning of the next.
            assert kind == BLUESKY or len(set(names)) == len(names)
            for post in posts:
                assert levels(post.engagement) == script.records[post.native_id].levels(at)
            local |= {post.native_id: post.local_id or post.native_id for post in posts}
            await reread(collector, script, local, at)


async def reread(collector: Mastodon | Bluesky, script: Script, local: dict[str, str], at: int) -> None:
    """What was known from before: there with its counters, or absent by name."""
    names = list(local)
    for first in range(0, len(names), collector.offer.batch_size):
        batch = names[first : first + collector.offer.batch_size]
        looked = await collector.look([local[name] for name in batch])
        shown = {name for name in batch if script.records[name].shown(at)}
        assert {post.native_id for post in looked.posts} == shown
        assert looked.absent == {local[name] for name in batch if name not in shown}
        for post in looked.posts:
            assert levels(post.engagement) == script.records[post.native_id].levels(at)


@pytest.mark.parametrize("kind", KINDS)
async def test_people_are_read_again_with_their_followers(kind: str) -> None:
    waves = Waves(BLUESKY if kind == BLUESKY else MASTODON)
    waves.wave()
    flavour = "mastodon" if kind == BLUESKY else kind
    async with (
        await start(world=waves.script, flavour=flavour, token="t") as running,
        collecting(kind, running) as collector,
    ):
        ids = [person.did if kind == BLUESKY else person.account_id for person in waves.people]
        looked = await collector.accounts(ids)
        assert {(account.native_id, account.followers) for account in looked.accounts} == {
            (person.native_id(waves.network), person.followers) for person in waves.people
        }
        for post in await found(collector):
            assert post.author is not None
            assert post.author.handle in {person.handle(waves.network) for person in waves.people}


@pytest.mark.parametrize("network", [MASTODON, BLUESKY])
async def test_the_demos_world_is_read_as_its_history_says(network: str) -> None:
    async with await start() as running, collecting(network, running) as collector:
        assert await collector.check()
        page = await anext(collector.search("WaterForRohingya"))
        assert page.posts
        for post in page.posts:
            assert any(tag.casefold() == "waterforrohingya" for tag in post.tags)
            assert post.author is not None
            assert post.author.followers is not None
        looked = await collector.look([post.local_id or post.native_id for post in page.posts[:20]])
        assert looked.posts
        assert not looked.absent
