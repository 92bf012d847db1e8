"""Who may do what: every route against every kind of caller. A route that is not in the table fails."""

from collections.abc import Callable
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from app.access import tokens, users
from app.access.principal import SCOPES, Scope
from app.clock import to_ms
from app.db.engine import Database
from tests.api.conftest import client_of
from tests.clocks import FakeClock

Mint = Callable[..., Any]
OPEN, ANYONE = "open", "anyone who is let in"
# What each route needs. One that is open is answered to everybody; each other one to nobody without a login or a token.
NEEDS: dict[str, Scope | str] = {
    "GET /healthz": OPEN, "GET /readyz": OPEN, "GET /api/v1/healthz": OPEN, "GET /api/v1/readyz": OPEN,
    "POST /api/v1/setup": OPEN, "POST /api/v1/login": OPEN, "POST /api/v1/logout": ANYONE,
    "GET /api/v1/openapi.json": ANYONE,
    "GET /metrics": "stats:read", "GET /api/v1/metrics": "stats:read",
    "GET /api/v1/campaigns": "stats:read", "POST /api/v1/campaigns": "tags:write",
    "GET /api/v1/campaigns/{slug}": "stats:read", "PATCH /api/v1/campaigns/{slug}": "tags:write",
    "DELETE /api/v1/campaigns/{slug}": "tags:write", "GET /api/v1/campaigns/{slug}/growth": "stats:read",
    "GET /api/v1/campaigns/{slug}/outcomes": "stats:read", "POST /api/v1/campaigns/{slug}/outcomes": "tags:write",
    "GET /api/v1/campaigns/{slug}/outcomes/summary": "stats:read",
    "GET /api/v1/campaigns/{slug}/outcomes/{id:path}": "stats:read",
    "PATCH /api/v1/campaigns/{slug}/outcomes/{id:path}": "tags:write",
    "DELETE /api/v1/campaigns/{slug}/outcomes/{id:path}": "tags:write",
    "GET /api/v1/campaigns/{slug}/annotations": "stats:read", "POST /api/v1/campaigns/{slug}/annotations": "tags:write",
    "GET /api/v1/campaigns/{slug}/annotations/{id}": "stats:read",
    "PATCH /api/v1/campaigns/{slug}/annotations/{id}": "tags:write",
    "DELETE /api/v1/campaigns/{slug}/annotations/{id}": "tags:write",
    "GET /api/v1/campaigns/{slug}/inbound": "stats:read", "POST /api/v1/campaigns/{slug}/inbound": "tags:write",
    "DELETE /api/v1/campaigns/{slug}/inbound/{id}": "tags:write",
    "POST /api/v1/campaigns/{slug}/inbound/{id}/rotate": "tags:write",
    "POST /api/v1/inbound/{id}": OPEN,
    "GET /compare": "stats:read", "GET /campaigns/{slug}/influencers": "stats:read",
    "GET /compare/charts/{file}": "stats:read", "GET /s/{token}": OPEN, "GET /s/{token}/embed": OPEN,
    "GET /s/{token}/charts/{file}": OPEN,
    "GET /start": "tags:write", "POST /start": "tags:write", "GET /follow": "tags:write", "POST /follow": "tags:write",
    "POST /hashtags/{tag}/unfollow": "tags:write", "GET /campaigns/{slug}/notes": "tags:write",
    "POST /campaigns/{slug}/notes": "tags:write", "POST /campaigns/{slug}/notes/{id}/delete": "tags:write",
    "GET /campaigns/{slug}/outcomes": "tags:write", "POST /campaigns/{slug}/outcomes": "tags:write",
    "GET /shares": "admin", "POST /shares": "admin", "POST /shares/{id}/end": "admin",
    "GET /campaigns/{slug}/charts/{file}": "stats:read", "GET /hashtags/{tag}/charts/{file}": "stats:read",
    "GET /posts/{post}": "posts:read",
    "GET /influencers/{id}/charts/{file}": "stats:read", "GET /campaigns/{slug}/report": "stats:read",
    "GET /api/v1/compare": "stats:read", "GET /api/v1/campaigns/{slug}/influencers": "stats:read",
    "POST /api/v1/influencers/{id}/merge": "tags:write", "POST /api/v1/influencers/{id}/split": "tags:write",
    "GET /api/v1/hashtags": "stats:read", "POST /api/v1/hashtags": "tags:write",
    "GET /api/v1/hashtags/{tag}": "stats:read", "PATCH /api/v1/hashtags/{tag}": "tags:write",
    "DELETE /api/v1/hashtags/{tag}": "tags:write", "GET /api/v1/hashtags/{tag}/growth": "stats:read",
    "GET /api/v1/influencers": "stats:read", "POST /api/v1/influencers": "tags:write",
    "GET /api/v1/influencers/{id}": "stats:read", "PATCH /api/v1/influencers/{id}": "tags:write",
    "DELETE /api/v1/influencers/{id}": "tags:write", "GET /api/v1/influencers/{id}/growth": "stats:read",
    "GET /api/v1/posts": "posts:read", "GET /api/v1/posts/{id}": "posts:read",
    "GET /api/v1/posts/{id}/engagement": "posts:read",
    "GET /alerts": "stats:read", "GET /alerts/{id}": "stats:read", "GET /rules": "stats:read",
    "GET /rules/new": "rules:write", "POST /rules": "rules:write", "GET /rules/{id}": "stats:read",
    "POST /rules/{id}": "rules:write", "POST /rules/{id}/enabled": "rules:write",
    "POST /rules/{id}/delete": "rules:write", "GET /silences": "stats:read", "POST /silences": "rules:write",
    "POST /silences/{id}/end": "rules:write", "GET /endpoints": "endpoints:write", "POST /endpoints": "endpoints:write",
    "GET /endpoints/{id}": "endpoints:write", "POST /endpoints/{id}": "endpoints:write",
    "POST /endpoints/{id}/enabled": "endpoints:write", "POST /endpoints/{id}/rotate": "endpoints:write",
    "POST /endpoints/{id}/test": "endpoints:write", "POST /endpoints/{id}/replay": "endpoints:write",
    "POST /endpoints/{id}/delete": "endpoints:write", "GET /deliveries": "endpoints:write",
    "POST /deliveries/{id}/replay": "endpoints:write",
    "GET /api/v1/alert-rules": "stats:read", "POST /api/v1/alert-rules": "rules:write",
    "POST /api/v1/alert-rules/dry-run": "stats:read", "GET /api/v1/alert-rules/{id}": "stats:read",
    "PATCH /api/v1/alert-rules/{id}": "rules:write", "DELETE /api/v1/alert-rules/{id}": "rules:write",
    "GET /api/v1/alerts": "stats:read", "GET /api/v1/alerts/{id}": "stats:read",
    "GET /api/v1/silences": "stats:read", "POST /api/v1/silences": "rules:write",
    "DELETE /api/v1/silences/{id}": "rules:write",
    "GET /api/v1/endpoints": "endpoints:write", "POST /api/v1/endpoints": "endpoints:write",
    "GET /api/v1/endpoints/{id}": "endpoints:write", "PATCH /api/v1/endpoints/{id}": "endpoints:write",
    "DELETE /api/v1/endpoints/{id}": "endpoints:write", "POST /api/v1/endpoints/{id}/test": "endpoints:write",
    "POST /api/v1/endpoints/{id}/rotate": "endpoints:write", "POST /api/v1/endpoints/{id}/replay": "endpoints:write",
    "GET /api/v1/deliveries": "endpoints:write", "POST /api/v1/deliveries/{id}/replay": "endpoints:write",
    "GET /": "stats:read", "GET /campaigns/{slug}": "stats:read", "GET /hashtags/{tag}": "stats:read",
    "GET /influencers/{id}": "stats:read", "GET /login": OPEN, "POST /login": OPEN, "POST /logout": ANYONE,
    "GET /setup": OPEN, "POST /setup": OPEN, "GET /static/{name}": OPEN,
    "GET /settings": ANYONE, "POST /settings": ANYONE, "POST /settings/password": ANYONE,
    "GET /settings/users": "admin", "POST /settings/users": "admin", "POST /settings/users/disable": "admin",
    "GET /settings/tokens": "admin", "POST /settings/tokens": "admin",
    "POST /settings/tokens/{token}/revoke": "admin", "GET /settings/audit": "audit:read",
    "GET /sources": "stats:read", "POST /sources": "admin", "GET /sources/new": "admin", "POST /sources/new": "admin",
    "POST /sources/{name}/check": "admin", "POST /sources/{name}/remove": "admin",
    "GET /api/v1/coverage": "stats:read", "GET /api/v1/sources": "stats:read", "GET /api/v1/events": "stats:read",
    "GET /api/v1/exports/posts": "export", "GET /api/v1/exports/snapshots": "export",
    "GET /api/v1/exports/accounts": "export", "GET /api/v1/exports/curves": "export",
    "GET /api/v1/exports/coverage": "export", "GET /api/v1/exports/counts": "export",
    "GET /api/v1/exports/outcomes": "export",
}  # fmt: skip


