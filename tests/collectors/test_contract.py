"""What any collector must keep, whatever its platform. Shown on stages; `test_saved` shows it on saved answers."""

import json
from typing import Any

import httpx
import pytest
import respx

from collectors import PLATFORMS, offer
from collectors.contract import ReadsAccounts, Refreshes, Searches
from collectors.errors import CollectorError, Malformed, RateLimited, Refused, Spent, Unauthorized, Unavailable
from collectors.posts import Page
from tests.collectors.exchanges import FOLDERS
from tests.collectors.stage import NEWEST, SECRET, STAGES, BlueskyStage, CountingMeter, MastodonStage, answer, opened

AnyStage = MastodonStage | BlueskyStage


@pytest.fixture(params=STAGES, ids=lambda kind: kind.platform)
def stage(request: pytest.FixtureRequest, router: respx.Router) -> AnyStage:
    made: AnyStage = request.param()
    made.mount(router)
    return made


@pytest.fixture
def collector(stage: AnyStage, client: httpx.AsyncClient) -> Any:
    return opened(stage.platform, client, stage.base)


async def walk(collector: Any, cursor: str | None = None) -> list[Page]:
    return [page async for page in collector.search("harvestday", cursor=cursor)]


def keys(pages: list[Page]) -> list[str]:
    return [post.native_id for page in pages for post in page.posts]


async def first(collector: Any) -> Page:
    page: Page = await anext(collector.search("harvestday"))
    return page


def test_every_platform_has_a_stage_or_saved_exchanges() -> None:
    assert {*(kind.platform for kind in STAGES), *FOLDERS, "telegram"} == set(PLATFORMS)  # test_telegram: no JSON
    assert all(offer(name).platform == name for name in PLATFORMS)


def test_what_is_offered_is_there(collector: Any) -> None:
    assert isinstance(collector, Searches) == (collector.offer.page_size > 0)
    assert isinstance(collector, Refreshes) == (collector.offer.batch_size > 0)
    assert isinstance(collector, ReadsAccounts) == (collector.offer.accounts_batch > 0)


async def test_two_readings_of_the_same_say_the_same(stage: AnyStage, collector: Any) -> None:
    stage.fill(130)
    assert await walk(collector) == await walk(collector)


async def test_slices_come_in_order_and_miss_nothing(stage: AnyStage, collector: Any) -> None:
    stage.fill(250)
    pages = await walk(collector)
    assert list(dict.fromkeys(keys(pages))) == [stage.native(post) for post in stage.posts]
    dates = [post.created_at for page in pages for post in page.posts]
    assert dates == sorted(dates, reverse=True)
    assert pages[-1].cursor is None


async def test_a_walk_goes_on_from_any_cursor_that_it_gave(stage: AnyStage, collector: Any) -> None:
    stage.fill(250)
    pages = await walk(collector)
    for place, page in enumerate(pages):
        if page.cursor is not None:
            assert set(keys(await walk(collector, page.cursor))) == set(keys(pages[place + 1 :]))


async def test_a_page_twice_holds_the_same_posts(stage: AnyStage, collector: Any) -> None:
    """Then an upsert by native id counts them once, whatever else has changed."""
    stage.fill(30)
    before = await first(collector)
    stage.set(stage.posts[0], likes=99)
    after = await first(collector)
    assert [post.native_id for post in before.posts] == [post.native_id for post in after.posts]
    assert after.posts[0].engagement.likes == 99


@pytest.mark.parametrize("loop", [["7"], ["7", "8"]], ids=["A-A", "A-B-A"])
async def test_a_cursor_that_loops_ends_in_malformed(stage: AnyStage, collector: Any, loop: list[str]) -> None:
    stage.fill(30)
    stage.twist = lambda page, items, _: (items or stage.posts, loop[page % len(loop)])
    stage.deaf = True  # type: ignore[union-attr]  # else Bluesky goes on by time, and ends well
    with pytest.raises(Malformed, match="comes back"):
        await walk(collector)
    assert stage.pages < 8


async def test_an_empty_page_with_a_cursor_is_not_the_end(stage: AnyStage, collector: Any) -> None:
    stage.fill(130)
    stage.twist = lambda page, items, cursor: ([], cursor) if page == 0 else (items, cursor)
    assert stage.native(stage.posts[-1]) in keys(await walk(collector))


async def test_a_cursor_of_nobodys_making_is_answered_or_refused_in_words(stage: AnyStage, collector: Any) -> None:
    stage.fill(3)
    for cursor in ("2999-12-31", "99999999999999999999", "garbage"):
        try:
            await walk(collector, cursor) if stage.platform != "mastodon" or cursor.isdecimal() else None
        except CollectorError as error:
            assert str(error)  # noqa: PT017


