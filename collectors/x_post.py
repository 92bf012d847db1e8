"""How posts, users and counts of X's API v2 are read: under the names of its answers, and of its newer description."""

import msgspec

from collectors.errors import Malformed
from collectors.posts import Account, CountBucket, Engagement, Post
from collectors.reading import Count, Id, Moment, Reader, utc
from collectors.tags import hashtags


class _Metrics(msgspec.Struct):
    like_count: Count | None = None
    retweet_count: Count | None = None
    repost_count: Count | None = None
    reply_count: Count | None = None
    quote_count: Count | None = None
    impression_count: Count | None = None
    bookmark_count: Count | None = None


class _Tag(msgspec.Struct):
    tag: str


class _Entities(msgspec.Struct):
    hashtags: list[_Tag] = []


class _Referenced(msgspec.Struct):
    type: str
    id: Id


class _Long(msgspec.Struct):
    """What is longer than 280 letters stands here whole."""

    text: str = ""
    entities: _Entities = msgspec.field(default_factory=_Entities)


class _Post(msgspec.Struct):
    id: Id
    created_at: Moment
    text: str = ""
    author_id: Id | None = None
    lang: str | None = None
    public_metrics: _Metrics = msgspec.field(default_factory=_Metrics)
    entities: _Entities = msgspec.field(default_factory=_Entities)
    referenced_tweets: list[_Referenced] = []
    referenced_posts: list[_Referenced] = []
    possibly_sensitive: bool = False
    note_tweet: _Long | None = None
    edit_history_tweet_ids: list[Id] = []
    edit_history_post_ids: list[Id] = []


class _UserMetrics(msgspec.Struct):
    followers_count: Count | None = None
    tweet_count: Count | None = None
    post_count: Count | None = None


class _User(msgspec.Struct):
    id: Id
    username: str | None = None
    name: str | None = None
    public_metrics: _UserMetrics = msgspec.field(default_factory=_UserMetrics)


class _Hour(msgspec.Struct):
    start: Moment
    end: Moment
    tweet_count: Count | None = None
    post_count: Count | None = None


class Meta(msgspec.Struct):
    next_token: Id | None = None


class _Problem(msgspec.Struct):
    type: str = ""
    resource_id: str | None = None


class _Envelope(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw()
    meta: Meta | None = None
    errors: list[_Problem] = []


class _Usage(msgspec.Struct):
    project_usage: Count | str | None = None


_ENVELOPE, _USAGE = Reader(_Envelope), Reader(_Usage)
_POSTS, _USERS, _HOURS = Reader(_Post), Reader(_User), Reader(_Hour)
_GONE = ("/resource-not-found", "/not-authorized-for-resource")  # deleted; protected or suspended


class Told:
    """What an answer holds. An empty page has its `meta`, a batch of the gone its `errors`; else it is none."""

    def __init__(self, body: bytes) -> None:
        said = _ENVELOPE.one(body)
        self.data = bytes(said.data)
        if not self.data and said.meta is None and not said.errors:
            raise Malformed("neither data nor meta nor errors: not an answer of X's")
        self.further = said.meta.next_token if said.meta else None
        self.gone = {one.resource_id for one in said.errors if one.resource_id and one.type.endswith(_GONE)}

    def posts(self) -> tuple[tuple[Post, ...], tuple[str, ...]]:
        found, skipped = _POSTS.many(self.data or b"[]")
        return tuple(map(_post, found)), skipped

    def accounts(self) -> tuple[tuple[Account, ...], tuple[str, ...]]:
        found, skipped = _USERS.many(self.data or b"[]")
        return tuple(map(_account, found)), skipped

    def counts(self) -> list[CountBucket]:
        """Oldest first. The first and the last are parts of their hour."""
        found = [(one, one.tweet_count if one.tweet_count is not None else one.post_count) for one in self._hours()]
        told = [CountBucket(utc(one.start), utc(one.end), posts) for one, posts in found if posts is not None]
        return sorted((one for one in told if one.start < one.end), key=lambda one: one.start)

    def _hours(self) -> list[_Hour]:
        return _HOURS.many(self.data or b"[]")[0]

    def usage(self) -> str:
        said = _USAGE.one(self.data).project_usage
        return "not said" if said is None else str(said)


def _post(read: _Post) -> Post:
    """An edited post has a new id for each version: they are one post, under the first of them."""
    counted, whole = read.public_metrics, read.note_tweet or read
    referenced = {one.type: one.id for one in (*read.referenced_tweets, *read.referenced_posts)}
    versions = read.edit_history_tweet_ids or read.edit_history_post_ids or [read.id]
    reposts = counted.repost_count if counted.retweet_count is None else counted.retweet_count
    tags = tuple(dict.fromkeys(one.tag for one in whole.entities.hashtags))
    created = utc(read.created_at)
    return Post(
        versions[0], created,
        Engagement(
            counted.like_count, reposts, counted.reply_count, counted.quote_count,
            counted.impression_count, counted.bookmark_count,
        ),
        read.id, Account(read.author_id, local_id=read.author_id) if read.author_id else None,
        tags or hashtags(whole.text), whole.text, f"https://x.com/i/status/{read.id}", read.lang,
        referenced.get("replied_to"), referenced.get("retweeted"), referenced.get("quoted"),
        created if len(versions) > 1 else None, ("sensitive",) if read.possibly_sensitive else (),
    )  # fmt: skip


def _account(read: _User) -> Account:
    counted = read.public_metrics
    posts = counted.post_count if counted.tweet_count is None else counted.tweet_count
    return Account(read.id, read.username, read.name, counted.followers_count, posts, read.id)
