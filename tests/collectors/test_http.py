"""Calls on real sockets: what is cut, late, too large, moved or asked to wait."""

import asyncio
import gzip
import time
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from collectors import body as bodies
from collectors import http as calls
from collectors.errors import Malformed, RateLimited, Refused, Spent, Unauthorized, Unavailable
from collectors.http import Http
from collectors.rates import iso_reset, unix_reset
from tests.collectors.sockets import (
    Script,
    drips,
    raw_server,
    says_nothing,
    sends,
    sends_and_ends,
    sends_and_resets,
    whole,
)
from tests.collectors.stage import NEWEST, SECRET, CountingMeter

GOOD = whole(b'["harvest"]')
CUTS = {
    "nothing": 0,
    "in the status line": 8,
    "in the headers": 25,
    "in the body": len(GOOD) - 5,
    "last byte": len(GOOD) - 1,
}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


@pytest.fixture
def meter() -> CountingMeter:
    return CountingMeter()


def http(client: httpx.AsyncClient, url: str, meter: CountingMeter | None = None) -> Http:
    return Http(client, url, meter or CountingMeter(), iso_reset("calls"), secret=SECRET, now=lambda: NEWEST)


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS.keys())
@pytest.mark.parametrize("end", [sends_and_ends, sends_and_resets], ids=["closed", "reset"])
async def test_a_cut_answer_is_asked_for_once_more(
    client: httpx.AsyncClient, meter: CountingMeter, cut: int, end: object
) -> None:
    assert callable(end)
    async with raw_server(end(GOOD[:cut]), sends(GOOD)) as server:
        answer = await http(client, server.url, meter).get("/x")
    assert answer.body == b'["harvest"]'
    assert server.connections == 2
    assert meter.spent == ["calls", "calls"]  # both calls are paid for


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS.keys())
async def test_a_second_cut_is_unavailable_and_never_half_a_page(client: httpx.AsyncClient, cut: int) -> None:
    async with raw_server(sends_and_ends(GOOD[:cut])) as server:
        with pytest.raises(Unavailable, match="cut"):
            await http(client, server.url).get("/x")
    assert server.connections == 2


async def test_chunks_without_an_end_are_a_cut(client: httpx.AsyncClient) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with raw_server(sends_and_ends(head + b"2\r\n[]\r\n"), sends(head + b"2\r\n[]\r\n0\r\n\r\n")) as server:
        assert (await http(client, server.url).get("/x")).body == b"[]"
    assert server.connections == 2


async def test_an_idle_connection_that_was_closed_costs_nothing_but_a_new_one(client: httpx.AsyncClient) -> None:
    """The server shuts a kept connection between two calls, at times just as the second is sent."""

    async def once(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GOOD)
        await writer.drain()
        asyncio.get_running_loop().call_later(0.05, writer.close)

    async with raw_server(once, sends(GOOD)) as server:
        caller = http(client, server.url)
        await caller.get("/1")
        await asyncio.sleep(0.1)
        assert (await caller.get("/2")).status == 200
    assert server.connections == 2


async def test_a_post_is_never_sent_twice(client: httpx.AsyncClient, meter: CountingMeter) -> None:
    async with raw_server(sends_and_ends(b"")) as server:
        with pytest.raises(Unavailable):
            await http(client, server.url, meter).post("/x", {"a": "b"}, spend=("session",))
    assert len(server.requests) == 1
    assert meter.spent == ["session"]


