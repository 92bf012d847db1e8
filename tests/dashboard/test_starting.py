"""Campaigns started, hashtags followed and left, notes and outcomes put on a curve, from pages alone."""

import httpx
import pytest
from sqlalchemy import select

from app.db.engine import Database
from app.models import Annotation, Hashtag, Outcome, Track
from app.store import campaigns
from tests.api.conftest import add_source
from tests.dashboard.alerting import send
from tests.dashboard.conftest import parsed, said

START: dict[str, str | list[str]] = {
    "name": "Été « solidaire »", "hashtags": "#Ete, #solidaires", "led": "association-led",
    "launched": "2026-02-01T09:30", "tz": "Europe/Paris", "slug": "", "where": "all", "mark": "m",
}  # fmt: skip
on_file = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_a_campaign_is_started_once_with_its_hashtags_where_it_is_wanted(
    browser: httpx.AsyncClient, db: Database
) -> None:
    await add_source(db, "here")
    away = await add_source(db, "away")
    form = {**START, "where": "some", "sources": ["away"]}
    assert {(await send(browser, "/start", **form)).headers["location"] for _ in range(2)} == {
        "/campaigns/ete-solidaire"
    }
    async with db.read() as session:
        kept = await campaigns.by_slug(session, "ete-solidaire")
        assert (await session.execute(select(Track.source_id))).scalars().all() == [away, away]
    assert (kept.it.name, kept.it.kind, kept.it.hashtags) == (START["name"], "association-led", ("Ete", "solidaires"))
    assert kept.it.launched_at == 1_769_934_600_000
    assert (await browser.get("/campaigns/ete-solidaire")).status_code == 200


@on_file
async def test_a_form_that_is_refused_names_each_field_and_keeps_what_was_typed(browser: httpx.AsyncClient) -> None:
    await send(browser, "/start", **START)
    wrong = {"name": "", "hashtags": "###", "launched": "tomorrow", "led": "nobody", "slug": "É", "mark": "n"}
    answer = await send(browser, "/start?lang=fr", **{**START, **wrong})
    page = parsed(answer)
    assert answer.status_code == 422
    flagged = {one.attrs["name"]: one.attrs["value"] for one in page.every("input") if one.attrs.get("aria-invalid")}
    assert flagged == {"name": "", "hashtags": "###", "launched": "tomorrow", "slug": "É"}
    assert "les hashtags : lettres, chiffres" in said(answer)
    taken = await send(browser, "/start", **{**START, "mark": "o"})
    assert (taken.status_code, "not another campaign’s" in said(taken)) == (422, True)
    nowhere = await send(browser, "/start", **{**START, "slug": "x", "where": "some", "mark": "p"})
    assert (nowhere.status_code, "tick one at least" in said(nowhere)) == (422, True)


@on_file
async def test_a_hashtag_is_followed_left_and_followed_again(browser: httpx.AsyncClient, db: Database) -> None:
    await add_source(db)
    form = {"hashtags": "#Rain", "where": "all", "tz": "UTC", "campaign": ""}
    assert (await send(browser, "/follow", **form)).headers["location"] == "/hashtags/rain"
    page = await browser.get("/hashtags/rain?lang=fr")
    assert "Ne plus le suivre" in said(page)
    assert (await send(browser, "/hashtags/rain/unfollow?lang=fr")).headers["location"] == "/hashtags/rain?lang=fr"
    async with db.read() as session:
        assert (await session.execute(select(Hashtag.unfollowed_at))).scalar_one() is not None
    again = [one.attrs["href"] for one in parsed(await browser.get("/hashtags/rain")).every("a")]
    assert "/follow?hashtags=Rain" in again
    refused = await send(browser, "/follow", **{**form, "campaign": "nothing"})
    assert (refused.status_code, "as part of: choose" in said(refused)) == (422, True)
    assert (await send(browser, "/hashtags/snow/unfollow")).status_code == 404


@on_file
async def test_a_note_is_put_on_the_curve_and_taken_off(browser: httpx.AsyncClient, db: Database) -> None:
    await send(browser, "/start", **START)
    path = "/campaigns/ete-solidaire/notes"
    form = {"at": "2026-02-02T20:00", "text": "On  television", "web": "", "tz": "Europe/Paris", "mark": "n"}
    assert (await send(browser, path, **form)).headers["location"] == f"{path}?done=made"
    assert "On television" in said(await browser.get(path))
    refused = await send(browser, path, **{**form, "text": " ", "web": "javascript:alert(1)", "mark": "o"})
    flagged = {one.attrs["name"] for one in parsed(refused).every("input") if one.attrs.get("aria-invalid")}
    assert (refused.status_code, flagged) == (422, {"text", "web"})
    async with db.read() as session:
        (note,) = (await session.execute(select(Annotation.id))).scalars()
    assert (await send(browser, f"{path}/{note}/delete")).headers["location"] == f"{path}?done=deleted"
    assert "No note yet" in said(await browser.get(path))


@on_file
async def test_an_outcome_is_added_once(browser: httpx.AsyncClient, db: Database) -> None:
    await send(browser, "/start", **START)
    path = "/campaigns/ete-solidaire/outcomes"
    form = {
        "what": "Donation", "at": "", "amount": "1 250,50", "currency": "eur", "donors": "3", "code": "", "mark": "n",
    }  # fmt: skip
    for _ in range(2):
        assert (await send(browser, path, **form)).headers["location"] == f"{path}?done=made"
    async with db.read() as session:
        (row,) = (await session.execute(select(Outcome))).scalars()
    assert (row.kind, row.currency, row.donors) == ("donation", "EUR", 3)
    assert "1,250.50 EUR" in said(await browser.get(path))
    for wrong, name in (({"amount": "much"}, "amount"), ({"currency": ""}, "currency"), ({"donors": "few"}, "donors")):
        refused = await send(browser, path, **{**form, **wrong, "mark": name})
        flagged = {one.attrs["name"] for one in parsed(refused).every("input") if one.attrs.get("aria-invalid")}
        assert (refused.status_code, flagged) == (422, {name})


@on_file
async def test_whoever_has_nothing_yet_is_led_on_from_every_page(browser: httpx.AsyncClient) -> None:
    for path, leads in (
        ("/", {"/sources/new", "/start", "/follow"}), ("/compare", {"/start"}), ("/shares", {"/start"}),
        ("/sources", {"/sources/new", "/follow"}), ("/alerts", {"/rules"}), ("/deliveries", {"/endpoints"}),
    ):  # fmt: skip
        page = await browser.get(path)
        assert leads <= {one.attrs.get("href") for one in parsed(page).every("a")}, path
    await send(browser, "/start", **START)
    for path in ("/campaigns/ete-solidaire/influencers", "/campaigns/ete-solidaire/report"):
        assert "Nobody has posted yet" in said(await browser.get(path))
    empty = await browser.get("/hashtags/ete?range=7d")
    assert "Look over all of its time" in said(empty)


async def test_a_form_says_what_following_will_cost_and_follows_nothing(
    browser: httpx.AsyncClient, db: Database
) -> None:  # fmt: skip
    await add_source(db, "home")
    for query, says in (("", "assumed"), ("?lang=fr", "supposés")):
        answer = await send(browser, f"/follow{query}", hashtags="#Rain", where="all", do="plan")
        assert answer.status_code == 200
        assert says in answer.text
    async with db.read() as session:
        assert (await session.execute(select(Hashtag.tag))).all() == []
