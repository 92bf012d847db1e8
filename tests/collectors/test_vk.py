"""VK's own ways: errors in a good answer, people and communities beside the posts, a token in the form alone."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import respx

from collectors.errors import RateLimited, Refused, Unauthorized, Unavailable
from collectors.posts import Engagement
from tests.collectors.stage import SECRET, opened

SAVED = Path(__file__).parent / "saved" / "vk"


def body(name: str) -> Any:
    return json.loads((SAVED / f"{name}.json").read_text(encoding="utf-8"))["body"]


@pytest.fixture
def vk(client: httpx.AsyncClient) -> Any:
    return opened("vk", client, "https://vk.example")


async def test_a_persons_subscribers_and_a_communitys_members_are_followers(vk: Any, router: respx.Router) -> None:
    search = router.post(path="/method/newsfeed.search")
    search.side_effect = [httpx.Response(200, json=body("search")), httpx.Response(200, json=body("search_end"))]
    page, end = [page async for page in vk.search("HarvestDay")]
    person, group, unknown = [post.author for post in page.posts]
    assert [(one.native_id, one.handle, one.name, one.followers) for one in (person, group, unknown)] == [
        ("11", "ada", "Ada Meadow", 1200), ("-22", "walks", "Walks", 5400), ("33", None, None, None),
    ]  # fmt: skip
    assert page.posts[1].engagement == Engagement(likes=11, reposts=1, replies=2, views=901)
    assert page.posts[2].engagement.views is None
    asked = [parse_qs(call.request.content.decode()) for call in search.calls]
    assert [form.get("end_time") for form in asked] == [None, ["1795510679"]]
    assert asked[0]["start_time"] == ["1"], "else VK goes back a day only"
    assert all(SECRET not in str(call.request.url) for call in search.calls)
    assert end.cursor is None


@pytest.mark.parametrize(
    ("code", "error"),
    [(6, RateLimited), (29, RateLimited), (5, Unauthorized), (27, Unauthorized), (10, Unavailable), (100, Refused)],
)
async def test_an_error_in_a_good_answer_is_named(
    vk: Any, router: respx.Router, code: int, error: type[Exception]
) -> None:
    said = {"error": {"error_code": code, "error_msg": f"no: {SECRET}"}}
    router.post(path="/method/wall.getById").respond(json=said)
    with pytest.raises(error) as told:
        await vk.look(["11_700"])
    assert SECRET not in str(told.value)