@pytest.mark.parametrize("script", [drips(GOOD, 0.05), says_nothing()], ids=["a byte at a time", "silence"])
async def test_the_whole_answer_has_one_deadline(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    monkeypatch.setattr(calls, "DEADLINE", 0.3)
    async with raw_server(script) as server:
        started = time.monotonic()
        with pytest.raises(Unavailable, match="in time"):
            await http(client, server.url).get("/x")
        assert time.monotonic() - started < 1.5


async def test_waiting_for_our_own_meter_is_no_fault_of_the_server(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(CountingMeter):
        async def spend(self, name: str, units: int = 1) -> None:
            await asyncio.sleep(0.4)
            await super().spend(name, units)

    monkeypatch.setattr(calls, "DEADLINE", 0.3)
    async with raw_server(sends(GOOD)) as server:
        assert (await http(client, server.url, Slow()).get("/x")).status == 200


async def test_nobody_at_home_is_unavailable(client: httpx.AsyncClient) -> None:
    async with raw_server(sends(GOOD)) as server:
        pass
    with pytest.raises(Unavailable, match="no connection"):
        await http(client, server.url).get("/x")


async def test_no_http_at_all_is_unavailable(client: httpx.AsyncClient) -> None:
    async with raw_server(sends_and_ends(b"220 mail.example ESMTP ready\r\n")) as server:
        with pytest.raises(Unavailable):
            await http(client, server.url).get("/x")


@pytest.mark.parametrize(("pack", "name"), [(gzip.compress, "gzip"), (zlib.compress, "deflate")])
async def test_a_compressed_body_is_unfolded(client: httpx.AsyncClient, pack: object, name: str) -> None:
    assert callable(pack)
    answer = whole(pack(b'["harvest"]'), headers=f"Content-Encoding: {name}\r\n")
    async with raw_server(sends(answer)) as server:
        assert (await http(client, server.url).get("/x")).body == b'["harvest"]'
    assert "accept-encoding: gzip\r\n" in server.requests[0].lower()


BOMB = gzip.compress(b"[" + b" " * (40 * 2**20) + b"]")
BAD_BODIES = {
    "a bomb": whole(BOMB, headers="Content-Encoding: gzip\r\n"),
    "cut inside": whole(gzip.compress(b"[]" * 99)[:-9], headers="Content-Encoding: gzip\r\n"),
    "not what it says": whole(b"[]", headers="Content-Encoding: gzip\r\n"),
    "not asked for": whole(b"[]", headers="Content-Encoding: br\r\n"),
    "twice": whole(gzip.compress(gzip.compress(b"[]")), headers="Content-Encoding: gzip, gzip\r\n"),
}


@pytest.mark.parametrize("answer", BAD_BODIES.values(), ids=BAD_BODIES.keys())
async def test_a_body_that_cannot_be_unfolded_is_malformed(client: httpx.AsyncClient, answer: bytes) -> None:
    assert len(BOMB) < 60_000
    async with raw_server(sends(answer)) as server:
        with pytest.raises(Malformed):
            await http(client, server.url).get("/x")


async def test_an_endless_body_is_given_up(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "MAX_WIRE", 100_000)
    assert bodies.MAX_WIRE == 8 * 2**20
    assert bodies.MAX_DECODED == 32 * 2**20

    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n[")
        while not writer.is_closing():
            writer.write(b" " * 10_000)
            await writer.drain()

    async with raw_server(endless) as server:
        with pytest.raises(Malformed, match="more than"):
            await http(client, server.url).get("/x")


RETRY_AFTER = {
    "seconds": ("120", NEWEST + timedelta(seconds=120)),
    "a date": (format_datetime(NEWEST + timedelta(minutes=9), usegmt=True), NEWEST + timedelta(minutes=9)),
    "absurd": ("99999999999", None),
    "more digits than a number has": ("9" * 5000, None),
    "the past": (format_datetime(NEWEST - timedelta(days=1), usegmt=True), None),
    "nothing": ("0", None),
    "below nothing": ("-5", None),
    "a fraction": ("1.5", None),
    "words": ("soon", None),
    "empty": ("", None),
}


@pytest.mark.parametrize(("said", "until"), RETRY_AFTER.values(), ids=RETRY_AFTER.keys())
@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_retry_after(client: httpx.AsyncClient, status: str, said: str, until: datetime | None) -> None:
    async with raw_server(sends(whole(b"{}", status=status, headers=f"Retry-After: {said}\r\n"))) as server:
        kind = Unavailable if status.startswith("503") and until is None else RateLimited
        with pytest.raises(kind) as caught:
            await http(client, server.url).get("/x")
        assert type(caught.value) is kind
        if isinstance(caught.value, RateLimited):
            assert caught.value.until == until
    assert server.connections == 1  # one try: waiting is the caller's


async def test_without_retry_after_the_reset_of_a_spent_budget_counts(
    client: httpx.AsyncClient, meter: CountingMeter
) -> None:
    reset = "2026-11-24T10:04:00.500000Z"
    headers = f"X-RateLimit-Limit: 300\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: {reset}\r\n"
    async with raw_server(sends(whole(b"{}", status="429 Too Many Requests", headers=headers))) as server:
        with pytest.raises(RateLimited) as caught:
            await http(client, server.url, meter).get("/x")
    assert caught.value.until == datetime(2026, 11, 24, 10, 4, 0, 500_000, tzinfo=UTC)
    assert [(told.limit, told.remaining, told.resets_at) for told in meter.heard] == [(300, 0, caught.value.until)]


@pytest.mark.parametrize("value", ["", "soon", "9" * 30, "-1", "2026-13-45T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_rate_headers_that_make_no_sense_say_nothing(value: str) -> None:
    for read, prefix in ((iso_reset("calls"), "x-ratelimit"), (unix_reset("calls"), "ratelimit")):
        told = read(httpx.Headers({f"{prefix}-limit": value, f"{prefix}-remaining": "5", f"{prefix}-reset": value}))
        assert told is not None
        assert (told.limit, told.remaining, told.resets_at) == (None, 5, None)
        assert read(httpx.Headers({f"{prefix}-limit": value})) is None


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
async def test_no_redirect_is_followed(client: httpx.AsyncClient, status: str) -> None:
    async with raw_server(sends(GOOD)) as other:
        moved = whole(b"", status=status, headers=f"Location: {other.url}/x\r\n")
        async with raw_server(sends(moved)) as server:
            with pytest.raises(Refused, match="moved"):
                await http(client, server.url).get("/x")
    assert other.requests == []
    assert SECRET in server.requests[0]


async def test_no_part_of_a_secret_is_told_where_words_are_cut_off(client: httpx.AsyncClient) -> None:
    said = whole(b'{"error": "%s%s"}' % (b"x" * 195, SECRET.encode()), status="400 Bad Request")
    async with raw_server(sends(said)) as server:
        with pytest.raises(Refused) as error:
            await http(client, server.url).get("/x")
    assert SECRET[:3] not in str(error.value)


@pytest.mark.parametrize("path", ["@evil.example/x", ":99/x", ".evil.example/x", "/" + "a" * 70_000])
async def test_a_path_cannot_lead_to_another_server(client: httpx.AsyncClient, path: str) -> None:
    async with raw_server(sends(GOOD)) as server:
        with pytest.raises(Refused):
            await http(client, server.url).get(path)
    assert server.requests == []


@pytest.mark.parametrize("url", ["", "meadow.example", "ftp://meadow.example", "http://", "javascript:alert(1)"])
def test_a_base_that_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        Http(httpx.AsyncClient(), url, CountingMeter(), iso_reset("calls"))


async def test_two_calls_share_a_connection(client: httpx.AsyncClient) -> None:
    async with raw_server(sends(GOOD)) as server:
        caller = http(client, server.url)
        await caller.get("/1")
        await caller.get("/2", [("a", "b c"), ("a", "#d")])
    assert server.connections == 1
    assert server.requests[1].startswith("GET /2?a=b+c&a=%23d ") or server.requests[1].startswith(
        "GET /2?a=b%20c&a=%23d "
    )


async def test_a_call_that_one_budget_forbids_takes_nothing_from_the_others(client: httpx.AsyncClient) -> None:
    class Poor(CountingMeter):
        async def spend(self, name: str, units: int = 1) -> None:
            if name == "money":
                raise Spent("no money", NEWEST)
            await super().spend(name, units)

    meter = Poor()
    with pytest.raises(Spent):
        await http(client, "http://127.0.0.1:9", meter).get("/x", spend={"calls": 2, "money": 500})
    assert meter.spent == []


@pytest.mark.parametrize("secret", ["täuschung", "two\r\nx-other: 1", "nul\0", "\u202etoken"])
async def test_a_credential_that_fits_into_no_header_is_named_and_not_sent(
    client: httpx.AsyncClient, meter: CountingMeter, secret: str
) -> None:
    http = Http(client, "https://meadow.example", meter, iso_reset("calls"), secret=secret)
    with pytest.raises(Unauthorized) as caught:
        await http.get("/x")
    assert secret not in str(caught.value)
    assert meter.spent == []
