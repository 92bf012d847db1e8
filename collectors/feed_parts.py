"""What feeds and blogs are read into alike: ids, authors, hashtags, words, addresses."""

import re
from collections.abc import Iterable, Sequence

from collectors.posts import Account
from collectors.tags import hashtags

MOST_WORDS = 10_000  # some carry whole articles

_TITLE = re.compile(r"<title[^>]*>([^<]{1,120})", re.IGNORECASE)
_NAMES_FEED = re.compile(r"<link\s[^>]{0,300}application/(?:rss|atom|feed)\+(?:xml|json)[^>]{0,300}>", re.IGNORECASE)
_HREF = re.compile(r"href=[\"']([^\"'<>\s]{1,200})[\"']", re.IGNORECASE)
_PAGE = re.compile(r"<html|<!doctype html|<head|<body", re.IGNORECASE)
_PASSWORD = re.compile(r"type=[\"']?password", re.IGNORECASE)
_WEB = re.compile(r"https?://[^\s<>\"]{3,2000}\Z")
_DIRT = re.compile("[\0\ud800-\udfff]")


def native(id_: str, url: str) -> str:
    """What is no address or urn by itself is an id within its feed alone."""
    return id_ if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:\S", id_) else f"{url}#{id_}"


def account(href: str | None, name: str | None, site: str, title: str | None) -> Account:
    """Feeds give names at best: who is not named is the blog itself."""
    if href or name:
        return Account(href or f"{site}#{name}", name=name)
    return Account(site, name=title or None)


def tags_of(categories: Iterable[str], texts: Sequence[str | None]) -> tuple[str, ...]:
    """Categories, written together as a hashtag is, and the hashtags of the texts."""
    named = ("".join(category.split()).removeprefix("#") for category in categories)
    return tuple(dict.fromkeys([*filter(None, named), *hashtags(*texts)]))


def words(title: str | None, *texts: str | None) -> str | None:
    """The title and the first text that there is."""
    said = [part for part in (title, next(filter(None, texts), None)) if part]
    return "\n\n".join(part.strip() for part in said)[:MOST_WORDS] or None


def web(text: object) -> str | None:
    """An address that a browser may open, else None."""
    text = clean(text)
    return text if text and _WEB.match(text) else None


def clean(text: object) -> str | None:
    return _DIRT.sub("", text).strip() or None if isinstance(text, str) else None


def no_feed(body: bytes) -> str:
    """What was met in place of a feed, in words."""
    page = body[:100_000].decode("utf-8", "replace")
    if not _PAGE.search(page[:2_000]):
        return "no feed"
    title = _TITLE.search(page)
    named = f" ({clean(title[1])})" if title and clean(title[1]) else ""
    if _PASSWORD.search(page):
        return f"a log-in page{named}, not a feed"
    link = _NAMES_FEED.search(page)
    href = _HREF.search(link[0]) if link else None
    return f"a web page{named}, not a feed" + (f"; it says that its feed is at {href[1]}" if href else "")
