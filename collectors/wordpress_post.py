"""A post as WordPress shows it in REST: its words in HTML, its dates in UTC without saying so, its tags embedded."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import unescape
from typing import Annotated
from urllib.parse import unquote

import msgspec
from msgspec.structs import replace

from collectors.feed_parts import tags_of, web, words
from collectors.plain import plain_texts
from collectors.posts import Account, Engagement, Post
from collectors.reading import Reader, utc

Number = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]

_NUMBERED = re.compile(r"[?&]p=([1-9][0-9]{0,17})\Z")
FIELDS = "id,date_gmt,modified_gmt,guid,link,title,excerpt,content,author,tags,_links,_embedded"
EMBED = "author,wp:term"


class _Shown(msgspec.Struct):
    rendered: str = ""


class _Person(msgspec.Struct):
    id: Number | None = None  # an error stands here where a blog hides its authors
    name: str | None = None
    slug: str | None = None
    link: str | None = None


class _Term(msgspec.Struct):
    name: str = ""
    taxonomy: str = ""


class _Embedded(msgspec.Struct):
    author: list[_Person] = []
    terms: list[list[_Term]] = msgspec.field(name="wp:term", default_factory=list)


class WpPost(msgspec.Struct):
    id: Number
    date_gmt: datetime
    modified_gmt: datetime | None = None
    guid: _Shown = msgspec.field(default_factory=_Shown)
    link: str | None = None
    title: _Shown = msgspec.field(default_factory=_Shown)
    excerpt: _Shown = msgspec.field(default_factory=_Shown)
    content: _Shown = msgspec.field(default_factory=_Shown)
    author: Number | None = None
    tags: list[int] = []
    embedded: _Embedded = msgspec.field(name="_embedded", default_factory=_Embedded)


class WpTag(msgspec.Struct):
    id: Number
    slug: str = ""
    name: str = ""

    def is_named(self, tag: str) -> bool:
        return tag.casefold() in (unquote(self.slug).casefold(), "".join(self.name.split()).casefold())


class WpComment(msgspec.Struct):
    id: Number
    post: Number


POSTS, TAGS, COMMENTS = Reader(WpPost), Reader(WpTag), Reader(WpComment)


def posts(
    found: Sequence[WpPost], base: str, replies: Mapping[int, int], sought: tuple[str, int] | None = None
) -> tuple[Post, ...]:
    """`sought`: the hashtag and the number of the tag, for posts that were found by it."""
    html = [part for one in found for part in (one.title.rendered, one.excerpt.rendered, one.content.rendered)]
    texts = plain_texts([part.replace("\0", "") for part in html])
    return tuple(
        _post(one, base, replies.get(one.id), texts[3 * place : 3 * place + 3], sought)
        for place, one in enumerate(found)
    )


def numbered(post: Post) -> Post:
    """A post of a feed, whose id is an address that ends in the number that REST knows it by."""
    known = _NUMBERED.search(post.native_id)
    return replace(post, local_id=known[1]) if known else post


def _post(one: WpPost, base: str, replies: int | None, texts: list[str], sought: tuple[str, int] | None) -> Post:
    title, excerpt, content = (text.strip() for text in texts)
    created = _utc(one.date_gmt)
    edited = _utc(one.modified_gmt) if one.modified_gmt else created
    tags = tags_of(_names(one.embedded.terms), (title, content))
    if sought and sought[1] in one.tags and sought[0].casefold() not in [tag.casefold() for tag in tags]:
        tags = (sought[0], *tags)
    return Post(
        unescape(one.guid.rendered) or f"{base}/?p={one.id}", created, Engagement(replies=replies), str(one.id),
        _account(one, base), tags, words(title, excerpt, content), web(one.link),
        edited_at=edited if edited > created else None,
    )  # fmt: skip


def _names(terms: Iterable[Iterable[_Term]]) -> list[str]:
    return plain_texts([term.name for group in terms for term in group if term.taxonomy in ("post_tag", "category")])


def _account(one: WpPost, base: str) -> Account | None:
    who = next((person for person in one.embedded.author if person.id == one.author), None)
    if one.author is None:
        return None
    native = (web(who.link) if who else None) or f"{base}/?author={one.author}"
    slug, name = (who.slug or None, unescape(who.name or "") or None) if who else (None, None)
    return Account(native, slug, name, local_id=str(one.author))


def _utc(moment: datetime) -> datetime:
    return utc(moment) if moment.tzinfo else moment.replace(tzinfo=UTC)
