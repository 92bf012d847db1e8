"""What cannot be taken of campaigns and people: 409 or 422 that says what is wrong, and how to mend it."""

import asyncio
from typing import Any

import httpx
import pytest

FUTURE = "2999-01-01T00:00:00Z"


async def person(api: httpx.AsyncClient, name: str) -> str:
    body = {"name": name, "accounts": [{"platform": "mastodon", "handle": f"{name}@x.example"}]}
    answer = await api.post("/influencers", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def refused(answer: httpx.Response, status: int, *words: str) -> None:
    assert answer.status_code == status, answer.text
    said = answer.text
    assert [word for word in words if word not in said] == [], said


async def test_what_a_campaign_cannot_be(api: httpx.AsyncClient) -> None:
    first: dict[str, Any] = {"slug": "a", "name": "A", "launched_at": "2026-01-02T00:00:00Z"}
    assert (await api.post("/campaigns", json=first)).status_code == 201
    refused(await api.post("/campaigns", json=first), 409, "taken", "choose another", "PATCH /campaigns/a")
    late = {**first, "slug": "b", "ended_at": "2026-01-01T00:00:00Z"}
    mended = ("ended_at", "must lie after launched_at, which is 2026-01-02T00:00:00Z")
    refused(await api.post("/campaigns", json=late), 422, *mended, '"value": "2026-01-01T00:00:00Z"')
    refused(await api.patch("/campaigns/a", json={"ended_at": "2026-01-02T00:00:00Z"}), 422, *mended)


@pytest.mark.parametrize("currency", ["euro", "XQQ", "", "€", "EU"])
async def test_a_currency_that_is_none(api: httpx.AsyncClient, currency: str) -> None:
    await api.post("/campaigns", json={"slug": "a", "name": "A"})
    gift = {"id": "1", "occurred_at": "2026-01-01T00:00:00Z", "kind": "donation", "amount": "5", "currency": currency}
    refused(await api.post("/campaigns/a/outcomes", json=gift), 422, "currency", "ISO 4217 code such as EUR")
    assert (await api.post("/campaigns/a/outcomes", json={**gift, "currency": "eur"})).status_code == 201
    refused(await api.patch("/campaigns/a/outcomes/1", json={"currency": currency}), 422, "ISO 4217 code such as EUR")


async def test_an_account_claimed_twice(api: httpx.AsyncClient) -> None:
    ada, bob = await person(api, "ada"), await person(api, "bob")
    theirs = {"accounts": [{"platform": "mastodon", "handle": "@ADA@x.example"}]}
    words = ("belongs to ada", "take it away there first", f"PATCH /influencers/{ada}")
    refused(await api.post("/influencers", json={"name": "C", **theirs}), 409, *words)
    refused(await api.patch(f"/influencers/{bob}", json=theirs), 409, *words)


async def test_merges_that_overlap(api: httpx.AsyncClient) -> None:
    ada, bob, eve = [await person(api, name) for name in ("ada", "bob", "eve")]

    async def merge(who: str, into: str) -> httpx.Response:
        return await api.post(f"/influencers/{who}/merge", json={"into": into})

    refused(await merge(ada, ada), 409, "the same influencer", "name the one that is to stay")
    assert (await merge(bob, ada)).status_code == 200
    gone = (f"{bob} was merged into {ada} already", f"name {ada}")
    refused(await merge(bob, eve), 409, *gone)
    refused(await merge(eve, bob), 409, *gone)
    split = {"accounts": [{"platform": "mastodon", "handle": "bob@x.example"}], "name": "Bob"}
    refused(await api.post(f"/influencers/{bob}/split", json=split), 409, *gone)
    refused(await api.get(f"/influencers/{bob}"), 404, f"it was merged into {ada}")
    # Merged on: the last who has what was theirs is named.
    assert (await merge(ada, eve)).status_code == 200
    refused(await merge(bob, ada), 409, f"{bob} was merged into {eve} already")
    refused(await merge("inf_none", eve), 404, "GET /api/v1/influencers lists all")


async def test_a_split_of_what_was_not_merged(api: httpx.AsyncClient) -> None:
    ada, bob = await person(api, "ada"), await person(api, "bob")
    split = {"accounts": [{"platform": "mastodon", "handle": "bob@x.example"}], "name": "Bob"}
    refused(
        await api.post(f"/influencers/{ada}/split", json=split), 409, "accounts.0", f"GET /api/v1/influencers/{ada}"
    )
    refused(await api.post(f"/influencers/{bob}/split", json=split), 409, "nothing would be left")


async def test_two_merges_at_once(api: httpx.AsyncClient) -> None:
    """Into one another, and of one into two: one is done, the other says so, and no account is lost."""
    ada, bob, eve = [await person(api, name) for name in ("ada", "bob", "eve")]
    for pairs in ([(ada, bob), (bob, ada)], [(eve, ada), (eve, bob)]):
        answers = await asyncio.gather(
            *(api.post(f"/influencers/{who}/merge", json={"into": into}) for who, into in pairs)
        )
        codes = sorted(answer.status_code for answer in answers)
        assert codes in ([200, 409], [409, 409]), [answer.text for answer in answers]
        assert all("merged" in answer.text for answer in answers if answer.status_code == 409)
        left = (await api.get("/influencers")).json()["items"]
        assert sorted(len(one["accounts"]) for one in left) in ([1, 2], [3])


@pytest.mark.parametrize(
    "path",
    [
        "/compare?campaign=a&campaign=b&as_of=", "/campaigns/a/influencers?as_of=", "/campaigns/a/growth?as_of=",
        "/exports/posts?campaign=a&as_of=",
    ],
)  # fmt: skip
async def test_an_instant_in_the_future(api: httpx.AsyncClient, path: str) -> None:
    for slug in ("a", "b"):
        await api.post("/campaigns", json={"slug": slug, "name": slug, "launched_at": "2026-01-02T00:00:00Z"})
    refused(await api.get(path + FUTURE), 422, "as_of", "must not lie in the future (it is 2026-03-01T12:00:00Z)")


async def test_a_cursor_from_another_query(api: httpx.AsyncClient) -> None:
    for slug in ("a", "b", "c"):
        await api.post("/campaigns", json={"slug": slug, "name": slug})
        await person(api, slug)
    cursor = (await api.get("/campaigns?limit=1")).json()["next"]
    assert (await api.get(f"/campaigns?limit=2&cursor={cursor}")).json()["next"] is None
    for path in (f"/influencers?limit=1&cursor={cursor}", f"/campaigns?cursor={cursor[:-1]}x", "/campaigns?cursor=zzz"):
        refused(await api.get(path), 422, "cursor", "belongs to another query", "take `next` as it was given")