async def test_absent_is_not_zero(stage: AnyStage, collector: Any) -> None:
    stage.fill(2)
    stage.set(stage.posts[0], likes=..., reposts=0)
    stage.set(stage.posts[1], likes=0, quotes=...)
    one, other = (await first(collector)).posts
    assert (one.engagement.likes, one.engagement.reposts) == (None, 0)
    assert (other.engagement.likes, other.engagement.quotes, other.engagement.views) == (0, None, None)


@pytest.mark.parametrize(
    "broken", [-1, 2**63, 10**300, 1.5, "12", [], {}, True, None], ids=lambda value: repr(value)[:12]
)
async def test_a_count_that_is_none_is_not_said(stage: AnyStage, collector: Any, broken: Any) -> None:
    stage.fill(3)
    stage.set(stage.posts[1], likes=broken)
    page = await first(collector)
    assert [post.engagement.likes for post in page.posts] == [12, None, 12]
    assert page.posts[1].engagement.reposts == 7
    assert page.posts[1].author is not None
    assert page.skipped == ()


@pytest.mark.parametrize("raw", ["9" * 5000, "1e999", "-0.0", "9223372036854775808"], ids=lambda raw: raw[:12])
async def test_a_number_beyond_all_bounds_is_not_said(stage: AnyStage, raw: str) -> None:
    from collectors import bluesky_view, mastodon_status  # the two pure readers

    stage.fill(2)
    stage.set(stage.posts[0], likes=424242)
    body = json.dumps(stage.posts if stage.platform == "mastodon" else {"posts": stage.posts}).replace("424242", raw)
    read = mastodon_status.read_page if stage.platform == "mastodon" else bluesky_view.read_page
    assert [post.engagement.likes for post in read(body.encode())] == [None, 12]


async def test_the_largest_count_that_a_database_takes_is_kept(stage: AnyStage, collector: Any) -> None:
    stage.fill(1)
    stage.set(stage.posts[0], likes=2**63 - 1)
    assert (await first(collector)).posts[0].engagement.likes == 2**63 - 1


async def test_ids_are_text_as_given(stage: AnyStage, collector: Any) -> None:
    stage.fill(2)
    for shown, post in zip((await first(collector)).posts, stage.posts, strict=True):
        assert shown.native_id == stage.native(post)
        assert shown.local_id == stage.local(post)
        assert shown.author is not None
        assert isinstance(shown.author.local_id, str)


async def test_an_item_without_its_id_is_skipped_and_the_page_kept(stage: AnyStage, collector: Any) -> None:
    stage.fill(5)
    del stage.posts[2]["uri"]
    page = await first(collector)
    assert len(page.posts) == 4
    assert len(page.skipped) == 1
    assert "uri" in page.skipped[0]


async def test_a_page_mostly_broken_is_refused_whole(stage: AnyStage, collector: Any) -> None:
    stage.fill(5)
    for post in stage.posts[:3]:
        post["uri"] = 5
    with pytest.raises(Malformed, match="3 of 5"):
        await first(collector)


async def test_what_no_database_keeps_is_taken_away(stage: AnyStage, collector: Any) -> None:
    stage.fill(1)
    dirty = "a\u0000b\ud800c\U0001f33e"
    if stage.platform == "mastodon":
        stage.posts[0]["content"] = f"<p>{dirty}</p>"
        stage.posts[0]["tags"] = [{"name": dirty}]
    else:
        stage.posts[0]["record"] |= {"text": dirty, "tags": [dirty], "facets": []}
    shown = (await first(collector)).posts[0]
    assert shown.text == "abc\U0001f33e"
    assert shown.tags == ("abc\U0001f33e",)


async def test_asked_for_and_absent_is_said_by_id(stage: AnyStage, collector: Any) -> None:
    stage.fill(4)
    gone = stage.posts.pop(1)
    looked = await collector.look([stage.local(post) for post in (*stage.posts, gone, gone)])
    assert {post.local_id for post in looked.posts} == {stage.local(post) for post in stage.posts}
    assert looked.absent == {stage.local(gone)}


async def test_what_cannot_be_read_is_not_called_absent(stage: AnyStage, collector: Any) -> None:
    """An item that is broken today must not become two absences, and so a deletion."""
    stage.fill(4)
    asked = [stage.local(post) for post in stage.posts]
    stage.posts[1]["created_at" if stage.platform == "mastodon" else "indexedAt"] = "soon"
    looked = await collector.look(asked)
    assert len(looked.posts) == 3
    assert looked.absent == frozenset()
    assert len(looked.skipped) == 1


