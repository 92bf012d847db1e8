"""Feeds' own ways: RSS, Atom and JSON Feed, ETags that lie, log-in pages, entities, items without a date."""

import gzip
import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from collectors import feed_apart, feeds
from collectors.errors import CollectorError, Malformed, Refused
from collectors.feed_reading import read
from collectors.feeds import Feeds
from collectors.posts import Page
from tests.collectors.stage import NEWEST, CountingMeter, MemoryKeeper, opened

URL = "https://orchard.example/feed/"
SHARED = os.environ.get("GROUNDSWELL_SHARED")


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    feeds._LAST.clear()
    yield
    feeds._LAST.clear()


def rss(*items: str, channel: str = "") -> bytes:
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:slash="http://purl.org/rss/1.0/modules/slash/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        f"<channel><title>Orchard</title><link>https://orchard.example</link>{channel}{''.join(items)}</channel></rss>"
    ).encode()


def item(number: int = 1, more: str = "", date: str = "Tue, 24 Nov 2026 09:00:00 +0100") -> str:
    return (
        f"<item><title>Round {number}</title><link>https://orchard.example/{number}</link>"
        f'<guid isPermaLink="false">orchard-{number}</guid><pubDate>{date}</pubDate>{more}</item>'
    )


def test_an_rss_item_whole() -> None:
    more = (
        "<dc:creator><![CDATA[Ada]]></dc:creator><category>Harvest Day</category><category>#Notes</category>"
        "<description><![CDATA[<p>All at #Meadow &amp; more</p>]]></description><slash:comments>7</slash:comments>"
        "<content:encoded><![CDATA[<p>Deep in the words: #Deep</p>]]></content:encoded>"
    )
    feed = read(rss(item(more=more)), URL)
    (post,) = feed.posts
    assert (feed.title, feed.following, feed.skipped) == ("Orchard", None, ())
    assert post.native_id == f"{URL}#orchard-1"
    assert post.created_at == datetime(2026, 11, 24, 8, tzinfo=UTC)
    assert post.tags == ("HarvestDay", "Notes", "Meadow", "Deep")
    assert (post.engagement.replies, post.engagement.likes) == (7, None)
    assert (post.text, post.url) == ("Round 1\n\nAll at #Meadow & more", "https://orchard.example/1")
    assert post.author is not None
    assert (post.author.native_id, post.author.name) == ("https://orchard.example#Ada", "Ada")


def test_a_json_feed() -> None:
    items = [
        {"id": 7, "url": "https://orchard.example/7", "title": "Seven", "content_html": "<p>At #HarvestDay</p>",
         "date_published": "2026-11-24T09:00:00+01:00", "tags": ["big day"], "authors": [{"name": "Ada"}]},
        {"id": "8", "content_text": "no date"},
        {"id": "9", "content_text": "old", "date_published": "2026-11-23T09:00:00Z", "date_modified": "x"},
    ]  # fmt: skip
    body = {"version": "https://jsonfeed.org/version/1.1", "title": "Orchard", "items": items, "next_url": f"{URL}?p=2"}
    feed = read(json.dumps(body).encode(), URL)
    seven, nine = feed.posts
    assert (seven.native_id, seven.tags, seven.text) == (
        f"{URL}#7",
        ("bigday", "HarvestDay"),
        "Seven\n\nAt #HarvestDay",
    )
    assert (nine.edited_at, feed.following) == (None, f"{URL}?p=2")
    assert len(feed.skipped) == 1
    assert "date_published" in feed.skipped[0]


def test_what_is_ill_formed_but_whole_is_read_and_what_is_cut_off_is_not() -> None:
    body = rss(item(1, "<description>a & b</description>"), item(2))
    assert [post.text for post in read(body, URL).posts] == ["Round 1\n\na & b", "Round 2"]
    for end in range(200, len(body), 23):
        with pytest.raises(Malformed):
            read(body[:end], URL)


def test_undated_items_are_named_and_a_feed_of_them_refused() -> None:
    dated, undated = item(1), item(2).replace("<pubDate>Tue, 24 Nov 2026 09:00:00 +0100</pubDate>", "")
    assert read(rss(dated, undated), URL).skipped == ("item 1: no date",)
    with pytest.raises(Malformed, match="2 of 3 items cannot be read; item 1: no date"):
        read(rss(dated, undated, undated), URL)


