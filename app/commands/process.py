"""`up`, `serve`, `work`, `migrate`: the processes that run on, together or apart."""

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands import frame, show
from app.errors import Problem

if TYPE_CHECKING:
    import uvicorn

    from app.db.engine import Database
    from app.settings import Settings


def up(
    demo: Annotated[bool, typer.Option("--demo", help="with two demo campaigns, polled live, offline")] = False,
) -> None:
    """Migrate, serve and work in one process."""
    given = frame.settings()
    _run_on(_up(given, demo))


def serve() -> None:
    """Answer over HTTP: the page and the API."""
    given = frame.settings()
    _run_on(_serve(given))


def work() -> None:
    """Look at the sources, as many of these as there are machines."""
    given = frame.settings()
    _run_on(_work(given))


def migrate() -> None:
    """Bring the database to this program's tables."""
    given = frame.settings()
    show.say(frame.run(_migrate(given)))


async def _migrate(given: "Settings") -> str:
    from app.db import migrate as chain
    from app.db import ready

    before = await ready.revision(given.database_url)
    ready.check_known(ready.shown(given.database_url), before)
    await chain.upgrade(given.database_url)
    after = ready.revisions()[-1]
    return f"{ready.shown(given.database_url)} is at {after}" + (" already" if before == after else "")


def _run_on(main: Any) -> None:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


async def _up(given: "Settings", demo: bool) -> None:
    from app import log

    log.set_up(given)
    await _migrate(given)
    stop = _stop_asked()
    if not demo:
        async with frame.database(given) as db, _serving(given, db) as served, _working(db, given):
            await _ready(given, stop, served)
        return
    from app import demo as world

    given = world.allowed(given)
    # The sandbox ends after the work that calls it.
    async with (
        frame.database(given) as db, _serving(given, db) as served, world.playing(db, given), _working(db, given)
    ):  # fmt: skip
        show.say("Two demo campaigns come in now, and go on growing; both are invented.")
        await _ready(given, stop, served)


async def _serve(given: "Settings") -> None:
    from app import log

    log.set_up(given)
    stop = _stop_asked()
    async with frame.database(given) as db, _serving(given, db) as served:
        await _ready(given, stop, served)


async def _work(given: "Settings") -> None:
    from app import log

    log.set_up(given)
    stop = _stop_asked()
    async with frame.database(given) as db, _working(db, given):
        show.say("Groundswell is at work  (stop with Ctrl-C)")
        await stop.wait()


async def _ready(given: "Settings", stop: asyncio.Event, served: "Served") -> None:
    """Says so, and returns when it is to end; a server that ends by itself is a Problem."""
    # What was loaded stays for good: walking it again would hold up a request for 50 ms now and then.
    gc.collect()
    gc.freeze()
    show.say(f"Groundswell is ready: {_address(given)}  (stop with Ctrl-C)")
    asked = asyncio.create_task(stop.wait())
    await asyncio.wait({asked, served.task}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if not stop.is_set():
        raise Problem("the server ended by itself: the log says why")
    # No new connections from here on, while the work under way ends.
    served.server.should_exit = True


def _stop_asked() -> asyncio.Event:
    """Set by the first SIGTERM or Ctrl-C. A second one ends the process at once."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def asked() -> None:
        stop.set()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(name)

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, asked)
    return stop


@asynccontextmanager
async def _working(db: "Database", given: "Settings") -> AsyncIterator[None]:
    from app.clock import SystemClock
    from app.scheduler import Scheduler

    scheduler = Scheduler(db, given, SystemClock())
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
async def _serving(given: "Settings", db: "Database") -> AsyncIterator["Served"]:
    """Listens when it is entered. Connections that are open at the end get ten seconds."""
    import uvicorn

    from app.main import create_app

    listener = _listen(given)
    config = uvicorn.Config(
        create_app(given, db), log_config=None, access_log=False, server_header=False, ws="none",
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
        server.should_exit = True
        await task


def _quiet(config: "uvicorn.Config") -> "uvicorn.Server":
    import contextlib

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


def _address(given: "Settings") -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(given.host, given.host)  # noqa: S104 - compared, not bound
    return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{given.port}"
