"""Blogs by their feeds: RSS, Atom and JSON Feed, each at its own address."""

import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

import httpx

from collectors import feed_apart
from collectors.contract import Allowance, Credential, Keeper, Meter, Offer
from collectors.errors import Malformed, Refused
from collectors.feed_reading import ACCEPT, Feed
from collectors.http import Http
from collectors.paging import pages
from collectors.policy import Policy
from collectors.posts import Page
from collectors.rates import no_rates, utc_now

_ORIGIN = re.compile(r"https?://[^/?#]+")
WHOLE_AGAIN = timedelta(hours=1)
MOST = 64


@dataclass(frozen=True, slots=True)
class _Read:
    feed: Feed
    at: datetime
    asks: Mapping[str, str]  # the headers that ask whether it is still so


_LAST: OrderedDict[str, _Read] = OrderedDict()
"""Feeds as this process read them last: what has not changed since is not sent again, and given as it was."""


class Feeds:
    """One feed. It shows its last items, so what is older may be there and is not seen."""

    offer: ClassVar[Offer] = Offer(
        platform="feeds",
        metrics=frozenset({"replies"}),
        allowances=(Allowance("calls", 120, timedelta(hours=1)),),  # ours
        page_size=50,
        batch_size=0,
        needs_url=True,
        url_words="the address of the feed itself (RSS, Atom or JSON Feed), as https://blog.example/feed/",
        notes=(
            "A feed shows its last items, often ten: what was written before is not seen.",
            "Hashtags are a post's categories, and the hashtags in its title and words.",
            "Comments are counted where the feed counts them; there are no likes and no followers.",
            "A post is read again for as long as it stands in the feed.",
        ),
        policy=Policy(terms="Published to be read by programs. A feed tells of no deletions: a post just leaves it."),
    )

    def __init__(
        self, *, client: httpx.AsyncClient, base_url: str | None, credential: Credential | None, meter: Meter,  # noqa: ARG002
        keeper: Keeper, now: Callable[[], datetime] = utc_now,  # noqa: ARG002  nothing to log in with, nothing to keep
    ) -> None:  # fmt: skip
        if base_url is None:
            raise Refused("a feed's source needs the feed's address")
        origin = _ORIGIN.match(base_url)
        self._url, self._now = base_url, now
        self._http = Http(
            client, origin[0] if origin else base_url, meter, no_rates, headers={"accept": ACCEPT}, now=now
        )

    async def check(self) -> Mapping[str, str]:
        feed = await self._feed(self._url)
        newest = max((post.created_at for post in feed.posts), default=None)
        said = {"server": self._http.base.host, "feed": feed.title or self._url, "items": str(len(feed.posts))}
        return said | ({"newest": newest.date().isoformat()} if newest else {})

    def search(
        self, tag: str, *, cursor: str | None = None, until: datetime | None = None,  # noqa: ARG002
    ) -> AsyncIterator[Page]:  # fmt: skip
        """Every item, whatever its hashtags: how far back the feed shows is seen by them all."""

        async def read(url: str | None) -> Page:
            if url is not None and not self._ours(url):
                raise Malformed(f"{url[:80]!r} is no place in the feed of {self._http.base.host}")
            feed = await self._feed(url or self._url, further=url is not None)
            posts = tuple(sorted(feed.posts, key=lambda post: post.created_at, reverse=True))
            following = feed.following if feed.following and self._ours(feed.following) else None
            return Page(posts, following, feed.skipped, cut=following is None)

        return pages(cursor, read, f"the feed of {self._http.base.host}")

    def _ours(self, url: str) -> bool:
        try:
            return self._http.ours(httpx.URL(url))
        except httpx.InvalidURL:
            return False

    async def _feed(self, url: str, *, further: bool = False) -> Feed:
        """As it is now. A feed that counts comments is always read whole: a blog's ETag does not change with them."""
        last = _LAST.get(url)
        asks = last.asks if last and self._now() - last.at < WHOLE_AGAIN else {}
        path = _ORIGIN.sub("", url, count=1)
        answer = await self._http.get(path, headers=asks, expect={304, 404} if further else {304})
        if answer.status == httpx.codes.NOT_FOUND:
            return Feed("", ())  # past its last page
        if answer.status == httpx.codes.NOT_MODIFIED:
            if last is None or not asks:
                raise Malformed(f"{self._http.base.host} says that nothing changed, unasked")
            return last.feed
        try:
            feed = await feed_apart.read(answer.body, url)
        except Malformed as error:
            raise Malformed(f"{self._http.base.host}: {error}") from None
        self._remember(url, feed, answer.headers)
        return feed

    def _remember(self, url: str, feed: Feed, headers: httpx.Headers) -> None:
        told = (("if-none-match", headers.get("etag")), ("if-modified-since", headers.get("last-modified")))
        asks = {name: value for name, value in told if value and not feed.counts_replies}
        _LAST.pop(url, None)
        if asks:
            _LAST[url] = _Read(feed, self._now(), asks)
        while len(_LAST) > MOST:
            _LAST.popitem(last=False)
