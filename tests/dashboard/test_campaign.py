"""A campaign's own: its notes and its gifts on the curve, and a bar for each who made it grow."""

import csv

import httpx
import pytest
from sqlalchemy import select

from app.clock import DAY, HOUR
from app.db.engine import Database
from app.models import Source
from app.store import annotations, campaigns, outcomes
from app.store.annotations import Note
from app.store.outcomes import Gift
from collectors.posts import Engagement
from tests.api.conftest import ago, arrive, post
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


@pytest.mark.usefixtures("rain")
async def test_a_log_scale_is_told_drawn_and_taken_along(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/campaigns/wet?scale=log&show=total&lang=en")
    figures = parsed(page).every("figure")
    assert figures
    assert all("log scale, 0 at its foot" in one.text for one in figures)
    levels = [one.text for one in parsed(page).every("text", class_="y")]
    assert levels[:3] == ["0", "1", "10"]
    links = [one.attrs["href"] or "" for one in parsed(page).every("a")]
    assert any("scale=log" in link and "show=" not in link and "charts" not in link for link in links), "to the gains"
    drawn = await browser.get(next(link for link in links if "posts_total.svg" in link))
    assert "log scale, 0 at its foot" in drawn.text
    assert "échelle logarithmique" in (await browser.get("/campaigns/wet/charts/posts.svg?scale=log&lang=fr")).text
    assert (await browser.get("/campaigns/wet?scale=cubic")).status_code == 422


async def test_views_are_a_curve_where_a_platform_shows_any(
    browser: httpx.AsyncClient, db: Database, rain: str
) -> None:
    said = (await browser.get("/campaigns/wet?measure=views")).text
    assert "No platform here shows views." in said
    assert (
        "Aucune plateforme ne montre ici de vues." in (await browser.get("/campaigns/wet?measure=views&lang=fr")).text
    )
    assert "c-views" not in (await browser.get("/campaigns/wet")).text
    async with db.read() as session:
        source = (await session.execute(select(Source.id))).scalar_one()
    for hours, views in ((5, 0), (4, 30), (1, 100)):
        seen = Engagement(likes=1, views=views)
        await arrive(db, source, [post(9, ("Rain",), ago(hours=5), engagement=seen)], ago(hours=hours))
    assert "c-views" in (await browser.get("/campaigns/wet")).text
    for path in ("/campaigns/wet", f"/influencers/{rain}"):
        assert "c-posts" not in (await browser.get(f"{path}?measure=views")).text
    file = (await browser.get("/campaigns/wet/charts/views_total.csv?from=2026-03-01T09:00&step=1h")).text
    sums = [row["views_total"] for row in csv.DictReader(row for row in file.splitlines() if row[0] != "#")]
    assert 30 < int(sums[0]) < 100 == int(sums[-1]), "what came before the range is in it"
