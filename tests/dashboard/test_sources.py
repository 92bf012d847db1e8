"""Sources and coverage: what is said of each, the days that were missed, and adding one that answers."""

from collections.abc import AsyncIterator
from ipaddress import ip_network
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

import collectors
import sandbox.server
from app import sources
from app.clock import DAY, HOUR
from app.dashboard import days
from app.dashboard.words import Words
from app.dashboard.words.platforms import FRENCH
from app.db.engine import Database
from app.main import create_app
from app.models import Audit, Source
from app.settings import Settings
from app.store import sources as rows
from app.store.coverage import Observed, Stretch
from sandbox import demo
from tests.api.conftest import KEY, add_source
from tests.clocks import FakeClock
from tests.dashboard.conftest import NOW, browser_of, parsed, said
from tests.dashboard.test_entry import SAME
from tests.dashboard.test_pages import check_whole

UTC = ZoneInfo("UTC")
MIDNIGHT = NOW // DAY * DAY
LOOPBACK = (ip_network("127.0.0.0/8"),)


def track(*stretches: Stretch, since: int = MIDNIGHT - 3 * DAY, until: int | None = None) -> Observed:
    return Observed(7, "rain", "home", "mastodon", "live", since, until, stretches)


def drawn(it: Observed, start: int = MIDNIGHT - 4 * DAY) -> days.Calendar:
    found = days.drawn(it, start, NOW, UTC, Words("en"))
    assert found
    return found


def test_a_day_is_whole_in_part_missed_or_owed_nothing() -> None:
    first = Stretch(MIDNIGHT - 3 * DAY, MIDNIGHT - 2 * DAY, "complete")
    half = Stretch(MIDNIGHT - 2 * DAY, MIDNIGHT - DAY - 12 * HOUR, "complete")
    now = Stretch(MIDNIGHT, NOW - days.NEXT_PASS, "complete")
    it = drawn(track(first, half, now))
    assert [day.state for day in it.days] == ["none", "whole", "some", "missed", "whole"]
    assert "in part, 50" in it.days[2].said
    assert "1 gap" in it.says
    assert "1 d 12 h from" in it.says
    assert len(it.gaps) == 1


def test_what_came_from_files_is_told_from_what_was_proved() -> None:
    it = Observed(7, "rain", "f", "x", "import", 0, None, (Stretch(MIDNIGHT - 2 * DAY, MIDNIGHT, "imported"),))
    assert [day.state for day in drawn(it, MIDNIGHT - 2 * DAY).days[:2]] == ["imported", "imported"]
    assert drawn(it).says == "Observed without a gap, for 2 d."


def test_nothing_owed_is_no_picture_and_a_long_time_is_a_year_at_most() -> None:
    assert (
        days.drawn(track(since=MIDNIGHT - 9 * DAY, until=MIDNIGHT - 8 * DAY), MIDNIGHT, NOW, UTC, Words("en")) is None
    )
    assert len(drawn(track(since=0), 0).days) <= days.LONGEST // DAY + 1


def test_weeks_stand_beside_each_other_and_weekdays_below() -> None:
    places = {(day.x, day.y) for day in drawn(track(), MIDNIGHT - 40 * DAY).days}
    assert len(places) == 41
    assert max(y for _, y in places) - min(y for _, y in places) == 6 * days.PITCH


def test_all_that_collectors_say_is_there_in_french_and_nothing_else() -> None:
    offers = [collectors.offer(name) for name in collectors.PLATFORMS]
    words = ((*one.notes, one.url_words, one.identifier_words, one.credential_words) for one in offers)
    assert set(FRENCH) == {text for said in words for text in said if text}


@pytest.mark.parametrize("lang", ["en", "fr"])
async def test_the_page_says_what_was_missed_and_what_cannot_be_given(
    browser: httpx.AsyncClient, rain: str, lang: str
) -> None:
    answer = await browser.get(f"/sources?lang={lang}")
    page = parsed(answer)
    check_whole(page)
    assert answer.status_code == 200
    why = {"en": "the instance did not answer", "fr": "l’instance n’a pas répondu"}
    assert why[lang] in said(answer)
    assert any(one.text.startswith("Mastodon") for one in page.every("summary"))
    assert ("Counts of views" if lang == "en" else "Le nombre de : vues") in said(answer)


