"""All networks on one port of the loopback: the socket listens when `start` returns, and is gone after `close`."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Iterator

import uvicorn
from starlette.applications import Starlette

from sandbox import demo
from sandbox.bluesky import Bluesky
from sandbox.bluesky_session import Sessions
from sandbox.faults import Faults
from sandbox.limits import Limits
from sandbox.mastodon import Mastodon
from sandbox.mastodon_door import Door
from sandbox.mastodon_json import FLAVOURS
from sandbox.platforms import all_routes
from sandbox.posts import World
from sandbox.process import Process
from sandbox.streams import Streams


def clock() -> int:
    return time.time_ns() // 1_000_000


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the program that we run in."""
        yield


class Running:
    """A sandbox that listens. `faults.fail(...)` spoils answers, `faults.asked` tells what came in."""

    def __init__(
        self, server: uvicorn.Server, task: asyncio.Task[None], url: str, world: World, faults: Faults
    ) -> None:
        self.url, self.world, self.faults = url, world, faults
        self._server, self._task = server, task

    async def close(self) -> None:
        self._server.should_exit = self._server.force_exit = True
        await self._task

    async def __aenter__(self) -> "Running":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def start(
    port: int = 0,
    *,
    seed: int = demo.SEED,
    began: int | None = None,
    world: World | None = None,
    now: Callable[[], int] = clock,
    flavour: str = "mastodon",
    token: str | None = None,
    feeds: str = "public",
    limits: Limits | None = None,
    session_seconds: int = 7_200,
) -> Running:
    """Serve `world`, or the demo's as it follows from (seed, began). Port 0 takes a free one."""
    world = world or Process(seed, began if began is not None else demo.began(now()))
    limits = limits or Limits()
    sessions = Sessions(now, demo.BLUESKY_IDENTIFIER, demo.BLUESKY_PASSWORD, session_seconds)
    mastodon = Mastodon(world, now, Door(now, FLAVOURS[flavour], limits, token, feeds))
    streams = Streams(world, now, mastodon.door)
    networks = [*mastodon.routes(), *Bluesky(world, now, sessions, limits).routes(), *streams.routes()]
    networks += all_routes(world, now)
    faults = Faults(Starlette(routes=networks), now)
    listener = _listen(port)
    config = uvicorn.Config(
        faults, log_config=None, access_log=False, lifespan="off", server_header=False, ws="websockets-sansio"
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    return Running(server, task, f"http://127.0.0.1:{listener.getsockname()[1]}", world, faults)


def _listen(port: int) -> socket.socket:
    """Named TCP by its number: else asyncio leaves Nagle's delay on, and every answer takes 40 ms more."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
