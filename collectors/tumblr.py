"""Tumblr's tagged posts, read with an app's consumer key: back in time by `before`, known posts one by one."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar
from urllib.parse import quote

import httpx
import msgspec

from collectors.answer import Answer
from collectors.contract import Allowance, Cost, Credential, Keeper, Meter, Offer
from collectors.errors import Refused
from collectors.http import Http
from collectors.paging import pages
from collectors.policy import Policy
from collectors.posts import Account, Engagement, Looked, Page, Post
from collectors.rates import no_rates, utc_now
from collectors.reading import Count, Id, Reader

API = "https://api.tumblr.com"
LIMIT = 20
Second = Annotated[int, msgspec.Meta(ge=0, lt=10**11)]
_SPEND = {"calls": 1, "hour": 1, "day": 1}


class _Blog(msgspec.Struct):
    name: Id
    uuid: str | None = None
    title: str | None = None


class _Post(msgspec.Struct):
    id_string: Id  # `id` is a number beyond what many can hold
    blog_name: Id
    timestamp: Second
    tags: list[str] = []
    note_count: Count | None = None
    summary: str | None = None
    post_url: Id | None = None
    blog: _Blog | None = None
    featured_timestamp: Second | None = None
    reblogged_from_id: Id | None = None


class _Envelope(msgspec.Struct):
    response: msgspec.Raw


class _Blogs(msgspec.Struct):
    posts: msgspec.Raw


_ENVELOPE, _BLOGS, _POSTS = Reader(_Envelope), Reader(_Blogs), Reader(_Post)


class Tumblr:
    """A post's local id is `blog/id`: that is how it is looked up."""

    offer: ClassVar[Offer] = Offer(
        platform="tumblr",
        metrics=frozenset({"likes"}),
        allowances=(
            Allowance("calls", 300, timedelta(minutes=1)),
            Allowance("hour", 1_000, timedelta(hours=1)),
            Allowance("day", 5_000, timedelta(days=1)),
        ),
        page_size=LIMIT,
        batch_size=1,
        needs_credential=True,
        credential_words="the consumer key of an app registered at Tumblr",
        costs={"search": Cost(_SPEND), "look": Cost(_SPEND)},
        notes=(
            "Likes are notes: likes, reblogs and replies together, which Tumblr does not tell apart.",
            "Followers are shown to a blog's owner alone. Reblogs are found as posts where they carry the tag.",
            "Known posts are read again one by one: many posts take many calls.",
            "Tumblr takes the key in the address of each call; it goes to Tumblr alone and into no log.",
        ),
        policy=Policy(terms="Deleted content must go here too. Tumblr is named, and linked to, beside what it gave."),
    )

    def __init__(
        self, *, client: httpx.AsyncClient, base_url: str | None, credential: Credential | None, meter: Meter,
        keeper: Keeper, now: Callable[[], datetime] = utc_now,  # noqa: ARG002  a key is all that there is to keep
    ) -> None:  # fmt: skip
        if credential is None:
            raise Refused("a tumblr source needs the consumer key of an app")
        self._key = credential.secret
        self._http = Http(client, base_url or API, meter, no_rates, hidden=self._key, now=now)

    async def check(self) -> Mapping[str, str]:
        _ENVELOPE.one((await self._get("/v2/tagged", [("tag", "tumblr"), ("limit", "1")])).body)
        return {"server": self._http.base.host, "key": "accepted"}

    def search(self, tag: str, *, cursor: str | None = None, until: datetime | None = None) -> AsyncIterator[Page]:
        """A cursor is the second before which it goes on; after a full page that second is read again, for its rest."""
        start = cursor or (str(int(until.timestamp())) if until else None)

        async def read(before: str | None) -> Page:
            params = [("tag", tag), ("limit", str(LIMIT)), *([("before", before)] if before else [])]
            found, skipped = _POSTS.many(bytes(_ENVELOPE.one((await self._get("/v2/tagged", params)).body).response))
            last = min((post.featured_timestamp or post.timestamp for post in found), default=None)
            again = len(found) + len(skipped) >= LIMIT and str((last or 0) + 1) != before
            return Page(tuple(map(_post, found)), None if last is None else str(last + again), skipped)

        return pages(start, read, f"#{tag} at {self._http.base.host}")

    async def look(self, ids: Sequence[str]) -> Looked:
        found: list[_Post] = []
        absent: set[str] = set()
        for id_ in ids:
            blog, _, number = id_.partition("/")
            answer = await self._get(f"/v2/blog/{quote(blog, safe='')}/posts", [("id", number)], gone=True)
            if answer.status == httpx.codes.OK:
                envelope = _BLOGS.one(bytes(_ENVELOPE.one(answer.body).response))
                found += [post for post in _POSTS.many(bytes(envelope.posts))[0] if post.id_string == number]
            if answer.status != httpx.codes.OK or not (found and _local(found[-1]) == id_):
                absent.add(id_)
        return Looked(tuple(map(_post, found)), absent=frozenset(absent))

    async def _get(self, path: str, params: Sequence[tuple[str, str]], *, gone: bool = False) -> Answer:
        given = [*params, ("api_key", self._key)]
        return await self._http.get(path, given, spend=_SPEND, expect={404} if gone else ())


def _local(post: _Post) -> str:
    return f"{post.blog_name}/{post.id_string}"


def _post(post: _Post) -> Post:
    blog = post.blog or _Blog(post.blog_name)
    return Post(
        post.id_string, datetime.fromtimestamp(post.timestamp, UTC), Engagement(likes=post.note_count), _local(post),
        Account(blog.uuid or blog.name, blog.name, blog.title), tuple(tag.replace(" ", "") for tag in post.tags),
        post.summary, post.post_url, repost_of=post.reblogged_from_id,
    )  # fmt: skip
