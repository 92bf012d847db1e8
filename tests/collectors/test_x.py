"""X's own ways: what is read is paid for, two names for one counter, versions of one post, errors beside finds."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
import respx

from collectors.errors import CollectorError, RateLimited, Spent, Unauthorized, Unavailable
from collectors.posts import Engagement, Page
from collectors.x import X
from collectors.x_post import Told
from tests.collectors.exchanges import Played, saved_platform
from tests.collectors.stage import NEWEST, CountingMeter
from tests.collectors.test_replays import Recorded, recorded

SAVED = saved_platform("x")


class Purse(CountingMeter):
    """Holds so many microdollars, and notes the lowest that was ever left of them."""

    def __init__(self, money: int) -> None:
        super().__init__()
        self.money = self.lowest = money

    async def spend(self, name: str, units: int = 1) -> None:
        if name == "money" and units > self.money - self.units["money"]:
            raise Spent("no money", NEWEST)
        await super().spend(name, units)
        self.lowest = min(self.lowest, self.money - self.units["money"])


@pytest.fixture
def played(router: respx.Router) -> Played:
    made = Played(SAVED)
    router.route().mock(side_effect=made.answer)
    return made


@pytest.mark.usefixtures("played")
async def test_versions_are_one_post_and_both_names_of_a_counter_are_read(client: httpx.AsyncClient) -> None:
    (begins, more), (), (long,) = [page.posts async for page in SAVED.opened(client).search("HarvestDay")]
    assert begins.engagement == Engagement(40, 4, 1, 0, 1000, 2)
    assert (begins.native_id, begins.edited_at, begins.labels) == (begins.local_id, None, ())
    assert (more.native_id, more.local_id) == ("1860000000000000005", "1860000000000000008")
    assert (more.engagement.reposts, more.edited_at, more.labels) == (3, more.created_at, ("sensitive",))
    assert (more.in_reply_to, more.quote_of, more.repost_of) == ("1860000000000000001", "1860000000000000002", None)
    assert (long.text, long.tags) == ("A long story that goes on until #HarvestDay", ("HarvestDay",))
    assert long.engagement == Engagement(0, 0, 0, 0)  # bookmarks and views were not said


@pytest.mark.usefixtures("played")
async def test_each_call_costs_what_came_and_never_more_than_there_is(client: httpx.AsyncClient) -> None:
    """A page may cost half a dollar: with a microdollar less it is not asked for."""
    purse = Purse(500_000)
    collector = SAVED.opened(client, purse)
    pages = collector.search("HarvestDay")
    await anext(pages)
    assert (purse.units["money"], purse.lowest) == (10_000, 0)  # two posts
    with pytest.raises(Spent):
        await anext(pages)
    assert purse.units == {"money": 10_000, "search": 1}
    await collector.look(SAVED.said["look"])
    await collector.accounts(SAVED.said["accounts"])
    await collector.counts("HarvestDay")
    assert purse.units["money"] == 10_000 + 5_000 + 10_000 + 5_000


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (429, {"title": "Too Many Requests"}, RateLimited),
        (429, {"title": "UsageCapExceeded", "type": "https://api.twitter.com/2/problems/usage-capped"}, Unauthorized),
        (402, {"title": "CreditsDepleted"}, Unauthorized),
        (500, {"title": "Internal Server Error"}, Unavailable),
    ],
)
async def test_what_is_refused_costs_nothing(
    client: httpx.AsyncClient, router: respx.Router, status: int, said: Any, kind: type[CollectorError]
) -> None:
    """A cap of X's own is no rate limit: a person must raise it."""
    reset = int(NEWEST.timestamp()) + 600
    limits = {"x-rate-limit-limit": "450", "x-rate-limit-remaining": "0", "x-rate-limit-reset": str(reset)}
    router.route().respond(status, json=said, headers=limits)
    purse = Purse(600_000)
    with pytest.raises(kind) as caught:
        await anext(SAVED.opened(client, purse).search("HarvestDay"))
    assert purse.units["money"] == 0
    assert (purse.heard[0].name, purse.heard[0].remaining) == ("search", 0)
    if kind is RateLimited:
        assert caught.value.until.timestamp() == reset  # type: ignore[attr-defined]


