"""TikTok's own ways: a token for an app, windows of thirty days, ids of two kinds, errors inside good answers."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import respx

from collectors import open_collector
from collectors.contract import Credential
from collectors.errors import CollectorError, Malformed, RateLimited, Refused, Unauthorized, Unavailable
from collectors.posts import Engagement
from tests.collectors.exchanges import Played, saved_platform
from tests.collectors.stage import NEWEST, CountingMeter, MemoryKeeper
from tests.collectors.test_replays import Recorded, recorded

SAVED = saved_platform("tiktok")
DAWN, GONE = SAVED.said["look"]
QUERY, TOKEN = "/v2/research/video/query/", "/v2/oauth/token/"


@pytest.fixture
def played(router: respx.Router) -> Played:
    made = Played(SAVED)
    router.route().mock(side_effect=made.answer)
    return made


def opened(client: httpx.AsyncClient, keeper: MemoryKeeper, meter: CountingMeter | None = None) -> Any:
    return open_collector(
        "tiktok", client=client, base_url=SAVED.base, credential=Credential("secret", "key"), keeper=keeper,
        meter=meter or CountingMeter(), now=lambda: NEWEST,
    )  # fmt: skip


def answered(videos: list[Any], **more: Any) -> dict[str, Any]:
    return {"data": {"videos": videos, "has_more": False, **more}, "error": {"code": "ok", "message": ""}}


async def test_ids_are_text_and_both_spellings_are_read(client: httpx.AsyncClient, played: Played) -> None:
    pages = [page.posts async for page in SAVED.opened(client).search("HarvestDay")]
    dawn, barn = pages[0]
    assert (dawn.native_id, dawn.engagement) == (DAWN, Engagement(42, 1, 2, views=0, bookmarks=5))
    assert (barn.tags, barn.engagement.bookmarks) == (("harvestday", "HarvestDay"), None)
    assert (pages[1][0].engagement.bookmarks, len(pages), pages[-1]) == (3, 4, ())
    searched = [json.loads(r.content) for r in played.requests if r.url.path.endswith("query/")]
    assert [(one["start_date"], one["end_date"], one["cursor"]) for one in searched] == [
        ("20261026", "20261124", 0), ("20261026", "20261124", 100),
        ("20260926", "20261025", 0), ("20260827", "20260925", 0),
    ]  # fmt: skip


async def test_a_token_is_kept_and_made_anew_where_it_is_not_taken(
    client: httpx.AsyncClient, router: respx.Router
) -> None:
    made = router.post(path__regex=TOKEN).mock(
        side_effect=[httpx.Response(200, json={"access_token": f"clt.{n}", "expires_in": 7200}) for n in range(2)]
    )
    over = {"data": {}, "error": {"code": "access_token_invalid", "message": "over"}}
    asked = router.post(path__regex=QUERY).mock(
        side_effect=[httpx.Response(401, json=over), *[httpx.Response(200, json=answered([]))] * 2]
    )
    keeper, meter = MemoryKeeper(), CountingMeter()
    for _ in range(2):
        assert [page.posts async for page in opened(client, keeper, meter).search("x")] == [()]
    assert [call.request.headers["authorization"] for call in asked.calls] == [
        "Bearer clt.0",
        "Bearer clt.1",
        "Bearer clt.1",
    ]
    assert b"client_key=key&client_secret=secret" in made.calls[0].request.content
    assert meter.units == {"requests": 3 + 2, "records": 0}  # three searches, two tokens


async def test_ids_far_apart_are_asked_for_in_windows(client: httpx.AsyncClient, router: respx.Router) -> None:
    router.post(path__regex=TOKEN).respond(json={"access_token": "t"})
    asked = router.post(path__regex=QUERY).respond(json=answered([]))
    ids = [str(int((NEWEST - timedelta(days=days)).timestamp()) << 32) for days in (0, 20, 28, 40)]
    looked = await opened(client, MemoryKeeper()).look([*ids, "none"])
    assert looked.absent == set(ids)
    assert looked.skipped == ("none: not an id that can be asked for",)
    bodies = [json.loads(call.request.content) for call in asked.calls]
    assert [(one["start_date"], one["end_date"]) for one in bodies] == [
        ("20261015", "20261104"),
        ("20261124", "20261124"),
    ]


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (200, "internal_error", Unavailable), (200, "scope_not_authorized", Unauthorized), (200, "odd", Malformed),
        (400, "invalid_params", Refused), (429, "rate_limit_exceeded", RateLimited),
        (429, "daily_quota_limit_exceeded", RateLimited),
    ],
)  # fmt: skip
async def test_the_code_tells_what_to_do(
    client: httpx.AsyncClient, router: respx.Router, status: int, code: str, kind: type[CollectorError]
) -> None:
    """A day's quota comes back at midnight in UTC."""
    router.post(path__regex=TOKEN).respond(json={"access_token": "t"})
    router.post(path__regex=QUERY).respond(status, json={"data": {}, "error": {"code": code, "message": "no"}})
    meter = CountingMeter()
    with pytest.raises(kind) as caught:
        await anext(opened(client, MemoryKeeper(), meter).search("x"))
    assert meter.units["records"] == 0
    if "quota" in code:
        assert caught.value.until == datetime(2026, 11, 25, tzinfo=UTC)  # type: ignore[attr-defined]


@pytest.mark.parametrize("answer", recorded("recorded/tiktok", only=lambda one: "error" in one.json))
async def test_recorded_answers_are_read(answer: Recorded, client: httpx.AsyncClient, router: respx.Router) -> None:
    """The documentation's example names an id as an older version did."""
    router.post(path__regex=TOKEN).respond(json={"access_token": "t"})
    body = answer.body.replace(b"video_id", b"id")
    router.post(path__regex="research").respond(content=body)
    collector, data = opened(client, MemoryKeeper()), json.loads(body)["data"]
    if "videos" in data:
        page = await anext(collector.search("avengers"))
        assert [post.native_id for post in page.posts] == [str(one["id"]) for one in data["videos"]]
        assert [post.engagement.views for post in page.posts] == [one["view_count"] for one in data["videos"]]
        assert page.cursor == f"20261124|{data['cursor']}|{data['search_id']}|1"
    else:
        (person,) = (await collector.accounts(["ada"])).accounts
        assert (person.followers, person.name) == (data["follower_count"], data["display_name"])