MORE = (("{token}", "t" * 43), ("{file}", "posts.csv"))


def everything(app: FastAPI) -> list[str]:
    return sorted(
        f"{method} {context.path}"
        for context in iter_route_contexts(app.routes)
        for method in context.methods or ()
        if method != "HEAD"
    )


async def ask(client: httpx.AsyncClient, route: str) -> httpx.Response:
    method, path = route.split()
    for name, value in (("{slug}", "a"), ("{tag}", "a"), ("{id}", "1"), ("{id:path}", "1"), *MORE):
        path = path.replace(name, value)
    # A stream would not end: with an id that cannot be it is refused, once it is known who asks.
    headers = {"Last-Event-ID": "-"} if path.endswith("/events") else {}
    return await client.request(
        method, f"http://127.0.0.1:8000{path}", json={} if method in ("POST", "PATCH") else None, headers=headers
    )


def test_every_route_says_what_it_needs(app: FastAPI) -> None:
    assert everything(app) == sorted(NEEDS)


async def test_nobody_comes_in_where_there_is_a_token(app: FastAPI, minted: Mint, db: Database) -> None:
    expired, revoked = await minted("admin", days=0.000001), await minted("admin")
    async with db.write() as session:
        await tokens.revoke(session, revoked.facts.id, to_ms(app.state.clock.now()))
    app.state.clock.advance(1)
    for token in (None, expired.text, revoked.text, "gsw_" + "0" * 57, "nonsense"):
        async with client_of(app, token) as client:
            for route, need in NEEDS.items():
                answer = await ask(client, route)
                if need == OPEN:
                    assert "www-authenticate" not in answer.headers, (route, answer.text)
                else:
                    assert answer.status_code == 401, (route, answer.text)
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
                    assert status in (200, 204, 303, 404, 422), (scope, route, status)
                else:
                    # A page may say first that there is no such thing.
                    assert status == 403 or (status == 404 and "/api/" not in route), (scope, route, status)


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
