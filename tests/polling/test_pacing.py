"""Small budgets last their whole window: a pass that took much is followed by the next one later."""

from datetime import timedelta
from itertools import repeat

import pytest

from app import metering
from app.analysis import budget
from app.clock import DAY, HOUR, MINUTE
from app.db.engine import Database
from app.polling import pacing
from app.polling.outcome import next_due
from app.polling.pacing import Purse
from collectors.contract import Allowance, Cost, Offer
from collectors.errors import Spent
from tests.clocks import FakeClock

SEARCH = {"search": Cost({"searches": 1, "units": 1}), "look": Cost({"units": 1})}
VIDEOS = Offer(
    "videos", frozenset({"likes"}),
    (Allowance("searches", 100, timedelta(days=1)), Allowance("units", 10_000, timedelta(days=1), "unit")),
    page_size=50, batch_size=50, costs=SEARCH,
)  # fmt: skip
WIDE = Offer("wide", frozenset({"likes"}), (Allowance("calls", 300, timedelta(minutes=5)),), page_size=40)


@pytest.mark.parametrize(
    ("tracks", "passes"), [(1, 72), (4, 22.6), (100, 0.9)], ids=["one", "four by the hour", "a hundred"]
)
def test_searches_are_spread_over_the_day(tracks: int, passes: float) -> None:
    purse = Purse.of(VIDEOS, {}, tracks)
    step = pacing.slots(purse, 5 * MINUTE, {"searches": 1, "units": 2}) * 5 * MINUTE
    assert DAY / step == pytest.approx(passes, rel=0.15)
    assert DAY / step * tracks <= 100
    assert purse.binds(5 * MINUTE)


def test_a_hashtag_that_takes_more_is_looked_for_less_often() -> None:
    purse = Purse.of(VIDEOS, {}, 10)
    one, four = (pacing.slots(purse, MINUTE, {"searches": n}) for n in (1, 4))
    assert four == pytest.approx(4 * one, abs=4)
    assert Purse.of(VIDEOS, {}, 4).pages(25) == 22
    assert Purse.of(VIDEOS, {}, 500).pages(25) == 1


def test_where_there_is_enough_nothing_changes() -> None:
    purse = Purse.of(WIDE, {}, 20)
    assert pacing.slots(purse, 5 * MINUTE, {"calls": 1}) == 1
    assert pacing.slots(purse, 5 * MINUTE, {}) == 1
    assert (purse.binds(5 * MINUTE), purse.pages(25)) == (False, 25)
    assert pacing.slots(Purse.of(WIDE, {}, 500), 5 * MINUTE, {"calls": 1}) == 4
    assert Purse.of(WIDE, {"calls": 30}, 20).binds(5 * MINUTE)


def test_the_pace_is_whole_slots_of_the_track() -> None:
    assert next_due(0, HOUR, 10, 0, 6) == 6 * HOUR
    assert next_due(0, HOUR, 9 * HOUR, 0, 6) == 10 * HOUR, "what is overdue already is not put off again"


async def test_what_is_read_again_lasts_the_window_and_leaves_half_to_discovery(
    db: Database, clock: FakeClock
) -> None:  # fmt: skip
    """Asked for more all the time, it gets its half, evenly: each day of the ten has some."""
    allowances = (Allowance("money", 1_000, timedelta(days=10), "microdollar"),)
    days: list[int] = []
    for _ in repeat(None, 10):
        day = 0
        for _ in range(8):
            again = metering.DatabaseMeter(db, clock, 1, allowances, 0.2, {"money": ("money:again", 50, DAY)})
            try:
                await again.spend("money", 10)
                await again.give_back("money", 4)
                day += 6
            except Spent:
                pass
            clock.advance(3 * 3_600)
        days.append(day)
    assert sum(days) <= 500
    assert min(days) > 20
    rest = metering.DatabaseMeter(db, clock, 1, allowances)
    await rest.spend("money", 500)


def test_a_shorter_window_has_room_for_two_calls() -> None:
    assert budget.evenly(1_000, 20 * DAY, 10) == (50, DAY)
    assert budget.evenly(100, 20 * DAY, 10) == (20, 4 * DAY)
    assert budget.evenly(10, 20 * DAY, 10) == (10, 20 * DAY)
    assert budget.evenly(0, DAY, 10) == (0, DAY)
