"""The signed inbound webhook, sent by the reference library: taken once, refused where the signature is not right."""

import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from standardwebhooks import Webhook

from app.access.principal import SCOPES
from app.db.engine import Database
from app.models import Idempotency, InboundHook
from tests.api.conftest import client_of
from tests.clocks import FakeClock

GIFT = {"id": "g1", "occurred_at": "2026-03-01T10:30:00Z", "kind": "donation", "amount": "12.50", "currency": "EUR"}


@pytest.fixture
async def hook(api: httpx.AsyncClient) -> dict[str, Any]:
    await api.post("/campaigns", json={"slug": "a", "name": "A"})
    made = await api.post("/campaigns/a/inbound", json={"name": "our platform"})
    assert made.status_code == 201
    body: dict[str, Any] = made.json()
    return body


def message(data: Any) -> str:
    return json.dumps({"type": "donation.created", "timestamp": "2026-03-01T12:00:00Z", "data": data})


def signed(secret: str, body: str, at: datetime, name: str = "msg_1") -> dict[str, str]:
    signature = Webhook(secret).sign(name, at, body)
    return {"webhook-id": name, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


async def sent(app: FastAPI, hook: dict[str, Any], data: Any, **how: Any) -> httpx.Response:
    """From another machine, with no login."""
    body = how.pop("body", None) or message(data)
    headers = signed(how.pop("secret", hook["secret"]), body, how.pop("at", app.state.clock.now()), **how)
    async with client_of(app, peer="192.0.2.9") as client:
        url = f"http://127.0.0.1:8000{hook['url']}"
        return await client.post(url, content=body, headers={"content-type": "application/json", **headers})


async def test_outcomes_come_in_signed_where_everything_else_needs_a_login(
    app: FastAPI, api: httpx.AsyncClient, hook: dict[str, Any], minted: Any
) -> None:
    token = (await minted(*SCOPES)).text
    assert (await sent(app, hook, GIFT)).json() == {"new": 1, "repeated": 0}
    more = [GIFT, {**GIFT, "id": "g2"}]
    assert (await sent(app, hook, more, name="msg_2")).json() == {"new": 1, "repeated": 1}
    async with client_of(app, token) as client:
        assert len((await client.get("/campaigns/a/outcomes")).json()["items"]) == 2
    assert (await api.get("/campaigns/a/outcomes")).status_code == 401


async def test_the_secret_is_shown_once_and_lies_sealed(
    api: httpx.AsyncClient, db: Database, hook: dict[str, Any]
) -> None:
    assert hook["secret"].startswith("whsec_")
    key = {"Idempotency-Key": "k"}
    first, again = [await api.post("/campaigns/a/inbound", json={"name": "two"}, headers=key) for _ in range(2)]
    assert again.json() == {**first.json(), "secret": None}
    rotated = (await api.post(f"/campaigns/a/inbound/{hook['id']}/rotate")).json()
    listed = (await api.get("/campaigns/a/inbound")).json()["items"]
    assert {one["name"] for one in listed} == {"our platform", "two"}
    assert all("secret" not in one for one in listed)
    async with db.read() as session:
        rows = (await session.execute(select(InboundHook.secret_sealed, InboundHook.previous_sealed))).all()
        kept = (await session.execute(select(Idempotency.answer))).scalars().all()
    lying = f"{rows} {kept}"
    assert not any(secret in lying for secret in (hook["secret"], first.json()["secret"], rotated["secret"]))


async def test_a_message_is_taken_once(app: FastAPI, api: httpx.AsyncClient, hook: dict[str, Any]) -> None:
    first = await sent(app, hook, GIFT)
    app.state.clock.advance(60)
    again = await sent(app, hook, GIFT)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert (await sent(app, hook, {**GIFT, "id": "g2"})).status_code == 422
    app.state.clock.advance(86_400)
    assert (await sent(app, hook, GIFT)).json() == {"new": 0, "repeated": 1}
    assert len((await api.get("/campaigns/a/outcomes")).json()["items"]) == 1


async def test_a_message_that_failed_may_come_again(app: FastAPI, hook: dict[str, Any]) -> None:
    assert (await sent(app, hook, {**GIFT, "amount": "x"})).status_code == 422
    assert (await sent(app, hook, GIFT)).status_code == 200
    other = await sent(app, hook, {**GIFT, "amount": "1.00"}, name="msg_2")
    assert (other.status_code, other.json()["errors"][0]["value"]) == (409, "g1")


async def test_what_is_not_signed_right_is_refused(app: FastAPI, api: httpx.AsyncClient, hook: dict[str, Any]) -> None:
    now = app.state.clock.now()
    good, body = signed(hook["secret"], message(GIFT), now), message(GIFT)
    other = signed("whsec_" + "QUJD" * 11, body, now)["webhook-signature"]
    cases: list[tuple[dict[str, str], str]] = [
        ({}, body),
        (good, body + " "),
        (good, message({**GIFT, "amount": "1"})),
        ({**good, "webhook-id": "msg_2"}, body),
        *(
            ({**good, "webhook-signature": wrong}, body)
            for wrong in (other, "v1", "v1,", ",", "v2,x", "v1,é", "x" * 900)
        ),
        *(
            ({**good, "webhook-timestamp": wrong}, body)
            for wrong in ("", "x", "1e9", "-1", "9" * 11, "٣", str(int(now.timestamp()) + 1))
        ),
        *(({name: value for name, value in good.items() if name != gone}, body) for gone in good),
        (good, "no json"),
        (good, ""),
    ]
    for headers, text in cases:
        sendable = {name.encode(): value.encode() for name, value in headers.items()}
        answer = await api.post(hook["url"].removeprefix("/api/v1"), content=text.encode(), headers=sendable)
        assert answer.status_code == 401, (headers, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await api.get("/campaigns/a/outcomes")).json()["items"] == []
    both = {**good, "webhook-signature": f"{other} {good['webhook-signature']}"}
    assert (await api.post(hook["url"].removeprefix("/api/v1"), content=body, headers=both)).status_code == 200


@pytest.mark.parametrize(("off", "status"), [(-300, 200), (300, 200), (-301, 401), (301, 401)])
async def test_a_timestamp_is_five_minutes_off_at_most(
    app: FastAPI, hook: dict[str, Any], off: int, status: int
) -> None:
    at = app.state.clock.now() + timedelta(seconds=off)
    assert (await sent(app, hook, GIFT, at=at)).status_code == status


async def test_after_a_rotation_both_secrets_are_good_for_a_day(
    app: FastAPI, api: httpx.AsyncClient, hook: dict[str, Any], clock: FakeClock
) -> None:
    new = (await api.post(f"/campaigns/a/inbound/{hook['id']}/rotate")).json()
    assert new["previous_until"] == "2026-03-02T12:00:00Z"
    for number, secret in enumerate((hook["secret"], new["secret"])):
        assert (await sent(app, hook, GIFT, secret=secret, name=f"m{number}")).status_code == 200
    clock.advance(86_400)
    assert (await sent(app, hook, GIFT, name="m3")).status_code == 401
    assert (await sent(app, hook, GIFT, secret=new["secret"], name="m4")).status_code == 200


async def test_an_address_taken_away_or_of_another_campaign_is_not_there(
    app: FastAPI, api: httpx.AsyncClient, hook: dict[str, Any]
) -> None:
    await api.post("/campaigns", json={"slug": "b", "name": "B"})
    assert (await api.delete(f"/campaigns/b/inbound/{hook['id']}")).status_code == 404
    assert (await api.post(f"/campaigns/b/inbound/{hook['id']}/rotate")).status_code == 404
    assert (await api.delete(f"/campaigns/a/inbound/{hook['id']}")).status_code == 204
    assert (await sent(app, hook, GIFT)).status_code == 404
    assert (await api.get("/campaigns/a/inbound")).json() == {"items": [], "next": None}


async def test_a_signed_message_is_read_as_strictly_as_any(app: FastAPI, hook: dict[str, Any]) -> None:
    cases: list[tuple[Any, str]] = [
        ({**GIFT, "donor_name": "Ana"}, "data.donor_name"),
        ([GIFT, {**GIFT, "amount": "x"}], "data.1.amount"),
        ([], "data"),
    ]
    for number, (data, field) in enumerate(cases):
        answer = await sent(app, hook, data, name=f"m{number}")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), answer.text
        assert "Ana" not in answer.text
    beside = json.dumps({"type": "x", "timestamp": "2026-03-01T12:00:00Z", "data": GIFT, "donor": "Ana"})
    answer = await sent(app, hook, None, body=beside, name="m7")
    assert (answer.status_code, "Ana" in answer.text) == (422, False), answer.text
    assert (await sent(app, hook, None, body="[1", name="m8")).status_code == 422
    assert (await sent(app, hook, None, body=" " * (1 << 20) + "{}", name="m9")).status_code == 413


async def test_without_a_user_or_token_a_service_that_others_reach_takes_nothing_in(
    app: FastAPI, hook: dict[str, Any]
) -> None:
    app.state.settings = app.state.settings.model_copy(update={"host": "0.0.0.0"})
    assert (await sent(app, hook, GIFT)).status_code == 401
