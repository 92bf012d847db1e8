"""Every route against every kind of caller: nobody, a share link, whatever has ended, a login, each scope.

Routes come from the app, what each needs from `needs.NEEDS`. What the callers carry is looked up on both databases in
tests/access; who is let in for what is the same on each, so one is walked here.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from sqlalchemy import select

from app.access import halfway, sessions, shares, tokens, totp, users
from app.access.principal import SCOPES
from app.clock import DAY, to_ms
from app.db.engine import Database, Session
from app.models import Base
from app.store import campaigns
from app.store.campaigns import Described
from tests.api.conftest import client_of
from tests.api.needs import ANYONE, NEEDS, OPEN

Mint = Callable[..., Any]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FILLED = (
    ("{slug}", "a"), ("{tag}", "a"), ("{id}", "1"), ("{id:path}", "1"), ("{token}", "t" * 43), ("{file}", "posts.csv"),
)  # fmt: skip
ROOT = "http://127.0.0.1:8000"


def everything(app: FastAPI) -> list[str]:
    return sorted(
        f"{method} {context.path}"
        for context in iter_route_contexts(app.routes)
        for method in context.methods or ()
        if method != "HEAD"
    )


async def ask(client: httpx.AsyncClient, route: str, **headers: str) -> httpx.Response:
    method, path = route.split()
    for name, value in FILLED:
        path = path.replace(name, value)
    if path.endswith("/events"):
        # A stream would not end: with an id that cannot be it is refused, once it is known who asks.
        headers["Last-Event-ID"] = "-"
    body: dict[str, object] | None = {} if method in ("POST", "PATCH", "PUT") else None
    answer = await client.request(method, f"{ROOT}{path}", json=body, headers=headers)
    check_headers(route, answer)
    return answer


def check_headers(route: str, answer: httpx.Response) -> None:
    """On every answer, whoever asked and whatever came of it."""
    told = answer.headers
    policy = told["content-security-policy"]
    assert policy.startswith("default-src 'none'; "), route
    assert "unsafe" not in policy
    assert all(f"{name} " in policy for name in ("base-uri", "form-action", "frame-ancestors")), (route, policy)
    assert (told["x-content-type-options"], told["referrer-policy"]) in [
        ("nosniff", "same-origin"), ("nosniff", "no-referrer"),
    ], route  # fmt: skip
    assert told["cache-control"] == "no-store" or "/static/" in route, (route, told["cache-control"])
    assert told["x-request-id"]


def test_every_route_says_what_it_needs(app: FastAPI) -> None:
    assert everything(app) == sorted(NEEDS)


async def _link(app: FastAPI, session: Session, now: int) -> str:
    await campaigns.create(session, Described("a", "A", "other", None, None, ()), now, 300)
    return (await shares.create(session, app.state.keys, ["a"], 30, (), "local", now))[1]


async def strangers(app: FastAPI, db: Database, mint: Mint) -> dict[str, dict[str, str]]:
    """By name, the headers of who is let in nowhere."""
    keys, now = app.state.keys, to_ms(app.state.clock.now())
    expired, revoked = await mint("admin", days=1), await mint("admin")
    async with db.write() as session:
        await tokens.revoke(session, revoked.facts.id, now)
        link = await _link(app, session, now)
        gone = await users.create(session, "gone", "correct horse battery", now)
        amina = await users.create(session, "amina", "correct horse battery", now)
        cookies = {
            "a login that was idle too long": await sessions.log_in(session, keys, amina.id, now + DAY // 4),
            "a login that was ended": await sessions.log_in(session, keys, amina.id, now),
            "a login of a disabled user": await sessions.log_in(session, keys, gone.id, now + DAY),
            "a login that never was": "x" * 43,
            "a share link": link,
            "the word between password and code": await halfway.word_for(session, keys, amina.id, now + DAY),
        }
        await sessions.log_out(session, keys, cookies["a login that was ended"])
        await users.disable(session, "gone", now)
    app.state.clock.advance(DAY / 1_000)
    bearers = {
        "a token that has expired": expired.text, "a token that was revoked": revoked.text,
        "a token that never was": "gsw_" + "0" * 57, "nonsense": "nonsense", "a share link as a token": link,
        "a login as a token": cookies["a login of a disabled user"],
    }  # fmt: skip
    found = {name: {"Authorization": f"Bearer {text}"} for name, text in bearers.items()}
    return {"nobody": {}, **found, **{name: {"Cookie": f"groundswell={text}"} for name, text in cookies.items()}}


async def test_who_has_nothing_that_is_good_comes_in_nowhere(app: FastAPI, minted: Mint, db: Database) -> None:
    for name, headers in (await strangers(app, db, minted)).items():
        async with client_of(app, **headers) as client:
            for route, need in NEEDS.items():
                answer = await ask(client, route)
                if need == OPEN:
                    assert "www-authenticate" not in answer.headers, (name, route, answer.text)
                else:
                    assert answer.status_code == 401, (name, route, answer.text)
                    assert answer.headers["www-authenticate"].startswith("Bearer ")
                    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_scope_opens_its_routes_and_no_other(app: FastAPI, minted: Mint) -> None:
    for scope in SCOPES:
        async with client_of(app, (await minted(scope)).text) as client:
            for route, need in NEEDS.items():
                if need == OPEN:
                    continue
                status = (await ask(client, route)).status_code
                if need in (ANYONE, scope) or scope == "admin":
                    assert status in (200, 204, 303, 404, 409, 422), (scope, route, status)
                else:
                    # A page may say first that there is no such thing.
                    assert status == 403 or (status == 404 and "/api/" not in route), (scope, route, status)


@asynccontextmanager
async def logged_in(app: FastAPI, db: Database, **headers: str) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """A browser of a user with a second factor set up half way, and the token of its pages."""
    keys, now = app.state.keys, to_ms(app.state.clock.now())
    async with db.write() as session:
        amina = await users.create(session, "amina", "correct horse battery", now)
        await totp.begin(session, keys, amina.id, now)
        text = await sessions.log_in(session, keys, amina.id, now)
    async with client_of(app, Cookie=f"groundswell={text}", **headers) as client:
        yield client, sessions.csrf_token(keys, text)


def refused_at_the_door(answer: httpx.Response) -> bool:
    """A page that says no is a page; the door has no words for people who come from elsewhere."""
    json = answer.headers.get("content-type") == "application/problem+json"
    return answer.status_code == 401 or (answer.status_code == 403 and json)


ENDS_IT = ("POST /logout", "POST /api/v1/logout")


async def test_a_login_opens_everything_from_our_own_pages(app: FastAPI, db: Database) -> None:
    async with logged_in(app, db, Origin=ROOT, **{"Sec-Fetch-Site": "same-origin"}) as (client, csrf):
        for route in [*(one for one, need in NEEDS.items() if one not in ENDS_IT and need != OPEN), ENDS_IT[0]]:
            assert not refused_at_the_door(await ask(client, route, **{"X-CSRF-Token": csrf})), route
        for route in NEEDS:
            if NEEDS[route] != OPEN:
                assert (await ask(client, route, **{"X-CSRF-Token": csrf})).status_code == 401, "it was ended"


async def test_a_login_changes_nothing_for_another_sites_page(app: FastAPI, db: Database) -> None:
    """Nor through the API without the token that our own pages know."""
    elsewhere = [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}]
    async with logged_in(app, db) as (client, csrf):
        for route, need in NEEDS.items():
            if route.startswith("GET ") or ("/inbound/{id}" in route and need == OPEN):
                continue
            for headers in elsewhere:
                answer = await ask(client, route, **headers, **{"X-CSRF-Token": csrf})
                assert answer.status_code == 403, (route, headers, answer.text)
            if "/api/" in route and need != OPEN:
                for wrong in ({}, {"X-CSRF-Token": "x"}):
                    assert (await ask(client, route, **wrong)).status_code == 403, route


async def contents(db: Database) -> dict[str, list[str]]:
    """All rows of all tables, but for what was read out, which is written down."""
    async with db.read() as session:
        return {
            table.name: sorted(map(repr, (await session.execute(select(table))).all()))
            for table in Base.metadata.sorted_tables if table.name != "audit"
        }  # fmt: skip


async def test_nothing_changes_on_a_get(app: FastAPI, db: Database) -> None:
    """What is fetched by following a link, or before it is followed, does nothing."""
    assert {route.split()[0] for route in NEEDS} == {"GET", "POST", "PATCH", "DELETE"}
    async with logged_in(app, db) as (client, csrf):
        before = await contents(db)
        for route in NEEDS:
            if route.startswith("GET "):
                await ask(client, route)
        assert await contents(db) == before
        await ask(client, "POST /settings/second/begin", **{"X-CSRF-Token": csrf})
        assert await contents(db) != before, "what changes is noticed"
