"""Threads' keyword search: posts under a topic tag, without a single counter of theirs."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from typing import ClassVar

import httpx
import msgspec

from collectors.contract import Allowance, Cost, Credential, Keeper, Meter, Offer
from collectors.errors import Unauthorized
from collectors.graph import LISTED, Graph
from collectors.paging import pages
from collectors.policy import DAY, Policy
from collectors.posts import Account, Engagement, Page, Post
from collectors.rates import utc_now
from collectors.reading import Id, Moment, Reader, utc
from collectors.tags import hashtags

API = "https://graph.threads.net/v1.0"
LIMIT = 100
_FIELDS = ("fields", "id,text,permalink,timestamp,username,topic_tag")


class _Thread(msgspec.Struct):
    id: Id
    timestamp: Moment
    text: str | None = None
    permalink: Id | None = None
    username: Id | None = None
    topic_tag: Id | None = None


class _Me(msgspec.Struct):
    id: Id
    username: str | None = None


_THREADS, _ME = Reader(_Thread), Reader(_Me)


class Threads:
    """Walked by its cursors where it gives any, else by time."""

    offer: ClassVar[Offer] = Offer(
        platform="threads", metrics=frozenset(), allowances=(Allowance("queries", 2_200, DAY),),
        page_size=LIMIT, batch_size=0, needs_credential=True, costs={"search": Cost({"queries": 1})},
        url_words="another address of the same API; Threads' own where it is left out",
        credential_words="a user's token of an app that Meta has reviewed for threads_keyword_search",
        notes=(
            "Threads tells no likes, reposts or replies of other people's posts: it gives volume, and no engagement.",
            "An app that Meta has not reviewed finds its own user's posts only, and is not told so.",
            "A post has one topic tag; other hashtags in its text are not searched. Followers are not told.",
            "A user may search 2,200 times in 24 hours; a search that finds nothing is free.",
        ),
        policy=Policy(
            looks_within=None, reread_within=30 * DAY, handed_on="ids",
            terms="Nobody can ask what was deleted: what was not shown for 30 days loses its words; ids are handed on.",
        ),
    )  # fmt: skip

    def __init__(
        self, *, client: httpx.AsyncClient, base_url: str | None, credential: Credential | None, meter: Meter,
        keeper: Keeper, now: Callable[[], datetime] = utc_now,  # noqa: ARG002  a token is all that there is to keep
    ) -> None:  # fmt: skip
        if credential is None:
            raise Unauthorized("a threads source needs a user's token")
        self._graph, self._meter = Graph(client, base_url or API, meter, "queries", credential, now), meter

    async def check(self) -> Mapping[str, str]:
        me = _ME.one((await self._graph.get("/me", [("fields", "id,username")], spend=("queries",))).body)
        return {"server": self._graph.http.base.host, "account": me.username or me.id}

    def search(self, tag: str, *, cursor: str | None = None, until: datetime | None = None) -> AsyncIterator[Page]:
        start = cursor or (f"{_seconds(until)}|" if until else None)
        return pages(start, lambda place: self._page(tag, place), f"#{tag} at {self._graph.http.base.host}")

    async def _page(self, tag: str, cursor: str | None) -> Page:
        """A cursor is `until|after`."""
        until, _, after = (cursor or "").partition("|")
        params = [("q", tag), ("search_type", "RECENT"), ("search_mode", "TAG"), ("limit", str(LIMIT)), _FIELDS]
        params += [(name, said) for name, said in (("until", until), ("after", after)) if said]
        listed = LISTED.one((await self._graph.get("/keyword_search", params, spend=("queries",))).body)
        found, skipped = _THREADS.many(bytes(listed.data))
        if not found and not skipped:
            await self._meter.give_back("queries", 1)
            return Page((), None)
        place = f"{until}|{listed.after}" if listed.after else None
        if place is None and len(found) == LIMIT:
            bound = _seconds(min(one.timestamp for one in found) + timedelta(seconds=1))
            place = f"{bound}|" if not until or int(bound) < int(until) else None
        newest_first = sorted(map(_post, found), key=lambda post: post.created_at, reverse=True)
        return Page(tuple(newest_first), place, skipped)


def _post(thread: _Thread) -> Post:
    author = Account(thread.username, thread.username) if thread.username else None
    topic = (thread.topic_tag,) if thread.topic_tag else ()
    tags = tuple(dict.fromkeys((*topic, *hashtags(thread.text))))
    created = utc(thread.timestamp)
    return Post(thread.id, created, Engagement(), thread.id, author, tags, thread.text, thread.permalink)


def _seconds(moment: datetime) -> str:
    return str(int(moment.timestamp()))
