"""Posts over HTTP: found, shown as their authors ask, and their history as it was known at any time."""

import httpx
import pytest
from fastapi import FastAPI

from app.access import tokens
from app.access.principal import SCOPES
from app.clock import to_ms
from app.db.engine import Database
from collectors.posts import Engagement
from tests.api.conftest import NOON, add_source, ago, arrive, client_of, post


async def ids(api: httpx.AsyncClient, query: str) -> list[str]:
    items = (await api.get(f"/posts?{query}")).json()["items"]
    return [item["native_id"].rpartition("/")[2] for item in items]


async def three(db: Database, api: httpx.AsyncClient) -> int:
    source = await add_source(db)
    for tag in ("#a", "#b"):
        await api.post("/hashtags", json={"tag": tag})
    await api.post("/campaigns", json={"slug": "c", "name": "C", "hashtags": ["#b"]})
    posts = [
        post(1, ("a",), ago(hours=3), likes=5), post(2, ("a", "b"), ago(hours=2), likes=9),
        post(3, ("b",), ago(hours=1), likes=None),
    ]  # fmt: skip
    await arrive(db, source, posts, ago(minutes=30))
    return source


async def test_posts_are_found_by_what_they_count_under(api: httpx.AsyncClient, db: Database) -> None:
    await three(db, api)
    assert await ids(api, "") == ["3", "2", "1"]
    assert await ids(api, "hashtag=%23A") == ["2", "1"]
    assert await ids(api, "campaign=c") == ["3", "2"]
    assert await ids(api, "campaign=c&hashtag=a") == ["2"]
    assert await ids(api, "hashtag=a&order=oldest") == ["1", "2"]
    assert await ids(api, "order=engagement") == ["2", "1", "3"]
    assert await ids(api, "hashtag=a&from=2026-03-01T10:00:00Z") == ["2"]
    assert await ids(api, "hashtag=a&to=2026-03-01T10:00:00Z") == ["1"]
    assert await ids(api, "platform=bluesky") == []
    for query in ("hashtag=none", "campaign=none"):
        assert (await api.get(f"/posts?{query}")).status_code == 404
    for query in ("order=best", "from=then", "hashtag="):
        assert (await api.get(f"/posts?{query}")).status_code == 422


@pytest.mark.parametrize("order", ["newest", "oldest", "engagement"])
@pytest.mark.parametrize("scope", ["", "&hashtag=a", "&campaign=c"])
async def test_pages_join_without_a_seam(api: httpx.AsyncClient, db: Database, order: str, scope: str) -> None:
    source = await add_source(db)
    await api.post("/campaigns", json={"slug": "c", "name": "C", "hashtags": ["#a"]})
    same_instant = [post(n, ("a",), ago(hours=1 + n // 3), likes=n // 2) for n in range(9)]
    await arrive(db, source, same_instant, ago(minutes=30))
    whole = await ids(api, f"order={order}{scope}")
    pages, cursor = [], ""
    while True:
        page = (await api.get(f"/posts?order={order}{scope}&limit=2{cursor}")).json()
        pages += [item["native_id"].rpartition("/")[2] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(whole) == 9
    assert pages == whole


async def test_a_post_is_shown_whole(api: httpx.AsyncClient, db: Database) -> None:
    await three(db, api)
    found = (await api.get("/posts?hashtag=a&limit=1")).json()["items"][0]
    assert found == {
        "id": found["id"], "platform": "mastodon", "native_id": "https://one.example/posts/2", "url": None,
        "created_at": "2026-03-01T10:00:00Z", "found_at": "2026-03-01T11:30:00Z", "edited_at": None,
        "looked_at": "2026-03-01T11:30:00Z", "text": "post 2", "lang": None, "hashtags": ["a", "b"], "labels": [],
        "author": {
            "native_id": "https://one.example/users/2", "handle": "user2@one.example", "name": None, "followers": 100,
        },
        "sensitive": False, "withheld": False, "in_reply_to": None, "repost_of": None, "quote_of": None,
        "state": "live", "likes": 9, "reposts": 0, "replies": None, "quotes": None, "views": None, "bookmarks": None,
        "engagement": 9,
    }  # fmt: skip
    assert (await api.get(f"/posts/{found['id']}")).json() == found


async def test_a_post_that_is_not_there_is_404(api: httpx.AsyncClient) -> None:
    for number in ["0", "-1", "x", "9" * 30, "1e3", "²"]:
        for path in ("", "/engagement"):
            assert (await api.get(f"/posts/{number}{path}")).status_code == 404


async def test_who_asks_not_to_be_shown_to_strangers_is_not(api: httpx.AsyncClient, app: FastAPI, db: Database) -> None:
    source = await add_source(db, "sky", "bluesky")
    await api.post("/hashtags", json={"tag": "#a"})
    shy = post(1, ("a",), ago(hours=1), url="https://one.example/1", labels=("!no-unauthenticated", "spam"))
    await arrive(db, source, [shy, post(2, ("a",), ago(hours=2), labels=("porn",))], NOON, "bluesky")
    first, second = (await api.get("/posts?hashtag=a")).json()["items"]
    assert (first["withheld"], first["text"], first["url"]) == (True, None, None)
    assert first["author"] == {"native_id": None, "handle": None, "name": None, "followers": 100}
    assert (first["labels"], first["sensitive"], first["likes"]) == (["!no-unauthenticated", "spam"], False, 1)
    assert (second["sensitive"], second["text"], second["withheld"]) == (True, "post 2", False)
    async with db.write() as session:
        minted = await tokens.create(session, app.state.keys, "t", frozenset(SCOPES), to_ms(NOON))
    async with client_of(app, minted.text) as known:
        first = (await known.get("/posts?hashtag=a")).json()["items"][0]
        assert (first["withheld"], first["text"], first["url"]) == (False, "post 1", "https://one.example/1")


async def test_a_history_is_told_as_it_was_known(api: httpx.AsyncClient, db: Database) -> None:
    source = await three(db, api)
    for minutes, likes in ((20, 20), (10, 15)):
        again = post(1, ("a",), ago(hours=3), engagement=Engagement(likes=likes, reposts=None, replies=2))
        await arrive(db, source, [again], ago(minutes=minutes))
    number = (await api.get("/posts?hashtag=a&order=oldest")).json()["items"][0]["id"]
    history = (await api.get(f"/posts/{number}/engagement")).json()
    assert [(look["observed_at"][11:16], look["likes"], look["reposts"]) for look in history["items"]] == [
        ("11:30", 5, 0), ("11:40", 20, None), ("11:50", 15, None),
    ]  # fmt: skip
    assert history["levels"] == {
        "likes": 15, "reposts": 0, "replies": 2, "quotes": None, "views": None, "bookmarks": None, "engagement": 17,
        "observed_at": "2026-03-01T11:50:00Z",
    }  # fmt: skip
    then = (await api.get(f"/posts/{number}/engagement?as_of=2026-03-01T11:45:00Z&limit=1")).json()
    assert (then["levels"]["likes"], then["as_of"], len(then["items"])) == (20, "2026-03-01T11:45:00Z", 1)
    rest = (await api.get(f"/posts/{number}/engagement?as_of=2026-03-01T11:45:00Z&cursor={then['next']}")).json()
    assert [look["likes"] for look in rest["items"]] == [20]
    before = (await api.get(f"/posts/{number}/engagement?as_of=0")).json()
    assert (before["items"], before["levels"]["likes"], before["levels"]["observed_at"]) == ([], None, None)
