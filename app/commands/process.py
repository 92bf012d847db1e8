"""`up`, `serve`, `work`, `migrate`: the processes that run on, together or apart."""

import asyncio
import gc
import signal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands import frame, show
from app.commands.serving import Served, serving, working
from app.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.settings import Settings


def up(
    demo: Annotated[bool, typer.Option("--demo", help="with two demo campaigns, polled live, offline")] = False,
    platforms: Annotated[
        str | None, typer.Option(metavar="A,B…", help="the demo's, instead of mastodon,bluesky")
    ] = None,
) -> None:
    """Migrate, serve and work in one process."""
    given = frame.settings()
    if platforms is not None and not demo:
        raise typer.BadParameter("goes with --demo", param_hint="--platforms")
    _run_on(_up(given, _chosen(platforms) if demo else None))


def _chosen(platforms: str | None) -> "Sequence[str]":
    from app import demo_sources

    return demo_sources.chosen(platforms)


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


async def _up(given: "Settings", demo: "Sequence[str] | None") -> None:
    """`demo`: the platforms of the demo, where there is one."""
    from app import log

    log.set_up(given)
    await _migrate(given)
    stop = _stop_asked()
    if demo is None:
        async with frame.database(given) as db, serving(given, db) as served, working(db, given):
            await _ready(given, stop, served)
        return
    from app import demo as world

    given = world.allowed(given)
    # The sandbox ends after the work that calls it.
    async with (
        frame.database(given) as db, serving(given, db) as served, world.playing(db, given, demo), working(db, given)
    ):  # fmt: skip
        show.say("Two demo campaigns come in now, and go on growing; both are invented.")
        await _ready(given, stop, served)


async def _serve(given: "Settings") -> None:
    from app import log

    log.set_up(given)
    stop = _stop_asked()
    async with frame.database(given) as db, serving(given, db) as served:
        await _ready(given, stop, served)


async def _work(given: "Settings") -> None:
    from app import log

    log.set_up(given)
    stop = _stop_asked()
    async with frame.database(given) as db, working(db, given):
        show.say("Groundswell is at work  (stop with Ctrl-C)")
        await stop.wait()


async def _ready(given: "Settings", stop: asyncio.Event, served: Served) -> None:
    """Says so, and returns when it is to end; a server that ends by itself is a Problem."""
    # What was loaded stays for good: walking it again would hold up a request for 50 ms now and then.
    gc.collect()
    gc.freeze()
    show.say(f"Groundswell is ready: {given.base_url}  (stop with Ctrl-C)")
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
