"""Reddit's own ways: a token for an app, seconds left as a decimal number, what is deleted still answered."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from collectors import open_collector
from collectors.contract import Credential
from collectors.errors import Refused, Unauthorized
from collectors.posts import Engagement
from collectors.reddit import _CHILDREN, _LISTING, _post, _there
from tests.collectors.stage import NEWEST, SECRET, CountingMeter, MemoryKeeper

SAVED = Path(__file__).parent / "saved" / "reddit"
BASE = "https://reddit.example"


def saved(name: str) -> httpx.Response:
    held = json.loads((SAVED / f"{name}.json").read_text(encoding="utf-8"))
    return httpx.Response(held["status"], headers=held["headers"], json=held["body"])


def reddit(client: httpx.AsyncClient, meter: CountingMeter | None = None, keeper: MemoryKeeper | None = None) -> Any:
    return open_collector(
        "reddit", client=client, base_url=BASE, credential=Credential(SECRET, "meadow-app"),
        meter=meter or CountingMeter(), keeper=keeper or MemoryKeeper(), now=lambda: NEWEST,
    )  # fmt: skip


async def test_deleted_posts_are_left_out_and_the_score_is_the_likes(
    client: httpx.AsyncClient, router: respx.Router
) -> None:
    router.post(path="/api/v1/access_token").mock(return_value=saved("token"))
    search = router.get(path="/search")
    search.side_effect = [saved("search"), saved("search_2")]
    meter = CountingMeter()
    one, two = [page async for page in reddit(client, meter).search("HarvestDay")]
    assert [post.native_id for post in (*one.posts, *two.posts)] == ["t3_109", "t3_108", "t3_107"]
    assert one.posts[1].engagement == Engagement(likes=9, reposts=0, replies=1)
    assert (one.posts[1].labels, one.posts[0].edited_at) == (("sensitive",), None)
    assert one.posts[1].edited_at == datetime.fromtimestamp(1795511000, UTC)
    assert (two.posts[0].engagement.likes, two.posts[0].tags) == (0, ("harvestday",))
    assert (one.cursor, two.cursor, two.cut) == ("2:t3_108", None, False)
    assert search.calls[0].request.headers["authorization"] == "Bearer meadow-token-1"
    assert (meter.heard[0].limit, meter.heard[0].remaining) == (1_000, 995)
    assert meter.heard[0].resets_at == NEWEST + timedelta(seconds=66)


async def test_a_listing_that_is_full_is_cut(client: httpx.AsyncClient, router: respx.Router) -> None:
    router.post(path="/api/v1/access_token").mock(return_value=saved("token"))
    router.get(path="/search").mock(return_value=saved("search_2"))
    pages = [page async for page in reddit(client).search("HarvestDay", cursor="998:t3_200")]
    assert [page.cut for page in pages] == [True]


async def test_a_token_is_kept_renewed_once_and_given_up_in_words(
    client: httpx.AsyncClient, router: respx.Router
) -> None:
    login = router.post(path="/api/v1/access_token").mock(return_value=saved("token"))
    info = router.get(path="/api/info").mock(return_value=saved("look"))
    keeper = MemoryKeeper()
    for _ in range(2):
        assert (await reddit(client, keeper=keeper).look(["t3_109", "t3_100"])).absent == {"t3_100"}
    assert login.call_count == 1
    info.side_effect = [httpx.Response(401, json={"message": "Unauthorized", "error": 401}), saved("look")]
    await reddit(client, keeper=keeper).look(["t3_109", "t3_100"])
    assert login.call_count == 2
    login.mock(return_value=httpx.Response(401, json={"message": SECRET, "error": 401}))
    with pytest.raises(Unauthorized, match="does not take this id and secret") as told:
        await reddit(client).look(["t3_109"])
    assert SECRET not in str(told.value)


def test_without_an_app_there_is_nothing_to_ask_with(client: httpx.AsyncClient) -> None:
    with pytest.raises(Refused, match="an app's id and its secret"):
        open_collector(
            "reddit", client=client, base_url=None, credential=None, meter=CountingMeter(), keeper=MemoryKeeper()
        )


@pytest.mark.skipif("GROUNDSWELL_SHARED" not in os.environ, reason="GROUNDSWELL_SHARED names no folder")
@pytest.mark.parametrize("name", ["search_all", "listing_new", "user_submitted", "info_by_fullname"])
def test_recorded_listings_are_read(name: str) -> None:
    body = (Path(os.environ["GROUNDSWELL_SHARED"]) / "platforms/recorded/reddit" / f"{name}.json").read_bytes()
    children, skipped = _CHILDREN.many(bytes(_LISTING.one(body).data.children))
    links = [child.data for child in children if child.data.name.startswith("t3_")]
    posts = [_post(link) for link in links if _there(link)]
    assert posts or name == "info_by_fullname"
    assert skipped == ()
    assert all(post.created_at.tzinfo is UTC and post.url and post.text for post in posts)
