"""Pages in no order, without end, from elsewhere, and posts that come late: P14 to P18."""

import json
from typing import Any

import pytest

from app.clock import DAY, HOUR, MINUTE
from app.models import Post
from sandbox.ids import BLUESKY
from tests.faults.conftest import Opened
from tests.faults.proxy import Exchange, answers, rewrites
from tests.polling.town import on


@on("mastodon", "gotosocial", BLUESKY)
async def test_p14_posts_that_arrive_late_are_found(spoiled: Opened, kind: str) -> None:
    """Within the lag by the next pass; later ones, and those dated back, by the next walk through the last days."""
    async with spoiled(kind) as place:
        place.write(10)
        await place.visit()
        ann = place.script.people["ann"]
        within = place.script.add_post(place.network, ann, "so #farm", created_at=place.now - 8 * MINUTE)
        beyond = place.script.add_post(place.network, ann, "so #farm", created_at=place.now - 3 * DAY)
        place.advance(1)
        await place.visit()
        assert within.native_id in await place.native_ids()
        for _ in range(3):
            place.advance(3 * HOUR / 1_000)
            place.write(2)
            await place.visit()
        assert beyond.native_id in await place.native_ids()
        await place.check()


def jumbled(body: bytes) -> bytes:
    items = json.loads(body)
    return json.dumps(items[1::2] + items[::2]).encode() if isinstance(items, list) else body


async def test_p14_pages_out_of_order(spoiled: Opened) -> None:
    async with spoiled() as place:
        place.proxy.spoil(rewrites(jumbled), path="/timelines/")
        for _ in range(3):
            place.write(130)
            assert (await place.visit()).state == "ok"
            await place.check()
        assert len(await place.native_ids()) == 390


@on("mastodon", BLUESKY)
async def test_p15_more_new_posts_than_pages(spoiled: Opened, kind: str) -> None:
    """What one pass cannot reach is a gap, and is read as there is room; newer posts are never left for it."""
    async with spoiled(kind, page_limit=4) as place:
        place.write(5)
        await place.visit()
        burst = place.write(450, every=0.1)
        summary = await place.visit()
        assert (summary.state, summary.pages) == ("partial", 4)
        assert summary.missed
        assert burst[-1].native_id in await place.native_ids()
        await place.check()
        for _ in range(8):
            newest = place.write(1)[0]
            await place.visit()
            assert newest.native_id in await place.native_ids()
            await place.check()
        assert not {post.native_id for post in burst} - await place.native_ids()
        assert {state for *_, state in await place.stretches()} == {"complete"}
        await place.heals()


async def test_p15_a_page_of_nothing_but_old_dates_does_not_end_the_walk(spoiled: Opened) -> None:
    """A server that lists by arrival took in forty old posts at once: what is new stands behind them."""
    async with spoiled() as place:
        place.write(50)
        await place.visit()
        new = place.write(10)
        old = place.write(40)

        def dated_back(body: bytes) -> bytes:
            items = json.loads(body)
            for item in items:
                if item["uri"] in {post.native_id for post in old}:
                    item["created_at"] = item["created_at"].replace("2026-03", "2025-03")
            return json.dumps(items).encode()

        place.proxy.spoil(rewrites(dated_back), path="/timelines/")
        assert (await place.visit()).state == "ok"
        assert {post.native_id for post in [*new, *old]} <= await place.native_ids()


def leads_to(*ids: str) -> Any:
    """Each page's link names the next of these ids, over and over."""
    turn = [0]

    async def how(one: Exchange) -> None:
        name = ids[turn[0] % len(ids)]
        turn[0] += 1
        link = f'<{one.headers.get("link", "<x?").split("?")[0][1:]}?max_id={name}>; rel="next"'
        one.writer.write(one.whole(headers={"link": link}))

    return how


