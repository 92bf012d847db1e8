"""Imports beside each other, and beside a live source: in whatever order they come, the sums are right."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from app.clock import from_ms
from app.db.engine import Database
from app.imports.looks import Snapshots
from app.imports.posts import Posts
from app.models import Source
from app.store import keep
from app.store.curves import Ask, growth
from collectors.posts import Account, Engagement, Post
from tests.imports.files import BORN, NOW, brought, differences, everything, look, post, write


async def collected(db: Database) -> None:
    """A live source finds the same posts, page by page, with levels of its own."""
    async with db.write() as session:
        session.add(Source(name="a.example", platform="mastodon", kind="live", state="ok", state_at=0, created_at=0))
    for page in range(6):
        posts = [
            Post(
                f"https://a.example/{n}", from_ms((BORN + n * 60) * 1_000), Engagement(likes=30, reposts=n), str(n),
                Account(f"https://a.example/u/{n % 3}", f"u{n % 3}", followers=100 + n), ("Rain", "Wind"),
            )
            for n in range(page * 7, page * 7 + 10)
        ]  # fmt: skip
        at = int((from_ms(BORN * 1_000) + timedelta(days=2)).timestamp() * 1_000)
        async with db.write() as session:
            await keep.keep(session, keep.Arrivals("mastodon", posts, at, 1), NOW)
        await asyncio.sleep(0.005)


async def test_two_imports_and_a_live_source_at_once(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Posts, "batch", 5)
    monkeypatch.setattr(Snapshots, "batch", 9)
    one = write(tmp_path / "one.csv", [post(n) for n in range(40)])
    two = write(tmp_path / "two.csv", [post(n, hashtags="#wind #Rain") for n in reversed(range(20, 60))])
    looks = [look(n, 600 * k, likes=k) for n in range(60) for k in (3, 1, 2)]
    await asyncio.gather(brought(db, "posts", one), brought(db, "posts", two), collected(db))
    halves = write(tmp_path / "a.csv", looks[:100]), write(tmp_path / "b.csv", looks[80:])
    kept = await asyncio.gather(*(brought(db, "snapshots", half) for half in halves))
    assert sum(each.kept for each in kept) == 180
    assert sum(each.repeated for each in kept) == 20
    assert await differences(db) == []
    async with db.read() as session:
        curve = await growth(session, "hashtag", "rain", Ask(step="1d"), NOW)
    assert curve["totals"]["posts"] == 60


async def test_an_import_that_was_cut_off_goes_on_where_it_ended(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Posts, "batch", 5)
    path = write(tmp_path / "posts.csv", [post(n) for n in range(40)])

    class Killed(Exception):
        pass

    def die(done: int, _total: int | None) -> None:
        raise Killed

    with pytest.raises(Killed):
        await brought(db, "posts", path, progress=die)
    assert 0 < len((await everything(db))["post"]) < 40
    assert await differences(db) == []
    summary = await brought(db, "posts", path)
    assert (summary.kept, summary.repeated) == (35, 5)
    assert await differences(db) == []
