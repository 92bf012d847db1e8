"""The pages of alerts: what is open first, an episode on its curve, and who was told."""

import httpx
import pytest

from app.alerts import payload
from app.clock import HOUR
from app.dashboard import windows
from app.dashboard.alerts import MOST_PAST
from app.db.engine import Database
from app.store import endpoints, episodes, outbox
from app.store.endpoints import Described, Kept
from tests.alerts.outbox import SAID
from tests.dashboard.alerting import OPEN, OVER, episode, send, tell
from tests.dashboard.conftest import NOW, parsed, said


async def test_where_nothing_was_said_the_page_says_what_to_do(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/alerts")
    assert "Nothing is open" in said(answer)
    assert "/rules" in {one.attrs["href"] for one in parsed(answer).every("a")}


async def test_what_is_open_comes_first(browser: httpx.AsyncClient, db: Database, rain: str) -> None:
    await tell(db)
    text = said(await browser.get("/alerts"))
    assert "1 alert is open." in text
    assert text.index("#Rain takes off: 412 posts in 1 h, where about 31 would be usual") < text.index("#Rain took off")
    french = said(await browser.get("/alerts?lang=fr"))
    assert "#Rain décolle : 412 publications en 1 h, contre environ 31 d’habitude" in french


async def test_earlier_alerts_are_behind_a_link(browser: httpx.AsyncClient, db: Database) -> None:
    async with db.write() as session:
        for number in range(MOST_PAST + 1):
            end = NOW - number * HOUR
            one = episode(f"alr_{number}", end - HOUR, end, episode=number, kind="quiet", window_s=3_600 * (number + 1))
            await episodes.keep(session, one, [], NOW)
    first = await browser.get("/alerts")
    oldest = f"#rain was silent: no new post for 1 d {MOST_PAST - 23} h"
    assert oldest not in said(first)
    (link,) = [one.attrs["href"] for one in parsed(first).every("a") if "before=" in (one.attrs["href"] or "")]
    assert oldest in said(await browser.get(f"/alerts{link}"))
    assert (await browser.get("/alerts?before=x")).status_code == 422


async def test_an_episode_is_shown_on_its_curve(browser: httpx.AsyncClient, db: Database, rain: str) -> None:
    await tell(db)
    answer = await browser.get(f"/alerts/{OVER}")
    page = parsed(answer)
    drawn = " ".join(one.text for one in page.every("svg"))
    for told in ("usual: about 31", "it takes 120", "begins", "ends"):
        assert told in drawn
    text = said(answer)
    assert "nobody: silenced" in text
    assert "400 posts" in text


async def test_who_took_it_is_counted(browser: httpx.AsyncClient, db: Database) -> None:
    await tell(db)
    async with db.write() as session:
        await endpoints.create(session, Kept("end_1", 1, NOW, Described("ours", "https://a.example")))
        body = payload.body("alert.firing", NOW, SAID, "").decode()
        key = payload.message_id("rul_spikes:hashtag:rain:2", 1)
        await outbox.put(session, outbox.Event(key, "alert.firing", NOW, body, OPEN, "rul_spikes"), None, NOW)
    answer = await browser.get(f"/alerts/{OPEN}")
    assert "0 of 1 endpoints took it" in said(answer)
    assert f"/deliveries?event={key}" in {one.attrs["href"] for one in parsed(answer).every("a")}


async def test_an_alert_that_is_not_there_is_a_page_that_says_so(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/alerts/alr_none")).status_code == 404


def test_a_window_with_a_gap_in_it_is_not_known() -> None:
    assert windows.rolling([1, 2, None, 4, 5], 2) == [1.0, 3.0, None, None, 9.0]


async def test_a_silence_is_made_shown_and_ended(browser: httpx.AsyncClient, rain: str) -> None:
    fields = {"matcher": "hashtag:rain", "lasts": "4h", "comment": "a planned push", "mark": "m"}
    for _ in range(2):  # sent twice, made once
        assert (await send(browser, "/silences", **fields)).headers["location"] == "/silences?done=silenced"
    answer = await browser.get("/silences")
    assert said(answer).count("a planned push") == 1
    (form,) = [one.attrs["action"] for one in parsed(answer).every("form") if "/end" in (one.attrs["action"] or "")]
    assert (await send(browser, str(form))).status_code == 303
    assert "Nothing is silenced" in said(await browser.get("/silences"))


@pytest.mark.parametrize(
    ("field", "value"),
    [("matcher", "hashtag:nobody"), ("matcher", ""), ("lasts", "9y"), ("starts", "2001-01-01T00:00"), ("starts", "x")],
    ids=["unknown", "none", "for-ever", "over", "no-time"],
)
async def test_a_silence_that_makes_no_sense_is_refused(
    browser: httpx.AsyncClient, rain: str, field: str, value: str
) -> None:
    fields = {"matcher": "hashtag:rain", "lasts": "4h", "starts": "", "comment": "why", field: value}
    answer = await send(browser, "/silences", **fields)
    assert answer.status_code == 422
    page = parsed(answer)
    (bad,) = [one for one in page.elements if one.attrs.get("aria-invalid")]
    assert bad.attrs["name"] == field
    assert [one for one in page.elements if one.attrs.get("id") == bad.attrs["aria-describedby"]]
    assert page.every("input", name="comment")[0].attrs["value"] == "why"
