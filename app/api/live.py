"""Streams of server-sent events: each reads what changed from the database, so any process may serve any of them.

There is no queue: a listener holds one batch at most, and what changes while it reads is told in the next one, once.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec
import structlog
from fastapi.sse import format_sse_event
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.api import errors
from app.api.leaving import until_left
from app.db.engine import Database
from app.errors import Busy
from app.store import news

BATCH = 200
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pace:
    """In seconds. A listener that needs longer than `slow` for a batch is told so and dropped.

    One that takes nothing for `stalled` is cut off: no word would reach it.
    """

    look_every: float = 1.0
    beat_every: float = 15.0
    slow: float = 10.0
    stalled: float = 30.0
    longest: float = 600.0  # then it comes again, and is asked again who it is


class Live:
    """The streams of this process."""

    def __init__(self, pace: Pace | None = None, most: int = 64) -> None:
        self.pace, self.most, self.open = pace or Pace(), most, 0
        self._closing = asyncio.Event()

    def close(self) -> None:
        """The process ends: listeners go elsewhere and lose nothing."""
        self._closing.set()

    @property
    def closing(self) -> bool:
        return self._closing.is_set()

    async def pause(self) -> None:
        try:
            async with asyncio.timeout(self.pace.look_every):
                await self._closing.wait()
        except TimeoutError:
            pass

    @contextmanager
    def room(self) -> Iterator[None]:
        if self.open >= self.most or self.closing:
            raise Busy(f"no more than {self.most} streams are open in one process: try again")
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1


class Stream(Response):
    """All that changes after the number `seen`, until the listener goes, is too slow, or has listened long enough."""

    media_type = "text/event-stream"

    def __init__(self, live: Live, db: Database, seen: int) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._live, self._db, self._seen = live, db, seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._live.room():
                await until_left(self._tell(send), receive)
        except Busy as error:
            await errors.render(Request(scope), error)(scope, receive, send)

    async def _tell(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        clock, pace = asyncio.get_running_loop().time, self._live.pace
        async for data in self._said():
            began = clock()
            try:
                async with asyncio.timeout(pace.stalled):
                    await send({"type": "http.response.body", "body": data, "more_body": True})
            except TimeoutError:
                log.warning("listener_cut_off", why="it took nothing", seconds=pace.stalled)
                return
            if clock() - began > pace.slow:
                log.warning("listener_dropped", why="it is too slow", seconds=round(clock() - began, 1))
                word = format_sse_event(event="dropped", data_str='{"reason": "too slow: come again where you were"}')
                await send({"type": "http.response.body", "body": word, "more_body": True})
                break
        await send({"type": "http.response.body", "body": b""})

    async def _said(self) -> AsyncIterator[bytes]:
        clock, pace = asyncio.get_running_loop().time, self._live.pace
        began = spoke = clock()
        yield format_sse_event(comment="listening", id=str(self._seen), retry=2_000)
        while clock() - began < pace.longest and not self._live.closing:
            try:
                async with self._db.read() as session:
                    found = await news.since(session, self._seen, BATCH)
            except Busy:
                return
            if data := b"".join(map(_event, found)):
                yield data
                spoke = clock()
            if found:
                self._seen = found[-1].seq
            elif clock() - spoke >= pace.beat_every:
                yield b": beat\n\n"
                spoke = clock()
            if len(found) < BATCH:
                await self._live.pause()


def _event(one: news.Told) -> bytes:
    if one.data is None:
        return b""
    return format_sse_event(event=one.topic, data_str=msgspec.json.encode(one.data).decode(), id=str(one.seq))
