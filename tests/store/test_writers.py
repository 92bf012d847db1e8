"""Several writers at once: nothing is lost, nothing is counted twice, and nobody waits for whom he keeps waiting."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import delete, func, select, update

from app.db.engine import Database, Session
from app.errors import Busy
from app.models import (
    Campaign,
    CampaignHashtag,
    Debut,
    Influencer,
    InfluencerAccount,
    Member,
    Post,
    Rollup,
    Snapshot,
)
from app.store import campaigns, people, rebuild, subjects
from app.store.accounts import account_key
from app.store.campaigns import Described
from app.store.people import Claim
from app.store.subjects import hashtag_key, subject_key
from tests.store import world
from tests.store.test_rollups import differences, posts, rollups
from tests.store.world import DAY, HOUR, MINUTE, NOW, SUBJECTS, TAGS, Arrival, File, Page, Shown


def level(post: int, at: int) -> int:
    return (post * 7919 + at) % 100


def pages(seed: int, count: int, posts: int = 12) -> list[Arrival]:
    """Pages and files of one source that overlap in posts, authors and tags; each instant is one of this seed's own."""
    dice = random.Random(seed)
    found: list[Arrival] = []
    for number in range(count):
        at = NOW - DAY + number * MINUTE + seed
        some = dice.sample(range(posts), 6)
        page = [
            Shown(
                f"post-{post}", NOW - 2 * DAY + post * MINUTE, f"u{post % 3}" if dice.random() < 0.7 else None, post,
                (TAGS[post % 2], TAGS[(post + number) % 4]), None, (level(post, at), None, 1, None, post, None),
            )
            for post in some
        ]  # fmt: skip
        found.append(Page("mastodon", 1, at, tuple(page)))
        rows = [("mastodon", f"post-{post}", at - 90_000, (level(post, at), *[None] * 5)) for post in some[:3]]
        found.append(File(tuple(rows)))
    return found


async def keep_each(db: Database, arrivals: list[Arrival]) -> list[Arrival]:
    left: list[Arrival] = []
    for arrival in arrivals:
        async with db.write() as session:
            left += await world.arrive(session, arrival)
    return left


async def settled(db: Database) -> None:
    async with db.write() as session:
        await world.settle(session)


async def test_four_writers_of_overlapping_pages_lose_nothing_and_never_deadlock(db: Database) -> None:
    await settled(db)
    work = [pages(seed, 6) for seed in range(1, 5)]
    for left in await asyncio.gather(*(keep_each(db, each) for each in work)):
        assert await keep_each(db, left) == []  # readings that came before their post
    assert await differences(db) == []
    at_once, seen = await rollups(db), await posts(db)
    async with db.write() as session:
        for table in (Post, Snapshot, Member, Debut, Rollup):
            await session.execute(delete(table))
    left = await keep_each(db, [arrival for each in work for arrival in each])
    await keep_each(db, left)
    # Where an edit time is not told it is the time of the page that came first, which the writers race for.
    assert {key: row[0] for key, row in (await posts(db)).items()} == {key: row[0] for key, row in seen.items()}
    assert sum(row.get("posts", 0) for row in at_once.values()) > 0
    async with db.read() as session:
        assert (await session.execute(select(func.count()).select_from(Snapshot))).scalar() == len(
            {(row[0], row[1], row[2]) for each in work for row in looks_of(each)}
        )


def looks_of(arrivals: list[Arrival]) -> list[tuple[str, int, int]]:
    found = []
    for arrival in arrivals:
        if isinstance(arrival, Page):
            found += [(post.native_id, arrival.at, 1) for post in arrival.posts]
        else:
            found += [(row[1], row[2], 9) for row in arrival.rows]
    return found


def shown(native_id: str, likes: int) -> Shown:
    return Shown(native_id, NOW - DAY, "u2", 5, ("sun", "snow"), None, (likes, *[None] * 5))


KNOWN = Page("mastodon", 1, NOW - DAY + MINUTE, (shown("known", 1),))
NEXT = {
    "a new post": Page("mastodon", 1, NOW - DAY + 9 * MINUTE, (shown("new", 3),)),
    "a look at a known one": File((("mastodon", "known", NOW - DAY + 9 * MINUTE, (4, *[None] * 5)),)),
}


async def redefine(session: Session, kind: str) -> None:
    """Something from which the posts of KNOWN and NEXT begin to count where they did not."""
    if kind == "campaign":
        session.add(CampaignHashtag(campaign_id="camp", hashtag_id=hashtag_key("sun")))
        await rebuild.rebuild(session, subject_key("campaign", "camp"), NOW)
    elif kind == "influencer":
        account = account_key("mastodon", "u2")
        session.add(InfluencerAccount(influencer_id="fan", platform="mastodon", native_id="u2", account_id=account))
        await session.flush()
        await rebuild.rebuild(session, subject_key("influencer", "fan"), NOW)
    else:
        await subjects.ensure(session, "hashtag", ["snow"])
        await rebuild.rebuild(session, subject_key("hashtag", "snow"), NOW)


