"""The sandbox's Bluesky side answers as the PDS and the AppView were seen to."""

from typing import Any

import httpx
import pytest

from sandbox import demo
from sandbox.ids import BLUESKY
from sandbox.limits import Limits
from sandbox.posts import DAY, MINUTE, Post
from sandbox.script import Script
from sandbox.server import start
from tests.sandbox.hand import Hand

SEARCH = "/xrpc/app.bsky.feed.searchPosts"
CREATE, REFRESH = "/xrpc/com.atproto.server.createSession", "/xrpc/com.atproto.server.refreshSession"
LOGIN = {"identifier": demo.BLUESKY_IDENTIFIER, "password": demo.BLUESKY_PASSWORD}


def written(script: Script, now: Hand, count: int) -> list[Post]:
    person = script.join("ada", 12)
    posts = []
    for number in range(count):
        posts.append(script.add_post(BLUESKY, person, f"pôst {number} #Farm"))
        now.at += number % 3 * 500
    return posts


async def login(client: httpx.AsyncClient) -> dict[str, str]:
    return {"Authorization": f"Bearer {(await client.post(CREATE, json=LOGIN)).json()['accessJwt']}"}


async def test_a_search_meets_every_post_once_by_cursor_and_by_time(
    script: Script, now: Hand, client: httpx.AsyncClient
) -> None:
    posts = written(script, now, 73)
    headers = await login(client)
    params: dict[str, Any] = {"q": "*", "tag": "farm", "sort": "latest", "limit": 10}
    found: list[str] = []
    while True:
        page = (await client.get(SEARCH, params=params, headers=headers)).json()
        found += [post["uri"] for post in page["posts"]]
        if "cursor" not in page:
            break
        params["cursor"] = page["cursor"]
    assert found == [post.native_id for post in reversed(posts)]
    middle = posts[30].created_at
    window: dict[str, Any] = {"q": "#FARM", "limit": 100}
    until = (await client.get(SEARCH, params=window | {"until": iso(middle)}, headers=headers)).json()["posts"]
    since = (await client.get(SEARCH, params=window | {"since": iso(middle)}, headers=headers)).json()["posts"]
    assert [post["uri"] for post in since + until] == found
    assert since[-1]["record"]["createdAt"] == iso(middle)


def iso(ms: int) -> str:
    from sandbox.posts import rfc3339

    return rfc3339(ms)


async def test_search_wants_a_login_a_question_and_a_sane_limit(script: Script, client: httpx.AsyncClient) -> None:
    bare = await client.get(SEARCH, params={"q": "*", "tag": "farm"})
    assert (bare.status_code, bare.json()["error"]) == (401, "AuthMissing")
    bad = await client.get(SEARCH, params={"q": "*"}, headers={"Authorization": "Bearer a.b.c"})
    assert (bad.status_code, bad.json()["error"]) == (400, "InvalidToken")
    headers = await login(client)
    for params in (
        {"tag": "farm"},
        {"q": "", "tag": "farm"},
        {"q": "*", "tag": "farm", "limit": "0"},
        {"q": "*", "tag": "farm", "limit": "101"},
    ):
        assert (await client.get(SEARCH, params=params, headers=headers)).json()["error"] == "InvalidRequest"
    garbage = await client.get(SEARCH, params={"q": "*", "tag": "farm", "cursor": "garbage"}, headers=headers)
    assert garbage.json()["message"] == "bad cursor"
    assert (await client.get("/xrpc/app.bsky.feed.nope")).status_code == 501


async def test_two_tags_are_both_wanted_and_a_tag_may_be_outside_the_text(
    script: Script, client: httpx.AsyncClient
) -> None:
    person = script.join("ada")
    script.add_post(BLUESKY, person, "one #farm")
    both = script.add_post(BLUESKY, person, "vóila #farm", more_tags=("field",))
    headers = await login(client)
    answer = await client.get(SEARCH, params={"q": "*", "tag": ["farm", "Field"]}, headers=headers)
    (post,) = answer.json()["posts"]
    assert post["uri"] == both.native_id
    assert post["record"]["tags"] == ["field"]
    (facet,) = post["record"]["facets"]
    assert (facet["index"], facet["features"][0]["tag"]) == ({"byteStart": 7, "byteEnd": 12}, "farm")


async def test_posts_come_without_a_login_missing_ones_left_out_doubles_once(
    script: Script, now: Hand, client: httpx.AsyncClient
) -> None:
    kept, gone = written(script, now, 2)
    script.change(kept, likes=3, reposts=2, quotes=1)
    script.delete(gone)
    uris = [gone.native_id, kept.native_id, kept.native_id, kept.native_id.replace("did:plc:", "did:web:")]
    answer = await client.get("/xrpc/app.bsky.feed.getPosts", params={"uris": uris})
    (post,) = answer.json()["posts"]
    assert [post[f"{name}Count"] for name in ("like", "repost", "reply", "quote")] == [3, 2, 0, 1]
    assert "ratelimit-limit" not in answer.headers
    script.restore(gone)
    assert len((await client.get("/xrpc/app.bsky.feed.getPosts", params={"uris": uris})).json()["posts"]) == 2
    many = await client.get("/xrpc/app.bsky.feed.getPosts", params={"uris": [kept.native_id] * 26})
    assert many.json()["error"] == "InvalidRequest"


