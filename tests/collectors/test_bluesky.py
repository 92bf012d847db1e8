"""Bluesky's AppView and PDS; b1 to b16 number what surprises there, in the order in which it was met.

Answered elsewhere: b5 and b6 (what vanishes may come back, likes of those who are gone stay) and b7 (counts fall): a
reading is kept as shown and "gone" takes two absences, by polling. b8's `since` is not used: a re-walk finds what is
backdated. b16, the firehose, belongs to the collector of streams.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import respx

from collectors.bluesky_view import read_page, read_profiles
from collectors.bluesky_walk import Place, Walk
from collectors.errors import Malformed, RateLimited, Refused, Unauthorized, Unavailable
from collectors.posts import Account, Engagement, Page, Post
from tests.collectors.stage import NEWEST, SECRET, BlueskyStage, CountingMeter, MemoryKeeper, answer, opened, saved

ADA = "did:plc:adaadaadaadaadaadaadaada"
HTML = "<html><body><h1>403 Forbidden</h1>Request forbidden by administrative rules.</body></html>"


@pytest.fixture
def meter() -> CountingMeter:
    return CountingMeter()


@pytest.fixture
def keeper() -> MemoryKeeper:
    return MemoryKeeper()


@pytest.fixture
def collector(bluesky: BlueskyStage, client: httpx.AsyncClient, meter: CountingMeter, keeper: MemoryKeeper) -> Any:
    """Of a server of one's own: it is logged in to, and answers everything."""
    return opened("bluesky", client, bluesky.base, meter=meter, keeper=keeper)


@pytest.fixture
def network(bluesky: BlueskyStage, client: httpx.AsyncClient, meter: CountingMeter, keeper: MemoryKeeper) -> Any:
    """Of the network: the entryway, the account's own server behind it, and the public AppView."""
    return opened("bluesky", client, None, meter=meter, keeper=keeper)


async def walk(collector: Any, **where: Any) -> list[Page]:
    return [page async for page in collector.search("harvestday", **where)]


def asked(router: respx.Router, part: str) -> list[httpx.URL]:
    return [call.request.url for call in router.calls if part in call.request.url.path]


def page_of(*views: Any) -> bytes:
    return answer({"posts": list(views)}).content


def test_a_view_is_read_into_a_post() -> None:
    assert read_page(page_of(saved("bluesky/post"))) == (
        Post(
            native_id=f"at://{ADA}/app.bsky.feed.post/3m6aaaaaaaa2a",
            created_at=datetime(2026, 11, 24, 10, 0, 0, 250_000, tzinfo=UTC),
            engagement=Engagement(likes=12, reposts=7, replies=3, quotes=1, bookmarks=2),
            local_id=f"at://{ADA}/app.bsky.feed.post/3m6aaaaaaaa2a",
            author=Account(ADA, "ada.example", "Ada of the Meadow", local_id=ADA),
            tags=("HarvestDay", "Rain"),
            text="Rain at last #HarvestDay and #LookOnly",
            url=f"https://bsky.app/profile/{ADA}/post/3m6aaaaaaaa2a",
            lang="en",
            in_reply_to="at://did:plc:bobobobobobobobobobobobo/app.bsky.feed.post/3m6parent",
            quote_of="at://did:plc:cy/app.bsky.feed.post/3m6quoted",
            labels=("porn", "!no-unauthenticated"),
        ),
    )


async def test_b1_q_is_sent_although_the_tag_says_it_all(collector: Any, router: respx.Router) -> None:
    await walk(collector)
    params = asked(router, "searchPosts")[0].params
    assert dict(params) == {"q": "*", "tag": "harvestday", "sort": "latest", "limit": "100"}


async def test_b2_limits_are_kept(collector: Any, bluesky: BlueskyStage, router: respx.Router) -> None:
    bluesky.fill(100)
    for n, post in enumerate(bluesky.posts):
        post["author"]["did"] = f"did:plc:{n:024d}"
    await walk(collector)
    assert all(len(url.params.get_list("actors")) <= 25 for url in asked(router, "getProfiles"))
    assert len(asked(router, "getProfiles")) >= 4
    assert (collector.offer.page_size, collector.offer.batch_size, collector.offer.accounts_batch) == (100, 25, 25)


async def test_b3_what_is_left_out_is_absent_by_its_address(collector: Any, bluesky: BlueskyStage) -> None:
    """The answer is in another order, and an address asked for twice comes once."""
    bluesky.fill(3)
    uris = [post["uri"] for post in bluesky.posts]
    gone = f"at://{ADA}/app.bsky.feed.post/3m6gone"
    looked = await collector.look([gone, uris[0], uris[0], uris[1]])
    assert {post.native_id for post in looked.posts} == set(uris[:2])
    assert looked.absent == {gone}


