"""Each further platform of the sandbox, over a socket, by its collector: what the world has is what is found."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from collectors import offer, open_collector
from collectors.contract import Credential, ReadsAccounts, Refreshes
from collectors.errors import Unauthorized
from collectors.posts import Post as Read
from sandbox.ids import MASTODON
from sandbox.platforms import PLATFORMS, REVOKED
from sandbox.posts import Post
from sandbox.script import Script
from sandbox.server import Running
from tests.sandbox.hand import Hand
from tests.sandbox.test_collectors import Open

POSTS = 120
METRICS = ("likes", "reposts", "replies", "quotes")

PATHS = {"feeds": "/HarvestDay"}  # where a source is not a whole server

pytestmark = pytest.mark.parametrize("platform", sorted(PLATFORMS))


@pytest.fixture
def written(script: Script, now: Hand) -> list[Post]:
    """Newest first, one every few seconds, each text once. One that is deleted again is not among them."""
    people = [script.join(f"person{number}", 100 + number) for number in range(5)]
    posts = []
    for number in range(POSTS):
        now.at += 7_000
        posts.append(script.add_post(MASTODON, people[number % 5], f"round {number} of #HarvestDay here"))
        script.change(posts[-1], likes=number, reposts=number % 7, replies=number % 3, quotes=number % 2)
        script.add_post(MASTODON, people[0], f"round {number} of something else")
    now.at += 60_000
    script.delete(posts.pop(50))
    return posts[::-1]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:
        yield client


def opened(platform: str, running: Running, client: httpx.AsyncClient, now: Hand, secret: str = "taken") -> Any:
    return open_collector(
        platform,
        client=client,
        base_url=f"{running.url}/{platform}" + PATHS.get(platform, ""),
        credential=Credential(secret, "17841400000000001" if offer(platform).identifier_words else None),
        meter=Open(),
        keeper=Open(),
        now=now.datetime,
    )


def same(script: Script, read: Read, post: Post, now: Hand, *, all_of: frozenset[str] | None) -> None:
    """`all_of`: what must have been read; None: a search may leave counters for the look-up."""
    assert abs(read.created_at.timestamp() * 1_000 - post.created_at) < timedelta(seconds=1) / timedelta(milliseconds=1)
    assert "harvestday" in [tag.casefold() for tag in read.tags]
    levels = script.levels(post, now())
    for metric in METRICS:
        count = getattr(read.engagement, metric)
        assert count is None or count == getattr(levels, metric), metric
        assert count is not None or metric not in (all_of or ()), metric


async def test_what_was_written_is_found_and_read_again_and_people_with_their_followers(
    platform: str, running: Running, client: httpx.AsyncClient, script: Script, written: list[Post], now: Hand
) -> None:
    """One server for all that is asked of it: starting one takes longer than asking."""
    collector = opened(platform, running, client, now)
    pages = [page async for page in collector.search("HarvestDay")]
    found = {_number(read.text): read for page in pages for read in page.posts}
    shown = written[: len(found)] if any(page.cut for page in pages) else written
    assert len(found) >= 10
    assert set(found) == {_number(post.text) for post in shown}
    again = isinstance(collector, Refreshes)
    for post in shown:
        same(script, found[_number(post.text)], post, now, all_of=None if again else collector.offer.metrics)
    if isinstance(collector, ReadsAccounts):
        await people_are_read(collector, found, written)
    if again:
        await posts_are_read_again(collector, found, shown, script, now)
    if collector.offer.credential_words:
        with pytest.raises(Unauthorized) as caught:
            await opened(platform, running, client, now, REVOKED).check()
        assert REVOKED not in str(caught.value).replace("has been revoked", "")


async def posts_are_read_again(
    collector: Any, found: dict[int, Read], shown: list[Post], script: Script, now: Hand
) -> None:
    ids = [found[_number(post.text)].local_id for post in shown][: collector.offer.batch_size]
    gone, kept = shown[0], shown[1 : len(ids)]
    if kept:
        script.delete(gone)
        now.at += 1
    looked = await collector.look(ids)
    assert looked.absent == (frozenset(ids[:1]) if kept else frozenset())
    by_id = {read.local_id: read for read in looked.posts}
    for post in kept or shown[:1]:
        same(script, by_id[found[_number(post.text)].local_id], post, now, all_of=collector.offer.metrics)


async def people_are_read(collector: Any, found: dict[int, Read], written: list[Post]) -> None:
    authors = {read.author.local_id: number for number, read in found.items() if read.author}
    asked = sorted(id_ for id_ in authors if id_)[: collector.offer.accounts_batch]
    assert asked
    followers = {_number(post.text): post.person.followers for post in written}
    looked = await collector.accounts(asked)
    assert {one.local_id: one.followers for one in looked.accounts} == {id_: followers[authors[id_]] for id_ in asked}


def _number(text: str | None) -> int:
    assert text is not None
    return int(text.partition("round ")[2].split()[0])
