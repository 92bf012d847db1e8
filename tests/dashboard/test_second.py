"""The second factor on the pages: set up with a picture and a code, asked for after the password, and the ways out."""

import re
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from app.access import totp, users
from app.dashboard.second import drawn
from app.db.engine import Database
from app.models import Audit
from tests.access.test_totp import code_at
from tests.clocks import FakeClock
from tests.dashboard.conftest import NOW, browser_of, parsed, said
from tests.dashboard.test_entry import SAME
from tests.dashboard.test_pages import check_whole

PASSWORD = "correct horse battery"
LOGIN = {"user": "amina", "password": PASSWORD}


@pytest.fixture
async def here(app: FastAPI, db: Database) -> AsyncIterator[httpx.AsyncClient]:
    async with db.write() as session:
        await users.create(session, "amina", PASSWORD, NOW)
    async with browser_of(app, **SAME) as browser:
        await browser.post("/login", data=LOGIN)
        yield browser


async def switched_on(here: httpx.AsyncClient) -> tuple[str, list[str]]:
    """The secret, and the recovery codes."""
    await here.post("/settings/second/begin")
    page = parsed(await here.get("/settings/second"))
    secret = page.every("code", class_="secret")[0].text.replace(" ", "")
    answer = await here.post("/settings/second", data={"code": code_at(secret, NOW)})
    assert answer.status_code == 200
    check_whole(parsed(answer))
    return secret, [one.text for one in parsed(answer).every("code")]


async def word_of(browser: httpx.AsyncClient) -> str:
    asked = await browser.post("/login", data=LOGIN)
    assert asked.status_code == 200
    assert "set-cookie" not in asked.headers
    check_whole(parsed(asked))
    return parsed(asked).every("input", name="word")[0].attrs["value"] or ""


@pytest.mark.parametrize("lang", ["en", "fr"])
async def test_it_is_set_up_with_a_picture_or_by_hand_and_holds_from_its_first_code_on(
    app: FastAPI, here: httpx.AsyncClient, lang: str
) -> None:
    async with browser_of(app, **SAME) as there:
        await there.post("/login", data=LOGIN)
        check_whole(parsed(await here.get(f"/settings/second?lang={lang}")))
        assert (await here.post("/settings/second/begin")).headers["location"] == "/settings/second"
        page = await here.get(f"/settings/second?lang={lang}")
        check_whole(parsed(page))
        (secret,) = [one.text.replace(" ", "") for one in parsed(page).every("code", class_="secret")]
        assert drawn(totp.address(secret, "amina")) in page.text
        wrong = await here.post(f"/settings/second?lang={lang}", data={"code": "12345"})
        assert wrong.status_code == 403
        assert [one.attrs["name"] for one in parsed(wrong).elements if "aria-invalid" in one.attrs] == ["code"]
        assert secret in said(wrong).replace(" ", ""), "the same one, to try again"
        assert (await there.get("/")).status_code == 200
        before = dict(here.cookies)
        await here.post("/settings/second", data={"code": code_at(secret, NOW)})
        assert dict(here.cookies) != before
        assert (await here.get("/")).status_code == 200
        assert (await there.get("/")).headers["location"] == "/login", "whoever came in by less"
    page = await here.get(f"/settings/second?lang={lang}")
    assert secret not in page.text.replace(" ", "")
    check_whole(parsed(page))


def test_the_picture_is_paths_alone_and_another_for_each_text() -> None:
    one, other = drawn("otpauth://totp/<b>"), drawn("otpauth://totp/x")
    assert one != other
    assert {element.tag for element in ET.fromstring(one).iter()} <= {"svg", "g", "path"}
    assert not re.search(r"style=|<b>|xmlns", one)


async def test_the_code_is_asked_for_after_the_password_and_nothing_opens_before_it(
    app: FastAPI, here: httpx.AsyncClient, clock: FakeClock
) -> None:
    secret, _ = await switched_on(here)
    async with browser_of(app, **SAME) as there:
        word = await word_of(there)
        for carried in ({"Cookie": f"groundswell={word}"}, {"Authorization": f"Bearer {word}"}):
            assert (await there.get("/", headers={"Accept": "application/json", **carried})).status_code == 401
        assert (await there.get("/")).headers["location"] == "/login"
        used = await there.post("/login", data={"word": word, "code": code_at(secret, NOW)})
        assert used.status_code == 401
        assert "was used before" in said(used)
        assert (await there.post("/login", data={"word": "1.x", "code": "1"})).status_code == 401
        clock.advance(30)
        code = code_at(secret, NOW + 30_000)
        opened = await there.post("/login", data={"word": word, "code": code})
        assert (opened.status_code, opened.headers["location"]) == (303, "/")
        assert (await there.get("/")).status_code == 200
        assert (await there.post("/login", data={"word": word, "code": code})).status_code == 401
    async with browser_of(app) as late:
        word = await word_of(late)
        clock.advance(600)
        answer = await late.post("/login", data={"word": word, "code": code_at(secret, NOW + 630_000)}, headers=SAME)
        assert answer.status_code == 401
        assert "took too long" in said(answer)
        assert parsed(answer).every("input", name="password")


