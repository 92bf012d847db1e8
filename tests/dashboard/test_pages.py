"""The pages as a browser gets them: the numbers of the API, gaps said, and wrong addresses answered as pages."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.clock import HOUR
from app.dashboard import render
from app.db.engine import Database
from app.store import following
from tests.api.conftest import add_source
from tests.dashboard.conftest import NOW, Page, browser_of, parsed, said

SUBJECTS = ["/campaigns/wet", "/hashtags/rain", "/influencers/{person}"]
COLUMNS = (
    "posts", "posts_total", "authors_new", "authors_total", "likes", "reposts", "replies", "quotes", "views",
    "engagement", "engagement_total",
)  # fmt: skip


def svgs(page: httpx.Response) -> list[str]:
    return re.findall(r'<svg xmlns.*?class="plot".*?\n  </svg>', page.text, re.DOTALL)


def rows(page: Page) -> list[list[str]]:
    """The table of numbers, a row a list of texts, the newest first."""
    cells: list[list[str]] = []
    inside = False
    for one in page.elements:
        inside = one.attrs.get("id") == "rows" if one.tag in ("table", "tbody") else inside
        if inside and one.tag == "tr":
            cells.append([])
        elif inside and one.tag in ("th", "td"):
            cells[-1].append(one.text.strip())
    return cells


@pytest.mark.parametrize("query", ["?step=1h", "?step=1d&tz=Asia/Kolkata", "?from=2026-02-27T00:00&step=6h"])
async def test_the_table_holds_the_numbers_of_the_api(browser: httpx.AsyncClient, rain: str, query: str) -> None:
    for path in SUBJECTS:
        page = parsed(await browser.get(path.format(person=rain) + query))
        (link,) = [one.attrs["href"] for one in page.every("a") if (one.attrs["href"] or "").startswith("/api/")]
        series = (await browser.get(str(link))).json()["series"]
        told = [[None if text == "–" else int(text.replace(",", "")) for text in row[1:12]] for row in rows(page)[::-1]]
        assert told == [list(row) for row in zip(*(series[name] for name in COLUMNS), strict=True)]
        assert any(series["posts_total"])


async def test_the_sums_are_those_of_the_api(browser: httpx.AsyncClient, rain: str) -> None:
    totals = (await browser.get("/api/v1/campaigns/wet/growth")).json()["totals"]
    page = parsed(await browser.get("/campaigns/wet?step=1h"))
    told = dict(zip([one.text for one in page.every("dt")], [one.text for one in page.every("dd")], strict=True))
    assert told["Posts"] == f"at least {totals['posts']}"
    assert told["Engagement"] == f"at least {totals['engagement']}"


@pytest.mark.parametrize("show", ["rate", "total"])
async def test_a_gap_is_hatched_with_its_reason_and_never_drawn(
    browser: httpx.AsyncClient, rain: str, show: str
) -> None:
    answer = await browser.get(f"/hashtags/rain?from=2026-02-26T12:00&to=2026-03-01T12:00&step=1h&show={show}")
    charts = svgs(answer)
    assert len(charts) == 3
    for chart in charts:
        assert re.findall(r'class="band (\w+)"><title>([^<]*)', chart) == [
            ("whole", "not observed: one.example: the instance did not answer")
        ]
        band = re.search(r'class="ground" x="([\d.]+)%" y="12" width="([\d.]+)%"', chart)
        assert band
        assert (float(band[1]), float(band[2])) == pytest.approx((33.333, 33.333), abs=0.01)
        for path in re.findall(r'<path class="(?:seen|guess|partial|line|dashed)" d="([^"]*)"', chart):
            across = [int(x) for x in re.findall(r"[MHL](\d+)", path)]
            assert all(x <= 3_334 or x >= 6_666 for x in across)
    missed = next(row for row in rows(parsed(answer)) if row[0] == "28 Feb 2026 00:00")
    assert missed[1] == "–"
    assert missed[-2] == "not observed (one.example: the instance did not answer)"
    assert "27 Feb 2026 12:00 to 28 Feb 2026 12:00 (1 d) #rain, one.example, missed: the instance did not answer" in (
        said(answer)
    )


async def test_what_is_estimated_and_what_is_not_over_looks_it(browser: httpx.AsyncClient, rain: str) -> None:
    posts, engagement, _ = svgs(await browser.get("/campaigns/wet?range=24h&step=1h"))
    assert 'class="guess"' in engagement
    assert 'class="guess"' not in posts  # a birth is known to the second
    newest = rows(parsed(await browser.get("/campaigns/wet?range=24h&step=6h&tz=Asia/Kolkata")))[0]
    assert newest[-2].startswith("so far")
    (first, *_) = svgs(await browser.get("/campaigns/wet?range=24h&step=6h&tz=Asia/Kolkata"))
    assert 'class="partial"' in first


async def test_the_overview_says_what_moved_and_how_sure_that_is(browser: httpx.AsyncClient, rain: str) -> None:
    answer = await browser.get("/")
    text = said(answer)
    assert "Wet led by influencers" in text
    assert re.search(r"In the last 24 hours: 3 posts, an engagement of \d+ and 3 new authors\. All of that time", text)
    assert re.search(r"\d+% of the engagement is estimated", text)
    assert "#Rain followed 5 1 Mar 2026 11:40 one.example 1 Mar 2026 12:00" in text
    assert answer.text.count('class="plot spark"') == 1
    assert "Nothing waits for you" in text


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ({"state": "ok"}, "fine on time"),
        ({"state": "waiting", "waits_until": NOW + HOUR, "reason": "limit reached"},
         "waiting until 1 Mar 2026 13:00: limit reached"),
        ({"state": "failing", "state_at": NOW - HOUR, "reason": "no answer"},
         "failing since 1 Mar 2026 11:00; tried again by itself: no answer; try groundswell sources check two"),
        ({"state": "stopped", "state_at": NOW, "reason": "the token was refused"},
         "needs a person since 1 Mar 2026 12:00: the token was refused; try groundswell sources check two"),
    ],
)  # fmt: skip
async def test_the_state_of_a_source_is_told_in_words(
    browser: httpx.AsyncClient, db: Database, state: dict[str, Any], text: str
) -> None:
    source = await add_source(db, "two", **state)
    async with db.write() as session:
        await following.follow(session, "#x", [source], NOW, 300)
    assert text in said(await browser.get("/"))


async def test_a_late_source_says_how_late(browser: httpx.AsyncClient, db: Database) -> None:
    source = await add_source(db, "two")
    async with db.write() as session:
        await following.follow(session, "#x", [source], NOW - 2 * HOUR, 300)
    assert "2 h late" in said(await browser.get("/"))


async def test_an_empty_service_says_what_to_do(browser: httpx.AsyncClient) -> None:
    text = said(await browser.get("/"))
    assert "groundswell sources add mastodon --name home --url https://mastodon.example" in text
    assert "groundswell follow '#tag'" in text


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/campaigns/nope", "There is no campaign “nope”."),
        ("/hashtags/nope", "#nope is not followed."),
        ("/influencers/nope", "There is no influencer “nope”."),
    ],
)
async def test_what_is_not_there_is_said_on_a_page(browser: httpx.AsyncClient, path: str, text: str) -> None:
    answer = await browser.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert text in said(answer)


WRONG = [
    ("range=yesterday", "The range “yesterday” is none."),
    ("from=soon", "The beginning “soon” will not do."),
    ("to=2026-02-31", "The end “2026-02-31” will not do."),
    ("from=2026-03-01T10:00&to=2026-03-01T09:00", "The beginning “2026-03-01T10:00” will not do."),
    ("step=2h", "The step “2h” will not do."),
    ("step=5m&from=2020-01-01", "The step “5m” will not do."),
    ("step=15m&from=1000-01-01", "The step “15m” will not do."),
    ("from=0001-01-01", "The beginning “"),
    ("to=9999-12-31T23:59&from=9990-01-01&step=1w", "will not do."),
    ("tz=Mars/Olympus", "The time zone “Mars/Olympus” is not known."),
    ("tz=../../etc/passwd", "is not known."),
    ("show=all", "“all” cannot be shown."),
    ("tz=" + "x" * 5_000, "x…” is not known."),
]


async def test_a_wrong_address_says_which_part(browser: httpx.AsyncClient, rain: str) -> None:
    for query, text in WRONG:
        answer = await browser.get(f"/campaigns/wet?{query}")
        assert answer.status_code == 422, query
        assert answer.headers["content-type"].startswith("text/html")
        assert text in said(answer), query
    assert (await browser.get("/?range=yesterday")).status_code == 422


async def test_a_page_speaks_the_language_of_its_reader(app: FastAPI, rain: str) -> None:
    async with browser_of(app, **{"Accept-Language": "fr-FR,fr;q=0.9"}) as browser:
        answer = await browser.get("/campaigns/wet")
        assert '<html lang="fr">' in answer.text
        assert answer.headers["content-language"] == "fr"
        assert answer.headers["vary"] == "Accept-Language, Cookie, Accept-Encoding"
        assert "menée par des influenceurs" in said(answer)
        english = await browser.get("/campaigns/wet?lang=en")
        assert '<html lang="en">' in english.text
        # Whoever chose a language keeps it.
        assert 'href="/?lang=en"' in english.text
        assert "tz=Europe" not in english.text
        wrong = await browser.get("/campaigns/nope")
        assert "Il n’y a pas de campagne « nope »." in said(wrong)


async def test_every_page_is_whole(browser: httpx.AsyncClient, rain: str) -> None:
    """Landmarks, one heading, labels, ids once, nothing inline, charts that are XML and have a name."""
    own = [path.format(person=rain) for path in SUBJECTS]
    for path in ["/", *own, "/login", "/setup", "/campaigns/nope"]:
        answer = await browser.get(path)
        page = parsed(answer)
        check_whole(page)
        for chart in svgs(answer):
            root = ET.fromstring(chart)
            assert root.attrib["role"] == "img"
            assert root.findtext("{http://www.w3.org/2000/svg}title")


def check_whole(page: Page) -> None:
    assert len(page.every("main")) == len(page.every("h1")) == len(page.every("header")) == 1
    assert page.every("html")[0].attrs["lang"]
    ids = [one.attrs["id"] for one in page.elements if "id" in one.attrs]
    assert len(ids) == len(set(ids))
    for one in page.elements:
        names = set(one.attrs)
        assert "style" not in names
        assert not [name for name in names if name.startswith("on")]
        assert one.tag not in ("style", "iframe", "object", "base")
        for name in ("aria-labelledby", "aria-describedby"):
            assert set((one.attrs.get(name) or "").split()) <= set(ids)
        if one.tag in ("input", "select") and one.attrs.get("type") != "hidden":
            assert "label" in one.inside
    scripts = page.every("script")
    assert all((one.attrs.get("src") or "").startswith("/static/") and not one.text.strip() for one in scripts)
    assert all(one.attrs.get("scope") in ("row", "col") for one in page.every("th"))


async def test_headers_keep_a_page_to_itself(browser: httpx.AsyncClient, rain: str) -> None:
    for path in ["/", "/campaigns/wet", "/campaigns/nope", "/?tz=x", "/static/style.css", "/login"]:
        headers = (await browser.get(path)).headers
        assert headers["content-security-policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
            "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )
        assert headers["x-content-type-options"] == "nosniff"
    assert (await browser.get("/campaigns/wet")).headers["cache-control"] == "no-store"


async def test_static_files_are_kept_by_browsers_until_they_change(browser: httpx.AsyncClient) -> None:
    page = parsed(await browser.get("/"))
    for name in [one.attrs["src"] for one in page.every("script")] + [one.attrs["href"] for one in page.every("link")]:
        answer = await browser.get(str(name))
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert (await browser.get("/static/live.js")).headers["cache-control"] == "no-cache"
    assert (await browser.get("/static/..%2Fpages.py")).status_code == 404
    assert (await browser.get("/static/nope.css")).status_code == 404
    assert len(render.STATIC["live.js"].splitlines()) < 160


async def test_only_a_page_that_can_move_is_read_again(browser: httpx.AsyncClient, rain: str) -> None:
    live = parsed(await browser.get("/campaigns/wet"))
    assert live.every("script")[0].attrs["data-every"] == "5"
    assert [one for one in live.elements if "data-live" in one.attrs and "id" not in one.attrs] == []
    assert [one.attrs["id"] for one in live.elements if one.attrs.get("aria-live") == "polite"] == ["said"]
    assert live.every("noscript")
    still = parsed(await browser.get("/campaigns/wet?to=2026-03-01T10:00"))
    assert still.every("script") == []


async def test_a_token_sees_what_its_scopes_allow(app: FastAPI, minted: Callable[..., Any], rain: str) -> None:
    for scopes, status, text in (
        (("stats:read",), 200, "This token may not read posts."),
        (("stats:read", "posts:read"), 200, "post 1"),
        (("export",), 403, "this needs a token with the scope stats:read"),
    ):
        token = (await minted(*scopes)).text
        async with browser_of(app, Authorization=f"Bearer {token}") as browser:
            answer = await browser.get("/campaigns/wet")
            assert answer.status_code == status
            assert text in said(answer)


async def test_a_stranger_is_led_to_the_login(app: FastAPI, minted: Callable[..., Any], rain: str) -> None:
    await minted("stats:read")
    async with browser_of(app) as browser:
        answer = await browser.get("/campaigns/wet")
        assert answer.status_code == 303
        assert answer.headers["location"] in ("/login", "/setup")


async def test_a_platform_can_be_looked_at_alone(browser: httpx.AsyncClient, rain: str) -> None:
    page = await browser.get("/campaigns/wet?platform=mastodon&step=1h")
    api = (await browser.get("/api/v1/campaigns/wet/growth?platform=mastodon")).json()
    assert f"at least {api['totals']['engagement']}" in said(page)
    none = await browser.get("/campaigns/wet?platform=nowhere")
    assert none.status_code == 200
    assert "Nothing of this is known here." in said(none)


async def test_an_address_where_there_is_nothing_is_a_page_for_a_browser_and_json_for_a_program(app: FastAPI) -> None:
    async with browser_of(app) as browser:
        for path, words in (("/nothing/<b>here", "There is no page at"), ("/nothing?lang=fr", "Il n’y a pas de page")):
            answer = await browser.get(path)
            assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
            assert words in said(answer)
            assert "<b>here" not in answer.text
        assert (await browser.get("/api/v1/nothing")).headers["Content-Type"] == "application/problem+json"
        assert (await browser.post("/nothing")).headers["Content-Type"] == "application/problem+json"
    async with browser_of(app, Accept="application/json") as program:
        assert (await program.get("/nothing")).headers["Content-Type"] == "application/problem+json"
