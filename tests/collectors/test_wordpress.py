"""WordPress's own ways: tags by number, comments in bulk, two addresses for one API, feeds where it is closed."""

import json
import os
from base64 import b64encode
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from collectors import open_collector
from collectors.contract import Credential
from collectors.errors import CollectorError, Malformed, Refused, Unauthorized, Unavailable
from collectors.posts import Page
from tests.collectors.exchanges import Played, saved_platform
from tests.collectors.stage import NEWEST, SECRET, CountingMeter, MemoryKeeper

BASE = "https://blog.example"
SHARED = os.environ.get("GROUNDSWELL_SHARED")
Json = dict[str, str]


class Blog:
    """A small one: what is asked for by which params, at the pretty or the plain address."""

    def __init__(self, router: respx.Router, *, plain: int = 0) -> None:
        self.plain = plain  # the status of the pages that stand where the API is not
        self.answers: dict[str, Any] = {}
        self.asked: list[tuple[str, Json]] = []
        router.route(host="blog.example").mock(side_effect=self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        params = dict(request.url.params)
        path = request.url.path.removeprefix("/wp-json") if request.url.path != "/" else "front"
        if self.plain:
            if request.url.path.startswith("/wp-json"):
                return httpx.Response(self.plain, text="<!doctype html><html>A page</html>")
            path = params.pop("rest_route", path)
        self.asked.append((path, params))
        made = self.answers.get(path)
        told = made(params) if callable(made) else made
        return told if isinstance(told, httpx.Response) else httpx.Response(404, text="<html>Not Found</html>")


def listed(items: Any, total: int | None = None, pages: int | None = None) -> httpx.Response:
    told = {"X-WP-Total": total, "X-WP-TotalPages": pages}
    return httpx.Response(
        200, json=items, headers={key: str(value) for key, value in told.items() if value is not None}
    )


def post(number: int, **more: Any) -> dict[str, Any]:
    return {"id": number, "date_gmt": "2026-11-24T09:00:00", "tags": [7], "title": {"rendered": "t"}, **more}


def refused(status: int, code: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": "No.", "data": {"status": status}})


@pytest.fixture
def keeper() -> MemoryKeeper:
    return MemoryKeeper()


@pytest.fixture
def wordpress(client: httpx.AsyncClient, keeper: MemoryKeeper) -> Any:
    return made(client, keeper)


def made(client: httpx.AsyncClient, keeper: MemoryKeeper, credential: Credential | None = None) -> Any:
    return open_collector(
        "wordpress", client=client, base_url=BASE, credential=credential, meter=CountingMeter(), keeper=keeper,
        now=lambda: NEWEST,
    )  # fmt: skip


async def walk(wordpress: Any, cursor: str | None = None) -> list[Page]:
    return [page async for page in wordpress.search("HarvestDay", cursor=cursor)]


def tagged(blog: Blog) -> Blog:
    blog.answers["/wp/v2/tags"] = listed([{"id": 7, "slug": "harvestday", "name": "HarvestDay"}], 1, 1)
    blog.answers["/wp/v2/posts"] = listed([post(31)], 1, 1)
    blog.answers["/wp/v2/comments"] = listed([], 0, 0)
    return blog


async def test_a_post_whole(client: httpx.AsyncClient, router: respx.Router) -> None:
    router.route().mock(side_effect=Played(saved_platform("wordpress")).answer)
    first, second = (await walk(made(client, MemoryKeeper())))[0].posts
    assert (first.native_id, first.local_id) == (f"{BASE}/?p=31", "31")
    assert first.text == "Round 31 – the harvest\n\nWe are at it again # […]"
    assert first.tags == ("Notes", "HarvestDay", "Pears", "BigDay")
    assert (first.engagement.replies, second.engagement.replies) == (2, 0)
    assert first.edited_at is not None
    assert first.author is not None
    assert (first.author.native_id, first.author.name) == (f"{BASE}/author/ada/", "Ada & Co")
    assert second.author is not None
    assert (second.author.native_id, second.author.name) == (f"{BASE}/?author=3", None)


async def test_the_number_of_a_tag_is_asked_for_once(
    wordpress: Any, router: respx.Router, keeper: MemoryKeeper
) -> None:
    blog = tagged(Blog(router))
    await walk(wordpress)
    await walk(wordpress)
    assert [path for path, _ in blog.asked].count("/wp/v2/tags") == 1
    assert keeper.values["tag harvestday"] == "7"
    blog.answers["/wp/v2/posts"] = listed([], 0, 0)
    await walk(wordpress)
    assert "tag harvestday" not in keeper.values  # it may have been made anew


async def test_a_near_miss_of_a_tag_is_not_taken_for_it(wordpress: Any, router: respx.Router) -> None:
    blog = tagged(Blog(router))
    blog.answers["/wp/v2/tags"] = listed([{"id": 9, "slug": "harvestdays", "name": "HarvestDays"}], 1, 1)
    await walk(wordpress)
    assert [params.get("search") for path, params in blog.asked if path == "/wp/v2/posts"] == ["#HarvestDay"]


@pytest.mark.parametrize("status", [404, 301, 200])
async def test_a_blog_without_pretty_addresses(client: httpx.AsyncClient, router: respx.Router, status: int) -> None:
    blog, keeper = tagged(Blog(router, plain=status)), MemoryKeeper()
    (page,) = await walk(made(client, keeper))
    assert [post.local_id for post in page.posts] == ["31"]
    calls = router.calls.call_count
    await walk(made(client, keeper))
    assert router.calls.call_count == calls + 2  # it is known now where its API is, and which number the tag has
    assert blog.asked


async def test_past_the_last_page_is_the_end(wordpress: Any, router: respx.Router) -> None:
    blog = tagged(Blog(router))
    blog.answers["/wp/v2/posts"] = refused(400, "rest_post_invalid_page_number")
    assert await walk(wordpress, "7:9") == [Page((), None)]
    blog.answers["/wp/v2/posts"] = refused(400, "rest_invalid_param")
    with pytest.raises(Refused, match="rest_invalid_param"):
        await walk(wordpress, "7:9")
    for cursor in ("2999-12-31", "garbage", "7:", "7:0", "-7:1", "feed:x"):
        with pytest.raises(Malformed, match="no place"):
            await walk(wordpress, cursor)


async def test_many_comments_are_counted_page_by_page_or_post_by_post(wordpress: Any, router: respx.Router) -> None:
    blog = tagged(Blog(router))
    blog.answers["/wp/v2/posts"] = listed([post(31), post(30)], 2, 1)
    owners = [31] * 130 + [30] * 20

    def comments(params: Json) -> httpx.Response:
        mine = [
            {"id": n, "post": owner} for n, owner in enumerate(owners, 1) if str(owner) in params["post"].split(",")
        ]
        size, page = int(params["per_page"]), int(params.get("page", "1"))
        return listed(mine[(page - 1) * size : page * size], len(mine), -(-len(mine) // size))

    blog.answers["/wp/v2/comments"] = comments
    for more, calls in ((0, 2), (1_000, 3)):
        owners += [30] * more
        blog.asked.clear()
        looked = await wordpress.look(["31", "30"])
        assert [post.engagement.replies for post in looked.posts] == [130, 20 + more]
        assert [path for path, _ in blog.asked].count("/wp/v2/comments") == calls
    blog.asked.clear()
    (page,) = await walk(wordpress)
    assert [post.engagement.replies for post in page.posts] == [None, None]  # a search takes two calls a page, no more
    assert [path for path, _ in blog.asked].count("/wp/v2/comments") == 1


async def test_comments_that_a_blog_keeps_to_itself_are_not_none(wordpress: Any, router: respx.Router) -> None:
    blog = tagged(Blog(router))
    blog.answers["/wp/v2/comments"] = refused(401, "rest_forbidden")
    (page,) = await walk(wordpress)
    assert [post.engagement.replies for post in page.posts] == [None]
    blog.answers["/wp/v2/comments"] = httpx.Response(500)
    with pytest.raises(Unavailable):
        await walk(wordpress)


FEED = (
    '<rss version="2.0"><channel><title>Meadow</title><item><title>Fed</title><guid>{base}/?p={n}</guid>'
    "<pubDate>Tue, 24 Nov 2026 09:00:00 +0000</pubDate><category>HarvestDay</category></item></channel></rss>"
)


@pytest.mark.parametrize(("status", "pretty"), [(401, False), (403, True), (404, False)])
async def test_where_rest_is_closed_the_feed_is_read(
    wordpress: Any, router: respx.Router, status: int, pretty: bool
) -> None:
    blog = Blog(router)
    for path in ("/", "/wp/v2/tags", "/wp/v2/posts"):
        blog.answers[path] = refused(status, "rest_disabled")

    def feed(params: Json) -> httpx.Response:
        if pretty and "feed" in params:
            return httpx.Response(200, text="<!doctype html><html>The front page</html>")
        page = int(params.get("paged", "1"))
        return httpx.Response(200, text=FEED.format(base=BASE, n=page)) if page < 3 else httpx.Response(404)

    blog.answers["front"] = blog.answers["/tag/harvestday/feed/"] = blog.answers["/feed/"] = feed
    found = await walk(wordpress)
    assert [[post.native_id for post in page.posts] for page in found] == [[f"{BASE}/?p=1"], [f"{BASE}/?p=2"], []]
    assert [page.cursor for page in found] == ["feed:2", "feed:3", None]
    assert found[0].posts[0].local_id == "1"
    assert "feeds alone" in (await wordpress.check())["reads"]
    looked = await wordpress.look(["31"])
    assert (looked.posts, looked.absent, len(looked.skipped)) == ((), frozenset(), 1)
    blog.answers["front"] = httpx.Response(200, text="<html>Members only</html>")
    blog.answers["/tag/harvestday/feed/"] = httpx.Response(404)
    with pytest.raises(CollectorError, match=str(status)):
        await walk(wordpress)


async def test_who_logs_in_is_told_that_the_password_is_not_taken(
    client: httpx.AsyncClient, keeper: MemoryKeeper, router: respx.Router
) -> None:
    """And no feed is read in its place."""
    wordpress = made(client, keeper, Credential(SECRET, "ada"))
    Blog(router).answers["/"] = httpx.Response(401, json={"code": "incorrect_password", "message": f"not {SECRET}"})
    with pytest.raises(Unauthorized, match="incorrect_password") as caught:
        await wordpress.check()
    assert SECRET not in str(caught.value)
    sent = router.calls.last.request.headers["authorization"]
    assert sent == f"Basic {b64encode(f'ada:{SECRET}'.encode()).decode()}"
    with pytest.raises(Refused, match="name of its user"):
        made(client, keeper, Credential(SECRET))


async def test_what_is_no_wordpress_is_named_so(wordpress: Any, router: respx.Router) -> None:
    blog = Blog(router)
    blog.answers["front"] = httpx.Response(200, text="<html>A shop</html>")
    for said in (httpx.Response(200, text="<html>A shop</html>"), listed({"namespaces": ["shop/v1"]})):
        blog.answers["/"] = said
        with pytest.raises(Refused, match="not as WordPress does"):
            await wordpress.check()


@pytest.mark.skipif(not SHARED, reason="GROUNDSWELL_SHARED names no folder with recorded answers")
@pytest.mark.parametrize(
    "name", ["live/wordpress/posts_by_tag", "live/wordpress/posts_after", "recorded/wordpress/posts"]
)
async def test_recorded_posts(wordpress: Any, router: respx.Router, name: str) -> None:
    path = Path(SHARED or "") / "platforms" / name
    path = path.with_suffix(".json") if "live" in name else path.with_name("posts_classicpress1.json")
    held = json.loads(path.read_text(encoding="utf-8"))
    body = held["body"] if "live" in name else held
    blog = tagged(Blog(router))
    blog.answers["/wp/v2/posts"] = listed(body, len(body), 1)
    (page,) = await walk(wordpress)
    assert page.skipped == ()
    assert [(post.local_id, post.native_id, post.url) for post in page.posts] == [
        (str(one["id"]), one["guid"]["rendered"], one["link"]) for one in body
    ]
    assert [post.created_at.isoformat() for post in page.posts] == [f"{one['date_gmt']}+00:00" for one in body]
    assert all("<" not in (post.text or "") for post in page.posts)
