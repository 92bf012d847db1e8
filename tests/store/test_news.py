"""What changed is told to everyone who asks from where they were, whatever order the writers come in."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from app.clock import HOUR, from_ms, to_ms
from app.db.engine import Database
from app.models import Campaign, Subject
from app.store import following, keep, news, rebuild, subjects
from app.store import sources as source_rows
from app.store.keep import Arrivals
from app.store.sources import NewSource
from collectors.posts import Engagement, Post

NOW = to_ms(datetime(2026, 3, 1, 12, tzinfo=UTC))


async def begin(db: Database) -> int:
    async with db.write() as session:
        source = await source_rows.insert(session, NewSource("mastodon", "a", None, None, None), NOW)
        session.add(Campaign(id="c1", slug="green", name="G", kind="other", created_at=NOW, version=1))
        for tag in ("#Rain", "#Sun"):
            await following.follow(session, tag, [source], NOW, 300)
        await following.join_campaign(session, "green", ["#Rain"], NOW)
    return source


async def page(db: Database, source: int, tag: str, likes: int, at: int = NOW) -> None:
    post = Post(f"https://a.example/{tag}", from_ms(NOW - HOUR), Engagement(likes=likes), tags=(tag,))
    async with db.write() as session:
        await keep.keep(session, Arrivals("mastodon", [post], at, source), at)


async def told(db: Database, seq: int = 0, limit: int = 100) -> list[news.Told]:
    async with db.read() as session:
        return await news.since(session, seq, limit)


async def last(db: Database) -> int:
    async with db.read() as session:
        return await news.last(session)


def names(found: list[news.Told]) -> set[Any]:
    return {tuple(one.data["subject"].values()) if one.data and "subject" in one.data else one.data for one in found}


async def test_new_posts_and_looks_are_told_of_every_subject_that_they_count_under(db: Database) -> None:
    source = await begin(db)
    seen = await last(db)
    await page(db, source, "rain", 1)
    found = await told(db, seen)
    assert names(found) == {("hashtag", "rain"), ("campaign", "green")}
    assert {one.topic for one in found} == {"points"}
    seen = found[-1].seq
    assert seen == await last(db)
    await page(db, source, "rain", 1, NOW + 1)  # looked at, and nothing moved
    assert await told(db, seen) == []
    await page(db, source, "rain", 5, NOW + HOUR)
    await page(db, source, "sun", 5, NOW + HOUR)
    assert names(await told(db, seen)) == {("hashtag", "rain"), ("campaign", "green"), ("hashtag", "sun")}


async def test_of_what_changes_again_and_again_the_last_is_told_once(db: Database) -> None:
    source = await begin(db)
    for hour in range(5):
        await page(db, source, "sun", hour, NOW + hour * HOUR)
    found = [one for one in await told(db) if names([one]) == {("hashtag", "sun")}]
    assert [one.data and one.data["at"] for one in found] == ["2026-03-01T16:00:00Z"]


async def test_a_page_of_news_ends_anywhere_and_the_next_goes_on(db: Database) -> None:
    source = await begin(db)
    for tag in ("rain", "sun"):
        await page(db, source, tag, 1)
    whole, seen, found = await told(db), 0, []
    while part := await told(db, seen, 1):
        found += part
        seen = part[-1].seq
    assert found == whole


async def test_a_sources_state_is_told_when_it_changes(db: Database) -> None:
    source = await begin(db)
    seen = await last(db)
    for state in ("ok", "failing", "failing"):
        async with db.write() as session:
            await source_rows.set_state(session, source, state, "down" if state == "failing" else None, NOW)
    (one,) = await told(db, seen)
    assert (one.topic, one.data) == (
        "source", {"source": "a", "state": "failing", "reason": "down", "at": "2026-03-01T12:00:00Z"}
    )  # fmt: skip


async def test_what_is_gone_is_numbered_and_says_nothing_and_a_rebuild_is_told(db: Database) -> None:
    await begin(db)
    seen = await last(db)
    async with db.write() as session:
        await rebuild.rebuild(session, subjects.subject_key("hashtag", "sun"), NOW)
    assert names(await told(db, seen)) == {("hashtag", "sun")}
    async with db.write() as session:
        row = await session.get(Subject, subjects.subject_key("hashtag", "sun"))
        await session.delete(row)
    assert [one.data for one in await told(db, seen)] == [None]


async def test_what_was_rolled_back_is_not_told(db: Database) -> None:
    source = await begin(db)
    seen = await last(db)
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with db.write() as session:
            await source_rows.set_state(session, source, "failing", "down", NOW)
            raise ZeroDivisionError
    assert (await told(db, seen), await last(db)) == ([], seen)


async def test_a_reader_beside_many_writers_misses_no_change(db: Database) -> None:
    source = await begin(db)
    seen, heard, done = await last(db), dict[Any, int](), asyncio.Event()

    async def write(tag: str) -> None:
        for look in range(12):
            await page(db, source, tag, look, NOW + look)

    async def listen() -> None:
        nonlocal seen
        while True:
            ended = done.is_set()
            for one in await told(db, seen):
                assert one.seq > seen
                seen = one.seq
                heard.update(dict.fromkeys(names([one]), one.seq))
            if ended:
                return
            await asyncio.sleep(0)

    listening = asyncio.create_task(listen())
    await asyncio.gather(write("rain"), write("sun"), write("Rain"))
    done.set()
    await listening
    assert heard == {name: one.seq for one in await told(db) for name in names([one]) if one.seq <= seen}
    assert max(heard.values()) == await last(db)
