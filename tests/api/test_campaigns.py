"""Campaigns over HTTP: what is made, changed and refused, and what becomes of hashtags and curves."""

import asyncio

import httpx

from app.clock import to_ms
from app.db.engine import Database
from app.errors import Busy
from app.store import campaigns, rebuild
from app.store.subjects import subject_key
from tests.api.conftest import add_source, ago, arrive, post

LOVE = {
    "slug": "love-army", "name": "Love Army", "kind": "influencer-led", "launched_at": "2026-02-01T00:00:00Z",
    "ended_at": None, "hashtags": ["#LoveArmy"], "influencers": [],
}  # fmt: skip


async def test_a_campaign_is_read_as_it_was_made(api: httpx.AsyncClient) -> None:
    made = await api.post("/campaigns", json=LOVE)
    assert made.status_code == 201
    assert made.headers["location"] == "/api/v1/campaigns/love-army"
    assert made.json() == {**LOVE, "created_at": "2026-03-01T12:00:00Z"}
    read = await api.get("/campaigns/love-army")
    launch = {"at": LOVE["launched_at"], "found": False}
    assert read.json() == {**made.json(), "launch": launch}
    assert read.headers["etag"] == made.headers["etag"]


async def test_unix_seconds_are_taken_for_times(api: httpx.AsyncClient) -> None:
    old = await api.post("/campaigns", json={**LOVE, "slug": "old", "launched_at": "0001-01-01T00:00:00Z"})
    assert (await api.get("/campaigns/old")).json()["launch"]["at"] == old.json()["launched_at"]
    made = await api.post("/campaigns", json={**LOVE, "launched_at": 1769904000, "ended_at": 1769904000.5})
    assert made.json()["launched_at"] == "2026-02-01T00:00:00Z"
    assert made.json()["ended_at"] == "2026-02-01T00:00:00.500Z"


async def test_a_new_hashtag_is_followed_on_every_live_source(api: httpx.AsyncClient, db: Database) -> None:
    await add_source(db, "one.example")
    await add_source(db, "two.example", "bluesky")
    await add_source(db, "import:x", "x", kind="import")
    await add_source(db, "old.example", removed_at=1)
    await api.post("/campaigns", json=LOVE)
    followed = (await api.get("/hashtags/lovearmy")).json()
    assert [track["source"] for track in followed["tracks"]] == ["one.example", "two.example"]
    assert (followed["state"], followed["campaigns"], followed["spelling"]) == ("followed", ["love-army"], "LoveArmy")


async def test_a_post_with_two_of_its_hashtags_counts_once_and_a_new_hashtag_brings_its_past(
    api: httpx.AsyncClient, db: Database
) -> None:
    source = await add_source(db)
    await api.post("/hashtags", json={"tag": "#a"})
    await arrive(db, source, [post(1, ("a", "b"), ago(hours=3)), post(2, ("b",), ago(hours=2))], ago(hours=1))
    await api.post("/campaigns", json={**LOVE, "hashtags": ["#a"]})
    grown = (await api.get("/campaigns/love-army/growth")).json()
    assert grown["totals"]["posts"] == 1
    assert (await api.patch("/campaigns/love-army", json={"hashtags": ["#A", "#b"]})).status_code == 200
    assert (await api.get("/campaigns/love-army/growth")).json()["totals"]["posts"] == 2
    assert (await api.patch("/campaigns/love-army", json={"hashtags": []})).json()["hashtags"] == []
    assert (await api.get("/campaigns/love-army/growth")).json()["totals"]["posts"] in (0, None)


async def test_what_is_left_out_of_a_change_stays(api: httpx.AsyncClient) -> None:
    await api.post("/campaigns", json=LOVE)
    changed = await api.patch("/campaigns/love-army", json={"ended_at": "2026-03-31T00:00:00Z"})
    assert changed.json() == {**LOVE, "ended_at": "2026-03-31T00:00:00Z", "created_at": "2026-03-01T12:00:00Z"}
    assert (await api.patch("/campaigns/love-army", json={"launched_at": None})).json()["launched_at"] is None


