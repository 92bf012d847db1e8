"""How a status of Mastodon's API is read into a Post. Pure: a saved answer tests it."""

import msgspec

from collectors.plain import as_written, plain_texts
from collectors.posts import Account, Engagement, Post
from collectors.reading import Count, Id, Moment, Reader, utc


class Author(msgspec.Struct, gc=False):
    id: Id
    acct: str | None = None
    url: str | None = None
    uri: str | None = None
    display_name: str | None = None
    followers_count: Count | None = None
    statuses_count: Count | None = None
    noindex: bool | None = None


class Tag(msgspec.Struct, gc=False):
    name: str


class Quoted(msgspec.Struct, gc=False):
    uri: str | None = None


class Quote(msgspec.Struct, gc=False):
    quoted_status: Quoted | None = None


class Boosted(msgspec.Struct, gc=False):
    """That there is one is all that matters."""


class Status(msgspec.Struct, gc=False):
    id: Id
    uri: Id
    created_at: Moment
    account: Author | None = None
    content: str | None = None
    tags: list[Tag] = []
    favourites_count: Count | None = None
    reblogs_count: Count | None = None
    replies_count: Count | None = None
    quotes_count: Count | None = None
    url: str | None = None
    language: str | None = None
    in_reply_to_id: str | None = None
    edited_at: Moment | None = None
    sensitive: bool | None = None
    visibility: str | None = None
    reblog: Boosted | None = None
    quote: Quote | None = None


STATUSES = Reader(Status)
AUTHORS = Reader(Author)
_HIDDEN = frozenset({"private", "direct"})


def read_page(body: bytes) -> tuple[Post, ...]:
    """The posts of one page, as they stand in it. Raises Malformed."""
    return posts(STATUSES.many(body)[0])


def posts(statuses: list[Status]) -> tuple[Post, ...]:
    """Boosts are no posts of their own; what is not public is not ours to keep."""
    kept = [s for s in statuses if s.reblog is None and s.visibility not in _HIDDEN]
    texts = plain_texts([s.content or "" for s in kept])
    return tuple([_post(status, text) for status, text in zip(kept, texts, strict=True)])


def account(read: Author) -> Account | None:
    """Known by its profile's URL: the one global name that all these servers give.

    An author with none cannot be told from others: nobody is better than a guess.
    """
    native = read.url or read.uri
    if not native:
        return None
    handle = read.acct
    if handle and "@" not in handle:  # this server's own people are shown without it
        handle = f"{handle}@{native.split('/', 3)[2]}" if native.count("/") > 1 else handle
    labels = ("noindex",) if read.noindex else ()
    return Account(
        native, handle, read.display_name or None, read.followers_count, read.statuses_count, read.id, labels
    )


def _post(status: Status, text: str) -> Post:
    author = status.account
    labels = ("sensitive",) if status.sensitive else ()
    quoted = status.quote and status.quote.quoted_status
    return Post(
        status.uri,
        utc(status.created_at),
        Engagement(status.favourites_count, status.reblogs_count, status.replies_count, status.quotes_count),
        status.id,
        account(author) if author else None,
        as_written(text, [tag.name for tag in status.tags]) if status.tags else (),
        text or None,
        status.url or None,
        status.language or None,
        status.in_reply_to_id,
        None,
        (quoted.uri or None) if quoted else None,
        utc(status.edited_at) if status.edited_at else None,
        (*labels, "noindex") if author and author.noindex else labels,
    )
