"""How Bluesky's post and profile views are read into values. Pure: a saved answer tests it."""

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
    """Dated as Bluesky sorts: by the earlier of what the client said and when the server saw it."""
    record, seen = view.record, utc(view.indexed_at)
    did, _, key = view.author.did, *view.uri.rpartition("/")[1:]
    uri = view.uri if view.uri.startswith("at://did:") else f"at://{did}/app.bsky.feed.post/{key}"
    return Post(
        uri,
        min(utc(record.created_at), seen) if record.created_at else seen,
        Engagement(
            view.like_count,
            view.repost_count,
            view.reply_count,
            view.quote_count,
            bookmarks=view.bookmark_count,
        ),
        uri,
        account(view.author),
        _tags(record),
        record.text or None,
        f"https://bsky.app/profile/{did}/post/{key}",
        record.langs[0] if record.langs else None,
        record.reply.parent.uri if record.reply and record.reply.parent else None,
        quote_of=_quoted(record.embed),
        labels=_labels(view),
    )


def _tags(record: Record) -> tuple[str, ...]:
    """As the author wrote them: from facets, and from the tags beside the text. Never guessed from the text."""
    shown = [f.tag for facet in record.facets for f in facet.features if f.kind == TAG and f.tag]
    return tuple(dict.fromkeys([*shown, *record.tags])) if shown or record.tags else ()


def _quoted(embed: Embed | None) -> str | None:
    if embed is None or embed.record is None:
        return None
    uri = embed.record.uri or (embed.record.record.uri if embed.record.record else None)
    return uri if uri and "/app.bsky.feed.post/" in uri else None  # lists and feeds are embedded alike


def _labels(view: PostView) -> tuple[str, ...]:
    """What the author, or a moderator, put on the post, and the author's wish not to be shown to strangers."""
    if not (view.labels or view.record.labels or view.author.labels):
        return ()
    labels = [*view.labels, *(view.record.labels.values if view.record.labels else ())]
    labels += [label for label in view.author.labels if label.val == HIDDEN_FROM_STRANGERS]
    return tuple(dict.fromkeys(label.val for label in labels if not label.neg))