BOMB = '<!DOCTYPE rss [<!ENTITY a "ha">' + "".join(f'<!ENTITY a{n} "{"&a;" * 9}">' for n in range(9)) + "]>"


@pytest.mark.parametrize(
    "doctype",
    [BOMB, '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>', '<!DOCTYPE r [<!ENTITY % p "x">]>'],
    ids=["bomb", "file", "parameter"],
)
@pytest.mark.parametrize("code", ["utf-8", "utf-16"])
def test_entities_of_its_own_are_refused(doctype: str, code: str) -> None:
    text = rss(item()).decode().replace('<?xml version="1.0"?>', f'<?xml version="1.0" encoding="{code}"?>{doctype}')
    with pytest.raises(Malformed, match="entities"):
        read(text.encode(code), URL)


@pytest.mark.parametrize("body", [b"http://127.0.0.1:1/feed", b"/etc/passwd", b"file:///etc/passwd", b"pyproject.toml"])
def test_a_body_that_spells_an_address_is_not_followed(body: bytes) -> None:
    with pytest.raises(Malformed, match="no feed"):
        read(body, URL)


PAGES = {
    "a log-in page (Sign in), not a feed": "<html><title>Sign in</title><input type=password></html>",
    "it says that its feed is at /feed.xml": (
        '<!doctype html><head><link rel="alternate" type="application/rss+xml" href="/feed.xml"></head>'
    ),
    "not a JSON Feed": '{"version": "1", "items": []}',
}


@pytest.mark.parametrize(("words", "page"), PAGES.items())
async def test_what_is_no_feed_is_named_at_the_check(
    words: str, page: str, client: httpx.AsyncClient, router: respx.Router
) -> None:
    router.get(URL).respond(text=page)
    with pytest.raises(Malformed, match=re.escape(words)):
        await opened("feeds", client, URL, secret=None).check()


async def test_a_feed_that_has_moved_is_not_followed(client: httpx.AsyncClient, router: respx.Router) -> None:
    router.get(URL).respond(302, headers={"location": "https://login.example/"})
    with pytest.raises(Refused, match="moved"):
        await opened("feeds", client, URL, secret=None).check()


class Clock:
    def __init__(self) -> None:
        self.at = NEWEST

    def __call__(self) -> datetime:
        return self.at


