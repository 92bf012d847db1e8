"""Jetstream as fast as it can be replayed: posts after the shapes of a recording, sought through for 1,000 hashtags.

Sender and listener have a core each. The listener is the product's own: socket, frames, matching, database.
"""

import asyncio
import contextlib
import json
import multiprocessing
import os
import random
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

from sqlalchemy import func, select
from websockets.frames import Frame, Opcode
from websockets.utils import accept_key

from app.clock import SystemClock, to_ms
from app.db.engine import Database
from app.models import Post, Stream
from app.polling import stream
from app.settings import Settings
from app.store import following, streams
from app.store import sources as source_rows
from app.store.sources import NewSource
from bench.databases import KINDS, fresh
from bench.machine import Figure

TAGS, EVENTS, RING = 1_000, 1_000_000, 20_000
FOLLOWED = 200
"""One post in so many carries a hashtag that is followed."""
_WORDS = ("the", "sea", "is", "high", "and", "nobody", "🌊", "knows", "why", "it", "would", "be", "so", "today")
_TIME, _DATE = "1000000000000000", "DATE"


@dataclass(frozen=True, slots=True)
class Pouring:
    """What a sender sends: `rate` events a second (None: as they are taken), `count` in all, from `begin` µs on."""

    port: int
    begin: int
    count: int
    rate: int | None = None


def ring(seed: int) -> list[bytes]:
    """Frames with their times left open. As production says them: few posts carry tags, one in twenty is a deletion."""
    dice = random.Random(seed)
    return [_frame(_event(dice, number)) for number in range(RING)]


def _event(dice: random.Random, number: int) -> dict[str, Any]:
    head: dict[str, Any] = {"did": f"did:plc:{dice.getrandbits(120):024x}"[:32], "time_us": int(_TIME)}
    kind = dice.random()
    if kind < 0.02:
        account = {"active": True, "did": head["did"], "seq": dice.getrandbits(34), "time": _DATE}
        return head | {"kind": "account", "account": account}
    commit = {"rev": "3mmoojp7vgo2g", "collection": "app.bsky.feed.post", "rkey": _TIME}
    if kind < 0.07:
        return head | {"kind": "commit", "commit": commit | {"operation": "delete"}}
    record: dict[str, Any] = {"$type": "app.bsky.feed.post", "createdAt": _DATE, "langs": ["en"]}
    tags = [f"other{dice.randrange(10**6)}" for _ in range(dice.randint(1, 3))] if kind < 0.2 else []
    if number % FOLLOWED == 0:
        tags = ["Unrelated", f"Tag{dice.randrange(TAGS)}"]
    if tags:
        feature = "app.bsky.richtext.facet#tag"
        record["facets"] = [
            {"features": [{"$type": feature, "tag": tag}], "index": {"byteEnd": 9, "byteStart": 2}} for tag in tags
        ]
    if kind > 0.6:
        parent = {"cid": "bafyrei" + "a" * 52, "uri": f"at://{head['did']}/app.bsky.feed.post/3mmojbrjwbs26"}
        record["reply"] = {"parent": parent, "root": parent}
    record["text"] = " ".join(dice.choices(_WORDS, k=dice.randint(3, 45))) + "".join(f" #{tag}" for tag in tags)
    return head | {"kind": "commit", "commit": commit | {"operation": "create", "record": record, "cid": "b" * 59}}


def _frame(event: dict[str, Any]) -> bytes:
    """Every time is as long as every other, so that the frame's head stays true."""
    text = json.dumps(event, separators=(",", ":"), ensure_ascii=False).replace(_DATE, "2026-07-04T14:38:08.000Z")
    whole = Frame(Opcode.TEXT, text.encode()).serialize(mask=False).replace(b"%", b"%%")
    return whole.replace(_TIME.encode(), b"%(t)d").replace(b"2026-07-04T14:38:08.000Z", b"%(d)s")


def matched(count: int) -> int:
    """How many of the first `count` are to be kept."""
    made = [b'"Tag' in one and b'"create"' in one for one in ring(1)]
    return count // RING * sum(made) + sum(made[: count % RING])


