"""A server on a real socket, a world that the test writes, and a client."""

from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.script import Script
from sandbox.server import Running, start
from tests.sandbox.hand import Hand


@pytest.fixture
def now() -> Hand:
    return Hand()


@pytest.fixture
def script(now: Hand) -> Script:
    return Script(now)


@pytest.fixture
async def running(script: Script, now: Hand) -> AsyncIterator[Running]:
    async with await start(world=script, now=now) as server:
        yield server


@pytest.fixture
async def client(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=running.url, trust_env=False, verify=False) as client:
        yield client
