"""Credit for reposts, event by event: sums that never exceed what was seen, and real cascades through the store."""

import csv
import gzip
from collections import Counter
from pathlib import Path

import pytest

from app.clock import from_ms
from app.db.engine import Database
from app.store import campaigns, influence, keep, lives, people, reshares
from app.store.influence import Influence
from app.store.keep import Arrivals
from collectors.posts import Account, Engagement, Post
from tests.store.sky import DAY, HOUR, campaign, follow
from tests.store.world import NOW

START = NOW - 9 * DAY
Event = tuple[str, str, int, str | None, int | None, str | None]
"""Platform, native id, when, by whom, with how many followers, a repost of what."""


async def told(db: Database, events: list[Event]) -> Influence:
    await follow(db, ["#Sky"], START, NOW)
    await campaign(db, "sky", "#Sky", START, NOW)
    async with db.write() as session:
        await people.create(session, "Star", None, [people.Claim("mastodon", "star", None)], NOW)
        for platform in {event[0] for event in events}:
            posts = [
                Post(
                    name, from_ms(at), Engagement(), tags=("Sky",), repost_of=of,
                    author=Account(who, who, followers=followers) if who else None,
                )
                for where, name, at, who, followers, of in events if where == platform
            ]  # fmt: skip
            await keep.keep(session, Arrivals(platform, posts, NOW, 1, live=False, looked=False), NOW)
    async with db.read() as session:
        return await influence.of_campaign(session, await campaigns.by_slug(session, "sky"), 500, NOW)


def credited(found: Influence) -> dict[str, float | None]:
    return {row.accounts[0].native_id: row.reshares.value for row in found.rows if row.accounts}


def adds_up(found: Influence) -> bool:
    all_of_them = found.reshares.credits
    every = sum(all_of_them.others.values()) + sum(all_of_them.own.values()) + (found.reshares.outside or 0)
    shown = sum((row.reshares.value or 0) + (row.own_reshares or 0) for row in found.rows)
    return every == pytest.approx(found.reshares.seen) and shown <= found.reshares.seen + 1e-9 <= found.posts + 1e-9


async def test_each_repost_is_credited_to_what_came_before_it(db: Database) -> None:
    found = await told(db, [
        ("mastodon", "p", START, "star", 900, None), ("mastodon", "r1", START + HOUR, "fan", 100, "p"),
        ("mastodon", "r2", START + 2 * HOUR, "star", 900, "p"), ("mastodon", "q", START, "other", 5, None),
        ("mastodon", "r3", START + HOUR, None, None, "elsewhere"), ("bluesky", "b", START, "sky", 5, None),
    ])  # fmt: skip
    assert (found.reshares.seen, adds_up(found)) == (3, True)
    assert found.reshares.outside == 1, "of what was reposted elsewhere nothing is known"
    # r2, the star's own, is shared between the star's post and the fan's repost: younger, but with fewer readers.
    pull = 100 * 1.0 / (100 + 900 * 2**-1.24)
    assert credited(found) == pytest.approx({"star": 1, "fan": pull, "other": 0, "sky": None}, nan_ok=True)
    star = next(row for row in found.rows if row.influencer)
    assert star.own_reshares == pytest.approx(1 - pull)
    sky = next(row for row in found.rows if row.accounts[0].native_id == "sky")
    assert (sky.reshares.reason, sky.own_reshares) == ("reposts unseen", None)


async def test_without_followers_nothing_is_credited(db: Database) -> None:
    found = await told(db, [
        ("mastodon", "p", START, "star", None, None), ("mastodon", "r1", START + HOUR, "fan", None, "p"),
        ("mastodon", "r2", START + HOUR, "fan", None, "p"),
    ])  # fmt: skip
    assert {row.reshares.reason for row in found.rows} == {"followers unseen"}
    assert (found.reshares.seen, found.reshares.outside) == (2, None)


async def test_too_many_are_not_credited_in_part(db: Database) -> None:
    await told(db, [("mastodon", "p", START, "star", 9, None), ("mastodon", "r1", START + HOUR, "fan", 9, "p")])
    async with db.read() as session:
        kept = await campaigns.by_slug(session, "sky")
        life = await lives.read(session, await lives.begin(session, kept, NOW))
        found = await reshares.of_life(session, life, most_pairs=1)
    assert (found.seen, found.outside) == (1, None)
    assert found.credit([("mastodon", 1)])[0].reason == "too many reposts to credit one by one"


async def test_the_cascades_of_a_real_hashtag(db: Database, shared: Path) -> None:
    """#auspol: the credits of its ten largest cascades are what the cascades themselves can hold."""
    with gzip.open(shared / "growth" / "cascades_hashtag_auspol.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    largest = [name for name, _ in Counter(row["cascade"] for row in rows).most_common(10)]
    events: list[Event] = []
    for place, row in enumerate(rows):
        if row["cascade"] in largest:
            name, at = row["cascade"], START + int(float(row["t_sec"]) * 1_000)
            first = all(event[1] != name for event in events)
            followers = int(float(row["followers"]))
            events.append(
                ("mastodon", name if first else f"r{place}", at, row["user"], followers, None if first else name)
            )
    found = await told(db, events)
    assert found.reshares.seen == len(events) - 10
    assert adds_up(found)
    assert found.reshares.outside == pytest.approx(0, abs=1e-6), "all originals are known: each repost has a cause"
    # Whose post it was is not who spread it: reposts by larger accounts have most of the credit.
    given = credited(found)
    starters = sum(given.get(str(event[3])) or 0 for event in events if event[5] is None)
    assert 0 < starters < found.reshares.seen / 2
