"""A checker that never failed proves nothing: each invariant is broken on purpose, in the database or in the build."""

import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app import metering
from app.clock import DAY, MINUTE
from app.db.engine import Database
from app.polling import outcome, walks
from app.store import keep, rollups, tracks
from sandbox.limits import Limits
from tests.clocks import FakeClock
from tests.invariants import mastodon_limits, seen_in, violations
from tests.polling.town import Town, town

CALLS = 8
MORE_THAN_CALLS = 400

# One statement each, on a database in which all is well; and the invariant that must notice.
BROKEN = {
    "I1 a post is lost": "DELETE FROM post WHERE id = (SELECT min(id) FROM post)",
    "I1 a post is not under its tag": "DELETE FROM tagging WHERE post_id = (SELECT min(id) FROM post)",
    "I1 a gap is not said": "UPDATE coverage SET to_at = to_at - 60000",
    "I2 a post is there twice": "UPDATE post SET native_id = 'one'",
    "I2 a local id is there twice": "UPDATE post SET local_id = 'one'",
    "I3 a reading of the future": "UPDATE snapshot SET observed_at = observed_at + 999999999"
    " WHERE post_id = (SELECT min(id) FROM post)",
    "I3 a reading of before the birth": "UPDATE snapshot SET observed_at = -observed_at"
    " WHERE post_id = (SELECT min(id) FROM post)",
    "I3 a counter that nobody saw": "UPDATE snapshot SET likes = likes + 1 WHERE post_id = (SELECT min(id) FROM post)",
    "I3 unknown was made 0": "UPDATE post SET likes = 0",
    "I4 a cursor is ahead": """UPDATE track SET walks = '[{"top": 9999999999999, "low": 5, "cursor": "x"}]'""",
    "I7 a slot has no end": "UPDATE pass SET state = 'running'",
    "I7 a slot is not there": "DELETE FROM pass"
    " WHERE due_at = (SELECT due_at FROM pass ORDER BY due_at LIMIT 1 OFFSET 2)",
    "I7 a slot does not say why": "UPDATE pass SET state = 'failed', reason = NULL",
    "I12 a source is still stopped": "UPDATE source SET state = 'stopped'",
    "I12 no pass went well": "UPDATE pass SET state = 'partial', reason = 'so'",
    "I13 a sum has drifted": "UPDATE rollup SET likes = likes + 1 WHERE bucket = (SELECT max(bucket) FROM rollup)",
    "I13 a member is missing": "DELETE FROM member WHERE post_id = (SELECT min(id) FROM post)",
}  # fmt: skip


async def lived(place: Town) -> None:
    """Five passes over posts that move."""
    ann = place.script.join("ann")
    for turn in range(5):
        for number in range(4):
            post = place.script.add_post(place.network, ann, "so #farm")
            place.script.like(post, number + 1)
            place.advance(2)
        if turn == 0:
            await place.follow()
        await place.until_due()
        await place.poll()
    place.advance(1)


async def test_each_broken_database_is_noticed(db: Database, clock: FakeClock, tmp_path: Path) -> None:
    async with town(db, clock, tmp_path) as place:
        await lived(place)
        truth = place.truth(healed_at=place.now - 4 * MINUTE, slack=0)
        assert await violations(db, truth) == []
        for name, statement in BROKEN.items():
            extra = await to_be_lost(place) if name.startswith("I4") else truth
            async with db.write() as session:
                await session.execute(text(statement))
                found = await seen_in(session, extra)
                await session.rollback()
            assert [word for word in found if word.startswith(name.split()[0] + ":")], (name, found)
        assert [word for word in await violations(db, place.truth()) if not word.startswith("I1")] == []


async def to_be_lost(place: Town) -> Any:
    """A post that no pass has met yet: a cursor that says to have passed it lies."""
    place.script.add_post(place.network, place.script.people["ann"], "so #farm")
    place.advance(1)
    return replace(place.truth(), now=place.now)


