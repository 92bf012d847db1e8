"""Settings: language and zone that stay, a password that changes, users, tokens shown once, and the audit log."""

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from app.access import tokens, users
from app.db.engine import Database
from app.models import User
from app.models.access import Token
from tests.dashboard.conftest import NOW, browser_of, parsed, said
from tests.dashboard.test_entry import SAME
from tests.dashboard.test_pages import check_whole

OLD, NEW = "correct horse battery", "staple of another kind"
PAGES = ("/settings", "/settings/users", "/settings/tokens", "/settings/audit")


@pytest.mark.parametrize("lang", ["en", "fr"])
async def test_every_page_is_whole_with_and_without_anything_on_it(browser: httpx.AsyncClient, lang: str) -> None:
    for _ in range(2):
        for path in PAGES:
            answer = await browser.get(f"{path}?lang={lang}")
            assert answer.status_code == 200
            check_whole(parsed(answer))
        made = await browser.post("/settings/tokens", data={"name": "x", "scopes": "admin", "days": "9"}, headers=SAME)
        token = parsed(made).every("code", class_="secret")[0].text
        browser.headers["Authorization"] = f"Bearer {token}"


async def test_language_and_zone_stay_and_an_address_comes_first(browser: httpx.AsyncClient, rain: str) -> None:
    kept = await browser.post("/settings", data={"language": "fr", "zone": "Asia/Dhaka"}, headers=SAME)
    assert (kept.status_code, kept.headers["location"]) == (303, "/settings?done=kept")
    page = parsed(await browser.get("/hashtags/rain"))
    assert page.every("html")[0].attrs["lang"] == "fr"
    assert page.every("input", name="tz")[0].attrs["value"] == "Asia/Dhaka"
    # What is passed on says its zone, so that it shows the same to others.
    links = [one.attrs["href"] or "" for one in page.every("a") if (one.attrs["href"] or "").startswith("?range")]
    assert links
    assert all("tz=Asia%2FDhaka" in link for link in links)
    other = parsed(await browser.get("/hashtags/rain?lang=en&tz=UTC"))
    assert other.every("html")[0].attrs["lang"] == "en"
    assert other.every("input", name="tz")[0].attrs["value"] == "UTC"
    assert other.every("a", href="?range=24h&tz=UTC&lang=en")
    await browser.post("/settings", data={"language": "", "zone": "UTC"}, headers=SAME)
    assert parsed(await browser.get("/")).every("html")[0].attrs["lang"] == "en"


