"""Files as answers: problems before the first byte, then a stream that is whole or visibly broken off."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.api import errors
from app.api.leaving import until_left
from app.errors import Problem, TooManyRequests

MOST = 2
AGAIN_S = "30"
log = structlog.get_logger()


class Downloads:
    """Those of this process. A reader that takes nothing for `stalled` seconds loses its place."""

    def __init__(self, most: int = MOST, stalled: float = 60.0) -> None:
        self.most, self.stalled, self.open = most, stalled, 0

    @contextmanager
    def room(self) -> Iterator[None]:
        if self.open >= self.most:
            raise TooManyRequests(f"no more than {self.most} exports at once: try again when one is done")
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1


class Download(Response):
    """`begun` is awaited when the first piece is there, before it goes out."""

    def __init__(
        self, downloads: Downloads, pieces: AsyncIterator[bytes], begun: Callable[[], Awaitable[None]], name: str,
        media_type: str,
    ) -> None:  # fmt: skip
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Accel-Buffering": "no"}
        super().__init__(headers=headers, media_type=media_type)
        del self.headers["content-length"]
        self._downloads, self._pieces, self._begun = downloads, pieces, begun

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._downloads.room():
                first = await anext(self._pieces, b"")
                await self._begun()
                await until_left(self._tell(first, send), receive)
        except TooManyRequests as problem:
            await errors.render(Request(scope), problem, {"Retry-After": AGAIN_S})(scope, receive, send)
        except _Broken:
            # No last piece: whoever reads is told by the connection that this is not the whole.
            log.warning("export_broken_off", path=scope["path"], why="the reader took nothing")
        except Problem as problem:
            if self._started:
                raise
            await errors.render(Request(scope), problem)(scope, receive, send)

    _started = False

    async def _tell(self, first: bytes, send: Send) -> None:
        self._started = True
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await self._send(first, send)
        async for data in self._pieces:
            await self._send(data, send)
        await self._send(b"", send, more=False)

    async def _send(self, data: bytes, send: Send, *, more: bool = True) -> None:
        try:
            async with asyncio.timeout(self._downloads.stalled):
                await send({"type": "http.response.body", "body": data, "more_body": more})
        except TimeoutError:
            raise _Broken from None


class _Broken(Exception):
    pass
