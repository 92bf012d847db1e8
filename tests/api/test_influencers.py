"""Influencers over HTTP: people, the accounts that are theirs, and the curve that follows."""

import httpx

from app.db.engine import Database
from tests.api.conftest import add_source, ago, arrive, post


async def seen(db: Database, api: httpx.AsyncClient) -> None:
    source = await add_source(db)
    await api.post("/hashtags", json={"tag": "#a"})
    await arrive(db, source, [post(1, ("a",), ago(hours=3)), post(2, ("a",), ago(hours=2))], ago(hours=1))


async def test_an_account_that_was_met_brings_its_past(api: httpx.AsyncClient, db: Database) -> None:
    await seen(db, api)
    accounts = [{"platform": "mastodon", "handle": "@User1@one.example"}]
    made = await api.post("/influencers", json={"name": "Jerome", "kind": "comedian", "accounts": accounts})
    assert made.status_code == 201
    assert made.json()["accounts"] == [{
        "platform": "mastodon", "handle": "user1@one.example", "native_id": "https://one.example/users/1",
        "name": None, "followers": 100, "followers_at": "2026-03-01T11:00:00Z", "known": True,
    }]  # fmt: skip
    grown = await api.get(f"/influencers/{made.json()['id']}/growth")
    assert grown.json()["totals"]["posts"] == 1
    assert grown.json()["subject"] == {"kind": "influencer", "id": made.json()["id"]}


async def test_an_account_may_be_named_before_it_is_met(api: httpx.AsyncClient, db: Database) -> None:
    accounts = [{"platform": "mastodon", "native_id": "https://one.example/users/2"}]
    made = (await api.post("/influencers", json={"name": "J", "accounts": accounts})).json()
    assert made["accounts"][0]["known"] is False
    await seen(db, api)
    assert (await api.get(f"/influencers/{made['id']}")).json()["accounts"][0]["known"] is True


async def test_an_account_belongs_to_one_person(api: httpx.AsyncClient, db: Database) -> None:
    await seen(db, api)
    handle = {"platform": "mastodon", "handle": "user1@one.example"}
    first = (await api.post("/influencers", json={"name": "Jerome", "accounts": [handle]})).json()
    for same in (handle, {"platform": "mastodon", "native_id": "https://one.example/users/1"},
                 {"platform": "mastodon", "handle": "USER1@one.example"}):  # fmt: skip
        taken = await api.post("/influencers", json={"name": "Other", "accounts": [same]})
        assert taken.status_code == 409
        assert f"PATCH /influencers/{first['id']}" in taken.json()["detail"]
        assert "Jerome" in taken.json()["detail"]
    assert len((await api.get("/influencers")).json()["items"]) == 1
    twice = await api.post("/influencers", json={"name": "B", "accounts": [{"platform": "x", "handle": "b"}] * 2})
    assert (twice.status_code, twice.json()["errors"][0]["field"]) == (422, "accounts.1")
    moved = await api.patch(f"/influencers/{first['id']}", json={"accounts": []})
    assert moved.json()["accounts"] == []
    assert (await api.get(f"/influencers/{first['id']}/growth")).json()["totals"]["posts"] in (0, None)
    assert (await api.post("/influencers", json={"name": "Other", "accounts": [handle]})).status_code == 201


async def test_a_change_keeps_what_is_not_named(api: httpx.AsyncClient) -> None:
    made = await api.post("/influencers", json={"name": "Jerome", "kind": "comedian"})
    where = f"/influencers/{made.json()['id']}"
    changed = await api.patch(where, json={"name": "J."}, headers={"If-Match": made.headers["etag"]})
    assert (changed.json()["name"], changed.json()["kind"]) == ("J.", "comedian")
    assert (await api.patch(where, json={"kind": None})).json()["kind"] is None
    assert (await api.patch(where, json={}, headers={"If-Match": made.headers["etag"]})).status_code == 412


async def test_one_that_is_deleted_leaves_campaigns_and_its_account_free(api: httpx.AsyncClient, db: Database) -> None:
    await seen(db, api)
    accounts = [{"platform": "mastodon", "handle": "user1@one.example"}]
    person = (await api.post("/influencers", json={"name": "Jerome", "accounts": accounts})).json()["id"]
    await api.post("/campaigns", json={"slug": "c", "name": "C", "influencers": [person]})
    assert (await api.get("/campaigns/c")).json()["influencers"] == [person]
    assert (await api.delete(f"/influencers/{person}")).status_code == 204
    assert (await api.get("/campaigns/c")).json()["influencers"] == []
    for path in ("", "/growth"):
        assert (await api.get(f"/influencers/{person}{path}")).status_code == 404
    assert (await api.post("/influencers", json={"name": "J", "accounts": accounts})).status_code == 201


async def test_a_wrong_value_is_named(api: httpx.AsyncClient) -> None:
    cases: list[tuple[dict[str, object], str]] = [
        ({"name": ""}, "name"),
        ({"accounts": [{"platform": "mastodon"}]}, "accounts.0"),
        ({"accounts": [{"handle": "a"}]}, "accounts.0.platform"),
        ({"accounts": [{"platform": "Mastodon!", "handle": "a"}]}, "accounts.0.platform"),
        ({"accounts": [{"platform": "mastodon", "handle": "a\nb"}]}, "accounts.0.handle"),
        ({"accounts": {}}, "accounts"),
        ({"followers": 5}, "followers"),
    ]
    for wrong, field in cases:
        answer = await api.post("/influencers", json={"name": "J", **wrong})
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["field"] == field
