"""A campaign's own: its notes and its gifts on the curve, and a bar for each who made it grow."""

import httpx

from app.clock import DAY, HOUR
from app.db.engine import Database
from app.store import annotations, campaigns, outcomes
from app.store.annotations import Note
from app.store.outcomes import Gift
from tests.dashboard.conftest import NOW, parsed, said


async def test_notes_are_marks_with_their_table(browser: httpx.AsyncClient, db: Database, rain: str) -> None:
    async with db.write() as session:
        kept = await campaigns.by_slug(session, "wet")
        await annotations.create(session, kept.id, Note(NOW - DAY, "<b>On</b> the news", "https://one.example/n"), NOW)
        await annotations.create(session, kept.id, Note(NOW - HOUR, "It stopped", "javascript:alert(1)"), NOW)
    answer = await browser.get("/campaigns/wet?range=7d")
    text = said(answer)
    assert "28 Feb 2026 12:00<b>On</b> the news read more" in text
    assert text.count("read more") == 1
    marks = [one.text for one in parsed(answer).every("text", class_="mark")]
    assert marks.count("1") == marks.count("2") == 3
    assert "javascript:" not in answer.text


async def test_gifts_are_a_chart_of_their_own_currency(browser: httpx.AsyncClient, db: Database, rain: str) -> None:
    gifts = [
        Gift("a", NOW - 2 * HOUR, "donation", "35.50", "EUR", None, 1),
        Gift("b", NOW - 2 * HOUR, "donation", "4.50", "EUR", None, 1),
        Gift("c", NOW - 2 * HOUR, "sign-up", None, None, None, None),
    ]
    async with db.write() as session:
        await outcomes.keep(session, (await campaigns.by_slug(session, "wet")).id, gifts, NOW)
    text = said(await browser.get("/campaigns/wet?range=24h&step=1h"))
    assert "Donations EUR, per hour most: 40 (1 Mar 2026 10:00)" in text
    assert "Sign-ups how many, per hour most: 1 (1 Mar 2026 10:00)" in text
    assert "Donations EUR, in all, since the beginning of this range" in said(
        await browser.get("/campaigns/wet?range=24h&step=1h&show=total")
    )


async def test_who_made_it_grow_is_seen_at_a_glance(browser: httpx.AsyncClient, rain: str) -> None:
    page = parsed(await browser.get("/campaigns/wet/influencers"))
    wide = [float((one.attrs["width"] or "").rstrip("%")) for one in page.every("rect", class_="bar")]
    assert wide[0] == 100
    assert wide == sorted(wide, reverse=True)
