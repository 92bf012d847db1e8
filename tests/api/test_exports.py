"""Exports over HTTP: what is asked, who is let in, and that a file is whole or visibly broken off."""

import asyncio
import io
import json
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI
from sqlalchemy import select, text
from structlog.testing import capture_logs

from app.api.downloads import Downloads
from app.clock import to_ms
from app.db.engine import Database
from app.exports import rows
from app.main import create_app
from app.models import Audit
from app.settings import Settings
from app.store import following
from tests.api.conftest import KEY, add_source, ago, arrive, client_of, post
from tests.api.serving import Hurried, served
from tests.built import once


@pytest.fixture
async def seen(db: Database) -> Database:
    await once(db, _seen, lambda: _seen(db))
    return db


async def _seen(db: Database) -> None:
    source = await add_source(db)
    async with db.write() as session:
        for tag in ("Rain", "Sun", "Wind"):
            await following.follow(session, tag, None, to_ms(ago(hours=9)), 300)
    shy: dict[str, Any] = {"labels": ("!no-unauthenticated",), "url": "https://one.example/@user3/3"}
    posts = [post(1, ("Rain",), ago(hours=3)), post(2, ("Sun", "Rain"), ago(hours=2)), post(4, ("Wind",), ago(hours=2))]
    await arrive(db, source, [*posts, post(3, ("Sun",), ago(hours=1), **shy)], ago(minutes=30))
    await arrive(db, source, [post(1, ("Rain",), ago(hours=3), likes=9)], ago(minutes=20))


