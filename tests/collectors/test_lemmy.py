"""Lemmy's own ways: words instead of tags, numbered pages, marks on what is deleted, errors told as 400."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from collectors.errors import RateLimited, Refused
from collectors.posts import Engagement
from tests.collectors.stage import opened

SAVED = Path(__file__).parent / "saved" / "lemmy"
BASE = "https://lagoon.example"


def body(name: str) -> Any:
    return json.loads((SAVED / f"{name}.json").read_text(encoding="utf-8"))["body"]


@pytest.fixture
def lemmy(client: httpx.AsyncClient) -> Any:
    return opened("lemmy", client, BASE)


async def test_votes_up_are_likes_and_tags_stand_in_title_or_text(lemmy: Any, router: respx.Router) -> None:
    search = router.get(path="/api/v3/search")
    search.side_effect = [httpx.Response(200, json=body("search")), httpx.Response(200, json=body("search_end"))]
    page, end = [page async for page in lemmy.search("HarvestDay")]
    first, second, third = page.posts
    assert [(call.request.url.params["page"], call.request.url.params["q"]) for call in search.calls] == [
        ("1", "#HarvestDay"), ("2", "#HarvestDay"),
    ]  # fmt: skip
    assert first.engagement == Engagement(likes=6, replies=0)
    assert first.author is not None
    assert (first.author.handle, first.author.name) == ("ada@lagoon.example", "Ada")
    assert (second.labels, second.engagement.replies) == (("sensitive",), 2)
    assert (third.tags, third.text) == (("harvestday",), "Harvest with a title #harvestday")
    assert (page.cursor, end.cursor) == ("2", None)


async def test_what_is_removed_or_not_found_is_absent_and_a_limit_told_as_400_is_waited_for(
    lemmy: Any, router: respx.Router
) -> None:
    post = router.get(path="/api/v3/post")
    post.side_effect = [
        httpx.Response(200, json=body("look")),
        httpx.Response(200, json=body("look_removed")),
        httpx.Response(404, json=body("look_gone")),
        httpx.Response(400, json={"error": "couldnt_find_post"}),
    ]
    looked = await lemmy.look(["40", "13", "12", "11"])
    assert ([one.local_id for one in looked.posts], looked.absent) == (["40"], {"13", "12", "11"})
    for said, error in (("rate_limit_error", RateLimited), ("unknown", Refused)):
        post.side_effect = [httpx.Response(400, json={"error": said})]
        with pytest.raises(error):
            await lemmy.look(["40"])