async def test_a_change_based_on_an_old_reading_is_refused(api: httpx.AsyncClient) -> None:
    tag = (await api.post("/campaigns", json=LOVE)).headers["etag"]
    changed = await api.patch("/campaigns/love-army", json={"name": "B"}, headers={"If-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    late = await api.patch("/campaigns/love-army", json={"name": "C"}, headers={"If-Match": tag})
    assert (late.status_code, late.headers["content-type"]) == (412, "application/problem+json")
    assert (await api.delete("/campaigns/love-army", headers={"If-Match": tag})).status_code == 412
    assert (await api.get("/campaigns/love-army")).json()["name"] == "B"
    assert (await api.delete("/campaigns/love-army", headers={"If-Match": "*"})).status_code == 204


async def test_the_etag_of_one_that_had_the_same_name_before_is_another(api: httpx.AsyncClient) -> None:
    tag = (await api.post("/campaigns", json=LOVE)).headers["etag"]
    await api.delete("/campaigns/love-army")
    assert (await api.post("/campaigns", json=LOVE)).headers["etag"] != tag


async def test_a_deleted_campaign_leaves_its_hashtags_followed(api: httpx.AsyncClient) -> None:
    await api.post("/campaigns", json=LOVE)
    assert (await api.delete("/campaigns/love-army")).status_code == 204
    assert (await api.get("/campaigns/love-army")).status_code == 404
    assert (await api.get("/campaigns/love-army/growth")).status_code == 404
    followed = (await api.get("/hashtags/lovearmy")).json()
    assert (followed["state"], followed["campaigns"]) == ("followed", [])


async def test_a_taken_slug_says_how_to_mend_it(api: httpx.AsyncClient) -> None:
    await api.post("/campaigns", json=LOVE)
    again = await api.post("/campaigns", json=LOVE)
    assert again.status_code == 409
    assert "PATCH /campaigns/love-army" in again.json()["detail"]


async def test_a_wrong_value_is_named_with_what_would_be_right(api: httpx.AsyncClient) -> None:
    cases: list[tuple[dict[str, object], str]] = [
        ({"slug": "Love Army"}, "slug"),
        ({"slug": "a/b"}, "slug"),
        ({"slug": "-a"}, "slug"),
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": None}, "name"),
        ({"kind": "famous"}, "kind"),
        ({"launched_at": "yesterday"}, "launched_at"),
        ({"launched_at": True}, "launched_at"),
        ({"launched_at": 10**400}, "launched_at"),
        ({"launched_at": 1e308}, "launched_at"),
        ({"launched_at": "2026-02-30T00:00:00Z"}, "launched_at"),
        ({"ended_at": "2026-01-01T00:00:00Z"}, "ended_at"),
        ({"hashtags": ["a b"]}, "hashtags.0"),
        ({"hashtags": ["#"]}, "hashtags.0"),
        ({"hashtags": "a"}, "hashtags"),
        ({"influencers": ["nobody"]}, "influencers"),
        ({"colour": "red"}, "colour"),
    ]
    for wrong, field in cases:
        answer = await api.post("/campaigns", json={**LOVE, **wrong})
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        (error,) = answer.json()["errors"]
        assert error["field"] == field
        assert error["message"]
        assert (await api.get("/campaigns")).json() == {"items": [], "next": None}


async def test_lists_go_on_where_the_page_ended(api: httpx.AsyncClient) -> None:
    for slug in ("c", "a", "e", "b", "d"):
        await api.post("/campaigns", json={**LOVE, "slug": slug, "hashtags": []})
    seen, url = [], "/campaigns?limit=2"
    while url:
        page = (await api.get(url)).json()
        seen.append([item["slug"] for item in page["items"]])
        url = f"/campaigns?limit=2&cursor={page['next']}" if page["next"] else ""
    assert seen == [["a", "b"], ["c", "d"], ["e"]]


async def test_a_cursor_of_another_query_is_refused(api: httpx.AsyncClient) -> None:
    for slug in ("a", "b"):
        await api.post("/campaigns", json={**LOVE, "slug": slug})
    cursor = (await api.get("/campaigns?limit=1")).json()["next"]
    for path in ("/hashtags", "/posts"):
        answer = await api.get(path, params={"cursor": cursor})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "cursor")
    for damaged in ("", "x", cursor[:-1], "A" + cursor[1:], "." + cursor, "é.é"):
        assert (await api.get("/campaigns", params={"cursor": damaged})).status_code == 422


async def test_a_limit_is_1_to_500(api: httpx.AsyncClient) -> None:
    for limit in ["0", "501", "-1", "x", "", "9" * 400, "1.5"]:
        answer = await api.get("/campaigns", params={"limit": limit})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "limit")


async def test_campaigns_change_beside_writers_of_posts(api: httpx.AsyncClient, db: Database) -> None:
    source = await add_source(db)
    for tag in ("#a", "#b", "#c"):
        await api.post("/hashtags", json={"tag": tag})
    await api.post("/campaigns", json={**LOVE, "hashtags": ["#a"]})

    async def write(worker: int) -> None:
        for number in range(100 * worker, 100 * worker + 8):
            page = [post(number, ("a", "b", "c")[worker:], ago(hours=1, seconds=number))]
            while True:
                try:
                    await arrive(db, source, page, ago())
                    break
                except Busy:  # of writers that would wait for each other for ever one is sent back, and comes again
                    continue

    async def change(tags: list[str]) -> int:
        while (status := (await api.patch("/campaigns/love-army", json={"hashtags": tags})).status_code) == 503:
            pass
        return status

    async def changes() -> list[int]:
        return [await change(tags) for tags in (["#a", "#b"], ["#b", "#c", "#new"], ["#c"], ["#a", "#b", "#c"])]

    *_, statuses = await asyncio.gather(write(0), write(1), write(2), changes())
    assert statuses == [200] * 4
    async with db.read() as session:
        kept = await campaigns.by_slug(session, "love-army")
        subject = subject_key("campaign", kept.id)
        assert [difference async for difference in rebuild.verify(session, subject, to_ms(ago()))] == []
    assert (await api.get("/campaigns/love-army/growth")).json()["totals"]["posts"] == 24
