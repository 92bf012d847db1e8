"""How Bluesky's post and profile views are read into values. Pure: a saved answer tests it."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from collectors.posts import Account, Engagement, Post
from collectors.reading import Count, Id, Moment, Reader, utc

TAG = "app.bsky.richtext.facet#tag"
HIDDEN_FROM_STRANGERS = "!no-unauthenticated"


class Label(msgspec.Struct, gc=False):
    val: str
    neg: bool = False


class Profile(msgspec.Struct, rename="camel", gc=False):
    did: Id
    handle: str | None = None
    display_name: str | None = None
    followers_count: Count | None = None
    posts_count: Count | None = None
    labels: list[Label] = []


class Feature(msgspec.Struct, gc=False):
    kind: str | None = msgspec.field(default=None, name="$type")
    tag: str | None = None


class Facet(msgspec.Struct, gc=False):
    features: list[Feature] = []


class Ref(msgspec.Struct, gc=False):
    uri: str | None = None


class Embedded(msgspec.Struct, gc=False):
    uri: str | None = None
    record: Ref | None = None  # where a picture goes with the quote, the quote is one level down


class Embed(msgspec.Struct, gc=False):
    record: Embedded | None = None


class Reply(msgspec.Struct, gc=False):
    parent: Ref | None = None


class SelfLabels(msgspec.Struct, gc=False):
    values: list[Label] = []


class Record(msgspec.Struct, rename="camel", gc=False):
    created_at: Moment | None = None  # the client's word, and at times no date at all
    text: str | None = None
    facets: list[Facet] = []
    tags: list[str] = []
    langs: list[str] = []
    reply: Reply | None = None
    embed: Embed | None = None
    labels: SelfLabels | None = None


class PostView(msgspec.Struct, rename="camel", gc=False):
    uri: Id
    author: Profile
    record: Record
    indexed_at: Moment
    like_count: Count | None = None
    repost_count: Count | None = None
    reply_count: Count | None = None
    quote_count: Count | None = None
    bookmark_count: Count | None = None
    labels: list[Label] = []


class _Posts(msgspec.Struct):
    posts: msgspec.Raw
    cursor: str | int | None = None


class _Profiles(msgspec.Struct):
    profiles: msgspec.Raw


_POSTS, _PROFILES, _VIEWS, _PEOPLE = Reader(_Posts), Reader(_Profiles), Reader(PostView), Reader(Profile)


def read_page(body: bytes) -> tuple[Post, ...]:
    """The posts of one answer, as they stand in it. Raises Malformed."""
    return read_posts(body)[0]


def read_posts(body: bytes) -> tuple[tuple[Post, ...], str | None, tuple[str, ...]]:
    """Posts, the cursor and the items that cannot be read, of a search or of a look-up."""
    answer = _POSTS.one(body)
    views, skipped = _VIEWS.many(bytes(answer.posts))
    return tuple(map(_post, views)), None if answer.cursor is None else str(answer.cursor), skipped


def read_profiles(body: bytes) -> tuple[tuple[Account, ...], tuple[str, ...]]:
    """Each account once: asked for by handle and by DID, an actor comes twice."""
    people, skipped = _PEOPLE.many(bytes(_PROFILES.one(body).profiles))
    return tuple({person.did: account(person) for person in people}.values()), skipped


def account(read: Profile) -> Account:
    handle = None if read.handle == "handle.invalid" else read.handle
    return Account(read.did, handle, read.display_name or None, read.followers_count, read.posts_count, read.did)


def _post(view: PostView) -> Post:
    did, _, key = view.author.did, *view.uri.rpartition("/")[1:]
    uri = view.uri if view.uri.startswith("at://did:") else _uri(did, key)
    counts = Engagement(
        view.like_count, view.repost_count, view.reply_count, view.quote_count, bookmarks=view.bookmark_count
    )
    labels = _labels(view.record, view.labels, view.author.labels)
    return _read(uri, view.record, utc(view.indexed_at), counts, account(view.author), labels)


def read_record(did: str, key: str, record: Record, seen: datetime) -> Post:
    """A post as its author wrote it, before anyone counted: of its author only the DID is known."""
    author = Account(did, local_id=did)
    return _read(_uri(did, key), record, seen, Engagement(), author, _labels(record, (), ()))


def _read(
    uri: str, record: Record, seen: datetime, counts: Engagement, author: Account, labels: tuple[str, ...]
) -> Post:
    """Dated as Bluesky sorts: by the earlier of what the client said and when the server saw it."""
    return Post(
        uri,
        min(utc(record.created_at), seen) if record.created_at else seen,
        counts,
        uri,
        author,
        _tags(record),
        record.text or None,
        f"https://bsky.app/profile/{author.native_id}/post/{uri.rpartition('/')[2]}",
        record.langs[0] if record.langs else None,
        record.reply.parent.uri if record.reply and record.reply.parent else None,
        quote_of=_quoted(record.embed),
        labels=labels,
    )


def _uri(did: str, key: str) -> str:
    return f"at://{did}/app.bsky.feed.post/{key}"


def _tags(record: Record) -> tuple[str, ...]:
    """As the author wrote them: from facets, and from the tags beside the text. Never guessed from the text."""
    shown = [f.tag for facet in record.facets for f in facet.features if f.kind == TAG and f.tag]
    return tuple(dict.fromkeys([*shown, *record.tags])) if shown or record.tags else ()


def _quoted(embed: Embed | None) -> str | None:
    if embed is None or embed.record is None:
        return None
    uri = embed.record.uri or (embed.record.record.uri if embed.record.record else None)
    return uri if uri and "/app.bsky.feed.post/" in uri else None  # lists and feeds are embedded alike


def _labels(record: Record, on_post: Sequence[Label], on_author: Sequence[Label]) -> tuple[str, ...]:
    """What the author, or a moderator, put on the post, and the author's wish not to be shown to strangers."""
    if not (on_post or record.labels or on_author):
        return ()
    labels = [*on_post, *(record.labels.values if record.labels else ())]
    labels += [label for label in on_author if label.val == HIDDEN_FROM_STRANGERS]
    return tuple(dict.fromkeys(label.val for label in labels if not label.neg))
