"""The way in over HTTP: tokens, logins, the set-up, other sites, and what is written down."""

from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import httpx
from fastapi import FastAPI

from app.access import users
from app.clock import to_ms
from app.db.engine import Database
from tests.api.conftest import client_of
from tests.clocks import FakeClock

Mint = Callable[..., Any]


async def test_a_token_in_the_address_is_refused_even_where_no_login_is_needed(app: FastAPI, minted: Mint) -> None:
    async with client_of(app) as client:
        assert (await client.get("/campaigns?token=x")).status_code == 401
    text = (await minted("admin")).text
    async with client_of(app, text) as client:
        for query in (f"access_token={text}", f"cursor={text}", f"x={text[:4]}%5f{text[4:]}&api_key=1"):
            assert (await client.get(f"/campaigns?{query}")).status_code == 401


async def test_without_a_login_only_this_machine_is_served(app: FastAPI) -> None:
    for headers, peer, status in [
        ({}, "127.0.0.1", 200),
        ({"Host": "localhost:8000"}, "127.0.0.1", 200),
        ({"Host": "[::1]:8000"}, "::1", 200),
        ({"Host": "groundswell.example"}, "127.0.0.1", 403),
        ({"Host": "127.0.0.1.example.org"}, "127.0.0.1", 403),
        ({"Origin": "https://evil.example"}, "127.0.0.1", 403),
        ({"Sec-Fetch-Site": "cross-site"}, "127.0.0.1", 403),
        ({"X-Forwarded-For": "127.0.0.1"}, "127.0.0.1", 401),
        ({"Forwarded": "for=127.0.0.1"}, "127.0.0.1", 401),
        ({"Via": "1.1 proxy"}, "127.0.0.1", 401),
        ({}, "192.0.2.7", 401),
    ]:
        async with client_of(app, peer=peer, **headers) as client:
            assert (await client.get("/campaigns")).status_code == status
            assert (await client.get("http://127.0.0.1:8000/healthz")).status_code == 200


async def test_an_unknown_address_tells_a_stranger_nothing(app: FastAPI, minted: Mint) -> None:
    text = (await minted("stats:read")).text
    async with client_of(app) as client:
        assert (await client.get("/nothing")).status_code == 401
    async with client_of(app, text) as client:
        assert (await client.get("/nothing")).status_code == 404


async def test_the_setup_code_makes_the_first_user_once(app: FastAPI, db: Database, clock: FakeClock) -> None:
    async with db.write() as session:
        code = await users.new_setup_code(session, app.state.keys, to_ms(clock.now()))
    asked = {"code": code, "name": "amina", "password": "correct horse battery"}
    async with client_of(app, peer="192.0.2.7") as client:
        assert (await client.post("/setup", json={**asked, "code": "wrong"})).status_code == 403
        assert (await client.post("/setup", json={**asked, "password": "short"})).status_code == 422
        made = await client.post("/setup", json=asked)
        assert (made.status_code, made.json()["name"]) == (201, "amina")
        assert (await client.post("/setup", json=asked)).status_code == 403


async def logged_in(app: FastAPI, db: Database, clock: FakeClock, client: httpx.AsyncClient) -> httpx.Response:
    async with db.write() as session:
        await users.create(session, "amina", "correct horse battery", to_ms(clock.now()))
    return await client.post("/login", json={"name": "Amina", "password": "correct horse battery"})


async def test_a_login_lives_in_a_cookie_and_ends(app: FastAPI, db: Database, clock: FakeClock) -> None:
    async with client_of(app) as client:
        answer = await logged_in(app, db, clock, client)
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert (await client.get("/campaigns")).status_code == 200
        assert (await client.post("/logout")).status_code == 403
        csrf = {"X-CSRF-Token": answer.json()["csrf"]}
        kept = dict(client.cookies)
        assert (await client.post("/logout", headers=csrf)).status_code == 204
        client.cookies.update(kept)
        assert (await client.get("/campaigns")).status_code == 401


async def test_over_tls_the_cookie_is_bound_to_the_host(app: FastAPI, db: Database, clock: FakeClock) -> None:
    async with client_of(app, Host="groundswell.example") as client:
        client.base_url = httpx.URL("https://groundswell.example/api/v1/")
        cookie = (await logged_in(app, db, clock, client)).headers["set-cookie"]
    assert cookie.startswith("__Host-groundswell=")
    assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"))
    assert "Domain" not in cookie


async def test_a_change_by_cookie_needs_the_token_of_our_pages(app: FastAPI, db: Database, clock: FakeClock) -> None:
    async with client_of(app) as client:
        csrf = (await logged_in(app, db, clock, client)).json()["csrf"]
        asked = {"name": "Jerome"}
        for headers in ({}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": csrf, "Origin": "https://evil.example"}):
            assert (await client.post("/influencers", json=asked, headers=headers)).status_code == 403
        right = {"X-CSRF-Token": csrf, "Origin": "http://127.0.0.1:8000"}
        assert (await client.post("/influencers", json=asked, headers=right)).status_code == 201


async def test_guessing_is_slow_and_then_over(app: FastAPI, db: Database, clock: FakeClock) -> None:
    async with db.write() as session:
        await users.create(session, "amina", "correct horse battery", to_ms(clock.now()))
    async with client_of(app, peer="192.0.2.7") as client:
        wrong = {"name": "amina", "password": "guess"}
        answers = [await client.post("/login", json=wrong) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [401] * 20 + [429]
    assert answers[-1].headers["retry-after"] == "3600"
    assert max(clock.slept) == 8.0
    async with client_of(app, peer="192.0.2.8") as client:
        right = {"name": "amina", "password": "correct horse battery"}
        assert (await client.post("/login", json=right)).status_code == 200


async def test_a_forged_header_walks_around_no_limit(app: FastAPI) -> None:
    """Whoever comes without our proxy is counted; behind it, what they put before its word is not read."""
    app.state.settings = app.state.settings.model_copy(update={"trusted_proxies": (ip_network("10.0.0.0/8"),)})
    for peer, behind in (("192.0.2.7", ""), ("10.0.0.9", ", 192.0.2.8, 10.0.0.2")):
        async with client_of(app, peer=peer) as client:
            answers = [await _guessed(client, f"198.51.100.{number}{behind}") for number in range(21)]
            assert answers == [401] * 20 + [429]
            assert await _guessed(client, "192.0.2.99") == (401 if behind else 429)


async def _guessed(client: httpx.AsyncClient, forged: str) -> int:
    wrong, headers = {"name": forged, "password": "guess"}, {"X-Forwarded-For": forged, "Via": "1.1 proxy"}
    return (await client.post("/login", json=wrong, headers=headers)).status_code


async def test_every_change_is_written_down(app: FastAPI, db: Database, minted: Mint) -> None:
    from sqlalchemy import select

    from app.models.access import Audit

    minted_one = await minted("tags:write")
    async with client_of(app, minted_one.text) as client:
        await client.post("/campaigns", json={"slug": "a", "name": "A"})
        await client.post("/campaigns", json={"slug": "a", "name": "A"})
        await client.delete("/campaigns/a")
    async with db.read() as session:
        rows = (await session.execute(select(Audit).order_by(Audit.id))).scalars().all()
    assert [(row.actor, row.action, row.subject, row.ip) for row in rows] == [
        (f"token:{minted_one.facts.id}", "campaign.create", "campaign a", "127.0.0.1"),
        (f"token:{minted_one.facts.id}", "campaign.delete", "campaign a", "127.0.0.1"),
    ]
