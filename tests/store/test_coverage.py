"""Coverage: disjoint, merged, and what was once proved stays proved."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.db.engine import Database
from app.store import coverage
from app.store.coverage import STATES, Observed, Stretch, merge

STRETCHES = st.builds(
    lambda start, length, state, reason: Stretch(start, start + length, state, reason),
    st.integers(0, 40), st.integers(1, 20), st.sampled_from(STATES), st.sampled_from([None, "why"]),
)  # fmt: skip
STRENGTH = {"missed": 0, "partial": 1, "imported": 2, "complete": 3}


@given(st.lists(STRETCHES, max_size=8))
def test_any_order_of_words_leaves_disjoint_merged_stretches_of_the_strongest(words: list[Stretch]) -> None:
    there: list[Stretch] = []
    for word in words:
        there = merge(there, word)
    for instant in range(61):
        told = [STRENGTH[w.state] for w in words if w.start <= instant < w.end]
        have = [STRENGTH[s.state] for s in there if s.start <= instant < s.end]
        assert have == ([max(told)] if told else [])
    for a, b in pairwise(there):
        assert a.end <= b.start
        assert a.end < b.start or (a.state, a.reason) != (b.state, b.reason)


async def test_neighbours_become_one_row_and_a_gap_is_healed(db: Database) -> None:
    async with db.write() as session:
        await coverage.write(session, 1, 0, 100, "complete")
        await coverage.write(session, 1, 200, 300, "complete")
        await coverage.write(session, 1, 50, 250, "missed", "rate limit")
    assert await rows(db) == [(0, 100, "complete"), (100, 200, "missed"), (200, 300, "complete")]
    async with db.write() as session:
        await coverage.write(session, 1, 100, 200, "complete")
        await coverage.write(session, 2, 0, 5, "missed")
    assert await rows(db) == [(0, 300, "complete")]


async def rows(db: Database) -> list[tuple[int, int, str]]:
    from sqlalchemy import select

    from app.models import Coverage

    async with db.read() as session:
        query = select(Coverage.from_at, Coverage.to_at, Coverage.state).where(Coverage.track_id == 1)
        return [(row.from_at, row.to_at, row.state) for row in await session.execute(query.order_by(Coverage.from_at))]


def observed(kind: str, since: int, until: int | None, *stretches: Stretch) -> Observed:
    return Observed(1, "tag", "source", "mastodon", kind, since, until, stretches)


def test_a_live_track_owes_from_when_it_was_followed_or_first_covered_until_it_was_unfollowed() -> None:
    assert observed("live", 100, None).owed(500) == [(100, 500)]
    assert observed("live", 100, 300, Stretch(50, 90, "complete")).owed(500) == [(50, 300)]
    assert observed("live", 100, None, Stretch(50, 90, "missed")).owed(500) == [(100, 500)]


def test_an_import_owes_the_span_of_its_rows_alone() -> None:
    one = observed("import", 0, 90, Stretch(0, 10, "imported"), Stretch(50, 90, "missed"))
    assert one.owed(500) == [(0, 10), (50, 90)]
    assert one.covered() == [(0, 10)]


async def test_what_is_taken_back_leaves_what_was_proved_before_and_what_lies_around(db: Database) -> None:
    async with db.write() as session:
        await coverage.write(session, 1, 0, 100, "complete")
        before = await coverage.between(session, 1, 50, 300)
        await coverage.write(session, 1, 50, 400, "complete")
        await coverage.take_back(session, 1, 50, 300, before, "suspect")
    assert before == [Stretch(50, 100, "complete")]
    assert await rows(db) == [(0, 100, "complete"), (100, 300, "partial"), (300, 400, "complete")]
