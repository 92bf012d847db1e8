"""What changes, as it changes, on a real socket: who is cut off loses nothing, who is too slow is dropped."""

import asyncio
import json
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.access import tokens
from app.access.principal import Scope
from app.api.live import Live, Pace
from app.clock import SystemClock, to_ms
from app.db.engine import Database
from app.main import create_app
from app.models import Source
from app.settings import Settings
from app.store import news
from app.store import sources as source_rows
from tests.api.conftest import KEY, add_source, ago, arrive, post
from tests.api.serving import served

Event = dict[str, str]


@contextmanager
def serving(url: str, most: int = 64, **pace: float) -> Iterator[tuple[str, FastAPI]]:
    settings = Settings(_env_file=None, secret_key=KEY, database_url=url)
    app = create_app(settings)
    app.state.live = Live(Pace(**{"look_every": 0.02, **pace}), most)
    with served(settings, app) as base:
        yield f"{base}/api/v1", app


@asynccontextmanager
async def listening(base: str, seen: str | None = None, path: str = "/events") -> AsyncIterator[AsyncIterator[Event]]:
    headers = {"Last-Event-ID": seen} if seen is not None else {}
    async with httpx.AsyncClient(timeout=10) as client, client.stream("GET", base + path, headers=headers) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield events(answer.aiter_lines())


async def events(lines: AsyncIterator[str]) -> AsyncIterator[Event]:
    """As a browser reads them: blocks of `name: value`, a comment being one without a name."""
    block: Event = {}
    async for line in lines:
        if line:
            name, _, value = line.partition(": ")
            block[name or "comment"] = value
        elif block:
            yield block
            block = {}


async def heard(stream: AsyncIterator[Event], count: int) -> list[Event]:
    """So many events, comments left out."""
    found: list[Event] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            one = await anext(stream)
            found += [one] if "event" in one else []
    return found


async def change(db: Database, source: int, state: str) -> None:
    async with db.write() as session:
        await source_rows.set_state(session, source, state, f"it is {state}", 0)


async def test_new_points_and_states_come_as_they_happen(db: Database) -> None:
    source = await add_source(db)
    with serving(db.url) as (base, _):
        async with httpx.AsyncClient() as client:
            await client.post(f"{base}/hashtags", json={"tag": "#Growing"})
        async with listening(base) as stream:
            assert int((await anext(stream))["id"]) >= 0
            await arrive(db, source, [post(1, ("Growing",), ago(hours=1))], ago(minutes=1))
            await change(db, source, "failing")
            points, state = await heard(stream, 2)
        assert (points["event"], json.loads(points["data"])) == (
            "points", {"subject": {"kind": "hashtag", "hashtag": "growing"}, "at": "2026-03-01T11:59:00Z"}
        )  # fmt: skip
        assert (state["event"], json.loads(state["data"])["state"]) == ("source", "failing")
        assert int(state["id"]) > int(points["id"])


async def test_who_was_cut_off_goes_on_where_they_were_on_any_process(db: Database) -> None:
    names = [await add_source(db, f"{n}.example") for n in range(5)]
    with serving(db.url) as (one, _), serving(db.url) as (other, _):
        async with listening(one) as stream:
            await anext(stream)
            await change(db, names[0], "failing")
            (first,) = await heard(stream, 1)
        for source in names[1:]:
            await change(db, source, "failing")
        async with listening(other, first["id"]) as stream:
            rest = await heard(stream, 4)
        assert [json.loads(e["data"])["source"] for e in rest] == [f"{n}.example" for n in range(1, 5)]
        ids = [int(event["id"]) for event in [first, *rest]]
        assert ids == sorted(set(ids))
        async with listening(one, rest[1]["id"]) as stream:
            assert await heard(stream, 2) == rest[2:]


async def test_an_id_of_another_database_is_told_all_of_this_one(db: Database) -> None:
    await change(db, await add_source(db), "failing")
    with serving(db.url) as (base, _):
        async with listening(base, str(10**15)) as stream:
            assert (await anext(stream))["id"] == "0"
            assert [e["event"] for e in await heard(stream, 1)] == ["source"]
        async with httpx.AsyncClient() as client:
            for wrong in ("-1", "x", str(2**70)):
                answer = await client.get(f"{base}/events", headers={"Last-Event-ID": wrong})
                assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Last-Event-ID")


async def test_a_quiet_stream_has_a_heartbeat(sqlite_url: str) -> None:
    with serving(sqlite_url, beat_every=0.05) as (base, _):
        async with listening(base) as stream, asyncio.timeout(10):
            await anext(stream)
            assert [await anext(stream) for _ in range(3)] == [{"comment": "beat"}] * 3


