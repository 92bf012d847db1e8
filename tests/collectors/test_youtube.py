"""YouTube's own ways: two budgets, decimal text, hidden counters, and one status for many refusals."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import respx

from collectors.errors import CollectorError, Malformed, RateLimited, Unauthorized, Unavailable
from collectors.posts import Engagement
from tests.collectors.exchanges import Played, saved_platform
from tests.collectors.stage import CountingMeter, opened
from tests.collectors.test_replays import Recorded, recorded

SAVED = saved_platform("youtube")


@pytest.fixture
def played(router: respx.Router) -> Played:
    made = Played(SAVED)
    router.route().mock(side_effect=made.answer)
    return made


@pytest.mark.usefixtures("played")
async def test_what_is_hidden_is_unknown_and_a_keyword_is_a_tag(client: httpx.AsyncClient) -> None:
    first, second, _ = [page async for page in SAVED.opened(client).search("HarvestDay")]
    dawn, barn = first.posts
    assert dawn.engagement == Engagement(likes=42, replies=0, views=1050)
    assert (dawn.tags, dawn.text) == (
        ("HarvestDay", "meadow"),
        "Round one #HarvestDay\n\nWe start at dawn. #HarvestDay #meadow",
    )
    assert (barn.engagement, barn.tags) == (Engagement(views=12), ("harvestday",))
    assert second.posts[0].engagement == Engagement(likes=190, replies=32, views=8087)
    assert second.posts[0].tags == ("harvestday",)  # an address with a fragment holds none
    looked = await SAVED.opened(client).accounts(SAVED.said["accounts"])
    assert [(one.handle, one.followers, one.posts) for one in looked.accounts] == [
        (None, None, 1),
        ("meadowfilms", 12_300, 88),
    ]


async def test_where_tokens_end_the_search_goes_on_by_time(client: httpx.AsyncClient, played: Played) -> None:
    """The 500th result is not the last video. The second that was reached is read again, and then no more."""
    until = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    pages = [page async for page in SAVED.opened(client).search("HarvestDay")]
    assert [page.cursor for page in pages] == ["||CDIQAA", "|2026-11-24T08:00:01Z|", None]
    await anext(SAVED.opened(client).search("HarvestDay", until=until))
    asked = [request.url.params.get("publishedBefore") for request in played.requests if "q" in request.url.params]
    assert asked == [None, None, "2026-11-24T08:00:01Z", "2026-11-24T09:00:00Z"]
    assert {request.headers["x-goog-api-key"] for request in played.requests} == {SAVED.secret}


async def test_no_older_videos_are_asked_for_than_are_needed(client: httpx.AsyncClient, router: respx.Router) -> None:
    asked = router.route().respond(json={"kind": "youtube#searchListResponse", "items": []})
    collector = SAVED.opened(client)
    collector.since = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
    cursors = [page.cursor async for page in collector.search("x", cursor="2026-11-24T08:00:00Z||CDIQAA")]
    assert cursors == ["2026-11-24T05:00:00Z|2026-11-24T08:00:00Z|", None]
    asked_for = [call.request.url.params for call in asked.calls]
    assert [params["publishedAfter"] for params in asked_for] == ["2026-11-24T08:00:00Z", "2026-11-24T05:00:00Z"]
    assert [params.get("publishedBefore") for params in asked_for] == [None, "2026-11-24T08:00:00Z"]


async def test_a_token_that_comes_back_is_malformed(client: httpx.AsyncClient, played: Played) -> None:
    loop = next(one for one in SAVED.exchanges if one.name == "search").response()
    played.instead = {"search_2": loop}
    with pytest.raises(Malformed, match="comes back"):
        [page async for page in SAVED.opened(client).search("HarvestDay")]


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (403, "quotaExceeded", RateLimited), (403, "rateLimitExceeded", RateLimited), (400, "keyInvalid", Unauthorized),
        (403, "SERVICE_UNAVAILABLE", Unavailable), (403, "accessNotConfigured", Unauthorized),
    ],
)  # fmt: skip
async def test_the_reason_tells_what_to_do(
    client: httpx.AsyncClient, router: respx.Router, status: int, reason: str, kind: type[CollectorError]
) -> None:
    """A day's quota comes back at midnight in California."""
    said = {"code": status, "message": "no", "errors": [{"domain": "youtube", "reason": reason}]}
    router.get(path__regex="/search$").respond(status, json={"error": said})
    meter = CountingMeter()
    with pytest.raises(kind) as caught:
        await anext(opened("youtube", client, SAVED.base, meter=meter).search("HarvestDay"))
    if reason == "quotaExceeded":
        midnight = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
        assert caught.value.until == midnight  # type: ignore[attr-defined]
        assert [(told.name, told.remaining, told.resets_at) for told in meter.heard] == [("searches", 0, midnight)]


@pytest.mark.parametrize("answer", recorded("recorded/youtube", only=lambda one: "ListResponse" in one.body.decode()))
async def test_a_recorded_list_is_read_whole(answer: Recorded, client: httpx.AsyncClient, router: respx.Router) -> None:
    kind = answer.json["kind"].removeprefix("youtube#").removesuffix("ListResponse")
    if kind == "commentThread":
        return  # never asked for
    router.route().mock(return_value=answer.response())
    collector: Any = opened("youtube", client, SAVED.base)
    found, skipped, _ = await collector._list("/x", [])
    videos = [item for item in answer.json["items"] if isinstance(item["id"], str) or "videoId" in item["id"]]
    assert (len(found), len(skipped)) == (len(videos), len(answer.json["items"]) - len(videos))
    if kind == "video":
        looked = await collector.look(["none"])
        assert [post.engagement.views for post in looked.posts] == [
            int(item["statistics"]["viewCount"]) if "statistics" in item else None for item in answer.json["items"]
        ]
    if kind == "channel":
        looked = await collector.accounts(["none"])
        assert all(one.followers is not None and one.followers > 1_000 for one in looked.accounts)