async def test_an_edit_keeps_the_address_and_changes_the_version(
    script: Script, now: Hand, client: httpx.AsyncClient
) -> None:
    (post,) = written(script, now, 1)
    params = {"uris": [post.native_id]}
    (before,) = (await client.get("/xrpc/app.bsky.feed.getPosts", params=params)).json()["posts"]
    now.at += 1
    script.edit(post, "new #farm")
    (after,) = (await client.get("/xrpc/app.bsky.feed.getPosts", params=params)).json()["posts"]
    assert (after["uri"], after["record"]["text"]) == (before["uri"], "new #farm")
    assert after["cid"] != before["cid"]


async def test_a_backdated_post_is_indexed_at_its_date_and_a_future_one_now(
    script: Script, now: Hand, client: httpx.AsyncClient
) -> None:
    person = script.join("ada")
    old = script.add_post(BLUESKY, person, "#farm", created_at=now.at - 3 * DAY)
    ahead = script.add_post(BLUESKY, person, "#farm", created_at=now.at + 3 * DAY)
    answer = await client.get("/xrpc/app.bsky.feed.getPosts", params={"uris": [old.native_id, ahead.native_id]})
    assert [post["indexedAt"] for post in answer.json()["posts"]] == [iso(old.created_at), iso(now.at)]
    assert answer.json()["posts"][1]["record"]["createdAt"] == iso(ahead.created_at)


async def test_profiles_come_by_did_and_by_handle_and_strangers_are_left_out(
    script: Script, client: httpx.AsyncClient
) -> None:
    ada = script.join("ada", 12, labels=("!no-unauthenticated",))
    actors = [ada.did, "ada.lagoon.example", "nobody.lagoon.example", "did:plc:" + "a" * 24]
    found = (await client.get("/xrpc/app.bsky.actor.getProfiles", params={"actors": actors})).json()["profiles"]
    assert [(one["did"], one["followersCount"]) for one in found] == [(ada.did, 12)] * 2
    assert found[0]["labels"][0]["val"] == "!no-unauthenticated"
    resolved = await client.get("/xrpc/com.atproto.identity.resolveHandle", params={"handle": "ada.lagoon.example"})
    assert resolved.json() == {"did": ada.did}
    assert (await client.get("/xrpc/app.bsky.actor.getProfile", params={"actor": "no"})).status_code == 400


async def test_a_session_is_refreshed_once_and_runs_out(script: Script, now: Hand, client: httpx.AsyncClient) -> None:
    session = (await client.post(CREATE, json=LOGIN)).json()
    assert session["didDoc"]["service"][0]["serviceEndpoint"] == str(client.base_url).rstrip("/")
    refresh = {"Authorization": f"Bearer {session['refreshJwt']}"}
    second = await client.post(REFRESH, headers=refresh)
    assert second.status_code == 200
    assert (await client.post(REFRESH, headers=refresh)).json()["error"] == "ExpiredToken"
    access = {"Authorization": f"Bearer {second.json()['accessJwt']}"}
    assert (await client.get(SEARCH, params={"q": "*"}, headers=access)).status_code == 200
    assert (await client.post(REFRESH, headers=access)).json()["error"] == "InvalidToken"
    now.at += 7_200_000
    assert (await client.get(SEARCH, params={"q": "*"}, headers=access)).json()["error"] == "ExpiredToken"


async def test_a_token_outlives_a_restart(script: Script, now: Hand, client: httpx.AsyncClient) -> None:
    headers = await login(client)
    async with await start(world=script, now=now) as again, httpx.AsyncClient(base_url=again.url) as other:
        assert (await other.get(SEARCH, params={"q": "*"}, headers=headers)).status_code == 200


async def test_rates_are_told_in_unix_seconds_and_kept(script: Script, now: Hand) -> None:
    limits = Limits(bluesky=2, sessions=2)
    async with (
        await start(world=script, now=now, limits=limits) as running,
        httpx.AsyncClient(base_url=running.url) as client,
    ):
        wrong = await client.post(CREATE, json=LOGIN | {"password": "no"})
        assert (wrong.status_code, wrong.headers["ratelimit-policy"]) == (401, "2;w=300")
        headers = await login(client)
        refused = await client.post(CREATE, json=LOGIN)
        assert (refused.status_code, refused.json()["error"]) == (429, "RateLimitExceeded")
        assert int(refused.headers["ratelimit-reset"]) * 1_000 - now.at <= 5 * MINUTE
        assert 0 < int(refused.headers["retry-after"]) <= 300
        codes = [(await client.get(SEARCH, params={"q": "*"}, headers=headers)).status_code for _ in range(3)]
        assert codes == [200, 200, 429]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"identifier": 5}'])
async def test_a_login_that_is_no_login_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    assert (await client.post(CREATE, content=body)).status_code == 400
