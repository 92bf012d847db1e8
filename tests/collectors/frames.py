"""A websocket server in raw bytes: says what it is told to, frame by frame, and breaks off where it is told to."""

import asyncio
import json
import re
from collections.abc import Iterable
from typing import Any

from websockets.frames import Frame, Opcode
from websockets.utils import accept_key

from tests.collectors.sockets import Script

HOLD = object()
"""In the place of a frame: nothing more is said, and the connection stays open."""


def frame(data: bytes, opcode: Opcode = Opcode.TEXT, *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=False)


def opened(head: str) -> bytes:
    key = re.search(r"(?i)sec-websocket-key: (\S+)", head)
    assert key
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept_key(key[1])}\r\n\r\n"
    ).encode()


def says(server: list[Any], *parts: bytes | object) -> Script:
    """`server` holds the raw server, whose last request is answered. Ends the connection after the last part."""

    async def script(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(opened(server[0].requests[-1]))
        for part in parts:
            if part is HOLD:
                await writer.drain()
                await asyncio.sleep(3_600)
            elif isinstance(part, bytes):
                writer.write(part)
        await writer.drain()
        raise ConnectionResetError

    return script


def commit(us: int, did: str = "did:plc:ann", rkey: str = "3aaa", operation: str = "create", **record: Any) -> bytes:
    said: dict[str, Any] = {"rev": "3r", "operation": operation, "collection": "app.bsky.feed.post", "rkey": rkey}
    if operation != "delete":
        said |= {"record": {"$type": "app.bsky.feed.post", "text": "", **record}, "cid": "bafy"}
    return event(us, did, kind="commit", commit=said)


def event(us: int, did: str = "did:plc:ann", **more: Any) -> bytes:
    return json.dumps({"did": did, "time_us": us, **more}, separators=(",", ":")).encode()


def tagged(*tags: str) -> dict[str, Any]:
    kind = "app.bsky.richtext.facet#tag"
    return {"facets": [{"index": {}, "features": [{"$type": kind, "tag": tag}]} for tag in tags]}


def frames(messages: Iterable[bytes]) -> bytes:
    return b"".join(map(frame, messages))
