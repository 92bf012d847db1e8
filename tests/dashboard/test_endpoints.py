"""Endpoints as pages: a secret that is shown once, a test that is sent, each attempt, and what is sent again."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.db.engine import Database
from app.main import create_app
from app.settings import Settings
from app.store import deliveries, endpoints
from app.store.deliveries import Which
from tests.api.conftest import KEY
from tests.clocks import FakeClock
from tests.dashboard.alerting import send
from tests.dashboard.conftest import browser_of, parsed, said


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204 if self.path == "/good" else 500)
        self.end_headers()
        if self.path != "/good":
            self.wfile.write(b"<b>not today</b>")

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def receiver() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def app(db: Database, clock: FakeClock) -> FastAPI:
    settings = Settings(_env_file=None, secret_key=KEY, database_url=db.url, allow_networks="127.0.0.0/8")
    return create_app(settings, db, clock)


async def made(browser: httpx.AsyncClient, db: Database, url: str) -> str:
    fields = {"name": "Ours", "url": url, "wants": "all", "language": "en", "mark": "m"}
    assert (await send(browser, "/endpoints", **fields)).status_code in (201, 303)
    async with db.read() as session:
        return (await endpoints.listed(session, None, 1))[0].id


async def test_a_secret_is_shown_once_and_kept_nowhere(browser: httpx.AsyncClient, db: Database, receiver: str) -> None:
    fields = {"name": "Ours", "url": f"{receiver}/good", "wants": "all", "language": "fr", "mark": "m"}
    answer = await send(browser, "/endpoints", **fields)
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    (secret,) = [one.text for one in parsed(answer).every("code", class_="secret")]
    assert secret.startswith("whsec_")
    again = await send(browser, "/endpoints", **fields)
    assert again.status_code == 303
    for path in ("/endpoints", again.headers["location"]):
        assert secret not in (await browser.get(path)).text
    async with db.read() as session:
        assert len(await endpoints.listed(session, None, 10)) == 1


@pytest.mark.parametrize(
    ("field", "value"), [("name", ""), ("url", "ftp://a.example"), ("url", "http://10.0.0.1/"), ("wants", "some")],
    ids=["nameless", "no-web", "private", "nothing"],
)  # fmt: skip
async def test_one_that_cannot_be_is_refused(
    browser: httpx.AsyncClient, db: Database, receiver: str, field: str, value: str
) -> None:
    fields = {"name": "Ours", "url": f"{receiver}/good", "wants": "all", "language": "en", field: value}
    answer = await send(browser, "/endpoints", **fields)
    assert answer.status_code == 422
    blamed = "types" if field == "wants" else field
    assert [one for one in parsed(answer).elements if one.attrs.get("id") == f"{blamed}-wrong"]
    async with db.read() as session:
        assert await endpoints.listed(session, None, 10) == []


async def test_a_test_is_sent_and_its_attempt_shown(browser: httpx.AsyncClient, db: Database, receiver: str) -> None:
    name = await made(browser, db, f"{receiver}/bad")
    assert (await send(browser, f"/endpoints/{name}/test")).headers["location"].endswith("done=test_failed")
    answer = await browser.get(f"/endpoints/{name}?done=test_failed")
    text = said(answer)
    assert "The test was not taken" in text
    assert "1 attempt" in text
    assert "answered 500" in text
    assert "<b>not today</b>" in text  # as text, for who has the scope admin
    fields = {"name": "Ours", "url": f"{receiver}/good", "wants": "some", "types": "alert.firing", "language": "en"}
    stale = await send(browser, f"/endpoints/{name}", **fields, version="0")
    assert stale.status_code == 409
    saved = await send(browser, f"/endpoints/{name}", **fields, version="1")
    assert saved.headers["location"].endswith("done=saved")
    assert (await send(browser, f"/endpoints/{name}/test")).headers["location"].endswith("done=tested")


async def test_what_was_sent_is_listed_and_sent_again(browser: httpx.AsyncClient, db: Database, receiver: str) -> None:
    name = await made(browser, db, f"{receiver}/bad")
    await send(browser, f"/endpoints/{name}/test")
    async with db.read() as session:
        (kept,) = await deliveries.listed(session, Which(endpoint=name), None, 10)
    assert "not taken" in said(await browser.get("/deliveries?state=failed"))
    assert "There is none." in said(await browser.get("/deliveries?state=delivered"))
    assert (await browser.get("/deliveries?state=lost")).status_code == 422
    answer = await send(browser, f"/deliveries/{kept.id}/replay")
    assert answer.headers["location"] == f"/deliveries?event={kept.event_id}&endpoint={name}&done=replayed"
    async with db.read() as session:
        assert (await deliveries.by_id(session, kept.id)).state == "waiting"
    assert (await send(browser, f"/endpoints/{name}/replay", since="")).status_code == 422
    assert (await send(browser, f"/endpoints/{name}/replay", since="2026-01-01T00:00")).status_code == 303


async def test_a_new_secret_is_shown_once_too_and_an_endpoint_goes(
    browser: httpx.AsyncClient, db: Database, receiver: str
) -> None:
    name = await made(browser, db, f"{receiver}/good")
    first = await send(browser, f"/endpoints/{name}/rotate", mark="1")
    assert "whsec_" in first.text
    assert (await send(browser, f"/endpoints/{name}/rotate", mark="1")).status_code == 303
    off = await send(browser, f"/endpoints/{name}/enabled", enabled="off")
    assert "off since" in said(await browser.get(off.headers["location"]))
    assert (await send(browser, f"/endpoints/{name}/delete")).headers["location"] == "/endpoints?done=deleted"
    assert (await browser.get(f"/endpoints/{name}")).status_code == 404


async def test_who_may_only_read_sees_no_button(app: FastAPI, minted: Callable[..., Any], rain: str) -> None:
    token = await minted("stats:read")
    async with browser_of(app, Authorization=f"Bearer {token.text}") as reader:
        for path in ("/alerts", "/rules", "/rules/rul_spikes", "/silences"):
            answer = await reader.get(path)
            assert answer.status_code == 200
            assert [one for one in parsed(answer).every("form") if one.attrs.get("method") == "post"] == []
            assert "/endpoints" not in {one.attrs.get("href") for one in parsed(answer).every("a")}
        for path in ("/endpoints", "/deliveries", "/rules/new"):
            assert (await reader.get(path)).status_code == 403
