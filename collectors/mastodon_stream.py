"""Mastodon's stream of hashtags: one websocket for all of them, each asked for by name. It cannot go back."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import httpx
import msgspec

from collectors.errors import Malformed, Refused
from collectors.mastodon_server import Facts
from collectors.mastodon_status import STATUSES, posts
from collectors.posts import Post
from collectors.reading import Reader
from collectors.streaming import MOST, Heard, Removed, Tags
from collectors.watching import gathered
from collectors.websocket import WebSocket, connected

STREAMS = frozenset({"mastodon"})  # others take the subscription and say nothing, for all that we know


class _Said(msgspec.Struct):
    event: str | None = None
    payload: str | None = None
    error: str | None = None


_SAID = Reader(_Said)


def address(facts: Facts, base: httpx.URL) -> str:
    """Where the server says that its stream is. The token goes to that server itself, or to a part of it."""
    if facts.kind not in STREAMS:
        raise Refused(f"{facts.domain} is {facts.kind}, whose stream of hashtags is not known to work: polls alone")
    if not facts.streaming:
        raise Refused(f"{facts.domain} names no stream: polls alone")
    named = httpx.URL(facts.streaming)
    scheme = "wss" if base.scheme == "https" else "ws"
    ours = named.host == base.host or named.host.endswith(f".{base.host}")
    if not ours or named.scheme not in (scheme, base.scheme):
        raise Refused(f"{facts.domain} has its stream at {named.host}: name it as the source's stream, or do without")
    return str(named.copy_with(scheme=scheme))


async def listen(
    client: httpx.AsyncClient, url: str, secret: str, tags: Tags, now: Callable[[], datetime]
) -> AsyncGenerator[Heard, None]:
    headers = {"authorization": f"Bearer {secret}"}
    path = "" if "/api/v1/streaming" in url else "/api/v1/streaming"
    async with connected(client, url.rstrip("/") + path, headers=headers) as socket:
        asked = await _ask(socket, frozenset(), tags.names)
        await socket.ping()  # whose answer begins what was heard
        async with aclosing(gathered(socket, Ear(tags, now))) as found:
            async for heard in found:
                yield heard
                asked = await _ask(socket, asked, tags.names)


async def _ask(socket: WebSocket, asked: frozenset[str], wanted: frozenset[str]) -> frozenset[str]:
    for kind, names in ("subscribe", wanted - asked), ("unsubscribe", asked - wanted):
        for name in sorted(names):
            await socket.send(msgspec.json.encode({"type": kind, "stream": "hashtag", "tag": name}))
    return wanted


class Ear:
    """What was heard since the last time. Every sign of life says that all up to it was said."""

    may_wait = False

    def __init__(self, tags: Tags, now: Callable[[], datetime]) -> None:
        self._tags, self._now = tags, now
        self._reached: datetime | None = None
        self._begins: datetime | None = None
        self._clear()

    def _clear(self) -> None:
        self._posts: dict[str, Post] = {}
        self._removed: dict[str, Removed] = {}
        self._skipped: list[str] = []

    @property
    def full(self) -> bool:
        return len(self._posts) >= MOST or len(self._removed) >= 10 * MOST

    def hear(self, messages: Sequence[bytes]) -> None:
        if self._reached is None:
            self._begins = self._now()
        self._reached = self._now()
        for message in messages:
            try:
                self._read(_SAID.one(message))
            except Malformed as error:
                self._skipped.append(f"an event: {error}"[:200])
                if len(self._skipped) > MOST:
                    raise

    def _read(self, said: _Said) -> None:
        if said.error is not None:
            raise Refused(f"the stream says: {said.error[:200]}")
        payload = said.payload or ""
        if said.event in ("update", "status.update"):
            for post in posts([STATUSES.one(payload.encode())]):
                if self._tags.match(post.tags):
                    self._posts[post.native_id] = post
        elif said.event == "delete" and payload:
            self._removed[payload] = Removed(local_id=payload, at=_written(payload))

    def told(self) -> Heard | None:
        if self._reached is None:
            return None
        begins, self._begins = self._begins, None
        heard = Heard(
            None, self._reached, begins, tuple(self._posts.values()), tuple(self._removed.values()),
            skipped=tuple(self._skipped),
        )  # fmt: skip
        self._clear()
        return heard


def _written(local_id: str) -> datetime | None:
    """Mastodon's ids hold the time of their posts."""
    if not (local_id.isascii() and local_id.isdecimal() and len(local_id) < 20):
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(local_id) >> 16)
