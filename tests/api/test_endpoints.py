"""Endpoints and deliveries over HTTP: secrets shown once, addresses checked, tests and replays, who may see what."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from app.access.principal import SCOPES
from app.db.engine import Database
from app.main import create_app
from app.models import Audit, Endpoint, Idempotency
from app.settings import Settings
from tests.alerts.outbox import Office, office
from tests.alerts.receiver import Receiver, answering, receiver
from tests.api.conftest import KEY, client_of
from tests.clocks import FakeClock


@dataclass
class Desk:
    api: httpx.AsyncClient
    app: FastAPI
    ours: Office
    theirs: Receiver

    async def make(self, **more: Any) -> dict[str, Any]:
        made = await self.api.post("/endpoints", json={"name": "ours", "url": self.theirs.url, **more})
        assert made.status_code == 201, made.text
        body: dict[str, Any] = made.json()
        return body


@pytest.fixture
async def desk(db: Database, clock: FakeClock) -> AsyncIterator[Desk]:
    async with office(db, clock, key=KEY) as ours, receiver() as theirs:
        app = create_app(ours.settings, db, clock)
        async with client_of(app) as api:
            yield Desk(api, app, ours, theirs)


async def test_an_endpoint_is_made_read_changed_and_deleted(desk: Desk) -> None:
    made = await desk.make(types=["alert.firing"])
    assert made["secret"].startswith("whsec_")
    path = f"/endpoints/{made['id']}"
    read = await desk.api.get(path)
    assert read.json() == {name: value for name, value in made.items() if name != "secret"}
    tag = {"If-Match": read.headers["etag"]}
    changed = await desk.api.patch(path, json={"name": "theirs", "types": None}, headers=tag)
    assert (changed.json()["name"], changed.json()["types"]) == ("theirs", None)
    assert (await desk.api.patch(path, json={"name": "x"}, headers=tag)).status_code == 412
    assert [one["id"] for one in (await desk.api.get("/endpoints")).json()["items"]] == [made["id"]]
    off = (await desk.api.patch(path, json={"enabled": False})).json()
    assert (off["enabled"], off["disabled_reason"]) == (False, "by its owner")
    assert (await desk.api.patch(path, json={"enabled": True})).json()["disabled_reason"] is None
    assert (await desk.api.delete(path)).status_code == 204
    assert (await desk.api.get(path)).status_code == 404


async def test_an_endpoint_that_a_rule_names_is_not_deleted(desk: Desk) -> None:
    made = await desk.make()
    about = {"name": "mine", "kind": "quiet", "subject": {"hashtag": "*"}, "endpoints": [made["id"]]}
    rule = (await desk.api.post("/alert-rules", json=about)).json()
    refused = await desk.api.delete(f"/endpoints/{made['id']}")
    assert (refused.status_code, "'mine'" in refused.json()["detail"]) == (409, True)
    await desk.api.patch(f"/alert-rules/{rule['id']}", json={"endpoints": None})
    assert (await desk.api.delete(f"/endpoints/{made['id']}")).status_code == 204


async def test_the_secret_is_shown_once_and_lies_sealed(desk: Desk, db: Database) -> None:
    key = {"Idempotency-Key": "k"}
    body = {"name": "ours", "url": desk.theirs.url, "asymmetric": True}
    first, again = [(await desk.api.post("/endpoints", json=body, headers=key)).json() for _ in range(2)]
    assert again == {**first, "secret": None}
    assert first["public_key"].startswith("whpk_")
    path = f"/endpoints/{first['id']}"
    rotated = (await desk.api.post(f"{path}/rotate")).json()
    assert rotated["previous_until"] == "2026-03-02T12:00:00Z"
    assert rotated["public_key"] not in (None, first["public_key"])
    assert "secret" not in (await desk.api.get(path)).json()
    async with db.read() as session:
        rows = (await session.execute(select(Endpoint.keys_sealed, Endpoint.previous_sealed))).all()
        kept = (await session.execute(select(Idempotency.answer))).scalars().all()
        done = (await session.execute(select(Audit.action).order_by(Audit.id))).scalars().all()
    lying = f"{rows} {kept}"
    assert not any(text in lying for text in (first["secret"], rotated["secret"], "whsk_"))
    assert done == ["endpoint.create", "endpoint.rotate"]


REFUSED = [
    "http://127.0.0.1/", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://[::1]/",
    "http://[::ffff:127.0.0.1]/", "http://localhost/", "https://169.254.169.254/latest/meta-data", "ftp://a.example/",
    "https://user:word@a.example/", "https://1.1.1.1:22/", "not a url", "https://", "http://[fe80::1%25lo]/",
    "http://127。0。0。1/", "https://[", "https://a]b.example/", "ntfy://[token@a.example/topic",
]  # fmt: skip


async def test_an_address_inside_is_refused_in_any_spelling(app: FastAPI, api: httpx.AsyncClient) -> None:
    for url in REFUSED:
        answer = await api.post("/endpoints", json={"name": "x", "url": url})
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["field"]) == (422, "url"), (url, answer.text)
        assert "token" not in answer.text
    private = (await api.post("/endpoints", json={"name": "x", "url": REFUSED[0]})).json()["errors"][0]["message"]
    assert "GROUNDSWELL_ALLOW_NETWORKS" in private
    assert (await api.get("/endpoints")).json()["items"] == []


async def test_a_changed_address_is_checked_as_a_new_one(desk: Desk) -> None:
    made = await desk.make()
    answer = await desk.api.patch(f"/endpoints/{made['id']}", json={"url": "http://10.0.0.1/"})
    assert answer.json()["errors"][0]["field"] == "url"
    wrong: tuple[dict[str, Any], ...] = (
        {"types": ["alert.fired"]},
        {"types": []},
        {"language": "de"},
        {"name": " "},
        {"secret": "x"},
    )
    for body in wrong:
        assert (await desk.api.patch(f"/endpoints/{made['id']}", json=body)).status_code == 422, body


async def test_a_test_is_signed_sent_once_and_told(desk: Desk) -> None:
    made = await desk.make()
    told = (await desk.api.post(f"/endpoints/{made['id']}/test")).json()
    assert (told["status"], told["problem"]) == (204, None)
    (came,) = desk.theirs.came
    assert came.signed_by(made["secret"])
    assert b'"type":"endpoint.test"' in came.body
    desk.theirs.answers = answering(500, body="a secret of theirs")
    told = (await desk.api.post(f"/endpoints/{made['id']}/test")).json()
    assert (told["status"], told["problem"]) == (500, "answered 500")
    assert "secret" not in str(told)
    await desk.ours.wait(1)
    assert len(desk.theirs.came) == 2
    listed = (await desk.api.get("/deliveries")).json()["items"]
    assert {(one["state"], one["type"]) for one in listed} == {
        ("failed", "endpoint.test"), ("delivered", "endpoint.test"),
    }  # fmt: skip
    assert (await desk.api.get("/deliveries?state=failed")).json()["items"][0]["id"] == told["delivery"]


async def test_the_log_is_filtered_paged_and_shows_answers_to_administrators_alone(desk: Desk, minted: Any) -> None:
    desk.theirs.answers = answering(500, body="what the receiver said")
    one, two = await desk.make(), await desk.make(name="other", types=["alert.resolved"])
    messages = [await desk.ours.say(number) for number in range(3)]
    for _ in messages:
        await desk.ours.tick()  # one at a time: it fails
    listed = (await desk.api.get(f"/deliveries?endpoint={one['id']}&state=waiting")).json()["items"]
    assert {item["event"] for item in listed} == set(messages)
    assert listed[0]["attempts"][0]["answer"] == "what the receiver said"
    assert listed[0]["due_at"]
    assert (await desk.api.get(f"/deliveries?endpoint={two['id']}")).json()["items"] == []
    page = (await desk.api.get("/deliveries?limit=2")).json()
    rest = (await desk.api.get("/deliveries", params={"limit": 2, "cursor": page["next"]})).json()
    assert [*page["items"], *rest["items"]] == listed
    (only,) = (await desk.api.get(f"/deliveries?event={messages[0]}")).json()["items"]
    assert only["event"] == messages[0]
    token = (await minted("endpoints:write")).text
    async with client_of(desk.app, token) as other:
        shown = (await other.get("/deliveries")).json()["items"]
        assert {attempt["answer"] for item in shown for attempt in item["attempts"]} == {None}
        assert (await other.get("/endpoints")).status_code == 200
    token = (await minted(*(scope for scope in SCOPES if scope not in ("endpoints:write", "admin")))).text
    async with client_of(desk.app, token) as other:
        for path in ("/endpoints", "/deliveries", f"/endpoints/{one['id']}"):
            assert (await other.get(path)).status_code == 403
        assert (await other.post(f"/endpoints/{one['id']}/test")).status_code == 403


async def test_a_blocked_target_shows_no_detail(db: Database, clock: FakeClock, desk: Desk) -> None:
    made = await desk.make()
    closed = Settings(_env_file=None, database_url=db.url, secret_key=KEY)
    async with client_of(create_app(closed, db, clock)) as api:
        told = (await api.post(f"/endpoints/{made['id']}/test")).json()
    assert (told["status"], told["problem"]) == (None, "the address may not be called")
    assert desk.theirs.came == []


async def test_one_or_all_since_an_instant_are_sent_again(desk: Desk) -> None:
    made = await desk.make()
    messages = [await desk.ours.say(number) for number in range(3)]
    await desk.ours.wait(1)
    (first,) = (await desk.api.get(f"/deliveries?event={messages[0]}")).json()["items"]
    again = (await desk.api.post(f"/deliveries/{first['id']}/replay")).json()
    assert (again["state"], again["event"]) == ("waiting", messages[0])
    await desk.ours.tick()
    assert desk.theirs.ids[messages[0]] == 2
    path, since = f"/endpoints/{made['id']}/replay", {"since": "2026-03-01T12:00:00Z"}
    assert (await desk.api.post(path, json=since)).json() == {"replayed": 3}
    await desk.ours.wait(1)
    assert desk.theirs.ids == {messages[0]: 3, messages[1]: 2, messages[2]: 2}
    await desk.api.patch(f"/endpoints/{made['id']}", json={"enabled": False})
    assert (await desk.api.post(path, json=since)).status_code == 409
    assert (await desk.api.post(f"/deliveries/{first['id']}/replay")).status_code == 409
    await desk.ours.say(9)  # what is said meanwhile is kept for it
    await desk.api.patch(f"/endpoints/{made['id']}", json={"enabled": True})
    assert (await desk.api.post(path, json=since)).json() == {"replayed": 4}
    await desk.api.delete(f"/endpoints/{made['id']}")
    assert (await desk.api.post(f"/deliveries/{first['id']}/replay")).status_code == 409
    assert (await desk.api.post("/deliveries/dlv_none/replay")).status_code == 404
