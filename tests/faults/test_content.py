"""Whole answers that make no sense, or too much of it: P8, P9, P12, P13, P22."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from app.models import Post, PostText, Tagging
from sandbox.ids import BLUESKY
from tests.faults.conftest import Opened
from tests.faults.proxy import answers, rewrites
from tests.polling.town import on

GARBAGE = {
    "cut JSON": b'[{"id": "1", "created_at": ',
    "a byte order mark": b"\xef\xbb\xbf[",
    "HTML": b"<!DOCTYPE html><title>Be right back</title>",
    "nothing": b"",
    "another thing": b'{"hello": "world"}',
    "brackets": b"[" * 100_000,
    "objects": b'[{"a":' * 50_000,
    "no UTF-8": b'[{"id": "\xff\xfe"}]',
    "a number": b"12",
    "null": b"null",
}


@on("mastodon", BLUESKY)
async def test_p8_garbage_is_refused_and_the_gap_is_said(spoiled: Opened, kind: str) -> None:
    async with spoiled(kind) as place:
        place.write(3)
        await place.visit()
        place.write(3)
        path = "/timelines/" if kind == "mastodon" else "searchPosts"
        for body in GARBAGE.values():
            place.proxy.heal()
            place.proxy.spoil(answers(200, body), path=path)
            summary = await place.visit()
            assert (summary.state, summary.pages) == ("failed", 0), summary
            assert summary.missed
        assert len(await place.native_ids()) == 3
        await place.check()
        await place.heals()
        assert len(await place.native_ids()) == 6


@on("mastodon", "gotosocial", BLUESKY)
async def test_p8_garbage_for_an_answer_to_a_look_up_makes_nobody_absent(spoiled: Opened, kind: str) -> None:
    async with spoiled(kind) as place:
        place.write(3)
        await place.visit()
        path = "/api/v1/statuses" if kind != BLUESKY else "getPosts"
        for body in (b"[{", b"<html>", b"", b'{"posts": 3}'):
            place.proxy.heal()
            place.proxy.spoil(answers(200, body), path=path)
            place.advance(600)
            await place.refresh()
        assert {(post.state, post.absences) for post in await place.rows(Post)} == {("live", 0)}
        place.proxy.heal()
        place.advance(600)
        assert (await place.refresh())[0].refreshed == 3
        await place.check()


def counters(kind: str) -> tuple[str, ...]:
    return ("favourites_count", "reblogs_count") if kind == "mastodon" else ("likeCount", "repostCount")


def with_counters(kind: str, *values: str) -> Callable[[bytes], bytes]:
    """The counters as these very characters: no JSON writer would write them."""

    def change(body: bytes) -> bytes:
        text = body.decode()
        for name, value in zip(counters(kind), values, strict=True):
            text = text.replace(f'"{name}":7', f'"{name}":{value}')
        return text.encode()

    return change


ODD = ["NaN", "Infinity", "-Infinity", "1e999", "-1", '"7"', "null", "1.5", str(2**63), "9" * 5_000]


@on("mastodon", BLUESKY)
@pytest.mark.parametrize("times", [1, 2], ids=["p9_not_finite", "p22_too_large"])
async def test_p9_p22_numbers_that_are_none(spoiled: Opened, kind: str, times: int) -> None:
    """The field counts as not said, the row is kept, or the page refused whole: never a wrong number."""
    async with spoiled(kind) as place:
        post = place.write(1)[0]
        place.script.change(post, likes=7, reposts=7)
        for odd in ODD[:5] if times == 1 else ODD[5:]:
            place.proxy.heal()
            place.proxy.spoil(rewrites(with_counters(kind, odd, "7")))
            await place.visit()
            await place.check()
        for name in await place.native_ids():
            assert (await place.levels())[name][:2] in [(None, 7), (7, 7)]
        await place.heals()
        assert (await place.levels())[post.native_id][:2] == (7, 7)


async def test_p9_a_field_that_is_there_twice(spoiled: Opened) -> None:
    async with spoiled() as place:
        post = place.write(1)[0]
        place.script.change(post, likes=7)
        double = b'"favourites_count":7,"favourites_count":7'
        place.proxy.spoil(rewrites(lambda body: body.replace(b'"favourites_count":7', double)))
        assert (await place.visit()).state == "ok"
        await place.check()


async def test_p22_an_item_that_cannot_be_read_leaves_its_time_unproved(spoiled: Opened) -> None:
    """The rest of its page is kept, and no page after it makes up for it; a later walk that can read it does."""
    async with spoiled() as place:
        posts = place.write(100)
        lost = posts[-5]
        name = f'"{lost.native_id}"'.encode()
        place.proxy.spoil(rewrites(lambda body: body.replace(b'"uri":' + name, b'"uri":5')))
        summary = await place.visit()
        assert (summary.state, summary.unreadable, summary.posts_new) == ("partial", 1, 99)
        await place.visit()
        place.advance(1_200)
        await place.visit()
        states = {state for start, end, state in await place.stretches() if start <= lost.created_at < end}
        assert states == {"partial"}
        await place.check()
        place.proxy.heal()
        place.advance(7 * 3_600)
        await place.visit()
        assert lost.native_id in await place.native_ids()
        assert {state for _, _, state in await place.stretches()} == {"complete"}
        await place.check()


TRASH = {
    "a lone surrogate": "\\ud800 #farm",
    "NUL": "zero \\u0000 #farm",
    "right to left": "\u202e #farm \u200f",
    "marks upon marks": "e" + "\u0301" * 10_000 + " #farm",
    "zalgo": "#f\u0336a\u0336rm and #farm",
    "composed": "caf\u00e9 #farm",
    "decomposed": "cafe\u0301 #farm",
    "full width": "＃farm and #ｆａｒｍ",
    "emoji": "\U0001f468‍\U0001f469‍\U0001f467 #farm",
    "quotes": '\\"; DROP TABLE post; -- #farm',
}


def trash(kind: str) -> Callable[[bytes], bytes]:
    """Each post's place-holder becomes a text that is trouble, escapes and all."""

    def change(body: bytes) -> bytes:
        for place, text in enumerate(TRASH.values()):
            body = body.replace(f"trash{place}x".encode(), text.replace(" #farm", "").encode())
        return body

    return change


