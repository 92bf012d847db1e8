"""Jetstream: what is made of its events, and of connections that do not do as they should."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from websockets.frames import Opcode

from app import outbound
from app.analysis.tags import normal
from collectors import jetstream, streaming, websocket
from collectors.errors import CollectorError, Malformed, Refused, Unauthorized, Unavailable
from collectors.jetstream import Ear
from collectors.posts import Engagement
from collectors.streaming import Heard, Left, Tags
from tests.collectors.frames import HOLD, commit, event, frame, frames, says, tagged
from tests.collectors.sockets import RawServer, Script, raw_server, whole

NOW = datetime(2026, 7, 4, 14, 40, tzinfo=UTC)
T = 1_783_175_888_000_000  # a little before
LOOPBACK = [ip_network("127.0.0.0/8")]


def now() -> datetime:
    return NOW


def ear(*tags: str, after: int | None = None) -> Ear:
    return Ear(Tags(map(normal, tags or ("farm",)), normal), after, now)


def heard(one: Ear, *messages: bytes) -> Heard:
    one.hear(messages)
    told = one.told()
    assert told
    return told


def test_posts_are_matched_by_their_marked_tags_in_the_normal_form() -> None:
    said = heard(
        ear("farm", "straße"),
        commit(T, rkey="1", text="#farm in the words alone"),
        commit(T + 1, rkey="2", **tagged("ＦARM")),
        commit(T + 2, rkey="3", tags=["STRASSE"]),
        commit(T + 3, rkey="4", **tagged("farms"), text='"tags":["farm"]'),
        commit(T + 4, rkey="5", **tagged("barn", "Farm"), createdAt="2020-02-02T02:02:02.123456Z", langs=["fr"]),
    )
    assert [post.native_id[-1] for post in said.posts] == ["2", "3", "5"]
    last = said.posts[-1]
    assert last.native_id == last.local_id == "at://did:plc:ann/app.bsky.feed.post/5"
    assert last.engagement == Engagement()
    assert last.author
    assert (last.author.native_id, last.author.followers, last.lang) == ("did:plc:ann", None, "fr")
    assert last.created_at.year == 2020
    assert said.posts[0].created_at == datetime(2026, 7, 4, 14, 38, 8, 1, tzinfo=UTC)
    assert (said.cursor, said.begins) == (str(T + 4), datetime(2026, 7, 4, 14, 38, 8, tzinfo=UTC))


def test_letters_may_be_escaped() -> None:
    plain = commit(T, **tagged("farm"))
    escaped = plain.replace(b"facet#tag", b"facet\\u0023tag").replace(b'"farm"', b'"f\\u0061rm"')
    assert len(heard(ear(), escaped).posts) == 1


def test_a_post_that_is_edited_is_one_and_one_that_is_deleted_is_said() -> None:
    said = heard(
        ear(), commit(T, **tagged("farm")), commit(T + 1, operation="update", text="new", **tagged("farm")),
        commit(T + 2, rkey="x", operation="delete"), commit(T + 3, rkey="y", **tagged("farm")),
        commit(T + 4, rkey="y", operation="delete"), commit(T + 5, rkey="z", operation="delete"),
        commit(T + 6, rkey="z", **tagged("farm")),
    )  # fmt: skip
    assert [(post.native_id[-1], post.text, bool(post.edited_at)) for post in said.posts] == [
        ("a", "new", True), ("y", None, False), ("z", None, False),
    ]  # fmt: skip
    assert [one.native_id and one.native_id[-1] for one in said.removed] == ["x", "y"]


def test_accounts_leave_come_back_and_are_renamed() -> None:
    said = heard(
        ear(),
        event(T, "did:a", kind="account", account={"active": False, "status": "deleted"}),
        event(T + 1, "did:b", kind="account", account={"active": False, "status": "deactivated"}),
        event(T + 2, "did:c", kind="account", account={"active": True}),
        event(T + 3, "did:c", kind="identity", identity={"did": "did:c", "handle": "new.example"}),
        event(T + 4, "did:d", kind="identity", identity={"did": "did:d"}),
    )
    assert said.left == (Left("did:a", for_good=True), Left("did:b"), Left("did:c", back=True))
    assert [(one.native_id, one.handle) for one in said.named] == [("did:c", "new.example")]


def test_hashtags_come_and_go_between_two_events() -> None:
    tags = Tags(["farm"], normal)
    one = Ear(tags, None, now)
    one.hear([commit(T, rkey="1", **tagged("barn"))])
    tags.change(["Barn".lower()])
    one.hear([commit(T + 1, rkey="2", **tagged("BARN")), commit(T + 2, rkey="3", **tagged("farm"))])
    told = one.told()
    assert told
    assert [post.native_id[-1] for post in told.posts] == ["2"]


@pytest.mark.parametrize(
    ("first", "begins"), [(T - 5_000_000, False), (T, False), (T + 1, True), (T + 60_000_000, True)]
)
def test_a_server_that_begins_after_the_cursor_has_lost_what_was_before(first: int, begins: bool) -> None:
    """A cursor older than what it keeps is moved up, and nobody says so."""
    said = heard(ear(after=T), commit(first), commit(T + 60_000_001))
    assert (said.begins is not None) is begins


def test_what_is_said_again_is_handed_on_in_one_piece() -> None:
    one = ear(after=T)
    one.hear([commit(T - 4_000_000, **tagged("farm")), commit(T - 1, operation="delete")])
    before = one.may_wait
    one.hear([commit(T + 1)])
    assert (before, one.may_wait) == (True, False)
    told = one.told()
    assert told
    assert (len(told.posts), len(told.removed)) == (1, 1)


@pytest.mark.parametrize("wrong", [T + 10**13, 10**18 - 1, T - 61_000_000, 1])
def test_a_lying_clock_is_refused(wrong: int) -> None:
    one = ear()
    one.hear([commit(T), commit(T - 900_000), commit(T + 1)])  # a jitter is none
    with pytest.raises(Malformed, match="stream"):
        one.hear([commit(wrong)])


@pytest.mark.parametrize("cursor", ["", "x", "-1", "9" * 18, str(T * 2)])
def test_a_cursor_that_cannot_be_is_not_sent(cursor: str) -> None:
    assert jetstream._cursor(cursor, NOW) is None


def test_what_cannot_be_read_is_named_and_a_stream_of_it_refused() -> None:
    broken = b'{"did":"did:a","time_us":%d,"commit":{"operation":1,"collection":"#tag"}}' % T
    said = heard(ear(), broken, b"", b"[" * 100_000, b"\xff#tag", commit(T + 1, **tagged("farm")))
    assert (len(said.posts), len(said.skipped)) == (1, 4)
    with pytest.raises(Malformed):
        ear().hear([b"<html>"] * 500)


def test_nothing_heard_is_nothing_told() -> None:
    assert ear().told() is None


# On a socket.


@asynccontextmanager
async def listening(*scripts: Any, cursor: str | None = None) -> AsyncIterator[tuple[Any, RawServer]]:
    """The stream of a raw server, which plays one script a connection."""
    held: list[Any] = []
    made: list[Script] = [script if callable(script) else says(held, *script) for script in scripts]
    async with raw_server(*made) as server, outbound.client(LOOPBACK) as client:
        held.append(server)
        url = server.url.replace("http", "ws")
        async with aclosing(jetstream.listen(client, url, Tags(["farm"], normal), cursor, now)) as stream:
            yield stream, server


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "EVERY", 0.02)
    monkeypatch.setattr(streaming, "SILENCE", 0.1)


async def fails(kind: type[CollectorError], *parts: Any, words: str) -> list[Heard]:
    found: list[Heard] = []

    async def all_of_it() -> None:
        async for one in stream:
            found.append(one)  # noqa: PERF401

    async with listening(parts) as (stream, _):
        with pytest.raises(kind, match=words):
            await all_of_it()
    return found


async def test_it_asks_for_posts_alone_from_a_little_before_the_cursor() -> None:
    async with listening((frames([commit(T, **tagged("farm"))]), HOLD), cursor=str(T)) as (stream, server):
        said = await anext(stream)
        assert [post.native_id for post in said.posts] == ["at://did:plc:ann/app.bsky.feed.post/3aaa"]
        assert said.begins is None
        asked = server.requests[0].split(" ")[1]
        assert asked == f"/subscribe?wantedCollections=app.bsky.feed.post&cursor={T - 5_000_000}"
        assert "sec-websocket-extensions" not in server.requests[0].lower()


async def test_a_message_in_parts_and_between_pings_is_one() -> None:
    whole_one = commit(T, **tagged("farm"))
    parts = (
        frame(whole_one[:20], fin=False), frame(b"you there?", Opcode.PING),
        frame(whole_one[20:50], Opcode.CONT, fin=False), frame(whole_one[50:], Opcode.CONT), HOLD,
    )  # fmt: skip
    async with listening(parts) as (stream, _):
        assert len((await anext(stream)).posts) == 1


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
async def test_a_stream_that_is_cut_off_is_to_be_tried_again(share: float) -> None:
    last = frame(commit(T + 1, rkey="half", **tagged("farm")))
    await fails(Unavailable, frames([commit(T, **tagged("farm"))]), last[: int(share * len(last))], words="cut")


async def test_a_close_is_told_with_its_reason() -> None:
    closing = frame((1008).to_bytes(2, "big") + b"ConsumerTooSlow", Opcode.CLOSE)
    await fails(Unavailable, frames([commit(T)]), closing, words=r"1008: ConsumerTooSlow")


async def test_silence_is_cut_and_a_pong_is_none() -> None:
    started = asyncio.get_running_loop().time()
    await fails(Unavailable, frames([commit(T)]), HOLD, words="nothing was said")
    assert asyncio.get_running_loop().time() - started < 2


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ((b"HTTP/1.1 200 OK\r\n\r\n" + b"hello " * 50,), "not a stream"),
        ((frame(b"x" * 2_000_000),), "big|large|exceeds|not a stream"),
        ((bytes([0xC1, 0x01, 0x00]),), "not a stream|reserved"),
    ],
    ids=["http", "too large", "compressed"],
)
async def test_what_is_no_stream_is_refused(parts: tuple[bytes, ...], words: str) -> None:
    await fails(Malformed, *parts, HOLD, words=words)


@pytest.mark.parametrize(
    ("status", "kind"),
    [("401 No", Unauthorized), ("503 Later", Unavailable), ("404 None", Refused), ("200 OK", Malformed)],
)
async def test_a_door_that_stays_shut(status: str, kind: type[CollectorError]) -> None:
    async def answers(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(whole(b'{"error":"no"}', status=status))

    async with listening(answers) as (stream, _):
        with pytest.raises(kind):
            await anext(stream)


async def test_a_server_that_only_pretends_to_open_one() -> None:
    async def answers(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"
        )

    async with listening(answers) as (stream, _):
        with pytest.raises(Malformed):
            await anext(stream)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "ws://", "no url at all"])
async def test_an_address_that_is_none(url: str) -> None:
    async with outbound.client(LOOPBACK) as client:
        with pytest.raises(Refused):
            await anext(jetstream.listen(client, url, Tags([], normal), None, now))


async def test_the_guard_dials_for_streams_too() -> None:
    async with outbound.client([]) as client, raw_server(says([])) as server:
        with pytest.raises(CollectorError, match="private"):
            await anext(jetstream.listen(client, server.url.replace("http", "ws"), Tags([], normal), None, now))
        assert server.connections == 0


async def test_who_floods_fills_his_own_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    """While what was heard is handed on, nothing is read."""
    flood = frames(commit(T + n, rkey=str(n), **tagged("farm")) for n in range(1_000))
    sent = 0

    async def pours(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        from tests.collectors.frames import opened

        writer.write(opened(held[0].requests[-1]))
        for _n in range(200):
            writer.write(flood)
            await writer.drain()
            sent += 1

    held: list[Any] = []
    monkeypatch.setattr(websocket, "CHUNK", 64 * 1024)
    async with raw_server(pours) as server, outbound.client(LOOPBACK) as client:
        held.append(server)
        tags = Tags(["farm"], normal)
        async with aclosing(jetstream.listen(client, server.url.replace("http", "ws"), tags, None, now)) as stream:
            first = await anext(stream)
            assert len(first.posts) < 2 * streaming.MOST + 1_000
            await asyncio.sleep(0.2)
            before = sent
            await asyncio.sleep(0.1)
            assert sent == before < 200


def test_recorded_events_are_read(shared: Path) -> None:
    found = 0
    for path in sorted((shared / "platforms" / "recorded" / "bluesky").glob("jetstream_*.jsonl")):
        lines = path.read_bytes().split(b"\n")
        at = datetime.fromtimestamp(max(json.loads(line)["time_us"] for line in lines if line) / 1e6, UTC)
        one = Ear(Tags(["farm"], normal), None, lambda at=at: at + timedelta(seconds=1))  # type: ignore[misc]
        one.hear([line for line in lines if line])
        told = one.told()
        assert told
        assert told.skipped == ()
        found += len(told.left) + len(told.named) + len(told.removed)
    assert found


async def test_parts_of_nothing_are_not_gathered() -> None:
    class Flood:
        """The first part of a message, and then without end parts that hold nothing."""

        chunk = frame(b"a", fin=False) + frame(b"", Opcode.CONT, fin=False) * 5_000

        async def read(self, _most: int, timeout: float) -> bytes:
            return self.chunk

    flood = Flood()
    socket = websocket.WebSocket(flood, "stream.example")
    assert await socket.receive(1.0) == []
    assert len(socket._parts) == 1
    flood.chunk = frame(b"b", Opcode.CONT)
    assert await socket.receive(1.0) == [b"ab"]


def test_events_of_a_real_network_are_read(shared: Path) -> None:
    kept = json.loads((shared / "platforms/live/bluesky/firehose_jetstream_examples.json").read_text())
    events = sorted(kept["examples"].values(), key=lambda one: one["time_us"])
    at = datetime.fromtimestamp(events[-1]["time_us"] / 1e6, UTC)
    tags = {
        feature["tag"] for one in events for facet in one.get("commit", {}).get("record", {}).get("facets", [])
        for feature in facet["features"] if "tag" in feature
    }  # fmt: skip
    one = Ear(Tags(map(normal, tags), normal), None, lambda: at)
    one.hear([json.dumps(event).encode() for event in events])
    told = one.told()
    assert told
    assert told.skipped == ()
    assert len(told.removed) == 1
    assert {left.for_good for left in told.left} == {True, False}
