"""Curves over a real database: the same sums in every zone and step, gaps said, totals that carry on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.clock import DAY, HOUR, MINUTE, from_ms, to_ms
from app.db.engine import Database
from app.errors import Invalid, NotFound
from app.models import Track
from app.store import coverage, curves, following, keep
from app.store import sources as source_rows
from app.store.curves import Ask
from app.store.keep import Arrivals
from app.store.sources import NewSource
from collectors.posts import Account, Engagement, Post

NOW = to_ms(datetime(2026, 11, 24, 10, 20, tzinfo=UTC))
START = NOW - 3 * DAY
METRICS = ("likes", "reposts", "replies")


def post(number: int, born: int, tags: tuple[str, ...] = ("Farm",), likes: int = 0) -> Post:
    return Post(
        native_id=f"https://a.example/{number}", created_at=from_ms(born), tags=tags,
        engagement=Engagement(likes=likes, reposts=likes // 2, replies=None),
        author=Account(f"https://a.example/u/{number % 3}", f"u{number % 3}", followers=10),
    )  # fmt: skip


async def world(db: Database) -> int:
    """Thirty posts over three days, each looked at five times, under one followed hashtag."""
    async with db.write() as session:
        source = await source_rows.insert(session, NewSource("mastodon", "a", None, None, None), START)
        await following.follow(session, "#Farm", [source], START, 300)
        await coverage.write(session, 1, START, NOW - DAY, "complete")
        for look in range(5):
            posts = [
                post(n, START + n * 2 * HOUR + n * 7 * MINUTE, likes=max(0, look * (n % 5) - (look == 4)))
                for n in range(30)
            ]
            posts = [one for one in posts if to_ms(one.created_at) < START + (look + 1) * 13 * HOUR]
            at = START + (look + 1) * 13 * HOUR
            await keep.keep(session, Arrivals("mastodon", posts, at, source), NOW)
    return source


async def ask(db: Database, **words: Any) -> dict[str, Any]:
    async with db.read() as session:
        return await curves.growth(session, "hashtag", "farm", Ask(**words), NOW)


async def last_levels(db: Database) -> int:
    from sqlalchemy import select

    from app.models import Post as Row

    async with db.read() as session:
        rows = (await session.execute(select(Row.likes, Row.reposts))).all()
    return sum((row.likes or 0) + (row.reposts or 0) for row in rows)


def known(values: list[int | None]) -> int:
    return sum(value for value in values if value is not None)


@pytest.mark.parametrize(
    "zone", ["UTC", "Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham", "Australia/Lord_Howe"]
)
async def test_gains_sum_to_the_last_levels_in_any_zone_and_step(db: Database, zone: str) -> None:
    await world(db)
    want = await last_levels(db)
    for step in ("15m", "1h", "6h", "1d", "1w"):
        got = await ask(db, step=step, zone=zone)
        assert known(got["series"]["engagement"]) == want
        assert known(got["series"]["posts"]) == 30
        assert got["series"]["engagement_total"][-1] == want
        assert got["series"]["authors_total"][-1] == 3


async def test_five_minutes_sum_to_hours(db: Database) -> None:
    await world(db)
    fine = await ask(db, step="5m", start=START, end=NOW)
    coarse = await ask(db, step="1h", start=START, end=NOW)
    assert known(fine["series"]["engagement"]) == known(coarse["series"]["engagement"])
    first_hour = [n for n, time in enumerate(fine["series"]["time"]) if time < coarse["series"]["time"][5]]
    assert known(fine["series"]["likes"][: len(first_hour)]) == known(coarse["series"]["likes"][:5])


async def test_a_later_from_carries_the_totals_on(db: Database) -> None:
    await world(db)
    whole = await ask(db, step="1h")
    part = await ask(db, step="1h", start=START + DAY + 17 * MINUTE)
    offset = whole["series"]["time"].index(part["series"]["time"][0])
    for name in ("posts_total", "engagement_total", "authors_total", "likes"):
        assert part["series"][name] == whole["series"][name][offset:]


async def test_what_was_not_observed_is_a_gap_with_its_reason(db: Database) -> None:
    await world(db)
    async with db.write() as session:
        await coverage.write(session, 1, NOW - DAY, NOW - 20 * HOUR, "missed", "rate limit")
    got = await ask(db, step="1h")
    assert [gap["reason"] for gap in got["gaps"]] == ["rate limit", "not observed yet"]
    quiet = [
        (posts, likes)
        for posts, likes, covered, estimated in zip(
            *(got["series"][name] for name in ("posts", "likes", "coverage", "estimated")), strict=True
        )
        if covered == 0 and not posts and estimated is None
    ]
    assert quiet
    assert all(values == (None, None) for values in quiet)
    assert got["totals"]["at_least"] is True
    assert got["totals"]["newest_is_partial"] is True


async def test_platforms_sum_to_the_whole(db: Database) -> None:
    await world(db)
    async with db.write() as session:
        arrivals = Arrivals("bluesky", [post(99, START + DAY, likes=7)], START + DAY + HOUR, 9)
        await keep.keep(session, arrivals, NOW)
    got = await ask(db, step="1d", split=True)
    assert sorted(got["platforms"]) == ["bluesky", "mastodon"]
    for name in ("posts", "likes"):
        parts = sum(known(one["series"][name]) for one in got["platforms"].values())
        assert parts == known(got["series"][name])
    assert (await ask(db, step="1d", platform="bluesky"))["totals"]["posts"] == 1


async def test_a_post_with_two_tags_of_a_campaign_counts_once_there(db: Database) -> None:
    from app.models import Campaign

    await world(db)
    async with db.write() as session:
        session.add(Campaign(id="c1", slug="c", name="C", kind="other", created_at=START, version=1))
        await following.follow(session, "#Barn", [], START, 300)
        await following.join_campaign(session, "c", ["#Farm", "#Barn"], NOW)
        both = Arrivals("mastodon", [post(77, START + HOUR, ("farm", "BARN"))], START + 2 * HOUR, 1)
        await keep.keep(session, both, NOW)
    async with db.read() as session:
        got = await curves.growth(session, "campaign", "c1", Ask(step="1d"), NOW, "c")
    assert (got["totals"]["posts"], got["subject"]) == (31, {"kind": "campaign", "campaign": "c"})


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"step": "2h"}, "step"), ({"zone": "Mars/Olympus"}, "tz"), ({"start": NOW, "end": NOW - 1}, "from"),
        ({"step": "5m", "start": NOW - 20 * DAY}, "step"), ({"metrics": ("likes", "love")}, "metric"),
        ({"step": "15m", "start": NOW - 400 * DAY}, "step"),
    ],
)  # fmt: skip
async def test_a_wrong_question_is_named(db: Database, words: dict[str, Any], field: str) -> None:
    await world(db)
    with pytest.raises(Invalid) as caught:
        await ask(db, **words)
    assert caught.value.errors[0].field == field


async def test_a_hashtag_that_is_not_followed_has_no_curve(db: Database) -> None:
    with pytest.raises(NotFound):
        await ask(db)


async def test_an_unfollowed_hashtag_keeps_its_curve_and_owes_no_more(db: Database) -> None:
    await world(db)
    async with db.write() as session:
        await following.unfollow(session, "#FARM", NOW - 2 * DAY)
        track = await session.get(Track, 1)
    assert track is not None
    assert track.due_at is None
    got = await ask(db, step="1d", end=NOW)
    assert got["totals"]["posts"] == 30
    assert got["gaps"] == []
    assert timedelta(milliseconds=NOW - to_ms(datetime.fromisoformat(got["series"]["time"][-1]))) < timedelta(days=1)
