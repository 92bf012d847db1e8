"""A post's home source: who reads its counters, what happens when it is removed, and what other copies may not do."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from app.clock import HOUR, from_ms, to_ms
from app.db.engine import Database
from app.models import Account, Post, PostText, Source
from app.store import following, keep, refreshing
from app.store import sources as rows
from app.store.keep import Arrivals
from app.store.sources import NewSource
from app.store.subjects import hashtag_key
from collectors import posts as values

START = to_ms(datetime(2026, 11, 20, tzinfo=UTC))


def shown(likes: int, text: str = "words") -> values.Post:
    author = values.Account("https://a.example/u", "u", followers=3)
    return values.Post(
        native_id="https://a.example/1", created_at=from_ms(START), tags=("farm",), text=text, local_id="1",
        engagement=values.Engagement(likes=likes), author=author,
    )  # fmt: skip


async def add(db: Database, name: str, credential_file: str | None = None) -> int:
    async with db.write() as session:
        new = NewSource("mastodon", name, "https://a.example", None, credential_file)
        source = await rows.insert(session, new, START)
        await following.follow(session, "#farm", [source], START, 300)
    return source


async def look(db: Database, source: int, at: int, post: values.Post) -> None:
    async with db.write() as session:
        await keep.keep(session, Arrivals("mastodon", [post], at, source, plan=lambda _: at + HOUR), at)


async def test_the_next_source_takes_in_the_posts_of_one_that_was_removed(db: Database) -> None:
    first = await add(db, "first")
    await look(db, first, START + HOUR, shown(3))
    async with db.write() as session:
        await rows.remove(session, "first", START + 2 * HOUR)
        assert (await session.execute(select(Post.next_look_at))).all() == [(None,)]
        assert (await session.execute(select(Account.next_look_at))).all() == [(None,)]
    second = await add(db, "second")
    await look(db, second, START + 3 * HOUR, shown(3_000))
    async with db.read() as session:
        post = (await session.execute(select(Post))).scalar_one()
        account = (await session.execute(select(Account))).scalar_one()
    assert (post.source_id, post.likes, post.next_look_at) == (second, 3_000, START + 4 * HOUR)
    assert account.source_id == second


async def test_a_copy_elsewhere_does_not_bring_back_what_its_home_deleted(db: Database) -> None:
    home, other = await add(db, "home"), await add(db, "other")
    await look(db, home, START + HOUR, shown(3))
    for absences in (0, 1):
        async with db.write() as session:
            known = await refreshing.posts_of(session, hashtag_key("farm"), home)
            assert [one.absences for one in known] == [absences]
            await refreshing.mark_absent(session, known, [None], 1_000)
    await look(db, other, START + 2 * HOUR, shown(9, "words again"))
    async with db.read() as session:
        post = (await session.execute(select(Post))).scalar_one()
        assert (post.state, post.likes) == ("gone", 3)
        assert (await session.execute(select(PostText))).scalar() is None
    await look(db, home, START + 3 * HOUR, shown(4, "I am back"))
    async with db.read() as session:
        assert (await session.execute(select(Post.state))).scalar() == "live"
        assert (await session.execute(select(PostText.text))).scalar() == "I am back"


@pytest.mark.parametrize(("file", "shared"), [(None, True), ("/secrets/other", False)])
async def test_sources_with_one_credential_spend_from_one_budget(db: Database, file: str | None, shared: bool) -> None:
    first, second = await add(db, "first"), await add(db, "second", file)
    async with db.read() as session:
        row = await session.get_one(Source, second)
        assert await rows.payer(session, row) == (first if shared else second)