async def test_a_zone_or_a_language_that_is_none(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/settings", data={"language": "", "zone": "Mars/Base"}, headers=SAME)
    assert answer.status_code == 422
    assert parsed(answer).every("input", name="zone")[0].attrs["value"] == "Mars/Base"
    assert "aria-invalid" in parsed(answer).every("input", name="zone")[0].attrs
    assert (await browser.post("/settings", data={"language": "xx", "zone": "UTC"}, headers=SAME)).status_code == 422
    browser.cookies.update({"groundswell-zone": "Mars/Base", "groundswell-lang": "xx"})
    assert (await browser.get("/")).status_code == 200


async def logged_in(app: FastAPI, password: str) -> httpx.AsyncClient:
    browser = browser_of(app, **SAME)
    await browser.post("/login", data={"user": "amina", "password": password})
    return browser


async def test_a_password_is_changed_by_who_knows_it_and_other_logins_end(app: FastAPI, db: Database) -> None:
    async with db.write() as session:
        await users.create(session, "amina", OLD, NOW)
    here, there = await logged_in(app, OLD), await logged_in(app, OLD)
    wrong = {"old": "not it at all", "new": NEW, "again": NEW}
    for changes, status, field in (
        ({}, 403, "old"), ({"old": OLD, "again": "other"}, 422, "again"),
        ({"old": OLD, "new": "short", "again": "short"}, 422, "new"),
    ):  # fmt: skip
        answer = await here.post("/settings/password", data={**wrong, **changes})
        assert answer.status_code == status
        assert [one.attrs["name"] for one in parsed(answer).every("input") if "aria-invalid" in one.attrs] == [field]
    done = await here.post("/settings/password", data={**wrong, "old": OLD})
    assert (done.status_code, done.headers["location"]) == (303, "/settings?done=changed")
    assert "your other logins have ended" in said(await here.get("/settings?done=changed"))
    assert (await here.get("/")).status_code == 200
    assert (await there.get("/")).headers["location"] == "/login"
    assert (await (await logged_in(app, OLD)).get("/")).status_code == 303
    assert (await (await logged_in(app, NEW)).get("/")).status_code == 200


async def test_guessing_the_old_password_is_as_slow_as_guessing_at_the_door(app: FastAPI, db: Database) -> None:
    async with db.write() as session:
        await users.create(session, "amina", OLD, NOW)
    here = await logged_in(app, OLD)
    guess = {"old": "not it at all", "new": NEW, "again": NEW}
    answers = [(await here.post("/settings/password", data=guess)).status_code for _ in range(21)]
    assert answers == [403] * 20 + [429]


async def test_users_are_made_once_and_disabled_but_not_by_themselves(app: FastAPI, db: Database) -> None:
    async with db.write() as session:
        await users.create(session, "amina", OLD, NOW)
    here = await logged_in(app, OLD)
    form = {"name": "bilal", "password": NEW, "mark": "1"}
    assert (await here.post("/settings/users", data=form)).status_code == 303
    assert (await here.post("/settings/users", data=form)).status_code == 303
    taken = await here.post("/settings/users", data={**form, "mark": "2"})
    assert taken.status_code == 422
    assert parsed(taken).every("input", name="name")[0].attrs["value"] == "bilal"
    assert (await here.post("/settings/users", data={"name": "c", "password": "short"})).status_code == 422
    assert (await here.post("/settings/users/disable", data={"user": "amina"})).status_code == 409
    assert (await here.post("/settings/users/disable", data={"user": "bilal"})).status_code == 303
    async with db.read() as session:
        found = await users.everyone(session)
        assert [(one.name, one.disabled_at) for one in found] == [("amina", None), ("bilal", NOW)]
        hashes = (await session.execute(select(User.password_hash))).scalars().all()
    assert not any(NEW in one for one in hashes)


async def test_a_token_is_shown_once_and_ends_when_it_is_revoked(app: FastAPI, db: Database) -> None:
    async with db.write() as session:
        await users.create(session, "amina", OLD, NOW)
    here = await logged_in(app, OLD)
    form = {"name": "press room", "scopes": ["stats:read", "export"], "days": "7", "mark": "1"}
    made = await here.post("/settings/tokens", data=form)
    check_whole(parsed(made))
    text = parsed(made).every("code", class_="secret")[0].text
    assert (await here.post("/settings/tokens", data=form)).status_code == 303
    assert text not in (await here.get("/settings/tokens")).text
    token_id = tokens.read_id(text)
    async with browser_of(app, Authorization=f"Bearer {text}") as program:
        assert (await program.get("/")).status_code == 200
        assert (await program.get("/settings/tokens")).status_code == 403
        assert (await here.post(f"/settings/tokens/{token_id}/revoke")).status_code == 303
        assert (await program.get("/")).status_code == 401
    async with db.read() as session:
        assert (await session.execute(select(Token.scopes))).scalars().all() == ["export stats:read"]
        assert text not in (await session.execute(select(Token.mac))).scalar_one()


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"name": ""}, "name"), ({"days": "0"}, "days"), ({"days": "many"}, "days"), ({"scopes": []}, "scopes")],
    ids=["no name", "no days", "days in words", "no scope"],
)  # fmt: skip
async def test_a_token_that_will_not_do_names_its_field(
    browser: httpx.AsyncClient, db: Database, changes: dict[str, object], field: str
) -> None:
    given = {"name": "x", "scopes": ["export"], "days": "7", **changes}
    answer = await browser.post("/settings/tokens", data=given, headers=SAME)
    assert answer.status_code == 422
    assert [one for one in parsed(answer).elements if one.attrs.get("id") == f"{field}-wrong"]
    async with db.read() as session:
        assert (await session.execute(select(Token))).all() == []
