"""Stands between a collector and the sandbox, byte by byte: what frameworks will not send, this does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx


@dataclass(slots=True)
class Exchange:
    """One request, the sandbox's true answer to it, and where to write what is sent instead."""

    path: str
    query: str
    status: int
    headers: dict[str, str]
    body: bytes
    writer: asyncio.StreamWriter

    def whole(self, body: bytes | None = None, headers: dict[str, str] | None = None, status: int = 0) -> bytes:
        sent = self.body if body is None else body
        said = self.headers | {"content-length": str(len(sent))} | (headers or {})
        lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        return f"HTTP/1.1 {status or self.status} Whatever\r\n{lines}\r\n".encode() + sent


Spoil = Callable[[Exchange], Awaitable[None]]


@dataclass(slots=True)
class _Planned:
    how: Spoil
    left: int
    path: str


class Proxy:
    """`spoil` plans what happens to the next requests whose address contains a text; the others go through."""

    def __init__(self, upstream: str) -> None:
        self.upstream, self.url = upstream, ""
        self.requests: list[str] = []
        self.planned: list[_Planned] = []
        self._client = httpx.AsyncClient(trust_env=False, verify=False, base_url=upstream)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    def spoil(self, how: Spoil, times: int = 10**9, path: str = "") -> None:
        self.planned.append(_Planned(how, times, path))

    def heal(self) -> None:
        self.planned.clear()

    async def open(self) -> None:
        """On the port that it had before, if any."""
        port = urlsplit(self.url).port or 0
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        """As a server that has died: nobody listens, and open connections end."""
        if self._server:
            self._server.close()
            for writer in self._writers:
                writer.close()
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode("latin-1"):
                length = next(
                    (int(x.split(":")[1]) for x in head.split("\r\n") if x.lower().startswith("content-length:")), 0
                )
                await self._answer(head, await reader.readexactly(length), writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, httpx.TransportError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, head: str, sent: bytes, writer: asyncio.StreamWriter) -> None:
        first, *lines = head.rstrip("\r\n").split("\r\n")
        method, target, _ = first.split(" ")
        self.requests.append(target)
        headers = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
        headers["accept-encoding"] = "identity"
        true = await self._client.request(method, target, headers=headers, content=sent)
        kept = {name: value for name, value in true.headers.items() if name not in ("content-length", "date")}
        path, _, query = target.partition("?")
        exchange = Exchange(path, query, true.status_code, kept, true.content, writer)
        planned = next((one for one in self.planned if one.left > 0 and one.path in target), None)
        if planned is None:
            writer.write(exchange.whole())
            return
        planned.left -= 1
        await planned.how(exchange)

    async def aclose(self) -> None:
        await self.close()
        await self._client.aclose()


@asynccontextmanager
async def proxy(upstream: str) -> AsyncIterator[Proxy]:
    made = Proxy(upstream)
    await made.open()
    try:
        yield made
    finally:
        await made.aclose()


def answers(status: int, body: bytes = b'{"error":"asked to fail"}', **headers: str | None) -> Spoil:
    """A whole answer of another kind; `retry_after` becomes Retry-After."""

    async def how(one: Exchange) -> None:
        said = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        one.headers = {"content-type": "application/json"}
        one.writer.write(one.whole(body, said, status))

    return how


def rewrites(change: Callable[[bytes], bytes]) -> Spoil:
    async def how(one: Exchange) -> None:
        one.writer.write(one.whole(change(one.body)))

    return how


def sends(make: Callable[[Exchange], bytes], *, reset: bool = False) -> Spoil:
    """Just these bytes, then the end of the connection, or RST."""

    async def how(one: Exchange) -> None:
        one.writer.write(make(one))
        await one.writer.drain()
        if reset:
            await asyncio.sleep(0.005)
            one.writer.transport.abort()
        raise ConnectionResetError

    return how


def cut(share: float) -> Callable[[Exchange], bytes]:
    """The answer whose head promises all and whose body ends after a part."""

    def make(one: Exchange) -> bytes:
        whole = one.whole()
        head = whole.index(b"\r\n\r\n") + 4
        return whole[: head + max(1, min(len(one.body) - 1, int(len(one.body) * share)))]

    return make


def drips(every: float) -> Spoil:
    """A byte at a time: no single read ever takes long."""

    async def how(one: Exchange) -> None:
        for byte in one.whole():
            one.writer.write(bytes([byte]))
            await one.writer.drain()
            await asyncio.sleep(every)

    return how
