"""Tumblr's own ways: notes, ids beyond a float, a second that lies on both sides of a page."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from collectors.posts import Engagement
from tests.collectors.stage import SECRET, opened

SAVED = Path(__file__).parent / "saved" / "tumblr"
BASE = "https://tumblr.example"


def body(name: str) -> Any:
    return json.loads((SAVED / f"{name}.json").read_text(encoding="utf-8"))["body"]


@pytest.fixture
def tumblr(client: httpx.AsyncClient) -> Any:
    return opened("tumblr", client, BASE)


async def test_notes_are_the_likes_and_a_tag_of_two_words_is_one(tumblr: Any, router: respx.Router) -> None:
    router.get(path="/v2/tagged", params={"before": "1795510680"}).respond(json=body("search_end"))
    router.get(path="/v2/tagged").respond(json=body("search"))
    page, end = [page async for page in tumblr.search("HarvestDay")]
    assert [post.engagement for post in page.posts] == [Engagement(likes=0), Engagement(), Engagement(likes=24)]
    assert (page.posts[2].tags, page.posts[0].native_id) == (("harvestday", "meadow"), "70400000000000000")
    assert page.posts[0].author is not None
    assert (page.posts[0].author.native_id, page.posts[0].local_id) == ("t:meadow0", "ada/70400000000000000")
    assert (page.cursor, end.cursor) == ("1795510680", None)


async def test_after_a_full_page_its_last_second_is_read_again(tumblr: Any, router: respx.Router) -> None:
    posts = [body("search")["response"][0] | {"id_string": str(n), "timestamp": 1795510800 - n} for n in range(25)]

    def tagged(request: httpx.Request) -> httpx.Response:
        before = int(request.url.params.get("before", 10**10))
        found = [post for post in posts if post["timestamp"] < before][:20]
        return httpx.Response(200, json={"meta": {}, "response": found})

    router.get(path="/v2/tagged").mock(side_effect=tagged)
    pages = [page async for page in tumblr.search("HarvestDay")]
    met = [post.native_id for page in pages for post in page.posts]
    assert list(dict.fromkeys(met)) == [str(n) for n in range(25)]
    assert met.count("19") == 2


async def test_the_key_goes_to_tumblr_and_into_no_error(tumblr: Any, router: respx.Router) -> None:
    router.get(path="/v2/tagged").respond(401, json={"meta": {"status": 401, "msg": f"no {SECRET}"}})
    with pytest.raises(Exception, match="answered 401") as told:
        await tumblr.check()
    assert SECRET not in str(told.value)
