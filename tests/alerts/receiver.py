"""A receiver on a raw socket: it does what frameworks would not let it do, and keeps a ledger of what came."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Came:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers.get("webhook-id", "")

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    def signed_by(self, secret: str) -> bool:
        """By the reference library, its clock apart: tests live at another time."""
        at, name = self.headers["webhook-timestamp"], self.id
        given = self.headers["webhook-signature"].split(" ")
        return _signature(secret, name, int(at), self.body.decode()) in given


def _signature(secret: str, name: str, seconds: int, body: str) -> str:
    from datetime import UTC, datetime

    return Webhook(secret).sign(name, datetime.fromtimestamp(seconds, UTC), body)


Answer = Callable[[Came, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answering(status: int, headers: str = "", body: str = "") -> Answer:
    async def answer(_came: Came, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n{headers}\r\n{body}".encode())
        await writer.drain()

    return answer


async def silence(_came: Came, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read(1)


async def hang_up(_came: Came, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


@dataclass
class Receiver:
    """`answers` is what each request gets; `came` the ledger; `most` how many it has had under way at once."""

    url: str = ""
    came: list[Came] = field(default_factory=list)
    answers: Answer = field(default_factory=lambda: answering(204))
    most: int = 0
    _open: int = 0
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self, host: str = "127.0.0.1") -> None:
        port = urlsplit(self.url).port or 0 if self.url else 0
        self._server = await asyncio.start_server(self._serve, host, port)
        self.url = f"http://{host}:{self._server.sockets[0].getsockname()[1]}/hook"

    async def stop(self) -> None:
        assert self._server
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def ids(self) -> Counter[str]:
        return Counter(one.id for one in self.came)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            while (came := await _read(reader)) is not None:
                self.came.append(came)
                self._open += 1
                self.most = max(self.most, self._open)
                try:
                    await self.answers(came, reader, writer)
                finally:
                    self._open -= 1
                if writer.transport.is_closing():
                    break
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            with suppress(OSError):
                writer.close()


async def _read(reader: asyncio.StreamReader) -> Came | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return Came(first.split(" ")[1], headers, await reader.readexactly(int(headers.get("content-length", 0))))
    except asyncio.IncompleteReadError:
        return None


@asynccontextmanager
async def receiver(answers: Answer | None = None, host: str = "127.0.0.1") -> AsyncIterator[Receiver]:
    made = Receiver()
    if answers:
        made.answers = answers
    await made.start(host)
    try:
        yield made
    finally:
        await made.stop()
