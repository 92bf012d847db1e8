"""What any collector must keep, shown by its saved answers. A new platform adds its folder, and nothing here."""

import traceback
import zlib
from collections import Counter
from functools import cache
from typing import Any

import httpx
import pytest
import respx

from collectors import PLATFORMS, offer
from collectors.contract import USUAL_COST, Counts, ReadsAccounts, Refreshes, Searches
from collectors.errors import CollectorError, Malformed, RateLimited, Refused, Spent, Unauthorized, Unavailable
from tests.collectors.exchanges import FOLDERS, Given, Played, SavedPlatform, call, calls_of, saved_platform
from tests.collectors.sound import assert_sound
from tests.collectors.stage import SAVED, CountingMeter


@pytest.fixture(params=FOLDERS)
def platform(request: pytest.FixtureRequest) -> SavedPlatform:
    return saved_platform(request.param)


@pytest.fixture
def played(platform: SavedPlatform, router: respx.Router) -> Played:
    made = Played(platform)
    router.route().mock(side_effect=made.answer)
    return made


@pytest.fixture
def collector(platform: SavedPlatform, played: Played, client: httpx.AsyncClient) -> Any:
    return platform.opened(client)


def keys(given: Given) -> list[str]:
    return [post.native_id for page in given.pages for post in page.posts]


def test_every_folder_is_a_platforms() -> None:
    assert {path.parent.name for path in SAVED.glob("*/platform.json")} <= set(PLATFORMS)


def test_what_is_offered_is_there(collector: Any, platform: SavedPlatform) -> None:
    said, given = collector.offer, platform.said
    assert said == offer(platform.name)
    assert said.platform == platform.name
    assert isinstance(collector, Searches) == (said.page_size > 0) == ("search" in given)
    assert isinstance(collector, Refreshes) == (said.batch_size > 0) == ("look" in given)
    assert isinstance(collector, ReadsAccounts) == (said.accounts_batch > 0) == ("accounts" in given)
    assert isinstance(collector, Counts) == ("counts" in given)
    assert set(said.costs) <= {"search", "look", "accounts", "counts"}
    budgets = {allowance.name for allowance in said.allowances}
    assert {name for cost in said.costs.values() for name in (*cost.call, *cost.item)} <= budgets


async def test_the_search_gives_what_is_said(platform: SavedPlatform, collector: Any) -> None:
    given = await call("search", platform, collector)
    assert_sound(given)
    posts, pages = len(keys(given)), len(given.pages)
    assert {"posts": posts, "pages": pages} == platform.said["search"]
    assert given.pages[-1].cursor is None
    assert all(page.skipped == () for page in given.pages)
    tag = platform.said["tag"].casefold()
    assert any(tag in [one.casefold() for one in post.tags] for page in given.pages for post in page.posts)


async def test_two_readings_of_the_same_say_the_same(platform: SavedPlatform, collector: Any) -> None:
    assert await call("search", platform, collector) == await call("search", platform, collector)


async def test_a_walk_goes_on_from_any_cursor_that_it_gave(
    platform: SavedPlatform, collector: Any, client: httpx.AsyncClient
) -> None:
    """In another process too: a collector that has seen nothing yet."""
    given = await call("search", platform, collector)
    for place, page in enumerate(given.pages):
        if page.cursor is not None:
            rest = await call("search", platform, platform.opened(client), page.cursor)
            assert keys(rest) == keys(Given(given.pages[place + 1 :]))


@pytest.mark.parametrize("what", ["look", "accounts"])
async def test_what_is_looked_up_is_found_or_named(platform: SavedPlatform, collector: Any, what: str) -> None:
    asked = set(platform.said.get(what, []))
    if not asked:
        return  # not offered
    given = await call(what, platform, collector)
    assert_sound(given)
    absent = set(platform.said.get("absent" if what == "look" else "absent_accounts", []))
    found = {one.local_id or one.native_id for one in (given.posts if what == "look" else given.accounts)}
    assert set(given.absent) == absent
    assert found == asked - absent
    assert given.skipped == ()


async def test_counts_come_in_order(platform: SavedPlatform, collector: Any) -> None:
    if "counts" in platform.said:
        given = await call("counts", platform, collector)
        assert_sound(given)
        starts = [bucket.start for bucket in given.counts]
        assert (len(starts), starts) == (platform.said["counts"], sorted(starts))


async def test_check_says_in_words_whom_we_speak_to(platform: SavedPlatform, collector: Any) -> None:
    said = await collector.check()
    assert said
    assert platform.secret is None or platform.secret not in str(said)