@pytest.mark.parametrize("ids", [("9" * 18,), ("9" * 18, "8" * 18)], ids=["A to A", "A to B to A"])
async def test_p16_paging_that_comes_back_to_where_it_was(spoiled: Opened, ids: tuple[str, ...]) -> None:
    async with spoiled() as place:
        place.write(100)
        place.proxy.spoil(leads_to(*ids), path="/timelines/")
        for _ in range(3):
            before = len(place.proxy.requests)
            summary = await place.visit()
            assert summary.state == "partial"
            assert "comes back" in (summary.reason or "")
            assert len(place.proxy.requests) - before <= 12
            await place.check()
        assert (await place.source()).state == "failing"
        await place.heals()
        assert len(await place.native_ids()) == 100


async def test_p16_empty_pages_that_go_on_for_ever(spoiled: Opened) -> None:
    async with spoiled() as place:
        place.write(100)
        turn = [0]

        async def empty(one: Exchange) -> None:
            turn[0] += 1
            link = f'<{place.proxy.url}{one.path}?max_id={turn[0]}>; rel="next"'
            one.writer.write(one.whole(b"[]", {"link": link}))

        place.proxy.spoil(empty, path="/timelines/")
        summary = await place.visit()
        assert (summary.state, summary.reason) == ("partial", "three empty pages in a row")
        assert turn[0] <= 4
        await place.check()
        await place.heals()
        assert len(await place.native_ids()) == 100


@on("mastodon", BLUESKY)
async def test_p16_a_kept_cursor_that_has_run_out(spoiled: Opened, kind: str) -> None:
    """The walk goes on by time: nothing is lost, and nothing is asked for again and again."""
    async with spoiled(kind, page_limit=1) as place:
        place.write(5)
        await place.visit()
        burst = place.write(240, every=0.1)
        await place.visit()
        place.settings = place.settings.model_copy(update={"page_limit": 20})
        old = "max_id=" if kind == "mastodon" else "cursor="
        place.proxy.spoil(answers(400, b'{"error":"InvalidRequest","message":"cursor has expired"}'), 1, path=old)
        await place.visit()
        for _ in range(3):
            await place.visit()
        assert not {post.native_id for post in burst} - await place.native_ids()
        await place.heals()


async def test_p17_a_link_to_another_host_is_not_followed(spoiled: Opened) -> None:
    """Nor does the token go there: where one is, it would tell."""
    async with spoiled() as place, evil() as (url, heard):

        async def elsewhere(one: Exchange) -> None:
            link = one.headers.get("link", "").replace(place.proxy.url, url)
            one.writer.write(one.whole(headers={"link": link}))

        place.proxy.spoil(elsewhere, path="/timelines/")
        place.write(100)
        assert (await place.visit()).state == "ok"
        assert heard == []
        assert len(await place.native_ids()) == 100
        await place.check()


def evil() -> Any:
    import asyncio
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def opened() -> Any:
        heard: list[bytes] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.read(1_000))
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heard

    return opened()


@on("mastodon", BLUESKY)
async def test_p18_clocks_that_are_a_day_wrong(spoiled: Opened, kind: str) -> None:
    """A time in the future is not believed, and said so; one in the past is, and ends no walk."""
    async with spoiled(kind) as place:
        place.write(30)
        await place.visit()
        ann = place.script.people["ann"]
        ahead = place.script.add_post(place.network, ann, "so #farm", created_at=place.now + DAY)
        behind = place.script.add_post(place.network, ann, "so #farm", created_at=place.now - DAY)
        place.advance(1)
        met = place.now
        await place.collect()
        posts = {post.native_id: post for post in await place.rows(Post)}
        assert posts[ahead.native_id].created_at <= place.now
        # Bluesky's AppView does not believe such a time either, and says when it met the post.
        assert kind == BLUESKY or "future-dated" in (posts[ahead.native_id].labels or "")
        assert posts[behind.native_id].created_at == behind.created_at
        assert kind == BLUESKY or posts[ahead.native_id].born_at == met
        for _ in range(4):
            place.advance(10 * HOUR / 1_000)
            place.write(5)
            await place.visit()
            await place.refresh()
        posts = {post.native_id: post for post in await place.rows(Post)}
        assert kind == BLUESKY or posts[ahead.native_id].born_at == met
        assert kind == BLUESKY or "future-dated" in (posts[ahead.native_id].labels or "")
        await place.check()
