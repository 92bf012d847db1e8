"""The sandbox's Mastodon side answers as the real servers were seen to."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from sandbox.ids import MASTODON
from sandbox.limits import Limits
from sandbox.mastodon_json import FLAVOURS, local_id, place_of
from sandbox.posts import DAY, MINUTE, Post
from sandbox.script import Script
from sandbox.server import start
from tests.sandbox.hand import Hand

TAG = "/api/v1/timelines/tag/farm"


def written(script: Script, now: Hand, count: int = 95) -> list[Post]:
    people = [script.join(f"person{number}", number) for number in range(7)]
    posts = []
    for number in range(count):
        posts.append(script.add_post(MASTODON, people[number % 7], f"post {number} #Farm"))
        now.at += number % 3 * 500  # some in the same millisecond
    return posts


async def walked(client: httpx.AsyncClient, path: str, rel: str = "next") -> list[str]:
    found, url = [], f"{path}?limit=40"
    for _ in range(50):
        page = await client.get(url)
        found += [status["uri"] for status in page.json()]
        if rel not in page.links:
            break
        url = page.links[rel]["url"]
    return found


async def test_a_walk_meets_every_post_once_newest_first(script: Script, now: Hand, client: httpx.AsyncClient) -> None:
    posts = written(script, now)
    assert await walked(client, TAG) == [post.native_id for post in reversed(posts)]
    assert (await client.get(TAG)).headers["link"].startswith(f"<{client.base_url}")


async def test_the_last_page_is_empty_and_has_no_link(script: Script, now: Hand, client: httpx.AsyncClient) -> None:
    posts = written(script, now, 3)
    full = await client.get(TAG)
    assert set(full.links) == {"next", "prev"}
    end = await client.get(full.links["next"]["url"])
    assert (end.json(), "link" in end.headers) == ([], False)
    assert parse_qs(urlsplit(full.links["prev"]["url"]).query) == {"min_id": [str(posts[-1].position)]}


async def test_min_id_goes_on_without_a_gap_and_since_id_skips(
    script: Script, now: Hand, client: httpx.AsyncClient
) -> None:
    posts = written(script, now)
    after = await client.get(TAG, params={"min_id": str(posts[10].position), "limit": 20})
    assert [status["uri"] for status in after.json()] == [post.native_id for post in reversed(posts[11:31])]
    since = await client.get(TAG, params={"since_id": str(posts[10].position), "limit": 20})
    assert [status["uri"] for status in since.json()] == [post.native_id for post in reversed(posts[-20:])]


async def test_the_tag_is_folded_in_the_question_and_kept_in_the_text(
    script: Script, now: Hand, client: httpx.AsyncClient
) -> None:
    script.add_post(MASTODON, script.join("ada"), "so #FARM & more")
    (status,) = (await client.get("/api/v1/timelines/tag/fArM")).json()
    assert [tag["name"] for tag in status["tags"]] == ["farm"]
    assert "#<span>FARM</span></a> &amp; more" in status["content"]


async def test_counters_rise_and_fall_and_what_is_deleted_is_gone(
    script: Script, now: Hand, client: httpx.AsyncClient
) -> None:
    kept, gone = written(script, now, 2)
    script.change(kept, likes=5, reposts=2, replies=3, quotes=1)
    script.unlike(kept)
    script.delete(gone)
    both = {"id[]": [str(gone.position), str(kept.position)]}
    (found,) = (await client.get("/api/v1/statuses", params=both)).json()
    counts = ("favourites_count", "reblogs_count", "replies_count", "quotes_count")
    assert [found[name] for name in counts] == [4, 2, 3, 1]
    assert (await client.get(f"/api/v1/statuses/{gone.position}")).status_code == 404
    assert (await client.get(f"/api/v1/statuses/{kept.position}")).json() == found


async def test_an_edit_shows_and_moves_a_post_to_its_new_tag(
    script: Script, now: Hand, client: httpx.AsyncClient
) -> None:
    (post,) = written(script, now, 1)
    now.at += 1_000
    script.edit(post, "other #Field")
    assert (await client.get(TAG)).json() == []
    (status,) = (await client.get("/api/v1/timelines/tag/field")).json()
    assert status["uri"] == post.native_id
    assert status["edited_at"] is not None


async def test_a_quote_and_a_reply_name_what_they_answer(script: Script, now: Hand, client: httpx.AsyncClient) -> None:
    (first,) = written(script, now, 1)
    script.add_post(MASTODON, first.person, "no #farm", answers=first)
    script.add_post(MASTODON, first.person, "look #farm", quotes=first)
    quoting, answering, _ = (await client.get(TAG)).json()
    assert quoting["quote"]["quoted_status"]["uri"] == first.native_id
    assert answering["in_reply_to_id"] == str(first.position)


async def test_look_ups_take_twenty_ids_and_accounts_forty(
    script: Script, now: Hand, client: httpx.AsyncClient
) -> None:
    posts = written(script, now, 21)
    ids = [str(post.position) for post in posts]
    assert (await client.get("/api/v1/statuses", params={"id[]": ids})).status_code == 422
    assert len((await client.get("/api/v1/statuses", params={"id[]": ids[:20]})).json()) == 20
    people = [person.account_id for person in script.people.values()]
    found = (await client.get("/api/v1/accounts", params={"id[]": [*people, "1"]})).json()
    assert [(one["username"], one["followers_count"]) for one in found] == [(f"person{n}", n) for n in range(7)]
    assert (await client.get("/api/v1/accounts/lookup", params={"acct": "person3"})).json() == found[3]


async def test_the_tag_is_counted_day_by_day_in_strings(script: Script, now: Hand, client: httpx.AsyncClient) -> None:
    written(script, now, 9)
    script.add_post(MASTODON, script.join("old"), "#farm", created_at=now.at - DAY)
    now.at += 5 * MINUTE
    history = (await client.get("/api/v1/tags/farm")).json()["history"]
    assert [(day["uses"], day["accounts"]) for day in history] == [("9", "7"), ("1", "1"), *[("0", "0")] * 5]
    assert history[0]["day"] == str(now.at // DAY * DAY // 1_000)


async def test_the_rate_is_told_and_kept_and_paging_has_its_own(script: Script, now: Hand) -> None:
    limits = Limits(mastodon=5, paging=2)
    async with (
        await start(world=script, now=now, limits=limits) as running,
        httpx.AsyncClient(base_url=running.url) as client,
    ):
        first = await client.get(TAG)
        assert (first.headers["x-ratelimit-limit"], first.headers["x-ratelimit-remaining"]) == ("5", "4")
        assert first.headers["x-ratelimit-reset"].endswith("Z")
        paged = [await client.get(TAG, params={"max_id": "5"}) for _ in range(3)]
        assert [answer.status_code for answer in paged] == [200, 200, 429]
        assert (paged[2].headers["x-ratelimit-limit"], paged[2].headers["x-ratelimit-remaining"]) == ("2", "0")
        assert (await client.get(TAG)).status_code == 200
        assert (await client.get(TAG)).status_code == 429
        now.at += 5 * MINUTE
        assert (await client.get(TAG)).status_code == 200


@pytest.mark.parametrize("place", [1_795_500_000_123 << 16 | 7, 0, (1 << 63) - 1])
@pytest.mark.parametrize("flavour", FLAVOURS.values(), ids=str)
def test_an_id_leads_back_to_its_place(place: int, flavour: object) -> None:
    from sandbox.mastodon_json import Flavour

    assert isinstance(flavour, Flavour)
    assert place_of(local_id(place, flavour), flavour) == place
    assert place_of("abc", flavour) is None


async def test_gotosocial_wants_a_token_has_no_bulk_and_knows_no_strange_tag(script: Script, now: Hand) -> None:
    (post,) = written(script, now, 1)
    script.add_post(MASTODON, script.join("other"), "to you #farm", answers=post)
    script.add_post(MASTODON, post.person, "to myself #farm", answers=post)
    async with (
        await start(world=script, now=now, flavour="gotosocial", token="t") as running,
        httpx.AsyncClient(base_url=running.url) as client,
    ):
        assert (await client.get(TAG)).status_code == 401
        assert (await client.get(TAG, headers={"Authorization": "Bearer no"})).status_code == 401
        client.headers["Authorization"] = "Bearer t"
        found = (await client.get(TAG)).json()
        assert [len(status["id"]) for status in found] == [26, 26]
        assert "quotes_count" not in found[0]
        assert (await client.get("/api/v1/statuses", params={"id[]": [found[0]["id"]]})).status_code == 405
        assert (await client.get(f"/api/v1/statuses/{found[0]['id']}")).json() == found[0]
        assert (await client.get("/api/v1/timelines/tag/nobody")).status_code == 404
        assert (await client.get("/api/v1/tags/farm")).json()["history"] == []
        assert len((await client.get(TAG, params={"max_id": "abc"})).json()) == 2


async def test_takahe_answers_in_html_hides_replies_and_links_to_its_own_name(script: Script, now: Hand) -> None:
    (post,) = written(script, now, 1)
    script.add_post(MASTODON, post.person, "to myself #farm", answers=post)
    async with (
        await start(world=script, now=now, flavour="takahe", token="t") as running,
        httpx.AsyncClient(base_url=running.url) as client,
    ):
        assert (await client.get(TAG)).json() == {"error": "identity_token_required"}
        bad = await client.get(TAG, headers={"Authorization": "Bearer no"})
        assert (bad.status_code, bad.headers["content-type"][:9]) == (400, "text/html")
        client.headers["Authorization"] = "Bearer t"
        page = await client.get(TAG)
        assert [status["uri"] for status in page.json()] == [post.native_id]
        assert page.headers["link"].startswith("<https://lagoon.example/api")
        assert "x-ratelimit-limit" not in page.headers
        assert (await client.get("/api/v2/instance")).status_code == 500
        assert (await client.get("/api/v1/instance")).json()["version"] == "takahe/0.11.0"
        assert (await client.get("/api/v1/timelines/tag/nobody")).json() == []


async def test_an_instance_may_show_its_feeds_to_members_or_to_nobody(script: Script, now: Hand) -> None:
    written(script, now, 1)
    for feeds, status, length in (("authenticated", 401, 1), ("disabled", 200, 0)):
        async with (
            await start(world=script, now=now, feeds=feeds) as running,
            httpx.AsyncClient(base_url=running.url) as client,
        ):
            answer = await client.get(TAG)
            assert (answer.status_code, len(answer.json())) == (status, length)
            access = (await client.get("/api/v2/instance")).json()["configuration"]["timelines_access"]
            assert access["hashtag_feeds"] == {"local": feeds, "remote": feeds}
