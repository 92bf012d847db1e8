"""Who made it grow: sums by hand, a cause that is told from noise, and people who are merged and split."""

from typing import Any

import httpx
import numpy as np
import pytest
from sqlalchemy import select

from app.clock import rfc3339, to_ms
from app.db.engine import Database
from app.models import Source
from app.store import campaigns, outcomes
from app.store.influence import MOST_ACTS
from app.store.outcomes import Gift
from tests.api.conftest import NOON
from tests.built import once
from tests.store.sky import DAY, HOUR, Row, campaign, follow, rain

NOW = to_ms(NOON) // HOUR * HOUR
WEEKS = 9
BOOM = NOW - 2 * DAY


def crowd(seed: int) -> list[Row]:
    """Nine calm weeks: each hour a post of one of many, which gains a little."""
    luck = np.random.default_rng(seed)
    start = NOW - WEEKS * 7 * DAY
    return [
        (start + hour * HOUR, f"c{int(luck.integers(40))}", 50, int(luck.poisson(4)))
        for hour in range(WEEKS * 7 * 24 - 2)
    ]


STAR: Row = (BOOM + 60_000, "star", 900_000, 30)
WAVE: list[Row] = [(BOOM + 120_000 * (n + 1), f"w{n}", 20, 9) for n in range(120)]