def pour(what: Pouring) -> None:
    """A server of its own: to whoever connects, all of it from the beginning."""
    _on_core(-1)
    made = ring(1)
    with socket.create_server(("127.0.0.1", what.port)) as listener:
        connection, _ = listener.accept()
        head = connection.recv(65_536).decode()
        key = re.search(r"(?i)sec-websocket-key: (\S+)", head)
        assert key
        answer = "HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        connection.sendall(f"{answer}{accept_key(key[1])}\r\n\r\n".encode())
        with contextlib.suppress(ConnectionError):
            for chunk in _chunks(what, made):
                connection.sendall(chunk)
            connection.recv(1)  # until the other side goes


def _chunks(what: Pouring, made: list[bytes]) -> Iterator[bytes]:
    size, began = 200, time.monotonic()
    for first in range(0, what.count, size):
        if what.rate:
            time.sleep(max(0.0, began + first / what.rate - time.monotonic()))
        at = time.time_ns() // 1_000 - size if what.rate else what.begin + 50 * first
        date = datetime.fromtimestamp(at / 1e6, UTC).isoformat(timespec="milliseconds").removesuffix("+00:00").encode()
        step = 1 if what.rate else 50
        yield b"".join(made[(first + n) % RING] % {b"t": at + step * n, b"d": date + b"Z"} for n in range(size))


def _on_core(which: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[which]})


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def followed(db: Database, port: int, now: int) -> int:
    """A source with all the hashtags, and the stream at that port."""
    async with db.write() as session:
        source = await source_rows.insert(session, NewSource("bluesky", "bench", None, None, None), now)
        await streams.set_url(session, source, f"ws://127.0.0.1:{port}", now)
    for number in range(TAGS):
        async with db.write() as session:
            await following.follow(session, f"#tag{number}", [source], now, 300)
    return source


def settings_for(url: str) -> Settings:
    return Settings(_env_file=None, database_url=url, allow_networks=(ip_network("127.0.0.0/8"),), secret_key="k" * 40)


@contextlib.contextmanager
def poured(what: Pouring) -> Iterator[None]:
    process = multiprocessing.get_context("spawn").Process(target=pour, args=(what,))
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join()


async def kept(db: Database) -> tuple[int, int]:
    """Posts, and how far the stream was heard (milliseconds)."""
    async with db.read() as session:
        posts = (await session.execute(select(func.count()).select_from(Post))).scalar_one()
        return posts, (await session.execute(select(Stream.reached))).scalar() or 0


async def _heard(url: str) -> tuple[float, float, int]:
    clock, port = SystemClock(), free_port()
    now = to_ms(clock.now())
    begin = (now - 600_000) * 1_000
    db = Database(url)
    source = await followed(db, port, now)
    with poured(Pouring(port, begin, EVENTS)):
        await asyncio.sleep(3)
        used, began = time.process_time(), time.monotonic()
        task = asyncio.create_task(stream.listen(db, settings_for(url), clock, source))
        end = (begin + 50 * (EVENTS - 1)) // 1_000
        while (await kept(db))[1] < end:
            assert not task.done(), task
            await asyncio.sleep(0.1)
        seconds, used = time.monotonic() - began, time.process_time() - used
        posts, _ = await kept(db)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await db.close()
    return seconds, used, posts


def run() -> list[Figure]:
    before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    _on_core(0)
    try:
        return [_measure(kind) for kind in KINDS]
    finally:
        if before:
            os.sched_setaffinity(0, before)


def _measure(kind: str) -> Figure:
    with fresh(kind) as url:
        seconds, used, posts = asyncio.run(_heard(url))
    assert posts == matched(EVENTS), f"{posts} posts kept of {matched(EVENTS)}"
    return Figure(
        f"Jetstream, {EVENTS:,} posts replayed and sought through for {TAGS:,} hashtags, one core, {kind}",
        f"{EVENTS / seconds:,.0f} events/s ({EVENTS / used:,.0f} a CPU second); {posts:,} matched and kept, none lost",
        ">= 20,000/s",
    )


if __name__ == "__main__":
    for figure in run():
        print(figure)
