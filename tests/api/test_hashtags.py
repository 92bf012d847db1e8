"""Hashtags over HTTP: follow, follow elsewhere, stop; and what was observed of them."""

import httpx

from app.clock import to_ms
from app.db.engine import Database
from app.store import coverage
from app.store.subjects import hashtag_key
from tests.api.conftest import NOON, add_source, ago, arrive, post


async def test_a_hashtag_is_followed_where_it_is_asked_for(api: httpx.AsyncClient, db: Database) -> None:
    await add_source(db, "one.example")
    await add_source(db, "two.example")
    made = await api.post("/hashtags", json={"tag": "#ＦarmLaunch", "sources": ["two.example"]})
    assert made.status_code == 201
    assert made.headers["location"] == "/api/v1/hashtags/farmlaunch"
    body = made.json()
    assert (body["tag"], body["spelling"], body["state"]) == ("farmlaunch", "ＦarmLaunch", "followed")
    (track,) = body["tracks"]
    assert track == {
        "source": "two.example", "platform": "mastodon", "kind": "live", "since": "2026-03-01T12:00:00Z", "until": None,
        "every_s": 300, "due_at": "2026-03-01T12:00:00Z", "observed_to": None, "failures": 0, "last_pass": None,
    }  # fmt: skip


async def test_any_spelling_finds_it(api: httpx.AsyncClient) -> None:
    for spelling in ["farmlaunch", "FarmLaunch", "%23FarmLaunch", "%EF%BC%A6armlaunch"]:
        await api.post("/hashtags", json={"tag": "#FarmLaunch"})
        assert (await api.get(f"/hashtags/{spelling}")).json()["tag"] == "farmlaunch"


async def test_a_source_or_a_campaign_that_is_not_there_is_named(api: httpx.AsyncClient, db: Database) -> None:
    await add_source(db, "one.example")
    answer = await api.post("/hashtags", json={"tag": "#a", "sources": ["three.example"]})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "sources")
    assert "one.example" in answer.text
    assert (await api.post("/hashtags", json={"tag": "#a", "campaign": "none"})).status_code == 404
    assert (await api.get("/hashtags")).json()["items"] == []


async def test_it_joins_a_campaign_with_its_past(api: httpx.AsyncClient, db: Database) -> None:
    source = await add_source(db)
    await api.post("/campaigns", json={"slug": "c", "name": "C"})
    await api.post("/hashtags", json={"tag": "#b"})
    await arrive(db, source, [post(1, ("b",), ago(hours=3))], ago(hours=1))
    await api.post("/hashtags", json={"tag": "#b", "campaign": "c"})
    assert (await api.get("/campaigns/c")).json()["hashtags"] == ["#b"]
    assert (await api.get("/campaigns/c/growth")).json()["totals"]["posts"] == 1


async def test_sources_can_be_changed(api: httpx.AsyncClient, db: Database) -> None:
    await add_source(db, "one.example")
    await add_source(db, "two.example")
    tag = (await api.post("/hashtags", json={"tag": "#a", "sources": ["one.example"]})).headers["etag"]
    moved = await api.patch("/hashtags/a", json={"sources": ["two.example"]}, headers={"If-Match": tag})
    assert [(track["source"], track["until"] is None) for track in moved.json()["tracks"]] == [
        ("one.example", False), ("two.example", True),
    ]  # fmt: skip
    assert (await api.patch("/hashtags/a", json={"sources": None}, headers={"If-Match": tag})).status_code == 412
    both = await api.patch("/hashtags/a", json={"sources": None})
    assert [track["until"] for track in both.json()["tracks"]] == [None, None]
    assert (await api.patch("/hashtags/a", json={"sources": []})).status_code == 422
    assert (await api.patch("/hashtags/a", json={})).status_code == 422
    assert (await api.patch("/hashtags/none", json={"sources": None})).status_code == 404


async def test_to_unfollow_keeps_the_history(api: httpx.AsyncClient, db: Database) -> None:
    source = await add_source(db)
    await api.post("/hashtags", json={"tag": "#a"})
    await arrive(db, source, [post(1, ("a",), ago(hours=3))], ago(hours=1))
    assert (await api.delete("/hashtags/a")).status_code == 204
    shown = (await api.get("/hashtags/a")).json()
    assert (shown["state"], shown["tracks"][0]["until"]) == ("unfollowed", "2026-03-01T12:00:00Z")
    assert shown["tracks"][0]["due_at"] is None
    assert (await api.get("/hashtags/a/growth")).json()["totals"]["posts"] == 1
    again = await api.post("/hashtags", json={"tag": "#a"})
    assert (again.json()["state"], again.json()["tracks"][0]["until"]) == ("followed", None)


async def test_one_that_posts_carry_but_nobody_follows_is_not_there(api: httpx.AsyncClient, db: Database) -> None:
    source = await add_source(db)
    await api.post("/hashtags", json={"tag": "#a"})
    await arrive(db, source, [post(1, ("a", "other"), ago(hours=3))], ago(hours=1))
    assert (await api.get("/hashtags/other")).status_code == 404
    assert [item["tag"] for item in (await api.get("/hashtags")).json()["items"]] == ["a"]
    assert (await api.delete("/hashtags/other")).status_code == 404


async def test_what_cannot_be_a_hashtag_is_refused(api: httpx.AsyncClient) -> None:
    for tag in ["", "#", "a b", "a/b", "##", "a\0", "#…", "x" * 641, None, 7, ["a"]]:
        answer = await api.post("/hashtags", json={"tag": tag})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "tag")


async def test_coverage_says_what_was_observed_and_what_was_not(api: httpx.AsyncClient, db: Database) -> None:
    source = await add_source(db)
    await api.post("/hashtags", json={"tag": "#a"})
    noon = to_ms(NOON)
    async with db.write() as session:
        (track,) = await coverage.of_hashtags(session, [hashtag_key("a")])
        await coverage.write(session, track.track_id, noon - 7_200_000, noon - 3_600_000, "complete")
        await coverage.write(session, track.track_id, noon - 3_600_000, noon - 1_800_000, "partial", "a page was bad")
    assert source
    items = (await api.get("/coverage?hashtag=%23A&from=2026-03-01T10:00:00Z&to=1772366400")).json()["items"]
    assert [(item["from"][11:16], item["to"][11:16], item["state"], item["reason"]) for item in items] == [
        ("10:00", "11:00", "complete", None), ("11:00", "11:30", "partial", "a page was bad"),
        ("11:30", "12:00", "missed", "not observed yet"),
    ]  # fmt: skip
    pages, url = [], "/coverage?hashtag=a&limit=1"
    while url:
        page = (await api.get(url)).json()
        pages += page["items"]
        url = f"/coverage?hashtag=a&limit=1&cursor={page['next']}" if page["next"] else ""
    assert pages == items
    assert (await api.get("/coverage?hashtag=none")).status_code == 404
    assert (await api.get("/coverage")).status_code == 422
