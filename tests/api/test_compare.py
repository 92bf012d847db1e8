"""Two campaigns side by side over HTTP: the table against sums by hand, and what cannot be compared."""

import math
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.clock import rfc3339, to_ms
from app.db.engine import Database
from app.store import campaigns, outcomes
from app.store.outcomes import Gift
from tests.api.conftest import NOON
from tests.built import once
from tests.imports.files import bring
from tests.store.sky import DAY, HOUR, Row, campaign, follow, rain

NOW = to_ms(NOON)
OLD, YOUNG = NOW - 6 * DAY, NOW - 3 * DAY


def bursts(launch: int, times: int, seed: int) -> list[Row]:
    """By hour since launch: posts of authors who come back, what each gains falling off."""
    return [
        (launch + hour * HOUR + 60_000 * k, f"{seed}a{(hour * times + k) % 11}", 100 * (k + 1), 50 // (hour + 1) + k)
        for hour in range(60)
        for k in range(times)
    ]


@pytest.fixture
async def two(db: Database) -> None:
    await once(db, _two, lambda: _two(db))


async def _two(db: Database) -> None:
    source = await follow(db, ["#Old", "#Young"], NOW - 9 * DAY, NOW)
    await campaign(db, "old", "#Old", OLD, NOW)
    await campaign(db, "young", "#Young", YOUNG, NOW)
    await rain(db, source, "Old", bursts(OLD, 2, 1))
    await rain(db, source, "Young", bursts(YOUNG, 3, 2))
    async with db.write() as session:
        kept = await campaigns.by_slug(session, "old")
        gifts = [
            Gift("1", OLD + HOUR, "donation", "10.00", "EUR", None, 2), Gift("2", OLD + DAY, "donation", "5.50", "EUR"),
            Gift("3", OLD + DAY, "refund", "-5.50", "EUR", None, 1), Gift("4", OLD + DAY, "donation", "7", "USD"),
            Gift("5", OLD + 4 * DAY, "donation", "1000", "EUR"),
        ]  # fmt: skip
        await outcomes.keep(session, kept.id, gifts, NOW)


async def compared(api: httpx.AsyncClient, query: str = "campaign=old&campaign=young") -> dict[str, Any]:
    answer = await api.get(f"/compare?{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.usefixtures("two")
async def test_the_table_is_what_the_posts_say(api: httpx.AsyncClient) -> None:
    found = await compared(api)
    assert (found["age_hours"], found["intersection"]["buckets"]) == (72, 72)
    rows = {row["name"]: {slug: one["value"] for slug, one in row["values"].items()} for row in found["table"]}
    old, young = bursts(OLD, 2, 1), bursts(YOUNG, 3, 2)
    assert rows["posts"] == {"old": len(old), "young": len(young)}
    assert rows["authors"] == {"old": 11, "young": 11}
    assert rows["engagement"] == {"old": sum(row[3] for row in old), "young": sum(row[3] for row in young)}
    assert rows["potential_impressions"]["old"] == pytest.approx(sum(row[2] for row in old), rel=0.5)
    counts = sorted((sum(row[1] == who for row in old) for who in {row[1] for row in old}), reverse=True)
    assert rows["top10_share"]["old"] == pytest.approx(sum(counts[:10]) / len(old), rel=1e-12)
    # Refunds taken off, each currency by itself, and nothing that came after the cut.
    assert (rows["amount_EUR"]["old"], rows["amount_USD"]["old"], rows["amount_EUR"]["young"]) == (10.0, 7.0, None)
    assert rows["average_gift_EUR"]["old"] == pytest.approx(10 / 3)
    assert rows["donors"]["old"] == 4
    assert rows["per_1000_engagements_EUR"]["old"] == pytest.approx(10_000 / rows["engagement"]["old"])
    (ratio,) = found["log_ratios"]
    assert ratio["value"] == pytest.approx(math.log(rows["engagement"]["young"] / rows["engagement"]["old"]))


@pytest.mark.usefixtures("two")
async def test_per_post_and_in_another_zone(api: httpx.AsyncClient) -> None:
    found = await compared(api, "campaign=young&campaign=old&per=post&metric=likes&tz=Asia/Kolkata")
    young = bursts(YOUNG, 3, 2)
    assert found["campaigns"][0]["series"]["total"][-1] == pytest.approx(sum(row[3] for row in young) / len(young))
    assert found["campaigns"][0]["hour"] == 17


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("campaign=old&campaign=none", 404, "none"), ("campaign=old", 422, "2 to 5"), ("", 422, "campaign"),
        ("campaign=old&campaign=old", 422, "twice"), ("campaign=old&campaign=young&metric=shoes", 422, "metric"),
        ("campaign=old&campaign=young&per=shoe", 422, "per"), ("campaign=old&campaign=young&tz=Mars", 422, "tz"),
        ("campaign=old&campaign=still", 422, "launched_at"), ("campaign=old&campaign=later", 422, "still to come"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("two")
async def test_what_cannot_be_compared(
    db: Database, api: httpx.AsyncClient, query: str, status: int, says: str
) -> None:
    await campaign(db, "still", "#Still", None, NOW)
    await campaign(db, "later", "#Later", NOW + DAY, NOW)
    answer = await api.get(f"/compare?{query}")
    assert (answer.status_code, says in answer.text) == (status, True), answer.text


async def test_a_launch_that_nobody_declared_is_found_and_marked(db: Database, api: httpx.AsyncClient) -> None:
    source = await follow(db, ["#Old", "#Calm"], NOW - 9 * DAY, NOW)
    await campaign(db, "old", "#Old", None, NOW)
    await campaign(db, "calm", "#Calm", None, NOW)
    await campaign(db, "told", "#Calm", YOUNG, NOW)
    calm: list[Row] = [(NOW - 9 * DAY + n * 7 * HOUR, "one", 10, 1) for n in range(30)]
    await rain(db, source, "Old", [*calm, *bursts(OLD, 9, 1)])
    await rain(db, source, "Calm", calm)
    assert (await api.get("/campaigns/old")).json()["launch"] == {"at": rfc3339(OLD), "found": True}
    assert (await api.get("/campaigns/told")).json()["launch"] == {"at": rfc3339(YOUNG), "found": False}
    assert (await api.get("/campaigns/calm")).json()["launch"] is None
    found = await compared(api, "campaign=told&campaign=old")
    assert found["campaigns"][1]["launch"]["reason"] == "found, not declared"


async def test_what_platforms_count_themselves_is_compared_where_nothing_was_collected(
    db: Database, api: httpx.AsyncClient, tmp_path: Path
) -> None:
    first = NOW // DAY * DAY - 9 * DAY
    rows = [
        {"platform": "twitter", "hashtag": tag, "start": rfc3339(first + n * DAY),
         "end": rfc3339(first + (n + 1) * DAY), "posts": size * (n + 1)}
        for tag, size in (("#Old", 10), ("#Young", 3)) for n in range(8) if (tag, n) != ("#Young", 4)
    ]  # fmt: skip
    assert (await bring(db, tmp_path, "counts", rows)).kept == 15
    for slug in ("old", "young"):
        body = {"slug": slug, "name": slug, "launched_at": rfc3339(first), "hashtags": [f"#{slug.title()}"]}
        assert (await api.post("/campaigns", json=body)).status_code == 201
    assert (await compared(api))["intersection"]["buckets"] == 0
    found = await compared(api, "campaign=old&campaign=young&metric=native_posts")
    assert (found["metric"], found["intersection"]["buckets"], found["intersection"]["of"]) == ("native_posts", 7, 8)
    posts = next(row["values"] for row in found["table"] if row["name"] == "posts")
    assert (posts["old"]["value"], posts["young"]["value"]) == (10 * (36 - 5), 3 * (36 - 5))
    assert found["log_ratios"][0]["ratio"][1] == pytest.approx(0.3)
    assert [campaign["series"]["gain"][4] for campaign in found["campaigns"]] == [None, None]
    engagement = next(row["values"] for row in found["table"] if row["name"] == "engagement")
    assert engagement["old"]["value"] is None, "it was not told"
    told = await api.get(f"/compare?campaign=old&campaign=young&metric=native_posts&as_of={rfc3339(NOW - DAY)}")
    assert all(gain is None for gain in told.json()["campaigns"][0]["series"]["gain"])
