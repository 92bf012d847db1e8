"""Rules as sentences: made, tried over the past, changed, switched, deleted; and what a form that is refused says."""

import httpx
import pytest

from app.db.engine import Database
from app.store import rules
from tests.dashboard.alerting import ids, send
from tests.dashboard.conftest import parsed, said

RULE: dict[str, str | list[str]] = {
    "kind": "threshold", "subject": "hashtag:rain", "metric": "posts", "above": "2", "window": "2", "unit": "h",
    "severity": "medium", "tell": "all", "enabled": "on", "name": "", "mark": "m",
}  # fmt: skip


async def test_the_rule_that_is_there_is_a_sentence(browser: httpx.AsyncClient) -> None:
    assert "When the posts of every followed hashtag take off" in said(await browser.get("/rules"))
    assert "chaque hashtag suivi" in said(await browser.get("/rules?lang=fr"))


async def test_a_rule_is_made_once_and_called_what_it_says(browser: httpx.AsyncClient, db: Database, rain: str) -> None:
    first, again = [await send(browser, "/rules", **RULE) for _ in range(2)]
    assert first.headers["location"] == again.headers["location"]
    async with db.read() as session:
        kept = await rules.by_id(session, ids(first))
        assert len(await rules.listed(session, None, 10)) == 2
    assert kept.it.name == "When #Rain has at least 2 posts within 2 h"
    assert (kept.it.above, kept.it.window_s, kept.it.endpoints, kept.it.enabled) == (2, 7_200, None, True)


async def test_a_rule_is_tried_before_it_is_saved(browser: httpx.AsyncClient, db: Database, rain: str) -> None:
    answer = await browser.get("/rules/new", params={**RULE, "try": "1"})
    text = said(answer)
    assert "It would have spoken" in text
    assert "it takes 2" in " ".join(one.text for one in parsed(answer).every("svg"))
    never = said(await browser.get("/rules/new", params={**RULE, "above": "5000", "try": "1"}))
    assert "It would never have spoken" in never
    assert "a lower number would be met" in never
    async with db.read() as session:
        assert len(await rules.listed(session, None, 10)) == 1


async def test_a_digest_is_a_sentence_of_its_own_and_stays_a_digest(browser: httpx.AsyncClient, rain: str) -> None:
    page = parsed(await browser.get("/rules/new?kind=digest"))
    assert page.every("select", name="unit")
    assert not page.every("select", name="metric")
    asked = {**RULE, "kind": "digest", "window": "1", "unit": "w"}
    path = (await send(browser, "/rules", **asked)).headers["location"].partition("?")[0]
    assert "Each week: how #Rain went" in said(await browser.get("/rules"))
    kept = await browser.get(path)
    assert kept.status_code == 200
    assert next(one.attrs["value"] for one in parsed(kept).every("option") if "selected" in one.attrs) == "w"
    assert "Over the last two weeks" not in said(kept)
    version = parsed(kept).every("input", name="version")[0].attrs["value"] or ""
    done = await send(browser, path, **{**asked, "unit": "d", "version": version})
    assert done.headers["location"] == f"{path}?done=saved"
    assert (await send(browser, path, **{**RULE, "version": str(int(version) + 1)})).status_code == 422


async def test_what_is_wrong_is_named_all_at_once_and_what_was_typed_stays(
    browser: httpx.AsyncClient, rain: str
) -> None:
    wrong = {"subject": "", "above": "many", "window": "7", "unit": "m", "tell": "some"}
    for answer in (
        await send(browser, "/rules", **{**RULE, **wrong}),
        await browser.get("/rules/new", params={**RULE, **wrong, "try": "1"}),
    ):
        assert answer.status_code == 422
        page = parsed(answer)
        flagged = {one.attrs["name"] for one in page.elements if one.attrs.get("aria-invalid")}
        assert flagged == {"subject", "above"}
        assert [one for one in page.elements if one.attrs.get("id") == "endpoints-wrong"]
        assert page.every("input", name="above")[0].attrs["value"] == "many"
    odd = await send(browser, "/rules", **{**RULE, "window": "7", "unit": "m"})
    assert (odd.status_code, parsed(odd).every("input", name="window")[0].attrs["aria-invalid"]) == (422, "true")


async def test_a_change_that_somebody_else_was_quicker_with_is_asked_for_again(
    browser: httpx.AsyncClient, db: Database, rain: str
) -> None:
    rule = ids(await send(browser, "/rules", **RULE))
    page = parsed(await browser.get(f"/rules/{rule}"))
    version = page.every("input", name="version")[0].attrs["value"] or ""
    mine = {**RULE, "above": "7", "version": version}
    await send(browser, f"/rules/{rule}/enabled", enabled="off")
    answer = await send(browser, f"/rules/{rule}", **mine)
    assert answer.status_code == 409
    assert "somebody changed it meanwhile" in said(answer)
    fresh = parsed(answer).every("input", name="version")[0].attrs["value"] or ""
    done = await send(browser, f"/rules/{rule}", **{**mine, "version": fresh})
    assert done.headers["location"] == f"/rules/{rule}?done=saved"
    async with db.read() as session:
        assert (await rules.by_id(session, rule)).it.above == 7


async def test_a_rule_is_deleted_and_the_first_one_is_not(browser: httpx.AsyncClient, rain: str) -> None:
    rule = ids(await send(browser, "/rules", **RULE))
    assert (await send(browser, f"/rules/{rule}/delete")).headers["location"] == "/rules?done=deleted"
    assert (await browser.get(f"/rules/{rule}")).status_code == 404
    assert (await send(browser, "/rules/rul_spikes/delete")).status_code == 409


@pytest.mark.parametrize("kind", ["spike", "quiet", "nonsense"])
async def test_each_kind_has_its_form(browser: httpx.AsyncClient, rain: str, kind: str) -> None:
    page = parsed(await browser.get("/rules/new", params={"kind": kind}))
    names = {one.attrs["name"] for one in page.every("select") + page.every("input")}
    assert ("above" in names) == (kind == "nonsense")
    assert ("window" in names) == (kind != "spike")
    labelled = {one.attrs["for"] for one in page.every("label") if one.attrs.get("for")}
    assert labelled == {one.attrs["id"] for one in page.every("select") + page.every("input") if one.attrs.get("id")}


async def test_a_report_each_month_is_asked_for_from_the_campaign_s_page(browser: httpx.AsyncClient, rain: str) -> None:
    links = [one.attrs["href"] for one in parsed(await browser.get("/campaigns/wet")).every("a")]
    (href,) = [href for href in links if href and href.startswith("/rules/new")]
    page = parsed(await browser.get(href))
    chosen = [one.attrs.get("value") or one.text for one in page.every("option") if "selected" in one.attrs]
    assert chosen == ["campaign:wet", "UTC"]
    asked = {**RULE, "kind": "report", "subject": "campaign:wet", "timezone": "Europe/Paris"}
    made = await send(browser, "/rules", **asked)
    page_in_french = said(await browser.get(f"/rules/{ids(made)}?lang=fr"))
    assert "Le premier de chaque mois (à l’heure de Europe/Paris)" in page_in_french
    refused = await send(browser, "/rules", **{**asked, "timezone": "Mars/Base", "mark": "n"})
    assert (refused.status_code, "the time zone: choose one" in said(refused)) == (422, True)
