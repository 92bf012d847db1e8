"""What following will cost, said before: bounded by the budgets, and told for each source."""

from dataclasses import replace
from pathlib import Path

import pytest

import collectors
from app import planning
from app.clock import DAY, MINUTE
from app.commands import plans
from app.db.engine import Database
from app.polling import plan
from app.polling.pacing import Purse
from tests.clocks import FakeClock
from tests.polling.town import on, town

LIMITS = {"x": {"money": 25_000_000}}


def a_day(platform: str, tags: int, posts: float) -> plan.Day:
    offer, limits = collectors.offer(platform), LIMITS.get(platform, {})
    purse, bounds = Purse.of(offer, limits, tags), plan.bounded(offer, limits)
    return plan.a_day(plan.Asked(purse, posts, 5 * MINUTE, 7, 25, "counts" in offer.costs, bounds))


@pytest.mark.parametrize("posts", [0.5, 20, 2_000])
@pytest.mark.parametrize("tags", [1, 40, 500])
@pytest.mark.parametrize("platform", sorted(collectors.PLATFORMS))
def test_no_plan_is_over_a_limit(platform: str, tags: int, posts: float) -> None:
    day = a_day(platform, tags, posts)
    for one in collectors.offer(platform).allowances:
        limit = LIMITS.get(platform, {}).get(one.name, one.limit)
        slow = one.window.total_seconds() >= 3_600
        if slow:
            assert day.units.get(one.name, 0) * tags * one.window.total_seconds() * 1_000 / DAY <= limit * 1.1
    assert 0 <= day.looked <= 1
    assert day.every_ms % (5 * MINUTE) == 0


def test_a_wide_budget_is_used_as_often_as_wanted_and_a_small_one_shared_out() -> None:
    assert a_day("mastodon", 1, 1).calls["search"] == 288
    assert a_day("youtube", 40, 1).calls["search"] == pytest.approx(2.25)
    assert a_day("youtube", 1, 1).every_ms == 20 * MINUTE


@on("mastodon")
async def test_each_source_says_what_it_will_cost_and_miss(
    db: Database, clock: FakeClock, tmp_path: Path, kind: str
) -> None:  # fmt: skip
    async with town(db, clock, tmp_path, kind) as place:
        ann = place.script.join("ann")
        for _ in range(15):
            place.advance(60)
            place.script.add_post(place.network, ann, "so #farm")
        place.advance(1)
        before = (await planning.planned(db, place.settings, clock, "#farm", None))[0]
        assert place.running.faults.asked[-1].path == "/api/v1/timelines/tag/farm", "as a poll asks: without the #"
        assert (before.known, before.others) == ("looked", 0)
        assert 0.4 < before.posts < 0.6, "fifteen in the month that it was looked at for"
        assert (await planning.planned(db, place.settings, clock, "farm", None, looking=False))[0].known == "assumed"
        said = plans.words(replace(before, posts=12.0))
        assert "12.0 (from one look just now)" in said
        assert "misses        no counts of views, bookmarks" in said
        assert plans.told(before)["money_a_day"] is None
