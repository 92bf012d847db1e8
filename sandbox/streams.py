"""Both streams over websockets: a Jetstream of all that is posted, and Mastodon's, which is asked for hashtags."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.bluesky_json import record
from sandbox.ids import BLUESKY, MASTODON, fold, rkey
from sandbox.mastodon_door import Door
from sandbox.mastodon_json import local_id, status
from sandbox.posts import HOUR, Happened, World, rfc3339

_POSTS = "app.bsky.feed.post"
KEPT = 36 * HOUR
"""How far back a Jetstream goes. An older cursor is moved up to that without a word."""
_LOOK_S = 0.05


class Streams:
    def __init__(self, world: World, now: Callable[[], int], door: Door) -> None:
        self.world, self.now, self.door = world, now, door

    def routes(self) -> list[WebSocketRoute]:
        return [
            WebSocketRoute("/subscribe", self.jetstream),
            WebSocketRoute("/api/v1/streaming", self.mastodon),
        ]

    async def jetstream(self, socket: WebSocket) -> None:
        asked = socket.query_params.get("cursor", "")
        now = self.now() * 1_000 - 1  # what happens in this very instant is told
        begin = max(int(asked) - 1, now - KEPT * 1_000) if asked.isdigit() and int(asked) <= now + 1 else now
        await socket.accept()
        await _until_left(socket, self._send_all(socket, begin))

    async def _send_all(self, socket: WebSocket, begin: int) -> None:
        async for one in self._happens(BLUESKY, begin):
            await socket.send_text(msgspec.json.encode(_event(one)).decode())

    async def _happens(self, network: str, after: int) -> AsyncIterator[Happened]:
        while True:
            for one in self.world.happened(network, after, self.now()):
                after = one.us
                yield one
            await asyncio.sleep(_LOOK_S)

    async def mastodon(self, socket: WebSocket) -> None:
        """A user's token, in the header or as the subprotocol; then `subscribe` for each hashtag."""
        given = socket.headers.get("authorization", "").removeprefix("Bearer ")
        if not given or (self.door.token and given != self.door.token):
            await socket.close()
            return
        begin = self.now() * 1_000 - 1
        await socket.accept()
        tags: set[str] = set()
        await _until_left(socket, self._tell(socket, tags, begin), tags)

    async def _tell(self, socket: WebSocket, tags: set[str], begin: int) -> None:
        async for one in self._happens(MASTODON, begin):
            if one.post is None:
                continue
            for tag in sorted(tags & {fold(tag) for tag in one.post.tags}):
                event = {"create": "update", "update": "status.update", "delete": "delete"}[one.what]
                shown = local_id(one.post.position, self.door.flavour)
                if one.what != "delete":
                    status_now = status(self.world, one.post, self.now(), self.door.flavour)
                    shown = msgspec.json.encode(status_now).decode()
                said = {"stream": ["hashtag", tag], "event": event, "payload": shown}
                await socket.send_text(msgspec.json.encode(said).decode())


async def _until_left(socket: WebSocket, work: Any, tags: set[str] | None = None) -> None:
    """Sends until whoever listens goes; what they say meanwhile is about hashtags."""
    sending = asyncio.create_task(work)
    try:
        while True:
            text = await socket.receive_text()
            if tags is not None:
                _subscribe(tags, msgspec.json.decode(text))
    except (WebSocketDisconnect, msgspec.DecodeError):
        pass
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


def _subscribe(tags: set[str], asked: dict[str, str]) -> None:
    if asked.get("stream") == "hashtag":
        (tags.add if asked.get("type") == "subscribe" else tags.discard)(fold(asked.get("tag", "")))


def _event(one: Happened) -> dict[str, Any]:
    found: dict[str, Any] = {"did": one.person.did, "time_us": one.us}
    if one.post is None:
        left = {} if one.what == "active" else {"status": one.what}
        account = {
            "active": one.what == "active",
            "did": one.person.did,
            "seq": one.us,
            "time": rfc3339(one.us // 1_000),
        }
        return found | {"kind": "account", "account": account | left}
    commit: dict[str, Any] = {
        "rev": rkey(one.us),
        "operation": one.what,
        "collection": _POSTS,
        "rkey": rkey(one.post.position),
    }
    if one.what != "delete":
        commit |= {"record": record(one.post), "cid": one.post.cid}
    return found | {"kind": "commit", "commit": commit}
