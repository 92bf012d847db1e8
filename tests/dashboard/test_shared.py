"""Share links: what they show, what they never reach, and how they end. Every route is walked with one in hand."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from sqlalchemy import select

from app.access import shares, users
from app.access.gate import SHARED
from app.api.door import _logged
from app.clock import DAY
from app.db.engine import Database
from app.errors import Invalid
from app.models import Source
from app.store import campaigns
from app.store.campaigns import Described
from collectors.posts import Account
from tests.api.conftest import ago, arrive, post
from tests.clocks import FakeClock
from tests.dashboard.conftest import NOW, browser_of, parsed, said

Mint = Callable[..., Any]
SITE = "https://www.example.org"


@pytest.fixture
async def link(app: FastAPI, db: Database, rain: str, minted: Mint) -> str:
    """To the campaign `wet`, in a service where a token has closed the door."""
    assert rain
    await minted("admin")
    async with db.write() as session:
        dry = Described("dry", "Very dry", "other", NOW - DAY, None, ("#Rain",))
        await campaigns.create(session, dry, NOW, 300)
    return await made(app, db, ["wet"])


async def made(app: FastAPI, db: Database, slugs: list[str], origins: tuple[str, ...] = (), days: int = 30) -> str:
    async with db.write() as session:
        _, text = await shares.create(session, app.state.keys, slugs, days, origins, "local", NOW)
    return text


def addresses(app: FastAPI) -> list[tuple[str, str]]:
    return sorted(
        (method, str(context.path)) for context in iter_route_contexts(app.routes) for method in context.methods or ()
    )


async def test_whoever_holds_it_sees_its_campaign(browser: httpx.AsyncClient, link: str) -> None:
    assert (await browser.get("/campaigns/wet")).status_code in (303, 401)
    page = await browser.get(f"/s/{link}")
    assert page.status_code == 200
    assert "Wet" in said(page)
    assert "the instance did not answer" in said(page)
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] in ("no-referrer", "same-origin"), "an address that opens stays here"
    found = [one.attrs["href"] or "" for one in parsed(page).every("a")]
    assert found
    for href in found:
        assert href.startswith(f"/s/{link}/charts/"), "every way out of it leads back into it"
        assert (await browser.get(href)).status_code == 200
    assert (await browser.get(f"/s/{link}?lang=fr&tz=Europe/Paris&range=7d")).status_code == 200
    assert (await browser.get(f"/s/{link}?range=x")).status_code == 422


async def test_no_address_makes_it_show_another_campaign(browser: httpx.AsyncClient, link: str) -> None:
    usual = {path: (await browser.get(f"/s/{link}{path}")).text for path in ("", "/embed", "/charts/posts.csv")}
    for path, text in usual.items():
        for query in ("campaign=dry", "slug=dry", "campaign=wet&campaign=dry", "id=dry", "hashtag=rain", "platform=x"):
            answer = await browser.get(f"/s/{link}{path}?{query}")
            assert "dry" not in answer.text.replace(query, "").lower()
            if query != "platform=x":
                assert answer.text == text, (path, query)


async def test_every_route_stays_closed_with_a_link_in_hand(app: FastAPI, link: str) -> None:
    """As a token, as a cookie, in the query, in place of any part of an address, and before the whole of it."""
    open_ones = re.compile("(/api/v1)?(/healthz|/readyz|/login|/setup)|/static/.*|/api/v1/inbound/.*|/s/.*")
    closed = [(method, path) for method, path in addresses(app) if not open_ones.fullmatch(path)]
    assert len(closed) > 60
    carried: list[dict[str, str]] = [
        {"Authorization": f"Bearer {link}"}, {"Cookie": f"groundswell={link}"},
        {"Referer": f"http://127.0.0.1:8000/s/{link}"},
        {"X-Share": link, "X-Original-URL": f"/s/{link}", "X-Rewrite-URL": f"/s/{link}", "X-Forwarded-Prefix": "/s"},
    ]  # fmt: skip
    for method, path in closed:
        real = re.sub(r"\{[a-z:]+\}", "wet", path)
        held = re.sub(r"\{[a-z:]+\}", link, path)
        for headers in carried:
            await _refused(app, method, real, headers)
        for address in (f"{real}?share={link}&s={link}", held, f"/s/{link}{real}"):
            await _refused(app, method, address, {})


async def _refused(app: FastAPI, method: str, path: str, headers: dict[str, str]) -> None:
    async with browser_of(app, **headers) as client:
        answer = await client.request(method, path, headers={"Accept": "application/json"})
        assert answer.status_code == 401, (method, path, headers, answer.status_code)
        assert "Wet" not in answer.text


def test_what_is_open_and_what_there_is_are_the_same(app: FastAPI) -> None:
    """A page that is added under /s/ is closed until the gate names it."""
    there = {path for _, path in addresses(app) if path.startswith("/s/")}
    assert there == {"/s/{token}", "/s/{token}/embed", "/s/{token}/charts/{file}"}
    assert {method for method, path in addresses(app) if path in there} == {"GET"}
    assert all(SHARED.fullmatch(path.format(token="t" * 43, file="posts.svg")) for path in there)


async def test_its_owner_sees_through_it_what_everybody_sees(
    app: FastAPI, db: Database, browser: httpx.AsyncClient, link: str
) -> None:
    """Who asks not to be shown without a login is not named, though the reader is logged in."""
    shy = Account("https://one.example/users/77", handle="shy", name="Shy Person")
    async with db.read() as session:
        source = (await session.execute(select(Source.id))).scalars().first()
    assert source
    closed = post(77, ("Rain",), ago(hours=2), author=shy, labels=("!no-unauthenticated",))
    await arrive(db, source, [closed], ago(hours=1))
    async with db.write() as session:
        await users.create(session, "amina", "correct horse battery", NOW)
    async with browser_of(app) as client:
        await client.post("/login", data={"user": "amina", "password": "correct horse battery"})
        assert (await client.get("/campaigns/wet")).status_code == 200
        assert "Shy Person" in (await client.get("/campaigns/wet/influencers")).text
        mine = await client.get(f"/s/{link}")
    assert mine.text == (await browser.get(f"/s/{link}")).text
    assert "Shy Person" not in mine.text


async def test_it_ends(app: FastAPI, db: Database, browser: httpx.AsyncClient, link: str, clock: FakeClock) -> None:
    short = await made(app, db, ["wet"], days=1)
    revoked = await made(app, db, ["wet"])
    async with db.write() as session:
        (ended,) = [one for one, text in await shares.everything(session, app.state.keys, NOW) if text == revoked]
        await shares.revoke(session, ended.id, NOW)
    for path in ("", "/embed", "/charts/posts.csv"):
        assert (await browser.get(f"/s/{revoked}{path}")).status_code == 410
        assert (await browser.get(f"/s/{'t' * 43}{path}")).status_code == 404
        assert (await browser.get(f"/s/{link[:-1]}{path}")).status_code == 404
    clock.advance(86_400)
    assert (await browser.get(f"/s/{short}")).status_code == 410
    dead = await browser.get(f"/s/{short}?lang=fr")
    assert "Ce lien a pris fin" in said(dead)
    assert parsed(dead).every("a") == []
    assert (await browser.get(f"/s/{link}")).status_code == 200
    async with db.write() as session:
        old = await campaigns.by_slug(session, "wet")
        await campaigns.remove(session, old)
        await campaigns.create(session, old.it, NOW, 300)
    assert (await browser.get(f"/s/{link}")).status_code == 410, "a new campaign of the same name was never shared"


async def test_a_comparison_shows_these_and_no_other(
    app: FastAPI, db: Database, browser: httpx.AsyncClient, link: str
) -> None:
    text = await made(app, db, ["wet", "dry"], (SITE,))
    page = await browser.get(f"/s/{text}")
    assert page.status_code == 200, page.text
    assert "Side by side" in said(page)
    leads = [one.attrs["href"] or "" for one in parsed(page).every("a")]
    assert [href for href in leads if not href.startswith(("?", f"/s/{text}/charts/gain."))] == []
    table = await browser.get(f"/s/{text}/charts/gain.csv?campaign=wet&campaign=other")
    assert table.text.splitlines()[-2].count(",") == 2
    assert "hours_since_launch,wet,dry" in table.text
    assert parsed(page).every("form") == []
    assert (await browser.get(f"/s/{text}/charts/posts.csv")).status_code == 404
    assert f"frame-ancestors {SITE}" in (await browser.get(f"/s/{text}/embed")).headers["content-security-policy"]
    assert said(await browser.get(f"/s/{text}?campaign=wet")) == said(page)


async def test_only_the_pages_that_are_named_may_frame_it(
    app: FastAPI, db: Database, browser: httpx.AsyncClient, link: str
) -> None:
    framed = await made(app, db, ["wet"], (SITE, "http://localhost:3000"))
    for path, by in (
        (f"/s/{link}", "'none'"), (f"/s/{link}/embed", "'none'"), (f"/s/{framed}", "'none'"),
        (f"/s/{framed}/embed", f"{SITE} http://localhost:3000"),
    ):  # fmt: skip
        allowed = (await browser.get(path)).headers["content-security-policy"]
        assert allowed.endswith(f"frame-ancestors {by}")
        assert "script" not in allowed
    assert "Engagement" in said(await browser.get(f"/s/{framed}/embed"))


async def test_an_origin_that_is_none_is_refused(app: FastAPI, db: Database, link: str) -> None:
    for wrong in (
        "*", "https://*", "https://*.example.org", "'self'", "data:", "https:", "https://a.example/x",
        "https://a.example;script-src",
        "https://a.example\r\nX: y", "javascript://a", "ftp://a.example",
        "https://user@a.example", "https://a.example:", "https://-a.example",
        "https://a.example:1234567", "https://[::1]", "https://é.example", "https://a..example", "none",
        "https://a.example,https://b.example",
    ):  # fmt: skip
        with pytest.raises(Invalid):
            await made(app, db, ["wet"], (wrong,))


def test_no_log_holds_it() -> None:
    assert _logged("/s/the-link/embed") == "/s/…"
    assert _logged("/sources") == "/sources"


async def test_nothing_in_the_database_opens_it(app: FastAPI, db: Database, link: str) -> None:
    async with db.read() as session:
        ((kept, text),) = await shares.everything(session, app.state.keys, NOW)
    assert text == link
    assert link not in repr(kept)
    assert link not in kept.sealed


async def test_links_are_made_and_ended_on_their_page(
    app: FastAPI, browser: httpx.AsyncClient, link: str, minted: Mint
) -> None:
    token = (await minted("admin")).text
    async with browser_of(app, Authorization=f"Bearer {token}") as owner:
        page = await owner.get("/shares?campaign=dry")
        assert f"http://127.0.0.1:8000/s/{link}" in said(page)
        assert [
            one.attrs["value"] for one in parsed(page).every("input", name="campaign") if "checked" in one.attrs
        ] == ["dry"]
        (mark,) = [one.attrs["value"] or "" for one in parsed(page).every("input", name="mark")]
        typed = {"campaign": "dry", "days": "7", "origins": f"{SITE}/\nhttps://b.example:8443", "mark": mark}
        for _ in range(2):  # a second click makes no second link
            assert (await owner.post("/shares", data=typed)).status_code == 303
        page = await owner.get("/shares?done=made")
        assert "The link is made" in said(page)
        links = re.findall(r"/s/([\w-]{43})(?!/embed)", said(page))
        (new,) = set(links) - {link}
        assert "Very dry" in said(await browser.get(f"/s/{new}"))
        ends = [
            one.attrs["action"] or "" for one in parsed(page).every("form") if "/end" in (one.attrs["action"] or "")
        ]
        assert (await owner.post(ends[links.index(new)])).status_code == 303
        assert [(await browser.get(f"/s/{text}")).status_code for text in (new, link)] == [410, 200]
        assert (await owner.post("/shares/shr_none/end")).status_code == 404


async def test_what_was_typed_is_kept_where_it_is_refused(app: FastAPI, link: str, minted: Mint) -> None:
    token = (await minted("admin")).text
    good = {"campaign": "wet", "days": "7", "origins": SITE}
    async with browser_of(app, Authorization=f"Bearer {token}") as owner:
        for field, wrong in (
            ("campaign", "none"), ("campaign", ""), ("days", "0"), ("days", "367"), ("days", "x"), ("days", ""),
            ("origins", "<b>x</b>"), ("origins", "https://a.example/path"),
        ):  # fmt: skip
            answer = await owner.post("/shares", data={**good, field: wrong})
            assert answer.status_code == 422, (field, wrong)
            page = parsed(answer)
            (told,) = [one for one in page.elements if one.attrs.get("aria-invalid")]
            assert told.attrs["aria-describedby"] == f"{field}-wrong"
            assert [one for one in page.elements if one.attrs.get("id") == f"{field}-wrong"]
            assert SITE in answer.text or field == "origins"
            if field == "origins":
                assert page.every("textarea")[0].text.strip() == wrong


async def test_who_may_not_share_sees_no_link(app: FastAPI, link: str, minted: Mint) -> None:
    for scope in ("stats:read", "posts:read", "export", "tags:write", "rules:write", "endpoints:write", "audit:read"):
        async with browser_of(app, Authorization=f"Bearer {(await minted(scope)).text}") as client:
            assert (await client.get("/shares")).status_code == 403
            assert (await client.post("/shares", data={"campaign": "wet", "days": "7"})).status_code == 403
            if scope == "stats:read":
                assert "/shares" not in (await client.get("/campaigns/wet")).text