async def test_one_process_holds_so_many_and_frees_the_place_of_who_leaves(sqlite_url: str) -> None:
    with serving(sqlite_url, most=2) as (base, app):
        async with listening(base) as one, listening(base) as two, httpx.AsyncClient() as client:
            await anext(one), await anext(two)
            full = await client.get(f"{base}/events")
            assert (full.status_code, full.headers["content-type"]) == (503, "application/problem+json")
            assert "retry-after" in full.headers
        await until(app, 0)
        async with listening(base) as again:
            await anext(again)


async def until(app: FastAPI, open_: int) -> None:
    async with asyncio.timeout(10):
        while app.state.live.open != open_:  # noqa: ASYNC110 - it is another thread's
            await asyncio.sleep(0.01)


async def much(db: Database) -> None:
    """Two megabytes of news: a few of these are more than the buffers between two sockets hold."""
    async with db.write() as session:
        news.note(session, news.SOURCE, range(1, 2_001), 0)
    await asyncio.sleep(0.1)


@pytest.fixture
async def crowd(sqlite_url: str) -> AsyncIterator[Database]:
    db = Database(sqlite_url)
    async with db.write() as session:
        session.add_all(
            Source(
                name=f"{n}.example", platform="x", kind="live", state="ok", reason="r" * 900, state_at=0, created_at=0
            )
            for n in range(2_000)
        )
    yield db
    await db.close()


@contextmanager
def silent(base: str) -> Iterator[socket.socket]:
    """Asks, and reads nothing by itself."""
    with socket.socket() as asking:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        asking.connect((httpx.URL(base).host, httpx.URL(base).port))
        asking.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        yield asking


async def test_who_reads_nothing_is_cut_off_and_others_do_not_notice(crowd: Database) -> None:
    with serving(crowd.url, stalled=1, beat_every=0.1) as (base, app), silent(base):
        await until(app, 1)
        async with listening(base) as stream:
            await anext(stream)
            await others(app, stream, crowd)


async def others(app: FastAPI, stream: AsyncIterator[Event], crowd: Database) -> None:
    async with asyncio.timeout(20):
        while app.state.live.open > 1:
            await much(crowd)
            await heard(stream, 2_000)
    await change(crowd, 7, "failing")
    async with asyncio.timeout(20):
        while json.loads((await heard(stream, 1))[0]["data"])["state"] != "failing":
            pass


async def test_who_is_too_slow_is_told_so_and_may_come_again_where_they_were(crowd: Database) -> None:
    with serving(crowd.url, slow=0.3, stalled=30) as (base, app):
        with silent(base) as asking:
            await until(app, 1)
            for _ in range(12):
                await much(crowd)
            await asyncio.sleep(0.5)
            text = await asyncio.to_thread(drained, asking)
        assert "event: dropped\n" in text
        assert text.endswith("0\r\n\r\n")
        last = [line for line in text.splitlines() if line.startswith("id: ")][-1].removeprefix("id: ")
        async with listening(base, last) as stream:
            await anext(stream)
            rest = await heard(stream, 2_000)
        # Each thing that changed meanwhile is told once, with its last number.
        assert [int(one["id"]) for one in rest] == list(range(22_001, 24_001))
        assert int(last) < 22_001
        assert app.state.live.open <= 1


def drained(asking: socket.socket) -> str:
    asking.settimeout(10)
    found = b""
    while not found.endswith(b"\r\n0\r\n\r\n"):
        part = asking.recv(65_536)
        assert part, found[-200:]
        found += part
    return found.decode()


async def test_a_stream_ends_so_that_a_login_that_ended_is_noticed(sqlite_url: str) -> None:
    db = Database(sqlite_url)
    with serving(sqlite_url, longest=0.2) as (base, app):
        async with db.write() as session:
            scopes: frozenset[Scope] = frozenset({"stats:read"})
            made = await tokens.create(session, app.state.keys, "a test", scopes, to_ms(SystemClock().now()), 1)
        headers = {"Authorization": f"Bearer {made.text}"}
        async with httpx.AsyncClient(timeout=10, headers=headers) as client:
            answer = await client.get(f"{base}/events")
            assert (answer.status_code, answer.text.count("id: ")) == (200, 1)
            async with db.write() as session:
                await tokens.revoke(session, made.facts.id, to_ms(SystemClock().now()))
            assert (await client.get(f"{base}/events")).status_code == 401
    await db.close()


async def test_streams_end_with_the_process(sqlite_url: str) -> None:
    with serving(sqlite_url) as (base, app):
        async with listening(base) as stream, asyncio.timeout(5):
            await anext(stream)
            app.state.live.close()
            assert [one async for one in stream] == []


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    shutil.copyfile(sqlite_template, tmp_path / "groundswell.db")
    return f"sqlite:///{tmp_path / 'groundswell.db'}"
