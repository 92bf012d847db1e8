"""Threads' own ways: no counters at all, and a walk by time where no cursor is given."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
import respx

from collectors.errors import Unauthorized
from collectors.posts import Account, Engagement
from collectors.threads import _THREADS, LIMIT
from tests.collectors.exchanges import Played, saved_platform
from tests.collectors.stage import NEWEST, CountingMeter
from tests.collectors.test_replays import Recorded, recorded

SAVED = saved_platform("threads")


async def test_posts_come_with_no_counter(client: httpx.AsyncClient, router: respx.Router) -> None:
    router.route().mock(side_effect=Played(SAVED).answer)
    posts = [post async for page in SAVED.opened(client).search("HarvestDay") for post in page.posts]
    assert {post.engagement for post in posts} == {Engagement()}
    assert [post.tags for post in posts] == [("HarvestDay",), ("harvestday", "meadow"), ("harvestday",)]
    assert posts[0].author == Account("ada", "ada")


def many(count: int, before: int) -> list[dict[str, Any]]:
    """Posts of every tenth second, newest first."""
    moments = [NEWEST - timedelta(seconds=10 * (before + n)) for n in range(count)]
    return [
        {"id": str(at.timestamp()), "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S+0000"), "topic_tag": "x"}
        for at in moments
    ]


async def test_a_full_page_without_a_cursor_goes_on_by_time(client: httpx.AsyncClient, router: respx.Router) -> None:
    pages = [many(LIMIT, 0), many(LIMIT, LIMIT - 1), many(3, 2 * LIMIT - 2)]
    asked = router.get(path__regex="keyword_search").mock(
        side_effect=[httpx.Response(200, json={"data": page}) for page in pages]
    )
    until = NEWEST + timedelta(days=1)
    shown = [page async for page in SAVED.opened(client).search("x", until=until)]
    assert [len(page.posts) for page in shown] == [LIMIT, LIMIT, 3]
    oldest = int((NEWEST - timedelta(seconds=10 * (LIMIT - 1))).timestamp())
    assert [call.request.url.params["until"] for call in asked.calls][:2] == [
        str(int(until.timestamp())),
        str(oldest + 1),
    ]


async def test_a_search_that_finds_nothing_is_free(client: httpx.AsyncClient, router: respx.Router) -> None:
    router.get(path__regex="keyword_search").respond(json={"data": []})
    meter = CountingMeter()
    assert [page.posts async for page in SAVED.opened(client, meter).search("x")] == [()]
    assert +meter.units == {}


async def test_a_token_that_is_over_is_named_so(client: httpx.AsyncClient, router: respx.Router) -> None:
    said = {"error": {"message": f"Error validating {SAVED.secret}", "type": "OAuthException", "code": 190}}
    router.route().respond(400, json=said)
    with pytest.raises(Unauthorized) as caught:
        await SAVED.opened(client).check()
    assert str(SAVED.secret) not in str(caught.value)


@pytest.mark.parametrize("answer", recorded("recorded/threads", only=lambda one: "keyword" in one.name))
def test_recorded_threads_are_read(answer: Recorded) -> None:
    read, skipped = _THREADS.many(json.dumps(answer.json["data"]).encode())
    assert ([one.id for one in read], skipped) == ([item["id"] for item in answer.json["data"]], ())
    assert [one.username for one in read] == [item["username"] for item in answer.json["data"]]