async def test_b4_accounts_that_are_gone_are_left_out_too(collector: Any) -> None:
    looked = await collector.accounts([ADA, "did:plc:gonegonegonegonegonegone", "nobody.example"])
    assert [account.native_id for account in looked.accounts] == [ADA]
    assert looked.absent == {"did:plc:gonegonegonegonegonegone", "nobody.example"}


@pytest.mark.parametrize(
    ("said", "seen", "born"),
    [
        ("2026-11-21T10:00:00Z", "2026-11-24T10:00:00.000Z", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("2026-11-27T10:00:00Z", "2026-11-24T10:00:00.000Z", datetime(2026, 11, 24, 10, tzinfo=UTC)),
        ("2026-11-24T10:00:00.123456789+05:45", "2026-11-24T10:00:00Z", datetime(2026, 11, 24, 4, 15, 0, 123457, UTC)),
        ("yesterday", "2026-11-24T10:00:00.000Z", datetime(2026, 11, 24, 10, tzinfo=UTC)),
        ("2026-11-24T09:00:00", "2026-11-24T10:00:00.000Z", datetime(2026, 11, 24, 10, tzinfo=UTC)),
        (None, "2026-11-24T10:00:00.000Z", datetime(2026, 11, 24, 10, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", "2026-11-24T10:00:00.000Z", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_b8_born_at_the_earlier_of_what_is_said_and_what_was_seen(said: str | None, seen: str, born: datetime) -> None:
    view = saved("bluesky/post")
    view["record"]["createdAt"], view["indexedAt"] = said, seen
    assert read_page(page_of(view))[0].created_at == born


def test_b9_an_edit_changes_the_version_and_not_the_key() -> None:
    view, edited = saved("bluesky/post"), saved("bluesky/post")
    edited["cid"], edited["record"]["text"] = "bafyother", "other words"
    before, after = read_page(page_of(view, edited))
    assert before.native_id == after.native_id
    assert after.text == "other words"


def test_b10_an_actor_asked_for_by_handle_and_did_comes_once() -> None:
    people, _ = read_profiles(answer({"profiles": [saved("bluesky/profile")] * 2}).content)
    assert [(person.native_id, person.handle) for person in people] == [(ADA, "ada.example")]


async def test_b10_handles_are_compared_without_case_and_dids_as_they_are(
    collector: Any, bluesky: BlueskyStage
) -> None:
    bluesky.people = answer({"profiles": [saved("bluesky/profile")]})
    asked_for = ["Ada.Example", ADA, "did:plc:ADAadaadaadaadaadaadaada"]
    assert (await collector.accounts(asked_for)).absent == {asked_for[2]}


def test_b10_a_handle_that_no_longer_holds_is_none() -> None:
    view = saved("bluesky/post")
    view["author"]["handle"] = "handle.invalid"
    author = read_page(page_of(view))[0].author
    assert author is not None
    assert author.handle is None


def test_b11_tags_are_those_of_facets_and_of_the_record_never_of_the_text() -> None:
    view = saved("bluesky/post")
    view["record"] |= {"text": "#spoken", "tags": ["silent"], "facets": []}
    assert read_page(page_of(view))[0].tags == ("silent",)
    view["record"] |= {"text": "nothing", "tags": ["FARMLAUNCH", "FarmLaunch", "farmlaunch", "FarmLaunch"]}
    assert read_page(page_of(view))[0].tags == ("FARMLAUNCH", "FarmLaunch", "farmlaunch")


def test_b11_facets_of_strange_shapes_cost_their_tags_only() -> None:
    view = saved("bluesky/post")
    view["record"] |= {"facets": "none", "tags": ["kept"], "langs": 5, "embed": [], "reply": {"parent": 7}}
    post = read_page(page_of(view))[0]
    assert (post.tags, post.lang, post.quote_of, post.in_reply_to) == (("kept",), None, None, None)
    assert post.text == "Rain at last #HarvestDay and #LookOnly"


def test_b12_the_wish_to_be_hidden_is_told() -> None:
    """The author's own labels on the post, and the one on the author about being shown; not what was taken back."""
    assert read_page(page_of(saved("bluesky/post")))[0].labels == ("porn", "!no-unauthenticated")
    view = saved("bluesky/post")
    view["labels"], view["author"]["labels"] = [], []
    del view["record"]["labels"]
    assert read_page(page_of(view))[0].labels == ()


def test_a_quote_with_no_picture_is_one_level_up_and_feeds_are_no_quotes() -> None:
    view = saved("bluesky/post")
    view["record"]["embed"] = {"$type": "app.bsky.embed.record", "record": {"uri": f"at://{ADA}/app.bsky.feed.post/9"}}
    assert read_page(page_of(view))[0].quote_of == f"at://{ADA}/app.bsky.feed.post/9"
    view["record"]["embed"]["record"]["uri"] = f"at://{ADA}/app.bsky.feed.generator/9"
    assert read_page(page_of(view))[0].quote_of is None


@pytest.mark.parametrize("status", [400, 403, 500, 502])
async def test_b13_a_cursor_that_is_refused_is_gone_round_by_time(
    collector: Any, bluesky: BlueskyStage, router: respx.Router, status: int
) -> None:
    """A bad cursor is 500 in one mode, 400 in another; at the public host 403, in HTML."""
    bluesky.fill(250)
    bluesky.deepest = 100
    for post in bluesky.posts[95:105]:  # the same millisecond where the windows meet
        post["record"]["createdAt"] = bluesky.posts[95]["record"]["createdAt"]
    bluesky.refusal = httpx.Response(status, html=HTML)
    pages = await walk(collector)
    assert {post.native_id for page in pages for post in page.posts} == {post["uri"] for post in bluesky.posts}
    assert pages[-1].cursor is None
    assert any("until" in url.params for url in asked(router, "searchPosts"))


async def test_b13_an_end_that_comes_too_early_is_gone_round_by_time(collector: Any, bluesky: BlueskyStage) -> None:
    """`cursor` may not lead through all that there is: its absence ends a window, and an empty window the walk."""
    bluesky.fill(250)
    bluesky.twist = lambda _, items, __: (items, None)
    pages = await walk(collector)
    assert {post.native_id for page in pages for post in page.posts} == {post["uri"] for post in bluesky.posts}


async def test_b13_a_server_that_does_not_know_until_is_read_by_cursors(collector: Any, bluesky: BlueskyStage) -> None:
    bluesky.fill(250)
    bluesky.deaf = True
    pages = await walk(collector)
    assert {post.native_id for page in pages for post in page.posts} == {post["uri"] for post in bluesky.posts}
    assert bluesky.pages < 8
    bluesky.deepest = 100
    with pytest.raises(Unauthorized):  # what lies deeper cannot be reached: that is not called the end
        await walk(collector)


async def test_b13_an_outage_on_the_way_is_not_taken_for_the_end(collector: Any, bluesky: BlueskyStage) -> None:
    bluesky.fill(250)
    search = collector.search("harvestday")
    first = await anext(search)
    bluesky.instead = httpx.Response(502, json={"error": "UpstreamFailure", "message": "search is down"})
    with pytest.raises(Unavailable):
        await anext(search)
    bluesky.instead = None
    rest = await walk(collector, cursor=first.cursor)
    assert len({post.native_id for page in [first, *rest] for post in page.posts}) == 250


async def test_b13_addresses_that_would_fail_the_whole_call_are_left_out(collector: Any, bluesky: BlueskyStage) -> None:
    bluesky.fill(1)
    strange = [
        "at://ada.example/app.bsky.feed.post/3m6aaaaaaaa2a",
        "https://bsky.app/profile/x/post/1",
        "",
        f"at://{ADA}/app.bsky.feed.like/1",
    ]
    looked = await collector.look([bluesky.posts[0]["uri"], *strange])
    assert len(looked.posts) == 1
    assert looked.absent == frozenset()
    assert len(looked.skipped) == 4
    assert (await collector.look(strange)).posts == ()
    assert (await collector.accounts(["", "@ada", "no spaces here"])).absent == frozenset()


def test_an_address_by_handle_is_kept_by_did() -> None:
    view = saved("bluesky/post") | {"uri": "at://ada.example/app.bsky.feed.post/3m6aaaaaaaa2a"}
    assert read_page(page_of(view))[0].native_id == f"at://{ADA}/app.bsky.feed.post/3m6aaaaaaaa2a"


@pytest.mark.parametrize("name", ["ExpiredToken", "InvalidToken"])
@pytest.mark.parametrize("status", [400, 401])
async def test_b13_a_token_that_has_run_out_is_refreshed_once(
    client: httpx.AsyncClient, router: respx.Router, keeper: MemoryKeeper, name: str, status: int
) -> None:
    xrpc = "https://pds.example/xrpc"
    login = router.post(f"{xrpc}/com.atproto.server.createSession").respond(json=saved("bluesky/session"))
    renewed = saved("bluesky/session") | {"accessJwt": "access-2", "refreshJwt": "refresh-2"}
    refresh = router.post(f"{xrpc}/com.atproto.server.refreshSession").respond(json=renewed)

    def search(request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"] == "Bearer access-1":
            return answer({"error": name, "message": "no longer"}, status)
        return answer({"posts": []})

    router.get(f"{xrpc}/app.bsky.feed.searchPosts").mock(side_effect=search)
    assert await walk(opened("bluesky", client, "https://pds.example", keeper=keeper)) == [Page((), None)]
    assert (login.call_count, refresh.call_count) == (1, 1)
    assert refresh.calls[0].request.headers["authorization"] == "Bearer refresh-1"
    assert (keeper.values["access"], keeper.values["refresh"]) == ("access-2", "refresh-2")
    assert SECRET not in json.dumps(dict(keeper.values))


async def test_b13_a_refresh_that_has_run_out_too_ends_in_one_new_login(
    collector: Any, bluesky: BlueskyStage, router: respx.Router, keeper: MemoryKeeper
) -> None:
    await walk(collector)
    bluesky.instead = answer({"error": "ExpiredToken"}, 400)
    bluesky.refresh = answer({"error": "ExpiredToken"}, 400)
    with pytest.raises(Unauthorized, match="just given"):
        await walk(collector)
    assert len(asked(router, "createSession")) == 2
    assert len(asked(router, "refreshSession")) == 1


async def test_b14_rate_headers_in_unix_seconds_are_told(
    collector: Any, bluesky: BlueskyStage, meter: CountingMeter
) -> None:
    headers = {"RateLimit-Limit": "3000", "RateLimit-Remaining": "2990", "RateLimit-Reset": "1795515000"}
    bluesky.instead = answer({"posts": []}, headers=headers | {"RateLimit-Policy": "3000;w=300"})
    await walk(collector)
    assert [(t.name, t.limit, t.remaining) for t in meter.heard] == [("calls", 3000, 2990)]
    assert meter.heard[0].resets_at == datetime.fromtimestamp(1795515000, UTC)


async def test_b14_429_names_when(collector: Any, bluesky: BlueskyStage) -> None:
    bluesky.instead = answer({"error": "RateLimitExceeded"}, 429, {"Retry-After": "279"})
    with pytest.raises(RateLimited) as caught:
        await walk(collector)
    assert caught.value.until == NEWEST + timedelta(seconds=279)


async def test_b14_a_session_is_kept_over_restarts(
    bluesky: BlueskyStage, client: httpx.AsyncClient, router: respx.Router, keeper: MemoryKeeper, meter: CountingMeter
) -> None:
    """A login is scarce: 30 in 5 minutes, failed ones too."""
    for _ in range(5):
        await walk(opened("bluesky", client, bluesky.base, keeper=keeper, meter=meter))
    assert len(asked(router, "createSession")) == 1
    assert [name for name in meter.spent if "session" in name] == ["session", "session-day"]


async def test_b14_another_password_does_not_take_over_a_kept_session(
    bluesky: BlueskyStage, client: httpx.AsyncClient, router: respx.Router, keeper: MemoryKeeper
) -> None:
    await walk(opened("bluesky", client, bluesky.base, keeper=keeper))
    await walk(opened("bluesky", client, bluesky.base, keeper=keeper, secret="another"))
    assert len(asked(router, "createSession")) == 2


@pytest.mark.parametrize("status", [400, 401])
async def test_b14_a_wrong_password_is_tried_once_and_not_told(
    client: httpx.AsyncClient, router: respx.Router, keeper: MemoryKeeper, status: int
) -> None:
    said = {"error": "AuthenticationRequired", "message": f"Invalid identifier or password {SECRET}"}
    login = router.post(path__regex="createSession").respond(status, json=said)
    with pytest.raises(Unauthorized, match="app password") as caught:
        await walk(opened("bluesky", client, "https://pds.example", keeper=keeper))
    assert SECRET not in str(caught.value)
    assert login.call_count == 1
    assert keeper.values == {}


async def test_b15_a_numeric_cursor_is_as_good_as_any(collector: Any, bluesky: BlueskyStage) -> None:
    bluesky.fill(2)
    bluesky.instead = answer({"posts": bluesky.posts, "cursor": 25})
    page = await anext(collector.search("harvestday"))
    assert Place.read(page.cursor) == Place("25", None, int((NEWEST - timedelta(seconds=1)).timestamp() * 1000))


async def test_search_needs_a_login_and_says_so(bluesky: BlueskyStage, client: httpx.AsyncClient) -> None:
    for refusal in (httpx.Response(403, html=HTML), answer({"error": "AuthMissing"}, 401)):
        bluesky.instead = refusal
        with pytest.raises(Unauthorized, match="app password"):
            await walk(opened("bluesky", client, None, secret=None))


async def test_the_password_goes_to_the_entryway_and_the_token_to_the_account_s_server_only(
    network: Any, bluesky: BlueskyStage, router: respx.Router
) -> None:
    bluesky.fill(2)
    await walk(network)
    await network.look([bluesky.posts[0]["uri"]])
    for call in router.calls:
        host, path = call.request.url.host, call.request.url.path
        assert host == {"createSession": "bsky.social", "searchPosts": "pds.example"}.get(
            path.rpartition(".")[2], "public.api.bsky.app"
        )
        assert (SECRET in call.request.content.decode()) == (host == "bsky.social")
        assert ("authorization" in call.request.headers) == (host == "pds.example")


async def test_a_server_that_a_url_names_is_not_left(
    bluesky: BlueskyStage, client: httpx.AsyncClient, router: respx.Router
) -> None:
    """Whatever its account's document says: that may name a host inside its network."""
    router.post("https://own.example/xrpc/com.atproto.server.createSession").respond(json=saved("bluesky/session"))
    router.get("https://own.example/xrpc/app.bsky.feed.searchPosts").respond(json={"posts": []})
    await walk(opened("bluesky", client, "https://own.example"))
    assert {call.request.url.host for call in router.calls} == {"own.example"}


async def test_look_ups_need_no_login_on_the_network(
    bluesky: BlueskyStage, client: httpx.AsyncClient, meter: CountingMeter
) -> None:
    bluesky.fill(1)
    collector = opened("bluesky", client, None, secret=None, meter=meter)
    assert len((await collector.look([bluesky.posts[0]["uri"]])).posts) == 1
    assert len((await collector.accounts([ADA])).accounts) == 1
    assert "none" in (await collector.check())["account"]
    assert meter.spent == ["appview"] * 3


async def test_followers_are_known_at_the_first_look(
    collector: Any, bluesky: BlueskyStage, router: respx.Router
) -> None:
    """A search page carries none; each author is asked for once in a walk."""
    bluesky.fill(250)
    pages = await walk(collector)
    assert {post.author.followers for page in pages for post in page.posts if post.author} == {4321}
    assert len(asked(router, "getProfiles")) == 1


@pytest.mark.parametrize("status", [429, 500])
async def test_followers_that_cannot_be_had_now_do_not_cost_the_page(
    collector: Any, bluesky: BlueskyStage, status: int
) -> None:
    bluesky.fill(3)
    bluesky.people = httpx.Response(status)
    page = await anext(collector.search("harvestday"))
    assert [post.author.followers for post in page.posts] == [None, None, None]


async def test_until_starts_there(collector: Any, bluesky: BlueskyStage) -> None:
    bluesky.fill(250)
    until = NEWEST - timedelta(seconds=200)
    posts = [post for page in await walk(collector, until=until) for post in page.posts]
    assert posts[0].created_at == until - timedelta(seconds=1)
    assert len({post.native_id for post in posts}) == 49


async def test_a_tag_that_is_too_long_is_refused(collector: Any, bluesky: BlueskyStage) -> None:
    bluesky.instead = answer({"error": "InvalidRequest", "message": "tag must not be longer than 640 bytes"}, 400)
    with pytest.raises(Refused, match="640"):
        await walk(collector)


def test_a_place_that_is_none_is_malformed() -> None:
    for text in ("", "25", "{}", '["a", "b"]', "[1]", "null"):
        with pytest.raises(Malformed):
            Place.read(text)
    assert Place.read(Place("c", 5, 4).text()) == Place("c", 5, 4)


def test_a_walk_does_not_look_for_what_is_older_than_the_web() -> None:
    walk = Walk(Place())
    walk.met(Place(), [-62_135_596_800_000], None)
    assert walk.place is None


def test_windows_meet_within_the_oldest_millisecond_and_then_before_it() -> None:
    walk = Walk(Place())
    walk.met(Place(), [900, 500], None)
    assert walk.place == Place(None, 501)
    walk.met(Place(None, 501), [500], None)
    assert walk.place == Place(None, 500)
    walk.met(Place(None, 500), [], None)
    assert walk.place is None
