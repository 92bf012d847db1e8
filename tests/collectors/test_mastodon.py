"""Mastodon's API as each server speaks it; m1 to m15 number what surprises there, in the order in which it was met.

Answered elsewhere: M3 boosts, near misses and matching without case: `read_page` and the app's matching of tags.
M4 min_id: not used, a re-walk by max_id finds what M5 says that it never shows (polling). M11 edits, M12 falling counts
and M13 what a token does not see: a reading is kept as shown, "gone" takes two absences (polling, contribution).
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import respx

from collectors.errors import Malformed, RateLimited, Refused, Unauthorized, Unavailable
from collectors.mastodon_server import id_before
from collectors.mastodon_status import read_page
from collectors.posts import Account, Engagement, Page, Post
from tests.collectors.stage import NEWEST, CountingMeter, MastodonStage, answer, opened, saved

HTML = "<!doctype html><html><body><h1>Page not found</h1></body></html>"


@pytest.fixture
def meter() -> CountingMeter:
    return CountingMeter()


@pytest.fixture
def collector(mastodon: MastodonStage, client: httpx.AsyncClient, meter: CountingMeter) -> Any:
    return opened("mastodon", client, mastodon.base, meter=meter)


async def walk(collector: Any, **where: Any) -> list[Page]:
    return [page async for page in collector.search("harvestday", **where)]


def asked(router: respx.Router, part: str) -> list[httpx.URL]:
    return [call.request.url for call in router.calls if part in call.request.url.path]


def test_a_status_is_read_into_a_post() -> None:
    body = answer([saved("mastodon/status")]).content
    assert read_page(body) == (
        Post(
            native_id="https://meadow.example/users/ada/statuses/115600000000000001",
            created_at=datetime(2026, 11, 24, 10, 0, 0, 250_000, tzinfo=UTC),
            engagement=Engagement(likes=12, reposts=7, replies=3, quotes=1),
            local_id="115600000000000001",
            author=Account(
                native_id="https://meadow.example/@ada",
                handle="ada@meadow.example",
                name="Ada of the Meadow",
                followers=4321,
                posts=88,
                local_id="900",
                labels=("noindex",),
            ),
            tags=("HarvestDay",),
            text="Rain at last & #HarvestDay\nsee you there\nAda",
            url="https://meadow.example/@ada/115600000000000001",
            lang="en",
            in_reply_to="115600000000000000",
            quote_of="https://meadow.example/users/bo/statuses/7",
            edited_at=datetime(2026, 11, 24, 10, 5, tzinfo=UTC),
            labels=("sensitive", "noindex"),
        ),
    )


def test_boosts_and_what_is_not_public_are_no_posts() -> None:
    boost, private, direct, unlisted = (saved("mastodon/status") for _ in range(4))
    boost["reblog"] = saved("mastodon/status")
    private["visibility"], direct["visibility"], unlisted["visibility"] = "private", "direct", "unlisted"
    assert len(read_page(answer([boost, private, direct, unlisted]).content)) == 1


def test_a_date_in_the_future_is_left_as_it_is() -> None:
    status = saved("mastodon/status") | {"created_at": "2999-12-31T23:59:59+05:45"}
    assert read_page(answer([status]).content)[0].created_at == datetime(2999, 12, 31, 18, 14, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "date", ["2026-11-24T10:00:60Z", "2026-02-30T00:00:00Z", "2026-11-24T10:00:00", "", 1795500000.5]
)
def test_a_post_without_a_date_that_exists_is_skipped(date: Any) -> None:
    good, bad = saved("mastodon/status"), saved("mastodon/status") | {"created_at": date}
    assert len(read_page(answer([good, bad]).content)) == 1


def test_dates_at_the_ends_of_the_calendar_do_not_stop_a_page() -> None:
    dates = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"]
    posts = read_page(answer([saved("mastodon/status") | {"created_at": date} for date in dates]).content)
    assert [post.created_at.year for post in posts] == [1, 9999]


async def test_m1_a_user_token_is_needed(collector: Any, mastodon: MastodonStage) -> None:
    mastodon.instead = answer({"error": "Unauthorized: token not supplied"}, 401)
    with pytest.raises(Unauthorized):
        await walk(collector)


async def test_m1_takahe_answers_a_bad_token_with_400_and_html(
    collector: Any, mastodon: MastodonStage, client: httpx.AsyncClient
) -> None:
    mastodon.instead = httpx.Response(400, html=HTML)
    with pytest.raises(Unauthorized, match="token"):
        await walk(collector)
    with pytest.raises(Refused):  # without a token it cannot be its fault
        await walk(opened("mastodon", client, mastodon.base, secret=None))


async def test_m1_takahe_answers_404_and_500_with_html(collector: Any, mastodon: MastodonStage) -> None:
    mastodon.bulk = False
    assert (await collector.look(["5"])).absent == {"5"}
    mastodon.instead = httpx.Response(500, html=HTML)
    with pytest.raises(Unavailable):
        await walk(collector)


async def test_m2_what_a_server_lists_is_said_in_the_offer(collector: Any) -> None:
    assert any("Takahe none" in note for note in collector.offer.notes)


async def test_m3_the_authors_capitals_come_from_the_text() -> None:
    """Tag names are in lower case there; a spelling that the text does not show stays so."""
    status = saved("mastodon/status")
    status["content"] = "<p>#<span>HarvestDay</span> #harvestDAYS</p>"
    status["tags"] = [{"name": name} for name in ("harvestday", "hidden", "harvestdays", "istanbul")]
    assert read_page(answer([status]).content)[0].tags == ("HarvestDay", "hidden", "harvestDAYS", "istanbul")


async def test_m4_a_walk_by_max_id_meets_each_post_once_and_ends_without_a_link(
    collector: Any, mastodon: MastodonStage, router: respx.Router
) -> None:
    mastodon.fill(85)
    pages = await walk(collector)
    assert [len(page.posts) for page in pages] == [40, 40, 5, 0]
    assert len({post.native_id for page in pages for post in page.posts}) == 85
    assert all("since_id" not in url.params and "min_id" not in url.params for url in asked(router, "timelines"))
    assert all("only_media" not in url.params for url in asked(router, "timelines"))  # inverted on Takahe


async def test_m5_ids_are_text_and_never_numbers(collector: Any, mastodon: MastodonStage) -> None:
    mastodon.fill(2)
    for post, id_ in zip(mastodon.posts, ["01M85WTG69HQTSN7BMNJ162EV4", "00647910390751865848"], strict=True):
        post["id"] = id_
    mastodon.instead = answer(mastodon.posts)
    page = await anext(collector.search("harvestday"))
    assert [post.local_id for post in page.posts] == ["01M85WTG69HQTSN7BMNJ162EV4", "00647910390751865848"]
    assert page.cursor == "00647910390751865848"


async def test_m6_limit_is_forty_and_a_max_id_that_is_ignored_ends_in_malformed(
    collector: Any, mastodon: MastodonStage, router: respx.Router
) -> None:
    """GoToSocial answers a max_id that it does not understand with the first page."""
    mastodon.fill(45)
    first = answer(mastodon.posts[:40], headers={"link": '<https://meadow.example/x?max_id=7>; rel="next"'})
    mastodon.instead = first
    with pytest.raises(Malformed, match="comes back"):
        await walk(collector)
    assert {url.params["limit"] for url in asked(router, "timelines")} == {"40"}


async def test_m7_gotosocial_answers_404_for_a_tag_not_seen_yet(collector: Any, mastodon: MastodonStage) -> None:
    mastodon.instead = answer({"error": "Not Found: tag was not found, or not useable/listable on this instance"}, 404)
    assert await walk(collector) == [Page((), None)]


async def test_m7_a_server_without_tag_timelines_is_refused(collector: Any, mastodon: MastodonStage) -> None:
    mastodon.instead = httpx.Response(404, html=HTML)
    with pytest.raises(Refused, match="does it speak"):
        await walk(collector)


async def test_m7_gotosocial_answers_400_for_a_tag_that_it_cannot_use(collector: Any, mastodon: MastodonStage) -> None:
    mastodon.instead = answer({"error": "Bad Request: invalid hashtag"}, 400)
    with pytest.raises(Refused, match="invalid hashtag"):
        await walk(collector)


@pytest.mark.parametrize("tag", ["हिन्दी", "caf%C3%A9", "a/b", "a?b", "🌾"])
async def test_m7_a_tag_stays_one_piece_of_the_path(collector: Any, router: respx.Router, tag: str) -> None:
    await anext(collector.search(tag))
    assert asked(router, "timelines")[0].path == f"/api/v1/timelines/tag/{tag}"


async def test_m8_no_bulk_look_up_is_found_out_once(
    collector: Any, mastodon: MastodonStage, router: respx.Router, meter: CountingMeter
) -> None:
    mastodon.fill(3)
    mastodon.bulk = False
    gone = "1"
    for _ in range(2):
        looked = await collector.look([*(post["id"] for post in mastodon.posts), gone])
        assert len(looked.posts) == 3
        assert looked.absent == {gone}
    assert len([url for url in asked(router, "statuses") if url.path.endswith("/statuses")]) == 1
    assert meter.spent == ["calls"] * 9


async def test_m8_a_server_that_ignores_the_ids_does_not_make_them_absent(
    client: httpx.AsyncClient, router: respx.Router
) -> None:
    """Nothing that was asked for came back, and nothing ever did: then each is asked for by itself."""
    status = saved("mastodon/status")
    router.get(path="/api/v1/statuses").respond(json=[])
    router.get(path=f"/api/v1/statuses/{status['id']}").respond(json=status)
    looked = await opened("mastodon", client, "https://meadow.example").look([status["id"]])
    assert len(looked.posts) == 1
    assert looked.absent == frozenset()


async def test_m8_tags_besides_the_one_walked_are_not_asked_for(collector: Any, router: respx.Router) -> None:
    await anext(collector.search("harvestday"))
    assert set(asked(router, "timelines")[0].params) == {"limit"}


async def test_a_422_is_answered_one_by_one_but_not_remembered(client: httpx.AsyncClient, router: respx.Router) -> None:
    status = saved("mastodon/status")
    bulk = router.get(path="/api/v1/statuses").respond(422, json={"error": "Zu viele"})
    router.get(path=f"/api/v1/statuses/{status['id']}").respond(json=status)
    collector = opened("mastodon", client, "https://meadow.example")
    for _ in range(2):
        assert len((await collector.look([status["id"]])).posts) == 1
    assert bulk.call_count == 2


async def test_what_was_read_before_the_budget_ended_is_kept(
    mastodon: MastodonStage, client: httpx.AsyncClient
) -> None:
    mastodon.fill(5)
    mastodon.bulk = False
    collector = opened("mastodon", client, mastodon.base, meter=CountingMeter(left=3))
    looked = await collector.look([post["id"] for post in mastodon.posts])
    assert len(looked.posts) == 2  # the third call was the try to ask for all at once
    assert looked.absent == frozenset()
    with pytest.raises(RateLimited):
        await collector.look([post["id"] for post in mastodon.posts])


@pytest.mark.parametrize("status", [400, 403, 500])
@pytest.mark.parametrize("place", [0, 1])
async def test_one_status_that_cannot_be_had_takes_nothing_from_the_others(
    mastodon: MastodonStage, collector: Any, router: respx.Router, status: int, place: int
) -> None:
    mastodon.fill(3)
    mastodon.bulk = False
    ids = [post["id"] for post in mastodon.posts]
    router.routes.clear()
    router.get(path=f"/api/v1/statuses/{ids[place]}").respond(status, json={"error": "no"})
    mastodon.mount(router)
    looked = await collector.look(ids)
    assert [post.local_id for post in looked.posts] == [id_ for id_ in ids if id_ != ids[place]]
    assert looked.absent == frozenset()
    assert len(looked.skipped) == 1


async def test_a_server_without_answers_is_not_asked_for_every_id(
    mastodon: MastodonStage, collector: Any, router: respx.Router
) -> None:
    mastodon.bulk = False
    down = router.get(path__regex=r"^/api/v1/statuses/").respond(502)
    with pytest.raises(Unavailable):
        await collector.look([str(n) for n in range(20)])
    assert down.call_count == 3


async def test_m9_a_tag_in_the_text_alone_is_not_added() -> None:
    """Servers cut tags at different places: what the server calls a tag is one, and the app judges by its own rules."""
    status = saved("mastodon/status") | {"content": "<p>#with-dash</p>", "tags": [{"name": "with"}]}
    assert read_page(answer([status]).content)[0].tags == ("with",)


async def test_m10_counts_of_the_server(collector: Any, router: respx.Router) -> None:
    route = router.get(path="/api/v1/tags/harvestday").respond(json=saved("mastodon/tag"))
    counts = await collector.counts("harvestday")
    assert [(c.start.day, c.posts, c.authors) for c in counts] == [(22, 0, 0), (23, 806, 688), (24, 17, 9)]
    assert all(c.end - c.start == timedelta(days=1) for c in counts)
    for empty in ({"name": "harvestday", "history": []}, {"name": "harvestday"}):
        route.respond(json=empty)
        assert await collector.counts("harvestday") == []
    route.respond(404, html=HTML)
    assert await collector.counts("harvestday") == []
    route.respond(401, json={"error": "Unauthorized"})
    with pytest.raises(Unauthorized):
        await collector.counts("harvestday")


async def test_m14_two_kinds_of_429(collector: Any, mastodon: MastodonStage, meter: CountingMeter) -> None:
    headers = {"X-Ratelimit-Limit": "20", "X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": "2026-11-24T10:04:01.000Z"}
    mastodon.instead = answer({"error": "rate limit reached"}, 429, headers)
    with pytest.raises(RateLimited) as limit:
        await walk(collector)
    assert limit.value.until == NEWEST + timedelta(minutes=4, seconds=1)
    mastodon.instead = answer({"error": "server capacity exceeded"}, 429, {"Retry-After": "30"})
    with pytest.raises(RateLimited) as overload:
        await walk(collector)
    assert overload.value.until == NEWEST + timedelta(seconds=30)
    assert [told.name for told in meter.heard] == ["calls"]


async def test_m15_a_broken_v2_instance_falls_back_to_v1_and_then_to_nodeinfo(
    client: httpx.AsyncClient, router: respx.Router
) -> None:
    router.get(path="/api/v2/instance").respond(500, html=HTML)
    v1 = router.get(path="/api/v1/instance").respond(json={"uri": "meadow.example", "version": "takahe/0.11.0"})
    router.get(path="/api/v1/accounts/verify_credentials").respond(json={"id": "1", "acct": "ada"})
    said = await opened("mastodon", client, "https://meadow.example").check()
    assert (said["server"], said["software"], said["account"]) == ("meadow.example", "takahe", "ada")
    v1.respond(404)
    router.get(path="/nodeinfo/2.0").respond(json={"software": {"name": "Takahe", "version": "0.11.0"}})
    assert (await opened("mastodon", client, "https://meadow.example").check())["software"] == "takahe"


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("4.5.1", "mastodon"),
        ("4.4.0+glitch", "mastodon"),
        ("4.6.0-nightly.2026-08-01", "mastodon"),
        ("3.5.3+0.20.0-git57cb4fe", "gotosocial"),
        ("takahe/0.11.0", "takahe"),
        ("3.5.3 (compatible; Pixelfed 0.12.4)", "pixelfed"),
        ("2.7.2 (compatible; Akkoma 3.13.2-0-g050bc74)", "akkoma"),
        ("2.7.2 (compatible; Pleroma 2.6.0)", "pleroma"),
    ],
)
async def test_each_kind_of_server_is_known_by_its_version(
    client: httpx.AsyncClient, router: respx.Router, version: str, kind: str
) -> None:
    router.get(path="/api/v2/instance").respond(json={"domain": "meadow.example", "version": version})
    collector = opened("mastodon", client, "https://meadow.example", secret=None)
    if kind in ("gotosocial", "takahe", "pixelfed"):
        with pytest.raises(Unauthorized, match="token"):
            await collector.check()
    else:
        assert (await collector.check())["software"] == kind


@pytest.mark.parametrize(
    ("local", "remote", "error"),
    [("disabled", "disabled", Refused), ("public", "disabled", None), ("authenticated", "disabled", Unauthorized)],
)
async def test_timelines_that_are_switched_off_are_not_an_unused_tag(
    client: httpx.AsyncClient, router: respx.Router, local: str, remote: str, error: type[Exception] | None
) -> None:
    """Mastodon 4.5 answers 200 and [] for every tag then."""
    instance = saved("mastodon/instance_v2")
    instance["configuration"]["timelines_access"]["hashtag_feeds"] = {"local": local, "remote": remote}
    router.get(path="/api/v2/instance").respond(json=instance)
    router.get(path__regex="/timelines/tag/").respond(json=[])
    collector = opened("mastodon", client, "https://meadow.example", secret=None)
    if error is None:
        assert await walk(collector) == [Page((), None)]
        assert (await collector.check())["hashtag timelines"] == "local public, remote disabled"
    else:
        with pytest.raises(error):
            await walk(collector)


async def test_an_empty_tag_of_a_server_that_says_nothing_of_itself_is_empty(
    client: httpx.AsyncClient, router: respx.Router
) -> None:
    router.get(path__regex="/timelines/tag/").respond(json=[])
    router.get(path__regex="instance|nodeinfo").respond(404)
    assert await walk(opened("mastodon", client, "https://meadow.example")) == [Page((), None)]


async def test_pixelfed_has_no_link_header_and_short_pages(client: httpx.AsyncClient, router: respx.Router) -> None:
    """It filters after it has taken a page: only an empty one is the end."""
    statuses = [saved("mastodon/status") | {"id": str(90 - n)} for n in range(8)]
    pages = iter([statuses[:7], statuses[7:], []])
    router.get(path__regex="/timelines/tag/").mock(side_effect=lambda _: answer(next(pages)))
    walked = await walk(opened("mastodon", client, "https://pixels.example"))
    assert [len(page.posts) for page in walked] == [7, 1, 0]
    assert [url.params.get("max_id") for url in asked(router, "timelines")] == [None, "84", "83"]


async def test_takahe_links_to_its_public_host_whatever_it_was_called_by(
    collector: Any, mastodon: MastodonStage, router: respx.Router
) -> None:
    mastodon.fill(50)
    mastodon.link_base = "https://takahe.example"
    assert sum(len(page.posts) for page in await walk(collector)) == 50
    assert {call.request.url.host for call in router.calls} == {"meadow.example"}


@pytest.mark.parametrize(
    "link",
    ["", "garbage", '<http://[>; rel="next"', '</x?max_id=>; rel="next"', '<//evil.example/?max_id=1>; rel="next"'],
)
async def test_a_link_that_leads_nowhere_leaves_the_last_id(collector: Any, mastodon: MastodonStage, link: str) -> None:
    mastodon.fill(2)
    mastodon.instead = answer(mastodon.posts, headers={"link": link} if link else None)
    assert (await anext(collector.search("harvestday"))).cursor == mastodon.posts[-1]["id"]


async def test_a_relative_link_is_read_too(collector: Any, mastodon: MastodonStage) -> None:
    mastodon.fill(2)
    mastodon.instead = answer(mastodon.posts, headers={"link": '</api/v1/timelines/tag/x?max_id=5>; rel="next"'})
    assert (await anext(collector.search("harvestday"))).cursor == "5"


async def test_until_is_reached_in_one_step_where_ids_tell_the_time(
    collector: Any, mastodon: MastodonStage, router: respx.Router
) -> None:
    mastodon.fill(500)
    until = NEWEST - timedelta(seconds=450)
    pages = await walk(collector, until=until)
    assert pages[0].posts[0].created_at == until - timedelta(seconds=1)
    assert sum(len(page.posts) for page in pages) == 49
    assert len(asked(router, "timelines")) == 4


async def test_until_starts_from_the_newest_where_ids_tell_nothing(collector: Any, mastodon: MastodonStage) -> None:
    mastodon.fill(50)
    for n, post in enumerate(mastodon.posts):
        post["id"] = str(647910383118724632 - n)  # Takahe: the same length, another rule
    pages = await walk(collector, until=NEWEST - timedelta(seconds=45))
    assert sum(len(page.posts) for page in pages) == 50


def test_ids_by_gotosocials_rule_tell_the_time_too() -> None:
    born = datetime(2026, 11, 24, 4, 25, 30, 569_000, tzinfo=UTC)
    sample = Post("https://x.example/1", born, Engagement(), local_id="01M85WTG69HQTSN7BMNJ162EV4")
    assert id_before(born, sample) == "01M85WTG690000000000000000"
    assert id_before(born, Post("https://x.example/1", born, Engagement(), local_id="KNFB1J421")) is None
    assert id_before(born, Post("https://x.example/1", born, Engagement())) is None


async def test_mastodon_itself_counts_paging_apart(
    collector: Any, mastodon: MastodonStage, meter: CountingMeter
) -> None:
    """300 in 15 minutes with max_id, besides 300 in 5 minutes for all; the headers are those of the nearer end."""
    mastodon.fill(50)
    await walk(collector)
    assert meter.spent == ["calls", "calls", "paging", "calls", "paging"]
    near, far = "2026-11-24T10:05:00.123456Z", "2026-11-24T10:14:00.123456Z"
    for reset in (near, far):
        headers = {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "3", "X-RateLimit-Reset": reset}
        mastodon.instead = answer([], headers=headers)
        await walk(collector)
    assert [told.name for told in meter.heard] == ["calls", "paging"]


async def test_error_texts_are_localised_and_only_shown(collector: Any, mastodon: MastodonStage) -> None:
    mastodon.instead = answer({"error": "認証されていません"}, 401)
    with pytest.raises(Unauthorized, match="認証"):
        await walk(collector)


async def test_without_a_url_there_is_no_server(client: httpx.AsyncClient) -> None:
    with pytest.raises(Refused, match="URL"):
        opened("mastodon", client, None)
