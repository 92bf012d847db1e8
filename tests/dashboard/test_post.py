"""A post's page: every look is a dot and a row, and what its author does not show stays hidden."""

from typing import Any

import httpx
import pytest

from app.db.engine import Database
from app.store.keep import post_key
from collectors.posts import Engagement
from tests.api.conftest import add_source, ago, arrive, post
from tests.dashboard.conftest import parsed, said

KEY = post_key("mastodon", "https://one.example/posts/1")


async def looked_at(db: Database, **values: Any) -> None:
    source = await add_source(db, "one.example")
    for hours, likes in ((5, 1), (3, 40), (1, 90)):
        it = post(1, ("Rain",), ago(hours=6), engagement=Engagement(likes=likes, reposts=0), **values)
        await arrive(db, source, [it], ago(hours=hours))


async def test_every_look_is_a_dot_and_a_row(browser: httpx.AsyncClient, db: Database) -> None:
    await looked_at(db)
    answer = await browser.get(f"/posts/{KEY}")
    page = parsed(answer)
    dots = page.every("circle", class_="dot")
    assert [one.text for one in dots] == [
        "1 Mar 2026 07:00, one.example: 1", "1 Mar 2026 09:00, one.example: 40", "1 Mar 2026 11:00, one.example: 90",
    ]  # fmt: skip
    down = [float((one.attrs["cy"] or "").rstrip("%")) for one in dots]
    assert down == sorted(down, reverse=True)
    assert len(set(down)) == 3
    assert "90 when looked at last (1 Mar 2026 11:00); 3 looks" in said(answer)
    rows = (await browser.get(f"/api/v1/posts/{KEY}/engagement")).json()["items"]
    assert len(rows) == len(dots)


async def test_zoomed_in_it_shows_the_looks_of_that_time(browser: httpx.AsyncClient, db: Database) -> None:
    await looked_at(db)
    page = parsed(await browser.get(f"/posts/{KEY}?from=2026-03-01T08:00&to=2026-03-01T10:00"))
    (dot,) = page.every("circle", class_="dot")
    assert dot.attrs["cx"] == "50.0%"


@pytest.mark.parametrize("wrong", ["0", "x", "99999999999999999999", "../1", "-1"])
async def test_a_post_that_is_none_is_told(browser: httpx.AsyncClient, wrong: str) -> None:
    answer = await browser.get(f"/posts/{wrong}")
    assert answer.status_code == 404
    assert "there is no such post" in answer.text or wrong == "../1"


async def test_what_its_author_keeps_from_strangers_is_not_shown(browser: httpx.AsyncClient, db: Database) -> None:
    await looked_at(db, labels=("!no-unauthenticated",))
    text = said(await browser.get(f"/posts/{KEY}"))
    assert "post 1" not in text
    assert "user1@one.example" not in text
    assert "The author shows posts to those who are logged in." in text


async def test_the_strongest_posts_lead_to_their_looks(browser: httpx.AsyncClient, rain: str) -> None:
    page = parsed(await browser.get("/campaigns/wet"))
    links = [str(one.attrs["href"]) for one in page.every("a") if str(one.attrs["href"]).startswith("/posts/")]
    assert links
    assert (await browser.get(links[0])).status_code == 200