async def test_what_is_cut_off_may_have_cost_all(client: httpx.AsyncClient, router: respx.Router) -> None:
    router.route().mock(side_effect=httpx.ReadTimeout)
    purse = Purse(600_000)
    with pytest.raises(Unavailable):
        await anext(SAVED.opened(client, purse).search("HarvestDay"))
    assert purse.units["money"] == 500_000


def test_nothing_is_spent_before_the_owner_says_how_much() -> None:
    money = X.offer.allowances[0]
    assert (money.name, money.limit, money.unit) == ("money", 0, "microdollar")


def with_posts(one: Recorded) -> bool:
    items = one.json.get("data")
    return isinstance(items, list) and any("text" in item and "created_at" in item for item in items)


@pytest.mark.parametrize("answer", recorded("recorded/x", only=with_posts))
def test_recorded_posts_are_read_whole(answer: Recorded) -> None:
    items = [item for item in answer.json["data"] if "text" in item and "created_at" in item]
    posts, skipped = Told(json.dumps({"data": items}).encode()).posts()
    assert ([post.local_id for post in posts], skipped) == ([item["id"] for item in items], ())
    shown = [item.get("public_metrics", {}).get("like_count") for item in items]
    assert [post.engagement.likes for post in posts] == shown


@pytest.mark.parametrize("answer", recorded("recorded/x", only=lambda one: one.name.startswith("x/counts_recent")))
def test_recorded_counts_add_up(answer: Recorded) -> None:
    told = Told(answer.body).counts()
    assert sum(one.posts for one in told) == answer.json["meta"]["total_tweet_count"]
    assert len(told) == len(answer.json["data"])


async def test_beyond_seven_days_nothing_is_asked_for(client: httpx.AsyncClient, router: respx.Router) -> None:
    asked = router.route().respond(json={"meta": {"result_count": 0}})
    meter = CountingMeter()
    for until, calls in ((NEWEST - timedelta(days=8), 0), (NEWEST - timedelta(days=6), 1), (NEWEST, 2)):
        assert [page async for page in SAVED.opened(client, meter).search("x", until=until)] == [Page((), None)]
        assert asked.call_count == calls
    ends = [call.request.url.params.get("end_time") for call in asked.calls]
    assert ends == ["2026-11-18T10:00:00Z", None]  # not the last thirty seconds: X refuses an end within them
    assert +meter.units == {"search": 2}


async def test_what_nobody_needs_is_not_paid_for(client: httpx.AsyncClient, router: respx.Router) -> None:
    """Its walk has a goal, and X leaves out what is older; a cursor that stopped earlier goes on to where it goes."""
    more = httpx.Response(200, json={"meta": {"result_count": 0, "next_token": "b2"}})
    end = httpx.Response(200, json={"meta": {"result_count": 0}})
    asked = router.route().mock(side_effect=[more, end, end])
    collector = SAVED.opened(client)
    collector.since = NEWEST - timedelta(hours=2)
    cursor = (await anext(collector.search("x"))).cursor
    assert cursor == "2026-11-24T08:00:00Z||b2"
    collector.since = NEWEST - timedelta(hours=5)
    assert [page.cursor async for page in collector.search("x", cursor=cursor)] == [
        "2026-11-24T05:00:00Z|2026-11-24T08:00:00Z|", None,
    ]  # fmt: skip
    bounds = [[call.request.url.params.get(name) for name in ("start_time", "end_time")] for call in asked.calls]
    assert bounds == [
        ["2026-11-24T08:00:00Z", None], ["2026-11-24T08:00:00Z", None],
        ["2026-11-24T05:00:00Z", "2026-11-24T08:00:00Z"],
    ]  # fmt: skip