kept_by_database: dict[tuple[str, str], Any] = {}


@pytest.mark.parametrize("kind", ["mastodon", BLUESKY])
async def test_p12_unicode_trash_is_the_same_in_both_databases(spoiled: Opened, kind: str) -> None:
    async with spoiled(kind) as place:
        for number in range(len(TRASH)):
            place.write(1, f"trash{number}x #farm")
        place.script.add_post(place.network, place.script.people["ann"], "＃ｆａｒｍ", more_tags=("ｆａｒｍ", "İ", "ß"))
        place.advance(1)
        place.proxy.spoil(rewrites(trash(kind)))
        summary = await place.visit()
        assert summary.state == "ok", summary
        texts = sorted(row.text or "" for row in await place.rows(PostText))
        assert len(texts) == len(TRASH) + 1
        assert not any("\x00" in text or "\ud800" in text for text in texts)
        tags = sorted(row.spelling for row in await place.rows(Tagging))
        there = kept_by_database.setdefault(("rows", kind), json.dumps([texts, tags]))
        assert there == json.dumps([texts, tags]), "the other database kept it otherwise"
        await place.check()


@pytest.mark.parametrize("share", [0.05, 0.5, 1.0])
async def test_p13_the_same_post_again_and_again(spoiled: Opened, share: float) -> None:
    """On one page, and on pages that overlap."""

    def double(body: bytes) -> bytes:
        items = json.loads(body)
        return json.dumps(items + items[: int(len(items) * share)]).encode() if isinstance(items, list) else body

    def overlap(body: bytes) -> bytes:
        items = json.loads(body)
        shown.extend(items if isinstance(items, list) else [])
        return json.dumps((shown[-60:-40] if share == 1.0 else []) + items).encode()

    shown: list[Any] = []
    async with spoiled() as place:
        place.write(100)
        place.proxy.spoil(rewrites(double), path="/timelines/")
        summary = await place.visit()
        assert (summary.state, summary.posts_new) == ("ok", 100)
        place.proxy.heal()
        place.write(60)
        place.proxy.spoil(rewrites(overlap), path="/timelines/")
        assert (await place.visit()).posts_new == 60
        await place.check()
