"""The plain forms by which people come in and go out."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from app.access import users
from app.db.engine import Database
from app.settings import Settings
from tests.dashboard.conftest import NOW, browser_of, said

SAME = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
async def amina(db: Database) -> None:
    async with db.write() as session:
        await users.create(session, "amina", "correct horse battery", NOW)


@pytest.fixture
async def stranger(app: FastAPI, amina: None) -> AsyncIterator[httpx.AsyncClient]:
    async with browser_of(app) as client:
        yield client


async def test_a_login_opens_the_pages_until_it_is_ended(stranger: httpx.AsyncClient) -> None:
    assert (await stranger.get("/")).headers["location"] == "/login"
    form = {"user": "amina", "password": "correct horse battery"}
    opened = await stranger.post("/login", data=form, headers=SAME)
    assert (opened.status_code, opened.headers["location"]) == (303, "/")
    assert "HttpOnly" in opened.headers["set-cookie"]
    home = await stranger.get("/")
    assert home.status_code == 200
    assert "amina" in home.text
    ended = await stranger.post("/logout", headers=SAME)
    assert (ended.status_code, ended.headers["location"]) == (303, "/login")
    assert (await stranger.get("/")).status_code == 303


async def test_a_wrong_password_says_no_more_than_that(stranger: httpx.AsyncClient) -> None:
    for form in ({"user": "amina", "password": "wrong wrong"}, {"user": "nobody", "password": "wrong wrong"}, {}):
        answer = await stranger.post("/login", data=form, headers=SAME)
        assert answer.status_code == 401
        assert "Name and password do not belong together." in said(answer)
        assert "set-cookie" not in answer.headers


async def test_another_sites_form_logs_nobody_in(stranger: httpx.AsyncClient) -> None:
    form = {"user": "amina", "password": "correct horse battery"}
    answer = await stranger.post("/login", data=form, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


@pytest.mark.parametrize("body", [b"user=%ff", b"\xff\xfe", b"user=" + b"x" * 9_000, b"&".join([b"a=b"] * 40)])
async def test_what_is_no_form_is_refused(stranger: httpx.AsyncClient, body: bytes) -> None:
    answer = await stranger.post("/login", content=body, headers=SAME)
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")


async def test_the_first_user_comes_in_by_the_code_of_the_log(app: FastAPI, db: Database) -> None:
    app.state.settings = Settings(_env_file=None, host="0.0.0.0", database_url=db.url)
    async with db.write() as session:
        code = await users.new_setup_code(session, app.state.keys, NOW)
    async with browser_of(app) as browser:
        assert (await browser.get("/")).headers["location"] == "/setup"
        form = {"code": "wrong", "user": "amina", "password": "correct horse battery"}
        assert (await browser.post("/setup", data=form, headers=SAME)).status_code == 403
        short = await browser.post("/setup", data={**form, "code": str(code), "password": "short"}, headers=SAME)
        assert short.status_code == 422
        assert "a password has 8 to 256 characters" in said(short)
        made = await browser.post("/setup", data={**form, "code": str(code)}, headers=SAME)
        assert (made.status_code, made.headers["location"]) == (303, "/")
        assert (await browser.get("/")).status_code == 200
