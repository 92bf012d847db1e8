"""Outcomes and annotations over HTTP: sent once, refused by field, mended, summed; of donors a number alone."""

from typing import Any

import httpx
import pytest

from app.db.engine import Database
from app.store import news
from tests.api.conftest import add_source, ago, arrive, post

GIFT = {
    "id": "g/1",
    "occurred_at": "2026-03-01T10:30:00Z",
    "kind": "donation",
    "amount": "12.50",
    "currency": "EUR",
    "code": "Milo",
    "donors": 1,
}
AT = "/campaigns/a/outcomes"


@pytest.fixture
async def at(api: httpx.AsyncClient) -> httpx.AsyncClient:
    await api.post("/campaigns", json={"slug": "a", "name": "A", "hashtags": ["#a"]})
    return api


async def sent(api: httpx.AsyncClient, *gifts: dict[str, Any]) -> dict[str, int]:
    answer = await api.post(AT, json=list(gifts))
    assert answer.status_code in (200, 201), answer.text
    body: dict[str, int] = answer.json()
    return body


async def test_a_gift_is_read_as_it_was_sent(at: httpx.AsyncClient) -> None:
    assert (await at.post(AT, json=GIFT)).json() == {"new": 1, "repeated": 0}
    one = await at.get(f"{AT}/g%2F1")
    assert one.json() == {**GIFT, "recorded_at": "2026-03-01T12:00:00Z"}
    assert (await at.get(AT)).json() == {"items": [one.json()], "next": None}


async def test_the_same_gift_again_is_told_as_repeated(at: httpx.AsyncClient) -> None:
    assert (await at.post(AT, json=GIFT)).status_code == 201
    again = await at.post(AT, json=GIFT)
    assert (again.status_code, again.json()) == (200, {"new": 0, "repeated": 1})
    assert await sent(at, GIFT, {**GIFT, "amount": "12.5", "occurred_at": 1772361000}, {**GIFT, "id": "2"}) == {
        "new": 1,
        "repeated": 2,
    }


async def test_the_same_id_with_other_words_is_a_conflict_that_keeps_nothing(at: httpx.AsyncClient) -> None:
    await at.post(AT, json=GIFT)
    answer = await at.post(AT, json=[{**GIFT, "id": "new"}, {**GIFT, "amount": "13"}])
    assert answer.status_code == 409
    assert "'g/1'" in answer.json()["detail"]
    (error,) = answer.json()["errors"]
    assert (error["field"], error["value"]) == ("1.id", "g/1")
    assert len((await at.get(AT)).json()["items"]) == 1


async def test_of_a_donor_nothing_but_a_number_is_taken_and_nothing_is_said_back(at: httpx.AsyncClient) -> None:
    for field in ("name", "email", "donor", "message", "address"):
        for body, place in (({**GIFT, field: "Ana Secret"}, field), ([{**GIFT, field: "Ana Secret"}], f"0.{field}")):
            answer = await at.post(AT, json=body)
            assert answer.status_code == 422
            assert "Ana" not in answer.text
            (error,) = answer.json()["errors"]
            assert error["field"] == place
            assert "no donor's name" in error["message"]
    await at.post(AT, json=GIFT)
    assert (await at.patch(f"{AT}/g/1", json={"email": "ana@example.org"})).status_code == 422


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": None}, "id"),
        ({"occurred_at": "yesterday"}, "occurred_at"),
        ({"kind": "Two words"}, "kind"),
        ({"amount": "12,50"}, "amount"),
        ({"amount": 12.5}, "amount"),
        ({"amount": "1e9"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"currency": "XXQ"}, "currency"),
        ({"currency": "euro"}, "currency"),
        ({"currency": None}, "currency"),
        ({"amount": None}, "amount"),
        ({"donors": -1}, "donors"),
        ({"donors": "3"}, "donors"),
        ({"code": " "}, "code"),
    ],
)
async def test_a_wrong_value_is_named_alone_and_in_a_list(
    at: httpx.AsyncClient, wrong: dict[str, Any], field: str
) -> None:
    for body, place in (({**GIFT, **wrong}, field), ([GIFT, {**GIFT, "id": "2", **wrong}], f"1.{field}")):
        answer = await at.post(AT, json=body)
        assert (answer.status_code, [e["field"] for e in answer.json()["errors"]]) == (422, [place]), answer.text
    assert (await at.get(AT)).json()["items"] == []


async def test_lists_are_refused_where_they_are_empty_or_too_long(at: httpx.AsyncClient) -> None:
    assert (await at.post(AT, json=[])).status_code == 422
    small = {"id": "1", "occurred_at": 0, "kind": "x"}
    assert (await at.post(AT, json=[{**small, "id": str(n)} for n in range(5_001)])).status_code == 422
    assert (await at.post(AT, json=[{**small, "id": str(n)} for n in range(5_000)])).json()["new"] == 5_000
    assert (await at.post("/campaigns/b/outcomes", json=GIFT)).status_code == 404