def lines(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_hashtags_in_one_file_in_every_format(seen: Database, api: httpx.AsyncClient) -> None:
    query = "hashtag=rain&hashtag=SUN&format="
    rows = lines(await api.get(f"/exports/posts?{query}jsonl"))
    assert sorted(row["native_id"][-1] for row in rows) == ["1", "2", "3"]
    answer = await api.get(f"/exports/posts?{query}csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="groundswell-posts.csv"'
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert len(answer.text.splitlines()) == 4
    assert lines(await api.get(f"/exports/posts?{query}ndjson")) == rows
    table = pq.read_table(io.BytesIO((await api.get(f"/exports/posts?{query}parquet")).content))
    assert table.column("native_id").to_pylist() == [row["native_id"] for row in rows]
    looks = lines(await api.get(f"/exports/snapshots?{query}jsonl"))
    assert len(looks) == 4
    curves = lines(await api.get(f"/exports/curves?{query}jsonl&step=1d&metric=posts,likes"))
    assert {row["subject"]: row["posts"] for row in curves if row["posts"]} == {"rain": 2, "sun": 2}
    assert set(curves[0]) == {"kind", "subject", "time", "posts", "likes"}
    assert {row["hashtag"] for row in lines(await api.get(f"/exports/coverage?{query}jsonl"))} == {"#rain", "#sun"}
    assert len(lines(await api.get("/exports/posts?format=jsonl&from=2026-03-01T10:00:00Z"))) == 3


async def test_authors_are_pseudonyms_unless_who_asks_wants_them_as_they_are(
    seen: Database, app: FastAPI, minted: Callable[..., Any]
) -> None:
    async with client_of(app, (await minted("export")).text) as client:
        query = "?format=jsonl"
        hidden = lines(await client.get(f"/exports/posts{query}"))
        accounts = {row["native_id"] for row in lines(await client.get(f"/exports/accounts{query}"))}
        assert {row["author_id"] for row in hidden} == accounts
        assert all(name.startswith("p_") for name in accounts)
        assert {(row["author"], row["url"]) for row in hidden} == {(None, None)}
        assert all(row["text"] and row["followers"] for row in hidden)
        named = lines(await client.get(f"/exports/posts{query}&identified=true"))
        assert {row["author"] for row in named} == {f"user{n}@one.example" for n in range(1, 5)}
        assert list(lines(await client.get(f"/exports/posts{query}&dehydrated=true"))[0]) == [
            "platform", "native_id", "created_at",
        ]  # fmt: skip


async def test_who_has_not_logged_in_does_not_see_those_who_ask_for_it(seen: Database, api: httpx.AsyncClient) -> None:
    for query in ("?format=jsonl&identified=true", "?format=jsonl"):
        rows = {row["native_id"][-1]: row for row in lines(await api.get(f"/exports/posts{query}"))}
        shy = rows["3"]
        assert (shy["text"], shy["url"], shy["author"]) == (None, None, None)
        assert rows["1"]["text"] == "post 1"
        assert "user3" not in json.dumps(shy).replace("users/3", "")


@pytest.mark.parametrize(
    ("query", "status", "word"),
    [
        ("posts?hashtag=none", 404, "#none is not followed"), ("posts?campaign=none", 404, "no campaign"),
        ("posts?hashtag=rain&campaign=c", 422, "not both"), ("posts?from=5&to=5", 422, "before to"),
        ("posts?as_of=2999-01-01", 422, "future"), ("posts?step=1h", 422, "step: is not known"),
        ("posts?format=xml", 422, "format"), ("snapshots?dehydrated=true", 422, "is not known"),
        ("curves", 422, "name one"), ("curves?hashtag=rain&tz=Mars", 422, "tz"), ("outcomes", 422, "name one"),
        ("posts?after=x", 422, "a native_id"), ("likes", 404, "nothing at this address"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_told_before_the_first_byte(
    seen: Database, api: httpx.AsyncClient, query: str, status: int, word: str
) -> None:
    answer = await api.get(f"/exports/{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert word in answer.json()["detail"]


async def test_an_export_is_in_the_audit_log_once_it_begins(seen: Database, api: httpx.AsyncClient) -> None:
    await api.get("/exports/posts?hashtag=none")
    await api.get("/exports/posts?hashtag=rain")
    async with seen.read() as session:
        found = (await session.execute(select(Audit.actor, Audit.action, Audit.subject))).all()
    assert [tuple(row) for row in found] == [("local", "export", "posts")]


async def test_a_broken_answer_is_gone_on_with_after_the_last_whole_post(
    seen: Database, api: httpx.AsyncClient
) -> None:
    for kind in ("posts", "snapshots"):
        whole = (await api.get(f"/exports/{kind}")).text
        header, first, *_ = whole.splitlines()
        at = header.split(",").index("native_id")
        native = first.split(",")[at]
        had = [line for line in whole.splitlines(True) if line.startswith(("platform", f"mastodon,{native},"))]
        rest = await api.get(f"/exports/{kind}", params={"after": f"mastodon {native}"})
        assert "".join(had) + rest.text == whole


@contextmanager
def serving(url: str, **how: Any) -> Iterator[tuple[str, FastAPI]]:
    settings = Settings(_env_file=None, secret_key=KEY, database_url=url)
    app = create_app(settings, clock=Hurried())
    app.state.downloads = Downloads(**how)
    with served(settings, app) as base:
        yield f"{base}/api/v1/exports", app


@asynccontextmanager
async def holding(posts: int, words: str, template: Path, folder: Path) -> AsyncIterator[Database]:
    path = shutil.copyfile(template, folder / "many.db")
    db = Database(f"sqlite:///{path}")
    source = await add_source(db)
    shown = [post(n, ("Rain",), ago(hours=1), text=words) for n in range(posts)]
    await arrive(db, source, shown, ago(minutes=30))
    yield db
    await db.close()


@pytest.fixture
async def many(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """Some megabytes of posts: more than the buffers between two sockets hold."""
    async with holding(1_000, "x" * 8_000, sqlite_template, tmp_path) as db:
        yield db


@pytest.fixture
async def few(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    async with holding(9, "x", sqlite_template, tmp_path) as db:
        yield db


async def test_an_error_in_the_middle_breaks_the_answer_off(few: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "PAGE", 3)
    async with few.write() as session:  # what a damaged file may hold
        await session.execute(text("UPDATE post SET created_at = 'x' WHERE id = (SELECT max(id) FROM post)"))
    with capture_logs(), serving(few.url) as (base, _):  # rendered with all that it holds, the error would take long
        async with httpx.AsyncClient() as client, client.stream("GET", f"{base}/posts") as answer:
            assert answer.status_code == 200
            with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
                await answer.aread()


def slow(base: str) -> socket.socket:
    """Asks, and reads nothing by itself."""
    asking = socket.socket()
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    asking.connect((httpx.URL(base).host, httpx.URL(base).port))
    asking.sendall(b"GET /api/v1/exports/posts HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    return asking


async def until(app: FastAPI, open_: int) -> None:
    async with asyncio.timeout(10):
        while app.state.downloads.open != open_:  # noqa: ASYNC110 - it is another thread's
            await asyncio.sleep(0.01)


async def test_two_at_once_and_no_session_is_open_while_they_are_slow(
    many: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "PAGE", 100)
    with serving(many.url) as (base, app), slow(base) as one, slow(base):
        await until(app, 2)
        async with asyncio.timeout(10):
            while app.state.db.engine.pool.checkedout():  # noqa: ASYNC110 - it is another thread's
                await asyncio.sleep(0.1)
        async with httpx.AsyncClient() as client:
            full = await client.get(f"{base}/posts")
            assert (full.status_code, full.headers["retry-after"]) == (429, "30")
            assert full.headers["content-type"] == "application/problem+json"
            one.close()
            await until(app, 1)
            assert (await client.get(f"{base}/coverage")).status_code == 200


async def test_who_takes_nothing_is_cut_off(many: Database) -> None:
    with serving(many.url, stalled=0.3) as (base, app), slow(base) as asking:
        await until(app, 1)
        await until(app, 0)
        assert not await asyncio.to_thread(drained, asking)


def drained(asking: socket.socket) -> bool:
    """Whether the answer came to its end."""
    asking.settimeout(10)
    found = b""
    try:
        while part := asking.recv(65_536):
            found = (found + part)[-5:]
    except ConnectionResetError:
        pass
    return found.endswith(b"0\r\n\r\n")
