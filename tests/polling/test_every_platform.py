"""A hashtag followed on every platform at once, against the sandbox: what is kept is what its world holds."""

from collections.abc import Callable
from pathlib import Path

import pytest

import collectors
from app import demo_sources
from app.clock import to_ms
from app.db.engine import Database
from app.models import Post, Source
from collectors.contract import Offer
from sandbox.ids import NETWORKS
from sandbox.posts import Post as Written
from sandbox.script import Script
from sandbox.server import start
from tests.cli import call, one_line
from tests.clocks import FakeClock
from tests.polling.town import Town, settings_for

OWN = {"lemmy": "/post/", "peertube": "/videos/"}  # in the ids of what they alone show
METRICS = ("likes", "reposts", "replies", "quotes")


def write(script: Script, clock: FakeClock) -> dict[str, list[Written]]:
    people = [script.join(f"person{number}") for number in range(3)]
    posts: dict[str, list[Written]] = {network: [] for network in NETWORKS}
    for number in range(4):
        clock.advance(30)
        for network, written in posts.items():
            written.append(script.add_post(network, people[number % 3], f"round {number} #{demo_sources.TAGS[0]}"))
            script.change(written[-1], likes=number, reposts=1, replies=2)
    clock.advance(30)
    return posts


def is_of(platform: str, row: Post) -> bool:
    """What Misskey shows is Mastodon's own, counted once; others' lie beside it, under the same network's name."""
    network = collectors.offer(platform).network or platform
    own = next((name for name, part in OWN.items() if part in row.native_id), "mastodon")
    return row.platform == network and (
        network != "mastodon" or own == ("mastodon" if platform == "misskey" else platform)
    )


async def same(town: Town, posts: dict[str, list[Written]], which: Callable[[Offer], bool] = lambda _: True) -> None:
    """Each post of the world, once, at its second, with its counters as they are now."""
    rows = await town.rows(Post)
    for platform in demo_sources.KNOWN:
        offer = collectors.offer(platform)
        if which(offer):
            metrics = [metric for metric in METRICS if metric in offer.metrics]
            mine = sorted((row for row in rows if is_of(platform, row)), key=lambda row: row.created_at)
            kept = [(row.created_at // 1_000, *(getattr(row, metric) for metric in metrics)) for row in mine]
            assert kept == [
                (post.created_at // 1_000, *(getattr(town.script.levels(post, town.now), metric) for metric in metrics))
                for post in posts.get(platform, posts["mastodon"])
            ], platform


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_every_platform_holds_is_kept_and_grows_on(
    db: Database, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_sources, "TAGS", demo_sources.TAGS[:1])

    def now() -> int:
        return to_ms(clock.now())

    script, settings = Script(now), settings_for(f"sqlite:///{tmp_path / 'groundswell.db'}")
    posts = write(script, clock)
    async with await start(world=script, now=now) as running:
        town = Town(db, settings, clock, script, running, "")
        await demo_sources.connect(db, settings, demo_sources.KNOWN, running.url, now())
        await demo_sources.follow(db, now())
        await town.poll()
        await same(town, posts)
        for written in [*posts["mastodon"], *posts["bluesky"]]:
            script.change(written, likes=7, reposts=3, replies=1)
        clock.advance(400)
        await town.refresh()
        await same(town, posts, lambda offer: offer.batch_size > 0)
        clock.advance(72_000)
        await town.poll()
        await same(town, posts)
        states = {row.name: (row.state, row.reason) for row in await town.rows(Source)}
        assert states == {f"sandbox-{platform}": ("ok", None) for platform in demo_sources.KNOWN}


def test_a_platform_that_the_demo_has_not_is_named_with_those_that_it_has() -> None:
    said = one_line(call("up", "--demo", "--platforms", "x,myspace"))
    assert "'myspace'" in said
    assert "mastodon, bluesky, " in said
    assert "--demo" in one_line(call("up", "--platforms", "x"))
