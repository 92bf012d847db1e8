"""A curve's summary on both databases: its numbers from the posts by hand."""

from pathlib import Path
from typing import Any

import pytest

from app.clock import rfc3339, to_ms
from app.db.engine import Database
from app.imports import run as importing
from app.store import campaigns
from app.store.curves import Ask, growth
from tests.api.conftest import NOON
from tests.store.sky import DAY, HOUR, Row, campaign, follow, rain

NOW = to_ms(NOON)
START = NOW - 2 * DAY
WHO = [n % 5 if n % 3 else 0 for n in range(40)]
ROWS: list[Row] = [(START + n * HOUR, f"a{who}", 10 * who, n % 4) for n, who in enumerate(WHO)]
OTHERS: list[Row] = [(START + n * 2 * HOUR, "b", 7, 1) for n in range(20)]


@pytest.fixture
async def source(db: Database) -> int:
    source = await follow(db, ["#A", "#B"], START - DAY, NOW)
    await campaign(db, "told", "#A", START + HOUR, NOW)
    await rain(db, source, "A", ROWS)
    await rain(db, source, "B", OTHERS)
    return source


async def summary(db: Database, kind: str, ref: str, **asked: Any) -> dict[str, Any]:
    async with db.read() as session:
        found: dict[str, Any] = (await growth(session, kind, ref, Ask(**asked), NOW))["summary"]
    return found


def gini(counts: list[int]) -> float:
    apart = sum(abs(a - b) for a in counts for b in counts)
    return apart / (2 * len(counts) * sum(counts))


@pytest.mark.usefixtures("source")
async def test_the_numbers_are_those_of_the_posts(db: Database) -> None:
    found = await summary(db, "hashtag", "a", start=START - DAY)
    counts = [sum(row[1] == who for row in ROWS) for who in sorted({row[1] for row in ROWS})]
    assert found["gini"]["value"] == pytest.approx(gini(counts), abs=1e-9)
    followers = {row[1]: row[2] for row in ROWS}
    assert (found["reach"]["low"], found["reach"]["high"]) == (max(followers.values()), sum(followers.values()))
    assert found["applause"]["value"] == pytest.approx(sum(row[3] for row in ROWS) / len(ROWS), abs=1e-9)
    assert found["share_of_voice"]["value"] == pytest.approx(len(ROWS) / (len(ROWS) + len(OTHERS)), abs=1e-9)
    assert (found["originality"]["value"], found["originality"]["reason"]) == (None, "reposts unseen")


@pytest.mark.usefixtures("source")
async def test_authors_are_those_of_the_range(db: Database) -> None:
    found = await summary(db, "hashtag", "a", start=START + 10 * HOUR, end=START + 20 * HOUR)
    part = ROWS[10:20]
    counts = [sum(row[1] == who for row in part) for who in sorted({row[1] for row in part})]
    assert found["gini"]["value"] == pytest.approx(gini(counts), abs=1e-9)


@pytest.mark.usefixtures("source")
async def test_a_campaigns_launch_is_the_declared_one(db: Database) -> None:
    async with db.read() as session:
        kept = await campaigns.by_slug(session, "told")
    found = await summary(db, "campaign", kept.id)
    assert (found["launch"]["value"], found["launch"]["reason"]) == (rfc3339(START + HOUR), "declared")
    assert found["half_life"]["unit"] == "hours since launch"


async def test_a_new_post_is_in_the_next_summary(db: Database, source: int) -> None:
    before = await summary(db, "hashtag", "a", start=START)
    await rain(db, source, "A", [(NOW - HOUR * 3, "late", 5_000, 1)])
    after = await summary(db, "hashtag", "a", start=START)
    assert after["reach"]["low"] == 5_000
    assert before["gini"]["value"] != after["gini"]["value"]


async def test_reposts_that_a_file_brings_are_told_from_originals(db: Database, tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    lines = [f"mastodon,p{n},{START // 1_000 + n * 600},#c,{'p0' if n == 3 else ''}" for n in range(4)]
    file.write_text("\n".join(["platform,native_id,created_at,hashtags,repost_of", *lines[:3]]))
    await importing.run(db, "posts", file, now=NOW)
    assert (await summary(db, "hashtag", "c"))["originality"]["reason"] == "reposts unseen"
    file.write_text("\n".join(["platform,native_id,created_at,hashtags,repost_of", *lines]))
    await importing.run(db, "posts", file, now=NOW)
    assert (await summary(db, "hashtag", "c"))["originality"]["value"] == 3 / 4
