"""Misskey's own ways: POST for everything, reactions of all kinds, renotes, errors told by a code."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from collectors.errors import RateLimited, Refused, Unauthorized
from collectors.posts import Engagement
from tests.collectors.stage import opened

SAVED = Path(__file__).parent / "saved" / "misskey"
BASE = "https://lagoon.example"


def body(name: str) -> Any:
    return json.loads((SAVED / f"{name}.json").read_text(encoding="utf-8"))["body"]


@pytest.fixture
def misskey(client: httpx.AsyncClient) -> Any:
    return opened("misskey", client, BASE)


async def test_reactions_are_likes_and_a_bare_renote_is_no_post(misskey: Any, router: respx.Router) -> None:
    asked = router.post(path="/api/notes/search-by-tag").mock(
        side_effect=[httpx.Response(200, json=body("search")), httpx.Response(200, json=[])]
    )
    page, end = [page async for page in misskey.search("HarvestDay")]
    mine, theirs, hidden = page.posts
    assert [json.loads(call.request.content).get("untilId") for call in asked.calls] == [None, "9nt6"]
    assert (mine.native_id, mine.tags) == (f"{BASE}/notes/9nt9", ("HarvestDay",))
    assert theirs.native_id == "https://pond.example/users/noor/statuses/110"
    assert theirs.engagement == Engagement(likes=4, reposts=1, replies=2)
    assert theirs.author is not None
    assert (theirs.author.native_id, theirs.author.handle) == ("https://pond.example/@noor", "noor@pond.example")
    assert (hidden.labels, hidden.in_reply_to) == (("sensitive", "noindex"), "9nt1")
    assert (page.cursor, end.cursor, end.posts) == ("9nt6", None, ())


async def test_what_is_gone_is_absent_and_what_is_said_by_code_is_understood(
    misskey: Any, router: respx.Router
) -> None:
    shown = router.post(path="/api/notes/show")
    shown.respond(400, json=body("look_gone"))
    assert (await misskey.look(["9nt0"])).absent == {"9nt0"}
    for code, error in (
        ("RATE_LIMIT_EXCEEDED", RateLimited), ("AUTHENTICATION_FAILED", Unauthorized), ("INVALID_PARAM", Refused),
    ):  # fmt: skip
        shown.respond(400, json={"error": {"message": "no", "code": code}})
        with pytest.raises(error):
            await misskey.look(["9nt0"])


async def test_followers_come_with_the_whole_account(misskey: Any, router: respx.Router) -> None:
    router.post(path="/api/users/show").respond(json=body("accounts"))
    looked = await misskey.accounts(["9us0", "9us9"])
    assert [(one.native_id, one.followers, one.local_id) for one in looked.accounts] == [(f"{BASE}/@ada", 1200, "9us0")]
    assert looked.absent == {"9us9"}
