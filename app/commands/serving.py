"""The parts of a process that runs on: a server that listens, and a scheduler that works, each until it is left."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.errors import Problem

if TYPE_CHECKING:
    import uvicorn

    from app.db.engine import Database
    from app.settings import Settings


@asynccontextmanager
async def working(db: "Database", given: "Settings") -> AsyncIterator[None]:
    from app.clock import SystemClock
    from app.dashboard import mailed
    from app.scheduler import Scheduler

    scheduler = Scheduler(db, given, SystemClock(), mailed.writer(db))
    await scheduler.start()
    try:
        yield
    finally:
        await scheduler.stop()


@dataclass(frozen=True, slots=True)
class Served:
    server: "uvicorn.Server"
    task: "asyncio.Task[None]"


@asynccontextmanager
async def serving(given: "Settings", db: "Database") -> AsyncIterator["Served"]:
    """Listens when it is entered. Connections that are open at the end get ten seconds."""
    import uvicorn

    from app.main import create_app

    listener, app = _listen(given), create_app(given, db)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, ws="none",
        proxy_headers=False, timeout_graceful_shutdown=10, lifespan="on", http="httptools",
    )  # fmt: skip
    server = _quiet(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has a flag, and no event
        await asyncio.sleep(0.01)
    if task.done():
        await task
        raise Problem("the server did not start: the log says why")
    try:
        yield Served(server, task)
    finally:
        app.state.live.close()
        server.should_exit = True
        await task


def _quiet(config: "uvicorn.Config") -> "uvicorn.Server":
    import uvicorn

    class Server(uvicorn.Server):
        def capture_signals(self) -> Any:
            """Signals are ours: they stop the scheduler too."""
            return contextlib.nullcontext()

    return Server(config)


def _listen(given: "Settings") -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(
            given.host, given.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        raise Problem(
            f"cannot listen on {given.host}:{given.port}: {error.strerror or error}; "
            "end what holds it, or set GROUNDSWELL_PORT or GROUNDSWELL_HOST"
        ) from None