async def made(api: httpx.AsyncClient, name: str, handle: str) -> str:
    body = {"name": name, "accounts": [{"platform": "mastodon", "handle": handle}], "codes": [f"{name}10"]}
    answer = await api.post("/influencers", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.fixture
async def sky(db: Database, api: httpx.AsyncClient) -> dict[str, str]:
    return await once(db, _sky, lambda: _sky(db, api))


async def _sky(db: Database, api: httpx.AsyncClient) -> dict[str, str]:
    """`Star` brings a wave of posts; `Echo` posts in a calm hour and brings none. Returns their ids."""
    source = await follow(db, ["#Sky"], NOW - WEEKS * 7 * DAY, NOW)
    echo: Row = (BOOM - 5 * DAY + 60_000, "echo", 900_000, 3)
    await rain(db, source, "Sky", [*crowd(1), STAR, *WAVE, echo])
    ids = {name: await made(api, name.title(), name) for name in ("star", "echo")}
    await campaign(db, "sky", "#Sky", None, NOW, list(ids.values()))
    return ids


async def told(api: httpx.AsyncClient, query: str = "") -> dict[str, Any]:
    answer = await api.get(f"/campaigns/sky/influencers{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_cause_is_told_from_noise(api: httpx.AsyncClient, sky: dict[str, str]) -> None:
    found = await told(api, "?authors=0")
    rows = {row["influencer"]: row for row in found["items"]}
    star, echo = rows[sky["star"]], rows[sky["echo"]]
    truth = sum(row[3] for row in WAVE) + STAR[3]
    assert star["lift"]["credit"]["value"] == pytest.approx(truth, rel=0.15)
    assert star["lift"]["credit"]["low"] <= truth <= star["lift"]["credit"]["high"] * 1.05
    assert echo["lift"]["credit"]["value"] is None
    assert "not distinguishable" in echo["lift"]["credit"]["reason"]
    credited = [row["lift"]["credit"]["value"] or 0 for row in found["items"]]
    assert sum(credited) <= found["engagement"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_of_too_many_posts_no_lift_is_told_and_why_is_said(
    db: Database, api: httpx.AsyncClient, sky: dict[str, str]
) -> None:
    async with db.read() as session:
        source = (await session.execute(select(Source.id))).scalar_one()
    often: list[Row] = [(BOOM + 1_000 * n, "star", 900_000, 1) for n in range(MOST_ACTS)]
    await rain(db, source, "Sky", often)
    rows = {row["influencer"]: row for row in (await told(api, "?authors=0"))["items"]}
    assert rows[sky["star"]]["lift"]["credit"]["value"] is None
    assert rows[sky["star"]]["lift"]["credit"]["reason"] == "not distinguishable: their posts are more than 5000"


async def test_what_is_theirs_is_summed_by_hand(db: Database, api: httpx.AsyncClient, sky: dict[str, str]) -> None:
    async with db.write() as session:
        kept = await campaigns.by_slug(session, "sky")
        gifts = [
            Gift("1", BOOM, "donation", "12.50", "EUR", "star10"), Gift("2", BOOM, "donation", "7", "EUR"),
            Gift("3", BOOM, "donation", "1", "USD", "STAR10", 3),
        ]  # fmt: skip
        await outcomes.keep(session, kept.id, gifts, NOW)
    found = await told(api, "?authors=3")
    every = [*crowd(1), STAR, *WAVE, (BOOM - 5 * DAY + 60_000, "echo", 900_000, 3)]
    assert (found["posts"], found["engagement"]) == (len(every), sum(row[3] for row in every))
    assert found["authors"] == len({row[1] for row in every})
    star = next(row for row in found["items"] if row["influencer"] == sky["star"])
    assert (star["posts"], star["engagement"], star["followers_then"]) == (1, 30, 900_000)
    assert star["share_of_engagement"] == pytest.approx(30 / found["engagement"])
    earlier = {row[1] for row in every if row[0] < STAR[0]}
    assert star["first"]["rank"] == len(earlier) + 1
    assert star["first"]["at"] == rfc3339(STAR[0])
    assert [(one["currency"], one["amount"], one["donors"]) for one in star["donations"]] == [
        ("EUR", "12.50", None), ("USD", "1.00", 3),
    ]  # fmt: skip
    assert [(one["currency"], one["amount"]) for one in found["unattributed"]] == [("EUR", "7.00")]
    others = [row for row in found["items"] if row["influencer"] is None]
    by_author: dict[str, int] = {}
    for row in every:
        by_author[row[1]] = by_author.get(row[1], 0) + row[3]
    best = sorted((gained for who, gained in by_author.items() if who not in ("star", "echo")), reverse=True)[:3]
    assert [row["engagement"] for row in others] == best


async def test_merged_and_split_without_losing_history(api: httpx.AsyncClient, sky: dict[str, str]) -> None:
    star, echo = sky["star"], sky["echo"]
    before = (await api.get(f"/influencers/{star}/growth?step=1d")).json()["totals"]["posts"]
    merged = await api.post(f"/influencers/{echo}/merge", json={"into": star})
    assert merged.status_code == 200, merged.text
    assert [one["handle"] for one in merged.json()["accounts"]] == ["star", "echo"]
    assert (await api.get(f"/influencers/{echo}")).status_code == 404
    assert (await api.get(f"/influencers/{star}/growth?step=1d")).json()["totals"]["posts"] == before + 1
    assert (await api.get("/campaigns/sky")).json()["influencers"] == [star]
    body = {"accounts": [{"platform": "mastodon", "handle": "@echo"}], "name": "Echo again"}
    split = await api.post(f"/influencers/{star}/split", json=body)
    assert split.status_code == 201, split.text
    assert (await api.get(f"/influencers/{star}/growth?step=1d")).json()["totals"]["posts"] == before
    new = split.json()["id"]
    assert (await api.get(f"/influencers/{new}/growth?step=1d")).json()["totals"]["posts"] == 1
    assert (await api.get("/campaigns/sky")).json()["influencers"] == sorted([star, new])


async def test_what_cannot_be_merged_or_split(api: httpx.AsyncClient, sky: dict[str, str]) -> None:
    star = sky["star"]
    for path, body, status in [
        (f"{star}/merge", {"into": star}, 409), (f"{star}/merge", {"into": "none"}, 404),
        ("none/merge", {"into": star}, 404),
        (f"{star}/split", {"accounts": [{"platform": "mastodon", "handle": "star"}], "name": "x"}, 409),
        (f"{star}/split", {"accounts": [{"platform": "mastodon", "handle": "echo"}], "name": "x"}, 409),
        (f"{star}/split", {"accounts": [], "name": "x"}, 422),
    ]:  # fmt: skip
        answer = await api.post(f"/influencers/{path}", json=body)
        assert answer.status_code == status, (path, body, answer.text)
    assert (await api.get("/campaigns/none/influencers")).status_code == 404