async def test_the_api_asks_for_it_too(app: FastAPI, here: httpx.AsyncClient, clock: FakeClock) -> None:
    secret, codes = await switched_on(here)
    clock.advance(60)
    given = {"name": "amina", "password": PASSWORD}
    async with browser_of(app, Accept="application/json") as program:
        for more, status in (
            ({}, 401), ({"code": "000000"}, 401), ({"password": "wrong wrong", "code": codes[0]}, 401),
            ({"code": code_at(secret, NOW + 60_000)}, 200), ({"code": codes[0]}, 200), ({"code": codes[0]}, 401),
        ):  # fmt: skip
            answer = await program.post("/api/v1/login", json={**given, **more})
            assert answer.status_code == status, more
            assert ("set-cookie" in answer.headers) == (status == 200)
        assert "as `code`" in (await program.post("/api/v1/login", json=given)).json()["detail"]


async def test_guessing_codes_ends_soon_and_a_recovery_code_still_opens(
    app: FastAPI, here: httpx.AsyncClient, clock: FakeClock
) -> None:
    _, codes = await switched_on(here)
    clock.advance(3_600)
    async with browser_of(app, **SAME) as there:
        word = await word_of(there)
        guesses = [(await there.post("/login", data={"word": word, "code": "12345"})).status_code for _ in range(11)]
        assert guesses == [401] * 10 + [429]
        assert (await there.post("/login", data={"word": word, "code": codes[0]})).status_code == 303


async def test_it_is_switched_off_by_the_password_or_a_code_alone(
    app: FastAPI, here: httpx.AsyncClient, db: Database, clock: FakeClock
) -> None:
    for proof in ("password", "code", "recovery"):
        secret, codes = await switched_on(here)
        for wrong in ("", "wrong wrong", "12345", code_at(secret, NOW)):
            answer = await here.post("/settings/second/off", data={"proof": wrong})
            assert answer.status_code == 403
            assert "aria-invalid" in parsed(answer).every("input", name="proof")[0].attrs
        # The app's clock is one step ahead: that code is good now.
        right = {"password": PASSWORD, "code": code_at(secret, NOW + 30_000), "recovery": codes[3]}[proof]
        done = await here.post("/settings/second/off", data={"proof": right})
        assert done.headers["location"] == "/settings/second?done=off", proof
        assert "is off" in said(await here.get("/settings/second?done=off"))
    async with browser_of(app, **SAME) as there:
        assert (await there.post("/login", data=LOGIN)).status_code == 303
    async with db.read() as session:
        actions = list((await session.execute(select(Audit.action).order_by(Audit.id))).scalars())
    assert actions == ["login", *["user.totp.on", "user.totp.off"] * 3, "login"]


async def test_someone_else_may_reset_it_and_that_is_written_down(
    app: FastAPI, here: httpx.AsyncClient, db: Database
) -> None:
    await switched_on(here)
    assert (await here.post("/settings/users/second", data={"user": "amina"})).status_code == 409
    async with db.write() as session:
        await users.create(session, "bilal", PASSWORD, NOW)
    async with browser_of(app, **SAME) as there:
        await there.post("/login", data={"user": "bilal", "password": PASSWORD})
        page = parsed(await there.get("/settings/users"))
        check_whole(page)
        assert [one.attrs["value"] for one in page.every("input", name="user")] == ["amina", "amina"]
        done = await there.post("/settings/users/second", data={"user": "amina"})
        assert done.headers["location"] == "/settings/users?done=reset.done"
        assert "is reset" in said(await there.get("/settings/users?done=reset.done"))
        for name in ("amina", "bilal", "nobody"):
            assert (await there.post("/settings/users/second", data={"user": name})).status_code in (404, 409)
        await there.post("/logout")
        assert (await there.post("/login", data=LOGIN)).status_code == 303
    async with db.read() as session:
        found = (await session.execute(select(Audit).where(Audit.action == "user.totp.reset"))).scalars().all()
    assert [(row.actor, row.subject) for row in found] == [("user:2", "amina")]


async def test_without_a_login_there_is_none_to_protect(browser: httpx.AsyncClient) -> None:
    assert "Nobody is logged in" in said(await browser.get("/settings/second"))
    for path in ("", "/begin", "/off"):
        assert (await browser.post(f"/settings/second{path}", headers=SAME)).status_code == 409