async def test_pages_go_on_in_the_order_of_time(at: httpx.AsyncClient) -> None:
    await sent(at, *({**GIFT, "id": str(n), "occurred_at": 1000 + n // 2} for n in range(5)))
    seen, url = [], f"{AT}?limit=2&from=1000&to=1002&kind=donation"
    query = url
    while url:
        page = (await at.get(url)).json()
        seen += [item["id"] for item in page["items"]]
        url = f"{query}&cursor={page['next']}" if page["next"] else ""
    assert seen == ["0", "1", "2", "3"]


async def test_a_gift_is_mended_and_taken_back_on_what_was_read(at: httpx.AsyncClient) -> None:
    await at.post(AT, json=GIFT)
    tag = (await at.get(f"{AT}/g/1")).headers["etag"]
    mended = await at.patch(f"{AT}/g/1", json={"amount": "-3", "code": None}, headers={"If-Match": tag})
    assert (mended.status_code, mended.json()["amount"], mended.json()["code"]) == (200, "-3", None)
    assert (await at.patch(f"{AT}/g/1", json={"donors": 2}, headers={"If-Match": tag})).status_code == 412
    assert (await at.patch(f"{AT}/g/1", json={"currency": None})).json()["errors"][0]["field"] == "currency"
    assert (await at.delete(f"{AT}/g/1", headers={"If-Match": tag})).status_code == 412
    assert (await at.delete(f"{AT}/g/1")).status_code == 204
    assert (await at.get(f"{AT}/g/1")).status_code == 404


async def test_an_idempotency_key_sends_once(at: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "k"}
    first, again = [await at.post(AT, json=GIFT, headers=key) for _ in range(2)]
    assert (first.status_code, first.json()) == (again.status_code, again.json()) == (201, {"new": 1, "repeated": 0})
    assert again.headers["idempotent-replayed"] == "true"


async def test_the_curve_of_the_campaign_carries_them_by_kind_and_currency(at: httpx.AsyncClient, db: Database) -> None:
    source = await add_source(db)
    await arrive(db, source, [post(1, ("a",), ago(hours=3))], ago(hours=1))
    assert (await at.get("/campaigns/a/growth")).json()["outcomes"] == {}
    await sent(
        at,
        GIFT,
        {**GIFT, "id": "r", "amount": "-2.50"},
        {**GIFT, "id": "u", "currency": "usd", "occurred_at": ago().timestamp()},
        {"id": "s", "occurred_at": "2026-03-01T09:00:00Z", "kind": "sign-up"},
    )
    grown = (await at.get("/campaigns/a/growth?to=2026-03-01T13:00:00Z&metric=posts")).json()
    assert grown["series"]["time"][0] == "2026-03-01T09:00:00Z"
    assert grown["outcomes"] == {
        "donation": {
            "EUR": {"count": [0, 2, 0, 0], "amount": ["0.00", "10.00", "0.00", "0.00"]},
            "USD": {"count": [0, 0, 0, 1], "amount": ["0.00", "0.00", "0.00", "12.50"]},
        },
        "sign-up": {"none": {"count": [1, 0, 0, 0], "amount": [None] * 4}},
    }
    assert "outcomes" not in (await at.get("/hashtags/a/growth")).json()


async def test_the_summary_gives_each_influencer_a_share_and_says_what_is_nobodys(at: httpx.AsyncClient) -> None:
    milo = (await at.post("/influencers", json={"name": "Milo", "codes": ["MILO", "milo2"]})).json()
    assert milo["codes"] == ["MILO", "milo2"]
    await sent(
        at,
        GIFT,
        {**GIFT, "id": "2", "amount": "30", "donors": None, "code": "milo2"},
        {**GIFT, "id": "3", "amount": "7.50", "code": "?"},
        {**GIFT, "id": "4", "currency": "USD", "amount": "-1", "code": None},
        {"id": "s", "occurred_at": 0, "kind": "sign-up"},
    )
    told = (await at.get(f"{AT}/summary")).json()
    euros, dollars, signed_up = told["items"]
    assert (euros["kind"], euros["currency"], euros["count"], euros["amount"]) == ("donation", "EUR", 3, "50.00")
    assert (euros["donors"], euros["donors_at_least"]) == (2, True)
    assert euros["influencers"] == [
        {
            "influencer": milo["id"],
            "name": "Milo",
            "count": 2,
            "amount": "42.50",
            "donors": 1,
            "donors_at_least": True,
            "share": 0.85,
        }
    ]
    assert euros["unattributed"] == {"count": 1, "amount": "7.50", "donors": 1, "donors_at_least": False, "share": 0.15}
    assert (dollars["amount"], dollars["share"]) == ("-1.00", None)
    assert (signed_up["currency"], signed_up["amount"], signed_up["unattributed"]["share"]) == (None, None, 1.0)
    assert len((await at.get(f"{AT}/summary?from=2026-01-01T00:00:00Z")).json()["items"]) == 2


async def test_a_code_belongs_to_one_person(at: httpx.AsyncClient) -> None:
    milo = (await at.post("/influencers", json={"name": "Milo", "codes": ["MILO"]})).json()
    taken = await at.post("/influencers", json={"name": "Juno", "codes": ["juno", "milo "]})
    assert taken.status_code == 409
    assert f"PATCH /influencers/{milo['id']}" in taken.json()["detail"]
    juno = (await at.post("/influencers", json={"name": "Juno"})).json()
    assert (await at.patch(f"/influencers/{juno['id']}", json={"codes": ["milo"]})).status_code == 409
    assert (await at.patch(f"/influencers/{milo['id']}", json={"name": "M"})).json()["codes"] == ["MILO"]
    assert (await at.patch(f"/influencers/{milo['id']}", json={"codes": []})).json()["codes"] == []
    assert (await at.patch(f"/influencers/{juno['id']}", json={"codes": ["milo"]})).json()["codes"] == ["milo"]
    await at.delete(f"/influencers/{juno['id']}")
    assert (await at.post("/influencers", json={"name": "New", "codes": ["Milo"]})).status_code == 201


async def test_notes_are_written_mended_and_taken_off(at: httpx.AsyncClient) -> None:
    notes = "/campaigns/a/annotations"
    told = {"at": "2026-03-01T10:00:00Z", "text": "The plane took off", "url": "https://news.example/1"}
    made = await at.post(notes, json=told)
    assert made.status_code == 201
    assert made.json() == {**told, "id": made.json()["id"], "created_at": "2026-03-01T12:00:00Z"}
    where = made.headers["location"].removeprefix("/api/v1")
    await at.post(notes, json={"at": 0, "text": "It began"})
    assert [note["text"] for note in (await at.get(notes)).json()["items"]] == ["It began", "The plane took off"]
    tag = made.headers["etag"]
    mended = await at.patch(where, json={"url": None}, headers={"If-Match": tag})
    assert mended.json() == {**made.json(), "url": None}
    assert (await at.patch(where, json={"text": "x"}, headers={"If-Match": tag})).status_code == 412
    assert (await at.delete(where, headers={"If-Match": tag})).status_code == 412
    for wrong, field in (
        ({"text": ""}, "text"),
        ({"text": "x" * 2_001}, "text"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"at": "x"}, "at"),
    ):
        for answer in (await at.post(notes, json={**told, **wrong}), await at.patch(where, json=wrong)):
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert (await at.get(where.replace("/a/", "/b/"))).status_code == 404
    assert (await at.delete(where)).status_code == 204
    assert (await at.get(where)).status_code == 404


async def test_what_a_campaign_brought_in_goes_with_it(at: httpx.AsyncClient) -> None:
    await at.post(AT, json=GIFT)
    hook = (await at.post("/campaigns/a/inbound", json={"name": "x"})).json()
    await at.delete("/campaigns/a")
    await at.post("/campaigns", json={"slug": "a", "name": "A"})
    assert (await at.get(AT)).json()["items"] == []
    assert (await at.post(hook["url"].removeprefix("/api/v1"), json={})).status_code == 404


async def test_the_curve_shows_what_was_given_at_once_and_tells_of_it(at: httpx.AsyncClient, db: Database) -> None:
    async def shown() -> tuple[int, str]:
        asked = "from=2026-03-01T10:00:00Z&to=2026-03-01T11:00:00Z"
        given = (await at.get(f"/campaigns/a/growth?{asked}")).json()["outcomes"].get("donation", {"EUR": None})["EUR"]
        async with db.read() as session:
            return await news.last(session), given and given["amount"][0]

    told = [await shown()]
    await sent(at, GIFT)
    told.append(await shown())
    await sent(at, GIFT)
    assert await shown() == told[-1]
    etag = (await at.get(f"{AT}/g%2F1")).headers["etag"]
    etag = (await at.patch(f"{AT}/g%2F1", json={"amount": "13"}, headers={"If-Match": etag})).headers["etag"]
    told.append(await shown())
    await at.delete(f"{AT}/g%2F1", headers={"If-Match": etag})
    told.append(await shown())
    assert [amount for _, amount in told] == [None, "12.50", "13.00", None]
    assert len({number for number, _ in told}) == 4
