"""What an answer looks like when something is wrong, and what every answer carries."""

import asyncio
import json
from itertools import product
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app import log
from app.db.engine import Database
from app.main import create_app
from app.settings import Settings
from tests.api.conftest import KEY, client_of
from tests.clocks import FakeClock


async def test_an_unknown_address_is_a_problem(api: httpx.AsyncClient) -> None:
    answer = await api.get("/nothing")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank", "title": "Not Found", "status": 404, "instance": "/api/v1/nothing",
        "detail": "there is nothing at this address: /api/v1/openapi.json lists what there is",
        "request_id": answer.headers["x-request-id"],
    }  # fmt: skip


async def test_a_method_that_is_not_known_is_a_problem_that_names_those_that_are(api: httpx.AsyncClient) -> None:
    answer = await api.put("/campaigns/a", json={})
    assert (answer.status_code, answer.json()["status"]) == (405, 405)
    assert answer.headers["allow"] == "DELETE, GET, PATCH"


async def test_a_body_that_is_no_json_object_is_refused(api: httpx.AsyncClient) -> None:
    for body in [
        b"",
        b"{",
        b"nonsense",
        b"[]",
        b'"a"',
        b"\xff",
        b'{"name": "\\ud800"}',
        b'{"name": NaN}',
        b"9" * 5000,
        b"[" * 900,
    ]:
        answer = await api.post("/campaigns", content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
        assert answer.json()["errors"][0]["field"] == "body"


async def test_a_body_of_another_type_is_refused(api: httpx.AsyncClient) -> None:
    assert (await api.post("/campaigns", content=b'{"slug": "a", "name": "A"}')).status_code == 422
    assert (await api.post("/campaigns", data={"slug": "a"})).status_code == 422


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_over_1_mib_is_refused(api: httpx.AsyncClient, declared: bool) -> None:
    body = json.dumps({"slug": "a", "name": "x" * (1 << 20)}).encode()

    async def pieces() -> Any:
        yield body

    content = body if declared else pieces()
    answer = await api.post("/campaigns", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


async def test_a_query_that_is_not_understood_is_named(api: httpx.AsyncClient) -> None:
    for query, field in [
        ("limt=5", "limt"),
        ("limit=5&limit=6", "limit"),
        ("limit=5%00", "limit"),
        ("cursor=%FF", "cursor"),
        ("cursor=%ED%A0%80", "cursor"),
        ("limit=" + "9" * 5000, "limit"),
        ("=5", ""),
    ]:
        answer = await api.get(f"/campaigns?{query}")
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["field"] == field


async def test_an_address_that_cannot_be_text_is_refused(api: httpx.AsyncClient) -> None:
    for path in ["/campaigns/%00", "/campaigns/%FF", "/hashtags/a%00b", "/posts/%ED%A0%80"]:
        answer = await api.get(path)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "path")


async def test_addresses_and_headers_have_an_end(api: httpx.AsyncClient) -> None:
    assert (await api.get("/campaigns?cursor=" + "a" * 20_000)).status_code == 414
    assert (await api.get("/campaigns", headers={"X-Long": "a" * 40_000})).status_code == 431


async def test_what_was_sent_comes_back_shortened_and_passwords_never(api: httpx.AsyncClient) -> None:
    answer = await api.post("/campaigns", json={"slug": "x" * 5_000, "name": "A"})
    assert len(answer.json()["errors"][0]["value"]) < 250
    answer = await api.post("/login", json={"name": "a", "password": ["secret words"]})
    assert answer.status_code == 422
    assert "secret words" not in answer.text


async def test_a_crash_says_an_id_and_no_more(
    db: Database, clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(_env_file=None, secret_key=KEY, database_url=db.url)
    log.set_up(settings)
    app = create_app(settings, db, clock)

    @app.get("/api/v1/crash")
    async def crash() -> None:
        raise RuntimeError("the secret of the cellar")

    async with client_of(app) as client:
        answer = await client.get("/crash")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "cellar" not in answer.text
    assert answer.headers["x-request-id"] == answer.json()["request_id"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["request_id"] in capsys.readouterr().err


async def test_a_database_that_is_gone_is_503_and_the_process_still_alive(clock: FakeClock, tmp_path: Any) -> None:
    db = Database("postgresql://nobody@127.0.0.1:1/nothing")
    app = create_app(Settings(_env_file=None, secret_key=KEY), db, clock)
    async with client_of(app) as client:
        for path in ("/campaigns", "/readyz", "/metrics"):
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "2"), path
            assert answer.headers["content-type"] == "application/problem+json"
        assert (await client.get("/healthz")).json() == {"status": "ok"}
    await db.close()


async def test_every_answer_carries_its_guards(api: httpx.AsyncClient) -> None:
    paths = ["/campaigns", "/campaigns/none", "/nothing", "/posts?limit=0", "/openapi.json", "/healthz", "/metrics"]
    for method, path in product(("GET", "POST", "PUT", "OPTIONS"), paths):
        answer = await api.request(method, path)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';")
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        assert len(answer.headers["x-request-id"]) == 32
        assert "strict-transport-security" not in answer.headers


async def test_over_tls_browsers_are_told_to_stay(app: FastAPI) -> None:
    async with client_of(app) as client:
        answer = await client.get("https://127.0.0.1/api/v1/healthz")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_the_same_key_and_body_are_done_once(api: httpx.AsyncClient) -> None:
    asked, key = {"slug": "a", "name": "A"}, {"Idempotency-Key": "7f3"}
    first = await api.post("/campaigns", json=asked, headers=key)
    again = await api.post("/campaigns", json=asked, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    other = await api.post("/campaigns", json={**asked, "slug": "b"}, headers=key)
    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert [item["slug"] for item in (await api.get("/campaigns")).json()["items"]] == ["a"]


async def test_a_request_that_failed_may_be_sent_again_with_its_key(api: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "7f3"}
    await api.post("/campaigns", json={"slug": "a", "name": "A"})
    assert (await api.post("/campaigns", json={"slug": "a", "name": "B"}, headers=key)).status_code == 409
    await api.delete("/campaigns/a")
    assert (await api.post("/campaigns", json={"slug": "a", "name": "B"}, headers=key)).status_code == 201


async def test_twenty_at_once_with_one_key_make_one(api: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "7f3"}
    answers = await asyncio.gather(*(api.post("/influencers", json={"name": "J"}, headers=key) for _ in range(20)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert len((await api.get("/influencers")).json()["items"]) == 1
