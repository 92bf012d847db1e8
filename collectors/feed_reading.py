"""A blog's feed as posts: RSS, Atom and RDF through feedparser, JSON Feed by its own shape."""

import io
import re
from calendar import timegm
from datetime import UTC, datetime
from typing import Any
from xml.sax import SAXException

import msgspec

from collectors.errors import Malformed
from collectors.feed_parts import account, clean, native, no_feed, tags_of, web, words
from collectors.plain import plain_texts
from collectors.posts import Engagement, Post
from collectors.reading import Id, Moment, Reader, utc

MAX_FEED = 4 * 2**20  # what is larger is no feed that anybody reads; feedparser would take ten seconds

ACCEPT = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"

_ENTITY = re.compile(rb"<\0?!\0?E\0?N\0?T\0?I\0?T\0?Y")
_WHOLE = re.compile(rb"</(?:\w+:)?(?:rss|feed|RDF)\s*>\s*(?:<!--(?:(?!-->).)*-->\s*)*\Z", re.DOTALL)


class Feed(msgspec.Struct, frozen=True):
    title: str
    posts: tuple[Post, ...]
    following: str | None = None  # where its older items are, if it says so
    skipped: tuple[str, ...] = ()

    @property
    def counts_replies(self) -> bool:
        return any(post.engagement.replies is not None for post in self.posts)


class _Author(msgspec.Struct):
    name: str | None = None
    url: str | None = None


class _Item(msgspec.Struct):
    id: Id | int
    date_published: Moment
    date_modified: Moment | None = None
    url: str | None = None
    title: str | None = None
    summary: str | None = None
    content_text: str | None = None
    content_html: str | None = None
    tags: list[str] = []
    authors: list[_Author] = []
    author: _Author | None = None  # as version 1 has it
    language: str | None = None


class _JsonFeed(msgspec.Struct):
    version: str
    items: msgspec.Raw
    title: str | None = None
    home_page_url: str | None = None
    next_url: str | None = None
    language: str | None = None
    authors: list[_Author] = []


_JSON, _ITEMS = Reader(_JsonFeed), Reader(_Item)


def read(body: bytes, url: str) -> Feed:
    """Raises Malformed for what is no feed, for one that is cut off, and for one that declares entities of its own."""
    if len(body) > MAX_FEED:
        raise Malformed(f"more than {MAX_FEED} bytes: too much for a feed")
    return _read_json(body, url) if body.lstrip()[:1] == b"{" else _read_xml(body, url)


def _read_json(body: bytes, url: str) -> Feed:
    feed = _JSON.one(body)
    if "jsonfeed.org" not in feed.version:
        raise Malformed("JSON, but not a JSON Feed")
    items, skipped = _ITEMS.many(bytes(feed.items))
    site = web(feed.home_page_url) or url
    posts = []
    for item in items:
        who = next(iter([*item.authors, *filter(None, [item.author]), *feed.authors]), _Author())
        parts = (item.title, item.summary, item.content_text, *plain_texts([item.content_html or ""]))
        author = account(web(who.url), who.name, site, feed.title)
        posts.append(
            Post(
                native(str(item.id), url), utc(item.date_published), Engagement(), author=author,
                tags=tags_of(item.tags, parts), text=words(item.title, item.summary, *parts[2:]), url=web(item.url),
                lang=item.language or feed.language, edited_at=utc(item.date_modified) if item.date_modified else None,
            )
        )  # fmt: skip
    return Feed(feed.title or "", tuple(posts), web(feed.next_url), skipped)


def _read_xml(body: bytes, url: str) -> Feed:
    if _ENTITY.search(body):
        raise Malformed("declares entities of its own, as no feed needs to")
    import feedparser  # type: ignore[import-untyped]  # late: it takes a tenth of a second

    try:
        # A file, not the bytes: bytes that spell an address or a path would be fetched.
        told = {"content-location": url, "content-type": "application/xml"}
        parsed = feedparser.parse(io.BytesIO(body), response_headers=told, sanitize_html=False)
    except Exception as error:  # noqa: BLE001  a lenient parser of much code: what it trips over cannot be read
        raise Malformed(f"cannot be read as a feed ({type(error).__name__})") from None
    if not parsed.get("version"):
        raise Malformed(no_feed(body))
    if parsed.get("bozo") and isinstance(parsed.bozo_exception, SAXException) and not _WHOLE.search(body[-4_096:]):
        raise Malformed("a feed that is cut off")
    return _feed(parsed, url)


def _feed(parsed: Any, url: str) -> Feed:
    about, posts, skipped = parsed.feed, [], []
    title, site = clean(about.get("title")) or "", web(about.get("link")) or url
    for place, entry in enumerate(parsed.entries):
        try:
            posts.append(_post(dict(entry), url, site, title, clean(about.get("language"))))
        except Malformed as error:
            skipped.append(f"item {place}: {error}")
    if len(skipped) > len(posts):
        raise Malformed(f"{len(skipped)} of {len(parsed.entries)} items cannot be read; {skipped[0]}")
    following = (web(link.get("href")) for link in about.get("links", ()) if link.get("rel") == "next")
    return Feed(title, tuple(posts), next(following, None), tuple(skipped))


def _post(entry: dict[str, Any], url: str, site: str, title: str, lang: str | None) -> Post:
    id_, link = clean(entry.get("id")), web(entry.get("link"))
    published, updated = (_moment(entry.get(f"{name}_parsed")) for name in ("published", "updated"))
    created = published or updated
    if not (id_ or link):
        raise Malformed("neither an id nor a link")
    if created is None:
        raise Malformed("no date")
    bodies = [entry.get("summary"), *(content.get("value") for content in entry.get("content", ()))]
    parts = (clean(entry.get("title")), *plain_texts([clean(body) or "" for body in bodies]))
    who = entry.get("author_detail") or {}
    return Post(
        native(id_ or link or "", url), created, Engagement(replies=_count(entry)),
        author=account(web(who.get("href")), clean(who.get("name")), site, title),
        tags=tags_of([clean(tag.get("term")) or "" for tag in entry.get("tags", ())], parts), text=words(*parts),
        url=link, lang=clean((entry.get("title_detail") or {}).get("language")) or lang,
        edited_at=updated if updated and updated > created else None,
    )  # fmt: skip


def _moment(parsed: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def _count(entry: dict[str, Any]) -> int | None:
    """Comments, where the feed counts them: RSS's slash:comments, Atom's thr:total."""
    for name in ("slash_comments", "thr_total"):
        text = entry.get(name)
        if isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) < 19:
            return int(text)
    return None
