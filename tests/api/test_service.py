"""The service itself: sources, health, metrics, its start, and the page that describes all of it."""

import shutil
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from fastapi import FastAPI

from app.clock import to_ms
from app.db.engine import Database
from app.errors import Problem
from app.main import create_app
from app.settings import Settings
from app.store import budgets
from tests.api.conftest import KEY, NOON, add_source, client_of


async def test_a_source_says_how_it_does(api: httpx.AsyncClient, db: Database) -> None:
    noon = to_ms(NOON)
    source = await add_source(
        db, state="waiting", reason="rate limit reached", state_at=noon, waits_until=noon + 60_000, base_url="https://x"
    )
    await add_source(db, "import:mastodon", kind="import")
    await add_source(db, "gone.example", removed_at=1)
    await api.post("/hashtags", json={"tag": "#a"})
    async with db.write() as session:
        state = await budgets.held(session, source, "calls")
        await budgets.write(session, source, "calls", state)
    api_clock: Any = api._transport.app.state.clock  # type: ignore[attr-defined]
    api_clock.advance(90)
    imported, live = (await api.get("/sources")).json()["items"]
    assert (imported["kind"], imported["lateness_s"], imported["budgets"]) == ("import", None, [])
    assert (live["name"], live["state"], live["reason"]) == ("one.example", "waiting", "rate limit reached")
    assert (live["waits_until"], live["lateness_s"], live["tracks"]) == ("2026-03-01T12:01:00Z", 90.0, 1)
    assert all(budget["remaining"] == budget["limit"] for budget in live["budgets"])
    assert live["budgets"]
    assert live["cost_this_month"] is None


async def test_ready_means_the_database_is_there_at_the_right_revision(api: httpx.AsyncClient) -> None:
    for base in ("http://127.0.0.1:8000", "http://127.0.0.1:8000/api/v1"):
        assert (await api.get(f"{base}/healthz")).json() == {"status": "ok"}
        assert (await api.get(f"{base}/readyz")).json()["status"] == "ready"


async def test_an_empty_database_is_not_ready(empty_database_url: str) -> None:
    settings = Settings(_env_file=None, secret_key=KEY, database_url=empty_database_url)
    db = Database(empty_database_url)
    async with client_of(create_app(settings, db)) as client:
        answer = await client.get("/readyz")
    await db.close()
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    with pytest.raises(Problem, match="groundswell migrate"):
        async with (app := create_app(settings)).router.lifespan_context(app):
            pass


async def test_prometheus_reads_requests_and_sources(api: httpx.AsyncClient, db: Database) -> None:
    await add_source(db)
    await api.get("/campaigns/none")
    await api.get("/anything/at/all")
    page = (await api.get("/metrics")).text
    assert 'groundswell_http_requests_total{method="GET",route="/campaigns/{slug}",status="404"} 1.0' in page
    assert 'groundswell_source_up{platform="mastodon",source="one.example"} 1.0' in page
    assert "anything" not in page


async def test_a_start_opens_the_database_and_makes_a_key(sqlite_template: Path, tmp_path: Path) -> None:
    path = tmp_path / "g.db"
    shutil.copyfile(sqlite_template, path)
    app = create_app(Settings(_env_file=None, database_url=f"sqlite:///{path}"))
    async with app.router.lifespan_context(app), client_of(app) as client:
        assert (await client.get("/campaigns")).status_code == 200
        assert (tmp_path / "g.key").stat().st_mode & 0o777 == 0o600
    other = create_app(Settings(_env_file=None, secret_key=KEY, database_url=f"sqlite:///{path}"))
    with pytest.raises(Problem, match="key"):
        async with other.router.lifespan_context(other):
            pass


def operations(app: FastAPI) -> dict[str, Any]:
    page = app.openapi()
    return {f"{m.upper()} {p}": op for p, path in page["paths"].items() for m, op in path.items()}


def test_every_operation_shows_an_example_that_is_true(app: FastAPI) -> None:
    page = app.openapi()
    for name, operation in operations(app).items():
        contents = [operation["requestBody"]["content"]] if "requestBody" in operation else []
        contents += [answer["content"] for answer in operation["responses"].values() if "content" in answer]
        for media in (media for content in contents for media in content.values()):
            schema = media["schema"]
            whole = page["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
            named = [one["value"] for one in media.get("examples", {}).values()]
            example = media.get("example", whole.get("example", named[0] if named else None))
            assert example is not None, name
            validator = jsonschema_rs.validator_for({**schema, "components": page["components"]})
            assert [error.message for error in validator.iter_errors(example)] == [], name
        assert operation["description"], name
        for parameter in operation.get("parameters", []):
            assert parameter["in"] != "path" or "example" in parameter or "examples" in parameter["schema"], name
