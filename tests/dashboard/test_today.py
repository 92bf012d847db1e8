"""Today: what waits for someone is said first, with since when and how far it lies from what is usual."""

import httpx

from app.clock import MINUTE
from app.db.engine import Database
from app.store import episodes
from tests.api.conftest import add_source
from tests.dashboard.conftest import NOW, parsed, said


async def test_what_waits_for_someone_comes_first(browser: httpx.AsyncClient, db: Database, rain: str) -> None:
    began = NOW - 50 * MINUTE
    told = episodes.Episode(
        "alr_1", "rul_spikes", "Spikes", 1, "spike", "high", "hashtag:rain", 1, 1, "firing", "posts", 3_600, 412.0,
        412.0, 120.0, 31.5, began, began, None, [],
    )  # fmt: skip
    await add_source(db, "ill.example", state="stopped", state_at=NOW, reason="the token was refused")
    async with db.write() as session:
        await episodes.keep(session, told, [episodes.Turn(1, "firing", began, 412.0, "sent")], NOW)
    answer = await browser.get("/")
    text = said(answer)
    assert "Waiting for you: 1 open alert and 1 source that needs a person." in text
    assert "#Rain high since 1 Mar 2026 11:10, for 50 min: 412 posts within 1 h, where 31.5 are usual (Spikes)" in text
    assert text.index("ill.example: needs a person") < text.index("Campaigns")
    assert parsed(answer).every("a", href="/alerts/alr_1")


async def test_an_alert_that_is_over_waits_for_nobody(browser: httpx.AsyncClient, db: Database, rain: str) -> None:
    told = episodes.Episode(
        "alr_1", "rul_spikes", "Spikes", 1, "spike", "high", "hashtag:rain", 1, 2, "resolved", "posts", 3_600, 4.0,
        412.0, 120.0, 31.5, NOW - MINUTE, NOW - MINUTE, NOW, [],
    )  # fmt: skip
    async with db.write() as session:
        await episodes.keep(session, told, [], NOW)
    assert "Nothing waits for you" in said(await browser.get("/"))