async def test_costs_are_as_they_are_said(platform: SavedPlatform, played: Played, client: httpx.AsyncClient) -> None:
    """Of a collector that has logged in already. `played.requests` are not counted: not all of them cost."""
    meter = CountingMeter()
    collector = platform.opened(client, meter)
    for what in calls_of(collector)[1:]:
        await call(what, platform, collector)
        meter.clear()
        given = await call(what, platform, collector)
        cost = collector.offer.costs.get(what, USUAL_COST)
        batch = {"look": collector.offer.batch_size, "accounts": collector.offer.accounts_batch}.get(what)
        answers = len(platform.ids(what, batch)) if batch else len(given.pages) or 1
        items = len(keys(given)) + len(given.posts) + len(given.accounts)
        expected = Counter({name: units * answers for name, units in cost.call.items()})
        expected.update({name: units * items for name, units in cost.item.items()})
        assert +meter.units == +expected, what
    assert set(meter.spent) <= {allowance.name for allowance in collector.offer.allowances}
    assert played.requests


async def test_without_a_budget_nothing_is_called(
    platform: SavedPlatform, played: Played, client: httpx.AsyncClient
) -> None:
    collector = platform.opened(client, CountingMeter(left=0))
    for what in calls_of(collector)[1:]:
        with pytest.raises(Spent):
            await call(what, platform, collector)
    assert played.requests == []


async def test_a_secret_goes_to_its_server_alone(platform: SavedPlatform, played: Played, collector: Any) -> None:
    """And not in an address, where logs and proxies would keep it."""
    for what in calls_of(collector):
        await call(what, platform, collector)
    assert {(r.url.scheme, r.url.netloc) for r in played.requests} == {
        (httpx.URL(platform.base).scheme, httpx.URL(platform.base).netloc)
    }
    if platform.secret and not platform.said.get("secret_in_url"):
        assert not [r for r in played.requests if platform.secret in str(r.url)]


@cache
def bomb() -> httpx.Response:
    squeezed = zlib.compressobj(wbits=31)
    wire = squeezed.compress(b" " * 2**21) + squeezed.flush()
    return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(wire))


def status(code: int, secret: str) -> httpx.Response:
    said = f"no, {secret}"
    errors = {"error": {"message": said, "code": code}, "message": said, "msg": said, "detail": said, "title": said}
    return httpx.Response(code, json=errors)


KINDS: dict[str, tuple[type[CollectorError], ...]] = {
    "429": (RateLimited,),
    "401": (Unauthorized,),
    "403": (Unauthorized, Refused, RateLimited),  # what a 403 means is each platform's own
    "500": (Unavailable,),
    "502": (Unavailable,),
    "HTML": (Malformed,),
    "empty": (Malformed,),
    "cut off": (Malformed,),
    "brackets": (Malformed,),
    "bomb": (Malformed,),
    "noise": (Malformed,),
}


def spoilt(fault: str, whole: bytes, secret: str) -> httpx.Response:
    bodies = {
        "HTML": b"<!doctype html><html><head><title>Sign in to the hotel's wifi</title></head><body></body></html>",
        "empty": b"",
        "cut off": whole[: len(whole) * 2 // 3],
        "brackets": b"[" * 100_000,
        "noise": bytes(range(256)),
    }
    if fault == "bomb":
        return bomb()
    return httpx.Response(200, content=bodies[fault]) if fault in bodies else status(int(fault), secret)


@pytest.mark.parametrize("fault", KINDS)
async def test_whatever_fails_is_named_for_what_to_do_next(
    platform: SavedPlatform,
    played: Played,
    client: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    """Each exchange in turn, in every call that meets it: the error that is meant, and no secret in what is shown."""
    monkeypatch.setattr("collectors.body.MAX_DECODED", 2**20)  # a smaller bomb goes off as well
    secret = platform.secret or "no-secret"
    survived = set(platform.said.get("survives", []))
    for what in calls_of(platform.opened(client)):
        played.instead.clear()
        played.touched.clear()
        await call(what, platform, platform.opened(client))
        for name in sorted(set(played.touched)):
            exchange = next(one for one in platform.exchanges if one.name == name)
            played.instead = {name: spoilt(fault, exchange.content, secret)}
            try:
                given = await call(what, platform, platform.opened(client))
            except CollectorError as error:
                kinds = KINDS[fault]
                if what == "check" and Malformed in kinds:
                    kinds = (Malformed, Refused)  # a server that is not what it is said to be
                assert isinstance(error, kinds), f"{what}, {name}: {error!r}"  # noqa: PT017
                assert len(str(error)) < 400  # noqa: PT017
                shown = "".join(traceback.format_exception(error))
                assert platform.secret is None or secret not in shown
            else:
                assert_sound(given)
                assert given.skipped or name in survived, f"{what} does not mind {name}: {fault}"