async def test_accounts_come_with_their_followers(stage: AnyStage, collector: Any) -> None:
    stage.fill(1)
    known = (await first(collector)).posts[0].author
    assert known is not None
    assert (known.followers, known.posts, known.name) == (4321, 88, "Ada of the Meadow")
    missing = "no.such.account" if stage.platform == "bluesky" else "404"
    looked = await collector.accounts([known.local_id, missing])
    assert looked.accounts == (known,)
    assert looked.absent == {missing}


NEXT_STEPS = [
    (429, RateLimited),
    (500, Unavailable),
    (502, Unavailable),
    (503, Unavailable),
    (504, Unavailable),
    (401, Unauthorized),
    (403, Unauthorized),
    (400, Refused),
    (422, Refused),
    (301, Refused),
    (501, Refused),
    (204, Malformed),
]


@pytest.mark.parametrize(("status", "kind"), NEXT_STEPS)
async def test_errors_are_named_for_what_to_do_next(
    stage: AnyStage, collector: Any, status: int, kind: type[CollectorError]
) -> None:
    stage.instead = answer({"error": f"no, {SECRET}", "message": "x" * 999}, status)
    with pytest.raises(kind) as caught:
        await first(collector)
    assert type(caught.value) is kind
    assert SECRET not in str(caught.value)
    assert len(str(caught.value)) < 400


NONSENSE = {
    "an HTML page": b"<!doctype html><html><title>Sign in to the hotel's wifi</title></html>",
    "nothing": b"",
    "a byte order mark": b"\xef\xbb\xbf[]",
    "not a number": b'[{"id": NaN}]',
    "infinity": b'{"posts": [], "x": -Infinity}',
    "cut off": b'[{"id": "1", "uri": "htt',
    "brackets": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "another shape": b'"posts"',
    "a number": b"5",
    "null": b"null",
    "trailing words": b"[] and more",
    "noise": bytes(range(256)),
}


@pytest.mark.parametrize("body", NONSENSE.values(), ids=NONSENSE.keys())
async def test_nonsense_is_malformed(stage: AnyStage, collector: Any, body: bytes) -> None:
    stage.instead = httpx.Response(200, content=body)
    with pytest.raises(Malformed):
        await first(collector)


@pytest.mark.parametrize("kind", ["text/html", "application/octet-stream", "application/json; charset=klingon"])
async def test_a_body_is_judged_by_what_it_is(stage: AnyStage, collector: Any, kind: str) -> None:
    stage.fill(1)
    body = json.dumps(stage.posts if stage.platform == "mastodon" else {"posts": stage.posts})
    stage.instead = httpx.Response(200, content=body, headers={"content-type": kind})
    assert len((await first(collector)).posts) == 1


async def test_credentials_never_leave_their_server(stage: AnyStage, collector: Any, router: respx.Router) -> None:
    """Neither a redirect nor a link nor an address in an answer takes us, or a token, elsewhere."""
    evil = router.route(host="evil.example").respond(200, json=[])
    stage.fill(60)
    if isinstance(stage, MastodonStage):
        stage.link_base = "https://evil.example"
    await walk(collector)
    stage.instead = httpx.Response(302, headers={"location": "https://evil.example/"})
    with pytest.raises(Refused):
        await first(collector)
    assert not evil.called
    for call in router.calls:
        if "authorization" in call.request.headers or SECRET in call.request.content.decode():
            assert call.request.url.host == httpx.URL(stage.base).host
        assert SECRET not in str(call.request.url)


async def test_without_a_budget_nothing_is_called(
    stage: AnyStage, client: httpx.AsyncClient, router: respx.Router
) -> None:
    collector = opened(stage.platform, client, stage.base, meter=CountingMeter(left=0))
    with pytest.raises(Spent) as caught:
        await first(collector)
    assert caught.value.until == NEWEST
    assert router.calls.call_count == 0


async def test_every_call_is_paid_for(stage: AnyStage, client: httpx.AsyncClient, router: respx.Router) -> None:
    meter = CountingMeter()
    collector = opened(stage.platform, client, stage.base, meter=meter)
    stage.fill(130)
    await walk(collector)
    await collector.look([stage.local(post) for post in stage.posts[:20]])
    assert len([name for name in meter.spent if name not in ("paging", "session-day")]) == router.calls.call_count
    assert set(meter.spent) <= {allowance.name for allowance in collector.offer.allowances}


async def test_check_says_in_words_whom_we_speak_to(stage: AnyStage, collector: Any, router: respx.Router) -> None:
    router.get(path="/api/v1/accounts/verify_credentials").respond(json={"id": "1", "acct": "watcher"})
    said = await collector.check()
    assert said["server"] == httpx.URL(stage.base).host
    assert "watcher" in said["account"]
