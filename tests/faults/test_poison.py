"""One thing that can never be read: what stands beside it is read all the same, and the rest is told as it is."""

import json
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import update

from app.models import Account, Coverage, Post, Track
from app.polling import walks
from app.store import curves, people
from app.store.people import Claim
from app.store.rebuild import verify
from app.store.subjects import subject_key
from sandbox.ids import BLUESKY
from tests.faults.conftest import Opened, Spoiled
from tests.faults.proxy import answers, rewrites
from tests.polling.town import on


async def overdue(place: Spoiled, table: Any, row: int) -> None:
    """The longest overdue of all, whatever it was."""
    async with place.db.write() as session:
        await session.execute(update(table).where(table.id == row).values(next_look_at=0))


@on("mastodon", "gotosocial", BLUESKY)
@pytest.mark.parametrize("status", [400, 500])
async def test_a_post_that_cannot_be_had_does_not_hold_up_the_others(spoiled: Opened, kind: str, status: int) -> None:
    async with spoiled(kind) as place:
        place.write(60)
        await place.visit()
        poison = (await place.rows(Post))[7]
        await overdue(place, Post, poison.id)
        path = (poison.local_id or "").rpartition("/")[2]
        place.proxy.spoil(answers(status), path=path)
        began = place.now
        for _ in range(12):
            place.advance(400)
            await place.refresh()
        late = [post.id for post in await place.rows(Post) if (post.looked_at or 0) <= began]
        assert poison.id in late
        assert len(late) < 10, "those that by lot were asked for with it each time"
        place.proxy.heal()
        place.advance(900)
        await place.refresh()
        assert {post.looked_at for post in await place.rows(Post) if post.id == poison.id} == {place.now}


async def test_a_status_that_is_forbidden_stops_no_source(spoiled: Opened) -> None:
    async with spoiled("gotosocial") as place:
        place.write(3)
        await place.visit()
        forbidden = (await place.rows(Post))[0]
        await overdue(place, Post, forbidden.id)
        place.proxy.spoil(answers(403), path=f"/api/v1/statuses/{forbidden.local_id}")
        place.advance(600)
        assert [one.refreshed for one in await place.refresh()] == [2]
        assert (await place.source()).state == "ok"


async def test_an_account_that_cannot_be_had_does_not_hold_up_the_others(spoiled: Opened) -> None:
    async with spoiled() as place:
        for number in range(60):
            place.script.add_post(place.network, place.script.join(f"ann{number}"), "so #farm")
        place.advance(1)
        await place.visit()
        for account in await place.rows(Account):
            await overdue(place, Account, account.id)
        place.proxy.spoil(answers(500), path="/api/v1/accounts?")
        place.advance(60)
        await place.refresh()
        waits = Counter(account.next_look_at for account in await place.rows(Account))
        assert sorted(waits.values()) == [20, 20, 20], "the others are next; these come by lot in two parts"
        assert waits[0] == 20


async def test_an_account_that_is_recognised_as_it_is_read_again_brings_its_posts(spoiled: Opened) -> None:
    async with spoiled() as place:
        place.write(2)
        await place.visit()
        row = (await place.rows(Account))[0]
        async with place.db.write() as session:
            await session.execute(update(Account).where(Account.id == row.id).values(handle=None, next_look_at=0))
            who = await people.create(session, "Ann", None, [Claim("mastodon", row.handle, None)], place.now)
        place.advance(60)
        await place.refresh()
        async with place.db.read() as session:
            curve = await curves.growth(session, "influencer", who.id, curves.Ask(), place.now)
            differences = [one async for one in verify(session, subject_key("influencer", who.id), place.now)]
        assert curve["totals"]["posts"] == 2
        assert differences == []


async def test_a_page_that_never_makes_sense_is_given_up_and_what_lies_behind_it_is_missed(spoiled: Opened) -> None:
    """The newest pages are read well all the while; once the place is given up, the source is well again."""
    async with spoiled() as place:
        place.write(50)
        await place.visit()
        lost = place.write(60, every=60)
        garbage = answers(200, b"<html>")
        place.proxy.spoil(garbage, path="max_id=")
        states = [await place.visit() for _ in range(4)]
        assert [one.state for one in states] == ["partial"] * 4
        assert "given up" in str(states[-1].reason)
        assert {walk for row in await place.rows(Track) for walk in walks.load(row.walks)} == set()
        place.write(5)
        assert (await place.visit()).state in ("ok", "partial")
        reasons = {row.reason for row in await place.rows(Coverage) if row.state == "missed"}
        assert any("given up" in str(reason) for reason in reasons)
        known = await place.native_ids()
        assert not {post.native_id for post in lost} <= known
        await place.check()


async def test_what_was_held_back_is_told_of_the_whole_walk(spoiled: Opened) -> None:
    """Seven hours later the last days are walked again: most of what was shown is not, on any of three pages."""
    async with spoiled() as place:
        place.write(90, every=60)
        await place.visit()
        place.advance(7 * 3_600)

        def few(body: bytes) -> bytes:
            return json.dumps(json.loads(body)[::8]).encode()

        place.proxy.spoil(rewrites(few), path="/timelines/")
        said = await place.visit()
        assert "suspect" in str(said.reason)
        newest = max(end for _, end, _ in await place.stretches())
        assert (await place.stretches())[-1][1:] == (newest, "partial")
        assert "complete" in {state for *_, state in await place.stretches()}, "what was once proved stays proved"
