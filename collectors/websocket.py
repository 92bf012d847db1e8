"""A websocket over the one outgoing client, so that its guard dials. What is not asked for is not read: no queue."""

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpcore
import httpx
from websockets.exceptions import WebSocketException
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import Protocol, Side, State
from websockets.utils import accept_key

from collectors.answer import Answer
from collectors.errors import CollectorError, Malformed, Refused, Unauthorized, Unavailable

CONNECT = 10.0
WRITE = 10.0
CHUNK = 256 * 1024
LARGEST = 1024 * 1024
"""The largest message that is taken: a post with all that may go with it is a twentieth of that."""


class Cut(Unavailable):
    """The connection ended, or said nothing for too long."""


class WebSocket:
    """An open connection. `receive` gives the messages of what came, as they came; pings are answered on the way."""

    def __init__(self, stream: Any, host: str) -> None:
        self._stream, self.host = stream, host
        self._protocol = Protocol(Side.CLIENT, max_size=LARGEST)
        self._parts: list[bytes] = []

    async def receive(self, within: float) -> list[bytes]:
        """Messages, at times none: a ping or a pong is a sign of life too. TimeoutError where nothing came."""
        try:
            chunk = await self._stream.read(CHUNK, timeout=within)
        except httpcore.ReadTimeout:
            raise TimeoutError from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise Cut(f"{self.host}: the stream was cut ({type(error).__name__})") from error
        if not chunk:
            raise self._closed()
        try:
            self._protocol.receive_data(chunk)
            found = [*self._messages()]
            await self._flush()
        except WebSocketException as error:
            raise Malformed(f"{self.host}: not a stream of messages: {error}") from None
        if self._protocol.state is not State.OPEN and not found:
            raise self._closed()
        return found

    async def send(self, text: bytes) -> None:
        self._protocol.send_text(text)
        await self._flush()

    async def ping(self) -> None:
        self._protocol.send_ping(b"")
        await self._flush()

    def _messages(self) -> Iterator[bytes]:
        for event in self._protocol.events_received():
            if not isinstance(event, Frame) or event.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                continue
            if event.fin and not self._parts:
                yield bytes(event.data)
                continue
            if event.data:  # parts of nothing add to no message's size, and could come without end
                self._parts.append(bytes(event.data))
            if event.fin:
                yield b"".join(self._parts)
                self._parts.clear()

    def _closed(self) -> CollectorError:
        told, ours = self._protocol.close_rcvd, self._protocol.close_sent
        if told is None and ours is not None:  # we gave it up: a message too large, or no websocket at all
            return Malformed(f"{self.host}: not a stream of messages: {ours.reason}"[:200])
        if told is None:
            return Cut(f"{self.host}: the stream was cut")
        words = f" ({told.code}{': ' + told.reason[:100] if told.reason else ''})"
        if told.code == CloseCode.POLICY_VIOLATION and "auth" in told.reason.lower():
            return Unauthorized(f"{self.host} closed the stream{words}")
        return Cut(f"{self.host} closed the stream{words}")

    async def _flush(self) -> None:
        data = b"".join(self._protocol.data_to_send())
        if not data:
            return
        try:
            await self._stream.write(data, timeout=WRITE)
        except (httpcore.NetworkError, httpcore.TimeoutException, OSError) as error:
            raise Cut(f"{self.host}: the stream was cut ({type(error).__name__})") from error


@asynccontextmanager
async def connected(
    client: httpx.AsyncClient, url: str, *, headers: Mapping[str, str] | None = None
) -> AsyncIterator[WebSocket]:
    """`url` is ws, wss, http or https. What the server answers instead of a stream is raised as what to do next."""
    target, key = _target(url), base64.b64encode(secrets.token_bytes(16)).decode()
    asked = {
        "connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13", "sec-websocket-key": key,
        **(headers or {}),
    }  # fmt: skip
    request = client.build_request(
        "GET", target, headers=asked, timeout=httpx.Timeout(CONNECT, connect=5.0, pool=CONNECT)
    )
    response = await _answered(client, request, target.host)
    try:
        if response.status_code != httpx.codes.SWITCHING_PROTOCOLS:
            raise await _refused(response, target.host)
        if response.headers.get("sec-websocket-accept", "") != accept_key(key):
            raise Malformed(f"{target.host}: it does not speak websocket")
        yield WebSocket(response.extensions["network_stream"], target.host)
    finally:
        # Ours to end: a stream is never given back to the pool.
        await response.aclose()


def _target(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise Refused(f"{url!r} is not a URL: {error}") from None
    scheme = {"ws": "http", "wss": "https"}.get(parsed.scheme, parsed.scheme)
    if scheme not in ("http", "https") or not parsed.host:
        raise Refused(f"{url!r} is not the address of a stream: ws:// or wss://")
    return parsed.copy_with(scheme=scheme)


async def _answered(client: httpx.AsyncClient, request: httpx.Request, host: str) -> httpx.Response:
    try:
        async with asyncio.timeout(2 * CONNECT):
            return await client.send(request, stream=True, follow_redirects=False)
    except (TimeoutError, httpx.TimeoutException) as error:
        raise Unavailable(f"{host}: no stream in time") from error
    except (httpx.HTTPError, OSError) as error:
        raise Unavailable(f"{host}: no stream ({type(error).__name__}: {error})"[:300]) from error


async def _refused(response: httpx.Response, host: str) -> CollectorError:
    body = b""
    try:
        async with asyncio.timeout(CONNECT):
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > 4_096:
                    break
    except (TimeoutError, httpx.HTTPError):
        pass
    answer = Answer(response.status_code, response.headers, body)
    return answer.failure(f"{host} opened no stream: {response.status_code}", None)
