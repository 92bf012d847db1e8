from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.clock import rfc3339
from app.db.engine import Database
from app.models import Account, AccountLook, Coverage, Influencer, InfluencerAccount, NativeCount, Source, Track
from app.store.curves import Ask, growth
from app.store.imports import BY_ROWS
from tests.imports.files import BORN, NOW, bring, differences, everything, post

HOUR = 3_600


def account(at: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "platform": "mastodon", "native_id": "https://a.example/u/1", "observed_at": BORN + at, "followers": 5,
        "handle": "u1", "name": "U", **more,
    }  # fmt: skip


def stated(start: int, end: int, state: str = "complete", source: str = "", **more: Any) -> dict[str, Any]:
    return {
        "platform": "mastodon", "source": source, "hashtag": "#Rain", "from": BORN + start, "to": BORN + end,
        "state": state, "reason": None, **more,
    }  # fmt: skip


async def covered(db: Database) -> list[tuple[str, int, int, str, str | None]]:
    """(source, from, to in seconds since BORN, state, reason)."""
    query = select(Source.name, Coverage.from_at, Coverage.to_at, Coverage.state, Coverage.reason)
    query = query.join(Track, Track.id == Coverage.track_id).join(Source, Source.id == Track.source_id)
    async with db.read() as session:
        rows = await session.execute(query.order_by(Source.name, Coverage.from_at))
    return [(row[0], row[1] // 1_000 - BORN, row[2] // 1_000 - BORN, *row[3:]) for row in rows]


async def test_every_reading_of_an_account_is_kept_once(db: Database, tmp_path: Path) -> None:
    rows = [account(0), account(60), account(120, followers=None, posts=8), account(60), account(60, followers=6)]
    summary = await bring(db, tmp_path, "accounts", [*rows, account(9, followers=None)])
    assert (summary.rows, summary.kept, summary.repeated, summary.rejected) == (6, 3, 1, 2)
    assert dict(summary.first_rejects) == {
        6: "observed_at: another count is known of this account at this instant", 7: "followers: is empty",
    }  # fmt: skip
    async with db.read() as session:
        looks = await session.execute(
            select(AccountLook.followers, AccountLook.posts).order_by(AccountLook.observed_at)
        )
        stored = (await session.execute(select(Account))).scalar_one()
    assert [tuple(row) for row in looks] == [(5, None), (5, None), (None, 8)]
    assert (stored.handle, stored.name, stored.followers) == ("u1", "U", 5)
    before = await everything(db)
    again = await bring(db, tmp_path, "accounts", rows[:3])
    assert (again.kept, again.repeated) == (0, 3)
    assert await everything(db) == before


async def test_an_old_reading_names_who_had_no_name_yet_and_renames_nobody(db: Database, tmp_path: Path) -> None:
    await bring(db, tmp_path, "posts", [post(1)])  # a later reading, without a name
    await bring(db, tmp_path, "accounts", [account(0, handle="before", name="Una")])
    await bring(db, tmp_path, "accounts", [account(30, name="Before")])
    async with db.read() as session:
        stored = (await session.execute(select(Account))).scalar_one()
    assert (stored.handle, stored.name, stored.followers) == ("u1", "Una", 101)


@pytest.mark.parametrize("first", ["accounts", "posts"])
async def test_an_influencer_claimed_by_handle_is_recognised_in_a_file(
    db: Database, tmp_path: Path, first: str
) -> None:
    async with db.write() as session:
        session.add(Influencer(id="i1", name="U", kind=None, created_at=0, version=1))
        session.add(InfluencerAccount(influencer_id="i1", platform="mastodon", handle="u1"))
    files = {"accounts": [account()], "posts": [post(1), post(2), post(4)]}
    for kind in (first, *(other for other in files if other != first)):
        await bring(db, tmp_path, kind, files[kind])
    async with db.read() as session:
        curve = await growth(session, "influencer", "i1", Ask(step="1d"), NOW)
    assert curve["totals"]["posts"] == 2
    assert await differences(db) == []


async def test_a_platforms_own_counts_stand_beside_ours(db: Database, tmp_path: Path) -> None:
    row = {"platform": "x", "hashtag": "Rain", "start": BORN, "end": BORN + HOUR, "posts": 9, "views": None}
    rows = [row, {**row, "start": BORN + HOUR, "end": BORN + 2 * HOUR, "posts": 0}, {**row, "end": BORN}]
    summary = await bring(db, tmp_path, "counts", rows)
    assert (summary.kept, dict(summary.first_rejects)) == (2, {4: "end: must be later than start"})
    again = await bring(db, tmp_path, "counts", [*rows[:2], {**rows[1], "posts": None}])
    assert (again.kept, again.repeated, dict(again.first_rejects)) == (0, 2, {4: "posts: is empty"})
    assert (await bring(db, tmp_path, "counts", [{**row, "posts": 10}])).kept == 1
    async with db.read() as session:
        query = select(NativeCount.step, NativeCount.posts, NativeCount.views).order_by(NativeCount.start_at)
        assert [tuple(found) for found in await session.execute(query)] == [(3_600_000, 10, None), (3_600_000, 0, None)]
        curve = await growth(session, "hashtag", "rain", Ask(BORN * 1_000, NOW, "1d"), NOW)
    assert curve["totals"]["posts"] is None
    assert await covered(db) == []


async def test_posts_cover_the_span_of_their_rows_alone(db: Database, tmp_path: Path) -> None:
    await bring(db, tmp_path, "posts", [post(1), post(10)])
    await bring(db, tmp_path, "posts", [post(1_000), post(1_010)])
    assert await covered(db) == [
        ("import:mastodon", 60, 600, "imported", BY_ROWS), ("import:mastodon", 60_000, 60_600, "imported", BY_ROWS),
    ]  # fmt: skip
    async with db.read() as session:
        track = (await session.execute(select(Track))).scalar_one()
        curve = await growth(session, "hashtag", "rain", Ask(step="1h"), NOW)
    assert (track.since_at, track.until_at) == ((BORN + 60) * 1_000, (BORN + 60_600) * 1_000 + 1)
    assert curve["series"]["posts"][:4] == [2, None, None, None]


async def test_from_and_to_say_what_posts_cover(db: Database, tmp_path: Path) -> None:
    await bring(db, tmp_path, "posts", [post(1), post(10)])
    span = ((BORN - HOUR) * 1_000, (BORN + HOUR) * 1_000)
    await bring(db, tmp_path, "posts", [post(1), post(10)], span=span)
    await bring(db, tmp_path, "posts", [post(1), post(10)])
    assert await covered(db) == [("import:mastodon", -HOUR, HOUR, "imported", None)]


@pytest.mark.parametrize("posts_first", [True, False])
async def test_a_coverage_file_has_the_word_where_it_speaks(db: Database, tmp_path: Path, posts_first: bool) -> None:
    posts = [post(1), post(60), post(300)]
    words = [stated(0, HOUR), stated(HOUR, 2 * HOUR, "missed", reason="down"), stated(2 * HOUR, 3 * HOUR, "partial")]
    for kind in ("posts", "coverage") if posts_first else ("coverage", "posts"):
        summary = await bring(db, tmp_path, kind, posts if kind == "posts" else words)
        assert summary.kept == 3
    found = [
        ("import:mastodon", 0, HOUR, "complete", None), ("import:mastodon", HOUR, 2 * HOUR, "missed", "down"),
        ("import:mastodon", 2 * HOUR, 3 * HOUR, "partial", None),
        ("import:mastodon", 3 * HOUR, 5 * HOUR, "imported", BY_ROWS),
    ]  # fmt: skip
    assert await covered(db) == found
    again = await bring(db, tmp_path, "coverage", words)
    assert (again.kept, again.repeated) == (0, 3)
    assert await covered(db) == found
    async with db.read() as session:
        curve = await growth(session, "hashtag", "rain", Ask(step="15m"), NOW)
    missed = [gap for gap in curve["gaps"] if gap["state"] == "missed"]
    assert [(gap["from"], gap["reason"]) for gap in missed] == [(rfc3339((BORN + HOUR) * 1_000), "down")]


async def test_each_source_of_a_coverage_file_is_a_track_of_its_own(db: Database, tmp_path: Path) -> None:
    rows = [stated(0, HOUR, source="a.example"), stated(0, HOUR, "missed", source="import:b.example")]
    wrong = [stated(0, HOUR, "whole"), stated(HOUR, 0), stated(0, HOUR, source="a.example", platform="bluesky")]
    summary = await bring(db, tmp_path, "coverage", [*rows, *wrong])
    assert dict(summary.first_rejects) == {
        4: "state: 'whole' is none of complete partial missed imported", 5: "to: must be later than from",
        6: "source: import:a.example is of mastodon here",
    }  # fmt: skip
    assert await covered(db) == [
        ("import:a.example", 0, HOUR, "complete", None), ("import:b.example", 0, HOUR, "missed", None),
    ]  # fmt: skip