@pytest.mark.parametrize("arrival", NEXT.values(), ids=NEXT.keys())
@pytest.mark.parametrize("kind", ["campaign", "influencer", "hashtag"])
@pytest.mark.parametrize("first", ["the page", "the definition"])
async def test_what_comes_while_a_subject_is_redefined_counts_there(
    db: Database, first: str, kind: str, arrival: Arrival
) -> None:
    """The second one begins while the first has written all and not committed."""

    async def keep(session: Session) -> None:
        assert await world.arrive(session, arrival) == []

    async def write(step: Callable[[Session], Awaitable[None]]) -> None:
        async with db.write() as session:
            await step(session)

    await settled(db)
    await keep_each(db, [KNOWN])
    steps: list[Callable[[Session], Awaitable[None]]] = [keep, partial(redefine, kind=kind)]
    one, other = steps if first == "the page" else reversed(steps)
    async with db.write() as session:
        await one(session)
        behind = asyncio.create_task(write(other))
        await asyncio.sleep(0.1)
    await behind
    extra = [subject_key("hashtag", "snow")] if kind == "hashtag" else []
    assert await differences(db, [*SUBJECTS, *extra]) == []
    found = await rollups(db)
    assert sum(row.get("likes", 0) for key, row in found.items() if key[1] == HOUR) > 0


async def test_two_writers_of_a_post_that_counts_nowhere_keep_it_once(db: Database) -> None:
    """No subject's row makes them take turns: one of them may be told to try again."""
    await settled(db)

    async def keep_alone(seed: int) -> None:
        quiet = Shown("quiet", NOW - DAY, None, None, ("snow",), None, (seed, *[None] * 5))
        for _ in range(3):
            try:
                async with db.write() as session:
                    await world.arrive(session, Page("mastodon", 1, NOW - DAY + seed * MINUTE, (quiet,)))
                return
            except Busy:
                await asyncio.sleep(0.05)
        raise AssertionError("never kept")

    await asyncio.gather(*(keep_alone(seed) for seed in range(1, 6)))
    known = await posts(db)
    assert [row[4] for row in known.values()] == [NOW - DAY + 5 * MINUTE]
    assert [row[5] for row in known.values()] == [5]
    async with db.write() as session:
        await subjects.ensure(session, "hashtag", ["snow"])
        await rebuild.rebuild(session, subject_key("hashtag", "snow"), NOW)
        found = [one async for one in rebuild.verify(session, subject_key("hashtag", "snow"), NOW)]
    assert found == []


@pytest.mark.parametrize("kind", ["campaign", "influencer"])
async def test_who_deletes_waits_for_who_changes_and_neither_is_told_to_try_again(db: Database, kind: str) -> None:
    """The change holds the row and not yet its subject when the deletion begins."""
    described = Described("growing", "Growing", "other", None, None, ("#sun",), ())
    async with db.write() as session:
        campaign = await campaigns.create(session, described, NOW, 300)
        person = await people.create(session, "A fan", None, [Claim("mastodon", "fan@a.example", None)], NOW)

    async def remove() -> None:
        async with db.write() as session:
            await (campaigns.remove(session, campaign) if kind == "campaign" else people.remove(session, person))

    async with db.write() as session:
        table, row = (Campaign, campaign) if kind == "campaign" else (Influencer, person)
        await session.execute(update(table).where(table.id == row.id).values(version=row.version))
        behind = asyncio.create_task(remove())
        await asyncio.sleep(0.1)
        if kind == "campaign":
            await campaigns.change(session, campaign, replace(described, hashtags=("#rain",)), NOW, 300)
        else:
            await people.change(session, person, "A fan", None, [Claim("mastodon", "other@a.example", None)], NOW)
    await behind
    async with db.read() as reader:
        claims = (await reader.execute(select(InfluencerAccount.handle))).scalars().all()
        tags = (await reader.execute(select(CampaignHashtag.hashtag_id))).scalars().all()
    assert (claims, len(tags)) == ((["fan@a.example"], 0) if kind == "campaign" else ([], 1))


async def test_a_campaign_names_nobody_who_is_deleted_meanwhile(db: Database) -> None:
    described = Described("growing", "Growing", "other", None, None, (), ())
    async with db.write() as session:
        campaign = await campaigns.create(session, described, NOW, 300)
        person = await people.create(session, "A fan", None, (), NOW)

    async def remove() -> None:
        async with db.write() as session:
            await people.remove(session, person)

    async with db.write() as session:
        await campaigns.change(session, campaign, replace(described, influencers=(person.id,)), NOW, 300)
        behind = asyncio.create_task(remove())
        await asyncio.sleep(0.1)
    await behind
    async with db.read() as reader:
        assert (await campaigns.by_slug(reader, "growing")).it.influencers == ()