async def test_an_empty_house_says_what_to_do(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/sources")
    assert "No source yet" in said(answer)
    assert "/sources/new" in answer.text


@pytest.fixture
async def town() -> AsyncIterator[str]:
    """A server on loopback that takes one app password."""
    async with await sandbox.server.start(began=sandbox.server.clock() - DAY) as world:
        yield world.url


@pytest.fixture
async def inside(db: Database, clock: FakeClock) -> AsyncIterator[httpx.AsyncClient]:
    """A browser of a service that may call this machine."""
    settings = Settings(_env_file=None, secret_key=KEY, database_url=db.url, allow_networks=LOOPBACK)
    async with browser_of(create_app(settings, db, clock), **SAME) as client:
        yield client


def filled(at: str, **changes: str) -> dict[str, str]:
    given = {"platform": "bluesky", "name": "sky", "url": at, "identifier": demo.BLUESKY_IDENTIFIER}
    return {**given, "token": demo.BLUESKY_PASSWORD, **changes}


def kept(answer: httpx.Response) -> str:
    return next(one.attrs["value"] or "" for one in parsed(answer).every("input", name="kept"))


async def test_a_source_is_asked_before_it_is_saved_and_its_token_sealed(
    inside: httpx.AsyncClient, db: Database, town: str, clock: FakeClock
) -> None:
    wrong = await inside.post("/sources/new", data=filled(town, token="wrong-wrong"))
    page = parsed(wrong)
    assert wrong.status_code == 422
    assert [one.attrs["name"] for one in page.every("input") if "aria-invalid" in one.attrs] == ["token"]
    assert page.every("input", name="url")[0].attrs["value"] == town
    assert "wrong-wrong" not in wrong.text

    right = await inside.post("/sources/new", data=filled(town))
    assert right.status_code == 200
    assert demo.BLUESKY_IDENTIFIER in said(right)
    assert demo.BLUESKY_PASSWORD not in right.text
    check_whole(parsed(right))
    async with db.read() as session:
        assert (await session.execute(select(Source))).all() == []

    # The token that was typed before need not be typed again.
    again = await inside.post("/sources/new", data=filled(town, token="", kept=kept(right)))
    saved = await inside.post("/sources", data={"kept": kept(again)})
    assert (saved.status_code, saved.headers["location"]) == (303, "/sources?done=added")
    async with db.read() as session:
        row = await rows.named(session, "sky")
        assert row.credential_sealed is not None
        assert demo.BLUESKY_PASSWORD not in row.credential_sealed
        assert (await session.execute(select(Audit.subject).where(Audit.action == "source.add"))).scalars().all() == [
            "sky"
        ]
    settings = Settings(_env_file=None, secret_key=KEY, database_url=db.url, allow_networks=LOOPBACK)
    assert (await sources.check(db, settings, clock, "sky"))["account"] == demo.BLUESKY_IDENTIFIER
    checked = await inside.post("/sources/sky/check")
    assert demo.BLUESKY_IDENTIFIER in said(checked)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "Home Sweet"}, "name"), ({"name": "home"}, "name"), ({"url": "http://10.0.0.1"}, "url"),
        ({"url": "http://127.0.0.1:1"}, "url"), ({"platform": "mastodon", "url": ""}, "url"),
    ],
    ids=["a name that is none", "a name that is taken", "a private network", "nobody there", "no server"],
)  # fmt: skip
async def test_what_is_wrong_is_named_and_nothing_saved(
    inside: httpx.AsyncClient, db: Database, changes: dict[str, str], field: str
) -> None:
    await add_source(db, "home")
    answer = await inside.post("/sources/new", data=filled("http://127.0.0.1:1", **changes))
    page = parsed(answer)
    assert answer.status_code == 422
    assert [one.attrs["name"] for one in page.every("input") if "aria-invalid" in one.attrs] == [field]
    check_whole(page)
    async with db.read() as session:
        assert len((await session.execute(select(Source))).all()) == 1


async def test_only_what_was_checked_here_and_now_is_saved(
    inside: httpx.AsyncClient, db: Database, town: str, clock: FakeClock
) -> None:
    asked = {"platform": "mastodon", "name": "field", "url": town}
    checked = kept(await inside.post("/sources/new", data=asked))
    for forged in ("", "s1.x", checked[:-4] + "AAAA"):
        assert (await inside.post("/sources", data={"kept": forged})).status_code == 422
    clock.advance(3_601)
    assert (await inside.post("/sources", data={"kept": checked})).status_code == 422
    async with db.read() as session:
        assert (await session.execute(select(Source))).all() == []


async def test_a_source_that_fails_its_check_says_why_and_one_that_goes_leaves_what_it_saw(
    inside: httpx.AsyncClient, db: Database
) -> None:
    await add_source(db, "home", base_url="http://127.0.0.1:1")
    refused = await inside.post("/sources/home/check")
    assert refused.status_code == 422
    assert parsed(refused).every("p", role="alert")
    gone = await inside.post("/sources/home/remove")
    assert gone.headers["location"] == "/sources?done=removed"
    async with db.read() as session:
        assert (await session.execute(select(Source.removed_at))).scalar() == NOW
    assert (await inside.post("/sources/home/remove")).status_code == 404


async def test_who_may_not_change_sources_sees_no_button(app: FastAPI, minted: object, rain: str) -> None:
    token = (await minted("stats:read")).text  # type: ignore[operator]
    async with browser_of(app, Authorization=f"Bearer {token}") as reader:
        page = parsed(await reader.get("/sources"))
        assert page.every("form", method="post") == []
        assert "/sources/new" not in {one.attrs.get("href") for one in page.every("a")}
        for path in ("/sources", "/sources/new", "/sources/home/check", "/sources/home/remove"):
            assert (await reader.post(path, data={})).status_code == 403