class Asked:
    """A server that answers 304 whenever it is asked with its ETag, whatever has become of the feed."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.conditional: list[bool] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.conditional.append("if-none-match" in request.headers)
        headers = {"etag": '"site-wide"', "last-modified": "Tue, 24 Nov 2026 04:24:28 GMT"}
        if self.conditional[-1]:
            return httpx.Response(304, headers=headers)
        return httpx.Response(200, headers=headers, content=self.body)


async def search(client: httpx.AsyncClient, clock: Clock) -> Page:
    """As each poll does it, with a collector of its own."""
    collector = Feeds(
        client=client, base_url=URL, credential=None, meter=CountingMeter(), keeper=MemoryKeeper(), now=clock
    )
    (page,) = [page async for page in collector.search("HarvestDay")]
    return page


async def test_what_has_not_changed_is_not_sent_again_for_an_hour(
    client: httpx.AsyncClient, router: respx.Router
) -> None:
    clock, asked = Clock(), Asked(rss(item(1)))
    router.get(URL).mock(side_effect=asked)
    first = await search(client, clock)
    assert (len(first.posts), first.cut, first.cursor) == (1, True, None)
    assert await search(client, clock) == first
    clock.at += timedelta(hours=1)
    asked.body = rss(item(2), item(1))
    assert len((await search(client, clock)).posts) == 2
    assert asked.conditional == [False, True, False]


async def test_a_feed_that_counts_comments_is_always_read_whole(
    client: httpx.AsyncClient, router: respx.Router
) -> None:
    """WordPress has one ETag for all of a site, and it does not change when a comment is added."""
    clock, asked = Clock(), Asked(rss(item(1, "<slash:comments>1</slash:comments>")))
    router.get(URL).mock(side_effect=asked)
    await search(client, clock)
    asked.body = rss(item(1, "<slash:comments>2</slash:comments>"))
    assert (await search(client, clock)).posts[0].engagement.replies == 2
    assert asked.conditional == [False, False]


async def test_a_further_page_is_only_of_this_server(client: httpx.AsyncClient, router: respx.Router) -> None:
    elsewhere = '<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="next" href="https://evil.example/feed"/>'
    router.get(URL).respond(content=gzip.compress(rss(item(), channel=elsewhere)), headers={"content-encoding": "gzip"})
    collector = opened("feeds", client, URL, secret=None)
    (page,) = [page async for page in collector.search("HarvestDay")]
    assert (page.cursor, page.cut) == (None, True)
    with pytest.raises(Malformed, match="no place"):
        await anext(collector.search("HarvestDay", cursor="https://evil.example/feed"))


async def test_the_whole_address_is_asked_for(client: httpx.AsyncClient, router: respx.Router) -> None:
    """A slash at its end, or words after a question mark, may be all that makes it the feed."""
    for url in (URL, "https://orchard.example/?feed=rss2&tag=x", "https://orchard.example:8443/a%20b/atom.xml"):
        router.get(url).respond(content=rss(item()))
        await opened("feeds", client, url, secret=None).check()
        assert str(router.calls.last.request.url) == url


DATED = re.compile(rb"(<(?:item|entry)(?: [^>]*)?>)")


def live(prefix: str) -> list[Any]:
    if not SHARED:
        return [pytest.param(None, marks=pytest.mark.skip(reason="GROUNDSWELL_SHARED names no folder"))]
    paths = sorted((Path(SHARED) / "platforms/live/wordpress").glob(f"{prefix}*.json"))
    held = [(path.stem, json.loads(path.read_text(encoding="utf-8"))) for path in paths]
    return [pytest.param(one, id=name) for name, one in held if one["status"] == 200]


@pytest.mark.parametrize("recorded", live("feed_"))
def test_the_recorded_feeds_of_a_blog(recorded: dict[str, Any]) -> None:
    text: str = recorded["body_text"]
    feed = read(text.encode(), recorded["request"]["url"])
    items = re.split(r"<(?:item|entry)>", text)[1:]
    counts = [re.search(r"<(?:slash:comments|thr:total)>(\d+)", one) for one in items]
    assert [post.engagement.replies for post in feed.posts] == [int(one[1]) if one else None for one in counts]
    named = [{*re.findall(r"<category><!\[CDATA\[(.*?)\]\]>", one), *re.findall(r'term="(.*?)"', one)} for one in items]
    assert all(names <= set(post.tags) for names, post in zip(named, feed.posts, strict=True))
    assert feed.skipped == ()
    assert all(post.url and post.created_at.year == 2026 for post in feed.posts)


def test_recorded_feeds_of_every_make_give_what_they_hold() -> None:
    """Most of them lack an id or a date, which are given to them here; without, they are refused in words."""
    if not SHARED:
        pytest.skip("GROUNDSWELL_SHARED names no folder with recorded answers")
    for path in sorted((Path(SHARED) / "platforms/recorded/feeds").glob("*.xml")):
        try:
            read(path.read_bytes(), URL)
        except CollectorError as error:
            assert re.search("no date|neither an id|cut off", str(error)), f"{path.name}: {error}"  # noqa: PT017
        body = DATED.sub(rb"\1<id>urn:x</id><published>2026-11-24T09:00:00Z</published>", path.read_bytes())
        body = body if body.endswith(b">") else body + b"</rss>"
        assert len(read(body, URL).posts) == len(DATED.findall(body)), path.name


async def test_a_feed_that_is_made_to_be_slow_is_given_up_and_a_large_one_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A process of its own reads it: what it costs is bounded, and the worker goes on."""
    item = "<item><guid>{n}</guid><title>Round {n}</title><pubDate>Tue, 24 Nov 2026 09:00:00 GMT</pubDate></item>"
    items = "".join(item.format(n=n) for n in range(800))
    large = f'<rss version="2.0"><channel><title>x</title>{items}</channel></rss>'
    assert len((await feed_apart.read(large.encode(), "https://blog.example/feed")).posts) == 800
    with pytest.raises(Malformed, match="web page"):
        await feed_apart.read(b"<html>" + b"a" * 100_000, "https://blog.example/feed")
    slow = large.replace("<item>", "<item " + " ".join(f"a{n}=''" for n in range(40_000)) + ">", 1)
    monkeypatch.setattr(feed_apart, "WAIT_SECONDS", 1)
    with pytest.raises(Malformed, match="longer to read"):
        await feed_apart.read(slow.encode(), "https://blog.example/feed")
