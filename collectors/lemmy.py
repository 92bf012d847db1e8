"""Lemmy's API (version 3): communities without hashtags, where a tag is a word that is sought in titles and texts."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

import httpx
import msgspec

from collectors.answer import Answer
from collectors.contract import Allowance, Cost, Credential, Keeper, Meter, Offer
from collectors.errors import RateLimited, Refused
from collectors.http import Http, Params
from collectors.paging import pages
from collectors.policy import Policy
from collectors.posts import Account, Engagement, Looked, Page, Post
from collectors.rates import no_rates, utc_now
from collectors.reading import Count, Id, Moment, Reader, utc
from collectors.tags import hashtags

LIMIT = 50
_GONE = frozenset({400, 404})


class _Post(msgspec.Struct):
    id: int
    ap_id: Id
    name: str
    published: Moment
    body: str | None = None
    updated: Moment | None = None
    deleted: bool = False
    removed: bool = False
    nsfw: bool = False


class _Person(msgspec.Struct):
    id: int
    name: str
    actor_id: Id
    display_name: str | None = None


class _Counts(msgspec.Struct, frozen=True):
    upvotes: Count | None = None
    comments: Count | None = None


class _View(msgspec.Struct):
    post: _Post
    creator: _Person | None = None
    counts: _Counts = _Counts()


class _Found(msgspec.Struct):
    posts: msgspec.Raw


class _One(msgspec.Struct):
    post_view: _View


_VIEWS, _FOUND, _ONE = Reader(_View), Reader(_Found), Reader(_One)


class Lemmy:
    """One server. Its search knows words, not tags: a post counts where its title or text holds the hashtag itself."""

    offer: ClassVar[Offer] = Offer(
        platform="lemmy",
        network="mastodon",
        metrics=frozenset({"likes", "replies"}),
        allowances=(Allowance("search", 60, timedelta(minutes=10)), Allowance("calls", 180, timedelta(minutes=1))),
        page_size=LIMIT,
        batch_size=1,
        needs_url=True,
        url_words="the address of the server, as https://lemmy.example",
        credential_words="a log-in token; most servers need none",
        costs={"search": Cost({"search": 1})},
        notes=(
            "Lemmy has no hashtags: a post is found by its words, and kept where the hashtag stands among them.",
            "Likes are votes up; votes down are not kept. People have no followers.",
            "Comments are counted, and not searched. A post that Mastodon shows too counts once, under its name.",
        ),
        policy=Policy(terms="Each server has its own rules. What is deleted or removed there goes here."),
    )

    def __init__(
        self, *, client: httpx.AsyncClient, base_url: str | None, credential: Credential | None, meter: Meter,
        keeper: Keeper, now: Callable[[], datetime] = utc_now,  # noqa: ARG002  a token is all that there is to keep
    ) -> None:  # fmt: skip
        if base_url is None:
            raise Refused("a lemmy source needs the URL of its server")
        self._http = Http(client, base_url, meter, no_rates, secret=credential.secret if credential else None, now=now)

    async def check(self) -> Mapping[str, str]:
        if not (version := (await self._get("/site")).said("version")):
            raise Refused(f"{self._http.base.host} answers, but not as Lemmy does")
        return {"server": self._http.base.host, "software": "lemmy", "version": version}

    def search(
        self, tag: str, *, cursor: str | None = None, until: datetime | None = None,  # noqa: ARG002
    ) -> AsyncIterator[Page]:  # fmt: skip
        """By numbered pages: what is written meanwhile moves posts to the next one, where they are met twice."""

        async def read(number: str | None) -> Page:
            here = int(number) if number and number.isdecimal() else 1
            asked = [("q", f"#{tag}"), ("type_", "Posts"), ("sort", "New"), ("listing_type", "All")]
            answer = await self._get("/search", [*asked, ("page", str(here)), ("limit", str(LIMIT))], spend="search")
            views, skipped = _VIEWS.many(bytes(_FOUND.one(answer.body).posts))
            return Page(_posts(views), str(here + 1) if views else None, skipped)

        return pages(cursor, read, f"#{tag} at {self._http.base.host}")

    async def look(self, ids: Sequence[str]) -> Looked:
        found: list[_View] = []
        for id_ in ids:
            answer = await self._get("/post", [("id", id_)], expect=_GONE)
            if answer.status == httpx.codes.OK:
                found.append(_ONE.one(answer.body).post_view)
            elif "couldnt_find" not in answer.words() and answer.status != httpx.codes.NOT_FOUND:
                raise self._http.failure(answer)
        return Looked(shown := _posts(found), absent=frozenset(ids) - {post.local_id or "" for post in shown})

    async def _get(
        self, path: str, params: Params = (), *, spend: str = "calls", expect: frozenset[int] = frozenset()
    ) -> Answer:  # fmt: skip
        answer = await self._http.get(f"/api/v3{path}", params, spend=(spend,), expect={400, *expect})
        if answer.status == httpx.codes.BAD_REQUEST and answer.error() in ("rate_limit_error", "too_many_requests"):
            raise RateLimited(f"{self._http.base.host} asks to wait")
        if answer.status == httpx.codes.BAD_REQUEST and answer.status not in expect:
            raise self._http.failure(answer)
        return answer


def _posts(views: Sequence[_View]) -> tuple[Post, ...]:
    """A post that was deleted or removed stays in answers, with its marks."""
    return tuple(_post(view) for view in views if not (view.post.deleted or view.post.removed))


def _post(view: _View) -> Post:
    post, who = view.post, view.creator
    handle = "@".join([who.name, *who.actor_id.split("/")[2:3]]) if who else None
    author = Account(who.actor_id, handle, who.display_name, local_id=str(who.id)) if who else None
    text = "\n\n".join(filter(None, (post.name, post.body)))
    return Post(
        post.ap_id, utc(post.published), Engagement(likes=view.counts.upvotes, replies=view.counts.comments),
        str(post.id), author, hashtags(post.name, post.body), text, post.ap_id,
        edited_at=utc(post.updated) if post.updated else None, labels=("sensitive",) if post.nsfw else (),
    )  # fmt: skip
