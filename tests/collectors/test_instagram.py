"""Instagram's own ways: thirty hashtags in a week, a cursor that stays the same, errors told by a code."""

import json
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
import respx

from collectors import open_collector
from collectors.contract import Credential
from collectors.errors import CollectorError, Malformed, RateLimited, Refused, Unauthorized, Unavailable
from collectors.graph import LISTED
from collectors.instagram import _MEDIA
from collectors.posts import Engagement
from tests.collectors.exchanges import Played, saved_platform
from tests.collectors.stage import NEWEST, CountingMeter, MemoryKeeper
from tests.collectors.test_replays import Recorded, recorded

SAVED = saved_platform("instagram")
USER = SAVED.said["identifier"]


@pytest.fixture
def played(router: respx.Router) -> Played:
    made = Played(SAVED)
    router.route().mock(side_effect=made.answer)
    return made


def opened(client: httpx.AsyncClient, meter: CountingMeter, keeper: MemoryKeeper | None = None, days: float = 0) -> Any:
    return open_collector(
        "instagram", client=client, base_url=SAVED.base, credential=Credential("token", USER), meter=meter,
        keeper=keeper or MemoryKeeper(), now=lambda: NEWEST + timedelta(days=days),
    )  # fmt: skip


def error(code: int, message: str = "no") -> dict[str, Any]:
    return {"error": {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "x"}}


async def walk(collector: Any) -> list[Any]:
    return [post async for page in collector.search("HarvestDay") for post in page.posts]


@pytest.mark.usefixtures("played")
async def test_hidden_likes_are_unknown_and_the_tag_is_there_without_a_caption(client: httpx.AsyncClient) -> None:
    dawn, barn, rain = await walk(SAVED.opened(client))
    assert (dawn.engagement, dawn.tags) == (Engagement(replies=4), ("harvestday", "meadow"))
    assert (barn.engagement, barn.tags) == (Engagement(likes=12, replies=0), ("HarvestDay",))
    assert (rain.engagement, rain.tags, rain.text) == (Engagement(likes=804, replies=8), ("HarvestDay",), None)
    assert {post.author for post in (dawn, barn, rain)} == {None}


async def test_a_hashtag_is_paid_for_once_in_seven_days(client: httpx.AsyncClient, played: Played) -> None:
    meter, keeper = CountingMeter(), MemoryKeeper()
    for days, paid in ((0, 1), (3, 1), (7, 1), (7.5, 2), (8, 2)):
        await walk(opened(client, meter, keeper, days))
        assert meter.units["hashtags"] == paid, days
    assert [r.url.path.rsplit("/", 1)[-1] for r in played.requests].count("ig_hashtag_search") == 2
    assert not [r for r in played.requests if "token" in str(r.url)]


async def test_what_instagram_counts_already_costs_nothing(client: httpx.AsyncClient, router: respx.Router) -> None:
    """Another worker, or a person with the same account, has asked for it."""
    named = {"data": [{"id": "17843800000000009", "name": "harvestday"}]}
    router.get(path__regex="recently_searched").respond(json=named)
    router.get(path__regex="recent_media").respond(json={"data": []})
    meter = CountingMeter()
    assert await walk(opened(client, meter)) == []
    assert +meter.units == {"calls": 2}


async def test_the_thirty_first_hashtag_is_not_asked_for(client: httpx.AsyncClient, router: respx.Router) -> None:
    named = {"data": [{"id": str(n), "name": f"meadow{n}"} for n in range(30)]}
    router.get(path__regex="recently_searched").respond(json=named)
    meter = CountingMeter()
    with pytest.raises(RateLimited, match="30 hashtags"):
        await walk(opened(client, meter))
    assert +meter.units == {"calls": 1}


async def test_a_hashtag_that_nobody_used_is_empty_and_free(client: httpx.AsyncClient, router: respx.Router) -> None:
    router.get(path__regex="recently_searched").respond(json={"data": []})
    asked = router.get(path__regex="ig_hashtag_search").respond(400, json=error(24))
    meter, keeper = CountingMeter(), MemoryKeeper()
    for _ in range(2):
        assert await walk(opened(client, meter, keeper)) == []
    assert (asked.call_count, meter.units["hashtags"]) == (1, 0)


async def test_a_page_that_shows_only_what_was_shown_is_a_loop(client: httpx.AsyncClient, played: Played) -> None:
    """The cursor alone tells nothing."""
    first = next(one for one in SAVED.exchanges if one.name == "search").response()
    played.instead = {"search_2": first}
    with pytest.raises(Malformed, match="comes back"):
        await walk(SAVED.opened(client))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, error(190), Unauthorized), (400, error(10), Unauthorized), (403, error(200), Unauthorized),
        (400, error(100, "missing permission or reviewable feature"), Unauthorized), (400, error(100), Refused),
        (400, error(4), RateLimited), (403, error(17), RateLimited), (400, error(32), RateLimited),
        (400, error(613), RateLimited), (400, error(18), RateLimited), (500, error(2), Unavailable),
    ],
)  # fmt: skip
async def test_the_code_tells_what_to_do(
    client: httpx.AsyncClient, router: respx.Router, status: int, body: Any, kind: type[CollectorError]
) -> None:
    usage = {"178": [{"type": "instagram", "call_count": 100, "estimated_time_to_regain_access": 12}]}
    router.route().respond(status, json=body, headers={"x-business-use-case-usage": json.dumps(usage)})
    meter = CountingMeter()
    with pytest.raises(kind) as caught:
        await opened(client, meter).check()
    assert type(caught.value) is kind
    assert [(told.remaining, told.resets_at) for told in meter.heard] == [(0, NEWEST + timedelta(minutes=12))]


@pytest.mark.parametrize("answer", recorded("recorded/instagram", only=lambda one: "hashtag" in one.name))
def test_recorded_lists_are_read(answer: Recorded) -> None:
    if "data" not in answer.json:
        return  # one hashtag by its id: never asked for
    listed = LISTED.one(answer.body)
    items = [{"timestamp": "2026-11-24T09:30:00+0000", **item} for item in answer.json["data"]]
    read, skipped = _MEDIA.many(json.dumps(items).encode())
    assert ([one.id for one in read], skipped) == ([item["id"] for item in items], ())
    assert [one.like_count for one in read] == [item.get("like_count") for item in items]
    assert (listed.after is None) == ("next" not in answer.json.get("paging", {}))
    assert len(msgspec.json.decode(listed.data)) == len(items)