@pytest.fixture
async def file(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    shutil.copyfile(sqlite_template, tmp_path / "broken.db")
    db = Database(f"sqlite:///{tmp_path}/broken.db")
    yield db
    await db.close()


async def test_a_corrupt_file_is_noticed(file: Database, clock: FakeClock, tmp_path: Path) -> None:
    db = file
    async with town(db, clock, tmp_path) as place:
        await lived(place)
        async with db.write() as session:
            await session.execute(text("PRAGMA writable_schema = ON"))
            index = "(SELECT rootpage FROM sqlite_master WHERE name = 'ix_post_author_id')"
            await session.execute(text(f"UPDATE sqlite_master SET rootpage = {index} WHERE name = 'ix_track_due_at'"))
        await db.close()
        reopened = Database(db.url)
        assert any(word.startswith("I13") for word in await violations(reopened, place.truth()))
        await reopened.close()


async def test_more_calls_than_are_allowed_are_noticed(db: Database, clock: FakeClock, tmp_path: Path) -> None:
    async with town(db, clock, tmp_path) as place:
        await lived(place)
        asked = len(place.running.faults.asked)
        assert await violations(db, place.truth(limits=mastodon_limits(asked, asked))) == []
        assert any(word.startswith("I10") for word in await violations(db, place.truth(limits=mastodon_limits(1, 1))))


def once_only(broken: pytest.MonkeyPatch) -> None:
    """`since_id` paging: the newest page is taken for all that is new."""
    broken.setattr(walks, "is_done", lambda _, **__: True)


def rows_after_the_cursor(broken: pytest.MonkeyPatch) -> None:
    """The page's cursor is committed, and its rows are left for later."""

    async def nothing(*_: object) -> keep.Kept:
        return keep.Kept()

    broken.setattr(keep, "keep", nothing)


def no_lag(broken: pytest.MonkeyPatch) -> None:
    """A walk ends where the last one began: what arrived in between with an earlier date is never met."""
    begin = walks.begin
    broken.setattr(walks, "begin", lambda window, since=None: begin(replace(window, lag=-MINUTE, rewalk=None), since))


def no_meter(broken: pytest.MonkeyPatch) -> None:
    async def free(*_: object) -> None: ...

    broken.setattr(metering.DatabaseMeter, "spend", free)


def no_end(broken: pytest.MonkeyPatch) -> None:
    async def nothing(*_: object, **__: object) -> None: ...

    broken.setattr(tracks, "end_pass", nothing)


def no_sums(broken: pytest.MonkeyPatch) -> None:
    async def nothing(*_: object) -> None: ...

    broken.setattr(rollups, "write", nothing)


def a_day_off(broken: pytest.MonkeyPatch) -> None:
    """A failure puts the track off for a day."""

    def next_due(due_at: int, step: int, now: int, failures: int, slots: int) -> int:
        return due_at + (DAY if failures else slots * step)

    broken.setattr(outcome, "next_due", next_due)


BUILDS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "I1 once": once_only,
    "I1 rows": rows_after_the_cursor,
    "I1 lag": no_lag,
    "I10": no_meter,
    "I7": no_end,
    "I13": no_sums,
    "I12": a_day_off,
}


async def hard_times(place: Town, burst: int = 100) -> Any:
    """A burst, a late arrival, an outage and its end: what a sound build lives through."""
    ann = place.script.join("ann")
    place.script.add_post(place.network, ann, "so #farm")
    await place.follow()
    await place.poll()
    await place.until_due()
    await place.poll()
    for _ in range(burst):
        place.script.like(place.script.add_post(place.network, ann, "so #farm"))
        place.advance(0.1)
    await place.until_due()
    await place.poll()
    place.script.add_post(place.network, ann, "so #farm", created_at=place.now - 8 * MINUTE)
    place.advance(1)
    place.running.faults.fail(5)
    await place.until_due()
    await place.poll()
    place.running.faults.planned.clear()
    healed_at = place.now
    for _ in range(2):
        place.advance(place.settings.poll_seconds)
        await place.poll()
    return place.truth(healed_at=healed_at, limits=mastodon_limits(CALLS, 10**6), limited=True)


async def test_a_sound_build_lives_through_hard_times(db: Database, clock: FakeClock, tmp_path: Path) -> None:
    async with town(db, clock, tmp_path, limits=Limits(mastodon=CALLS)) as place:
        assert await violations(db, await hard_times(place)) == []
        # More than the budget reaches: that takes longer, and keeps to it.
        truth = await hard_times(place, MORE_THAN_CALLS)
        assert [word for word in await violations(db, truth) if not word.startswith("I12")] == []


@pytest.mark.parametrize("name", BUILDS)
async def test_each_broken_build_is_noticed(
    file: Database, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    async with town(file, clock, tmp_path, limits=Limits(mastodon=CALLS)) as place:
        BUILDS[name](monkeypatch)
        found = await violations(file, await hard_times(place, MORE_THAN_CALLS if name == "I10" else 100))
        monkeypatch.undo()
    assert [word for word in found if word.startswith(name.split(maxsplit=1)[0] + ":")], found
