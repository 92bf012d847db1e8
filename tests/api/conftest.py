"""The app over a fresh database of each kind, asked in-process as whoever a test wants to be."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.access import tokens
from app.access.principal import SCOPES, Scope
from app.clock import to_ms
from app.db.engine import Database
from app.main import create_app
from app.models import Source
from app.settings import Settings
from app.store.keep import Arrivals, keep
from collectors.posts import Account, Engagement, Post
from tests.clocks import FakeClock

KEY = "a key that is long enough for the tests"
BASE = "http://127.0.0.1:8000/api/v1"


@pytest.fixture
def app(db: Database, clock: FakeClock) -> FastAPI:
    return create_app(Settings(_env_file=None, secret_key=KEY, database_url=db.url), db, clock)


def client_of(app: FastAPI, token: str | None = None, peer: str = "127.0.0.1", **headers: str) -> httpx.AsyncClient:
    if token:
        headers["Authorization"] = f"Bearer {token}"
    transport = httpx.ASGITransport(app=app, client=(peer, 51000))
    return httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers)


@pytest.fixture
async def api(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Whoever sits at the machine, before there is a user or a token."""
    async with client_of(app) as client:
        yield client


@pytest.fixture
def minted(db: Database, app: FastAPI, clock: FakeClock) -> Callable[..., Any]:
    async def mint(*scopes: Scope, days: float = 90) -> tokens.Minted:
        async with db.write() as session:
            wanted = frozenset(scopes or SCOPES)
            return await tokens.create(session, app.state.keys, "a test", wanted, to_ms(clock.now()), days)

    return mint


async def add_source(db: Database, name: str = "one.example", platform: str = "mastodon", **values: Any) -> int:
    async with db.write() as session:
        given = {"kind": "live", "state": "ok", "state_at": 0, "created_at": 0, **values}
        row = Source(name=name, platform=platform, **given)
        session.add(row)
        await session.flush()
        return row.id


def post(number: int, tags: tuple[str, ...], at: datetime, likes: int | None = 1, **values: Any) -> Post:
    author = Account(f"https://one.example/users/{number}", handle=f"user{number}@one.example", followers=100)
    return Post(
        native_id=f"https://one.example/posts/{number}", created_at=at, local_id=str(number), tags=tags,
        **{"author": author, "text": f"post {number}", "engagement": Engagement(likes=likes, reposts=0), **values},
    )  # fmt: skip


async def arrive(db: Database, source: int, posts: list[Post], at: datetime, platform: str = "mastodon") -> None:
    async with db.write() as session:
        await keep(session, Arrivals(platform, posts, to_ms(at), source), to_ms(at))


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def ago(**delta: float) -> datetime:
    return NOON - timedelta(**delta)
