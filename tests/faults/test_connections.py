"""Nobody answers, or not to the end: P4, P5, P6, P7."""

import socket
from pathlib import Path

import pytest

from collectors import http
from sandbox.ids import BLUESKY
from tests.faults.conftest import Opened
from tests.faults.proxy import Exchange, cut, drips, sends
from tests.polling.town import on


async def test_p4_nobody_listens(spoiled: Opened) -> None:
    async with spoiled() as place:
        place.write(5)
        await place.visit()
        await place.proxy.close()
        place.write(60)
        for _ in range(3):
            summary = await place.visit()
            assert (summary.state, summary.pages) == ("failed", 0)
        assert (await place.source()).state == "failing"
        await place.check()
        await place.proxy.open()
        await place.heals()
        assert len(await place.native_ids()) == 65


async def test_p4_the_name_is_not_known_and_the_connection_is_not_taken(
    spoiled: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two sources that can never be reached stand beside one that can."""
    monkeypatch.setattr(http, "CONNECT", 0.3)
    with socket.socket() as deaf, socket.socket() as first, socket.socket() as second:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for waiting in (first, second):  # they fill the queue of connections that nobody accepts
            waiting.setblocking(False)
            waiting.connect_ex(deaf.getsockname())
        async with spoiled() as place:
            await place.add_source("nowhere", "http://nowhere.invalid", tmp_path)
            await place.add_source("deaf", "http://{}:{}".format(*deaf.getsockname()), tmp_path)
            await place.follow()
            place.write(5)
            found = {one.source: one for one in await place.poll()}
            assert {name: one.state for name, one in found.items()} == {
                "nowhere": "failed", "deaf": "failed", "town": "ok",
            }  # fmt: skip
            assert "no connection" in (found["nowhere"].reason or "")
            assert "in time" in (found["deaf"].reason or "")
            await place.check()


async def test_p5_a_byte_at_a_time(spoiled: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "DEADLINE", 0.3)
    async with spoiled() as place:
        place.write(10)
        place.proxy.spoil(drips(0.05))
        summary = await place.visit()
        assert summary.state == "failed"
        assert "in time" in (summary.reason or "")
        assert await place.native_ids() == set()
        await place.heals()


WHERE = {
    "nothing": lambda _: b"",
    "in the status": lambda one: one.whole()[:9],
    "in the headers": lambda one: one.whole()[:60],
    "before the body": lambda one: one.whole()[: one.whole().index(b"\r\n\r\n") + 4],
    "in the body": cut(0.5),
}


@on("mastodon", BLUESKY)
async def test_p6_connections_end_and_are_reset_everywhere(spoiled: Opened, kind: str) -> None:
    """One that is cut is made again at once; where that is cut too, the page is asked for again after a while."""
    async with spoiled(kind) as place:
        for where in WHERE.values():
            for reset, times in ((False, 1), (True, 1), (False, 3), (True, 3)):
                place.write(2)
                place.proxy.spoil(sends(where, reset=reset), times)
                summary = await place.collect()
                assert summary.state == "ok", summary
                assert place.proxy.planned[-1].left == 0
        assert len(await place.native_ids()) == 40
        await place.check()


async def test_p6_idle_connections_are_closed_by_the_server(spoiled: Opened) -> None:
    """It promised to keep the connection open, answered, and closed it: the next request finds that out."""
    async with spoiled() as place:
        place.write(100)
        place.proxy.spoil(sends(Exchange.whole))
        summary = await place.visit()
        assert (summary.state, summary.posts_new) == ("ok", 100)
        await place.check()


def chunked_without_end(one: Exchange) -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    return head + f"{len(one.body):x}\r\n".encode() + one.body + b"\r\n"


CUTS = {"1 %": cut(0.01), "half": cut(0.5), "the last byte": cut(1.0), "no last chunk": chunked_without_end}


async def test_p7_a_page_that_is_cut_short_is_refused_whole(spoiled: Opened) -> None:
    async with spoiled() as place:
        place.write(150)
        for how in CUTS.values():
            place.proxy.heal()
            place.proxy.spoil(sends(how), path="max_id")
            summary = await place.visit()
            assert (summary.state, summary.pages) == ("partial", 1)
            assert summary.missed or not place.passes[1:]
            # The whole first page, and nothing of the second.
            assert len(await place.native_ids()) == 40
            await place.check()
        await place.heals()
        assert len(await place.native_ids()) == 150


async def test_p7_where_a_cursor_leads_to_cut_pages_bluesky_is_walked_by_time(spoiled: Opened) -> None:
    async with spoiled(BLUESKY) as place:
        place.write(150)
        place.proxy.spoil(sends(cut(0.5)), path="cursor=")
        summary = await place.visit()
        assert (summary.state, summary.posts_new) == ("ok", 150)
        await place.check()
