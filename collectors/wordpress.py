"""WordPress by its REST API; where that is closed, by the feed that each tag has."""

from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import quote

import httpx
import msgspec

from collectors.contract import Allowance, Cost, Credential, Keeper, Meter, Offer
from collectors.errors import CollectorError, Malformed, Refused, Unauthorized
from collectors.http import Http
from collectors.paging import pages
from collectors.policy import Policy
from collectors.posts import Looked, Page
from collectors.rates import no_rates, utc_now
from collectors.reading import Reader
from collectors.wordpress_post import EMBED, FIELDS, POSTS, numbered, posts
from collectors.wordpress_rest import LIMIT, Rest, feed, number

_SHOWN = (("per_page", str(LIMIT)), ("_embed", EMBED), ("_fields", FIELDS))
_WORDS = "words"  # in place of a tag's number: the blog has no such tag


class _About(msgspec.Struct):
    namespaces: list[str]
    name: str = ""


_ABOUT = Reader(_About)


class Wordpress:
    """One blog. Places in a search are "<number of the tag>:<page>"."""

    offer: ClassVar[Offer] = Offer(
        platform="wordpress",
        metrics=frozenset({"replies"}),
        allowances=(Allowance("calls", 150, timedelta(minutes=5)),),  # ours
        page_size=LIMIT,
        batch_size=LIMIT,
        needs_url=True,
        url_words="the address of the blog, as https://blog.example",
        credential_words="an application password of a user, for a blog that shows its REST API to users alone",
        identifier_words="the name of that user",
        costs={"search": Cost({"calls": 2}), "look": Cost({"calls": 2})},
        notes=(
            "Replies are comments; WordPress counts no likes and no followers.",
            "Where the posts of a page have more than 100 comments, these are counted when the posts are read again.",
            "Posts are found by the blog's tag of that name; where it has none, by the hashtag in their words.",
            "Where a blog's REST API is closed, the feed of its tag is read, and no post by itself.",
        ),
        policy=Policy(terms="Each blog has its own rules. What is deleted or made private there goes here."),
    )

    def __init__(
        self, *, client: httpx.AsyncClient, base_url: str | None, credential: Credential | None, meter: Meter,
        keeper: Keeper, now: Callable[[], datetime] = utc_now,
    ) -> None:  # fmt: skip
        if base_url is None:
            raise Refused("a wordpress source needs the address of the blog")
        if credential and not credential.identifier:
            raise Refused("an application password goes with the name of its user")
        login = f"{credential.identifier}:{credential.secret}" if credential else ""
        headers = {"authorization": f"Basic {b64encode(login.encode()).decode()}"} if login else {}
        hidden = credential.secret if credential else None
        self._http = Http(client, base_url, meter, no_rates, hidden=hidden, headers=headers, now=now)
        self._rest, self._logged_in = Rest(self._http, keeper), bool(login)

    async def check(self) -> Mapping[str, str]:
        said = {"server": self._http.base.host, "software": "wordpress"}
        try:
            about = _ABOUT.one((await self._rest.get("/", [("_fields", "name,namespaces")])).body)
        except (Unauthorized, Refused) as closed:
            title = (await feed(self._http, closed, "/?feed=rss2", "/feed/")).title
            return {**said, "blog": title, "reads": "feeds alone: its REST API is closed"}
        except Malformed:
            about = _About([])
        if "wp/v2" not in about.namespaces:
            raise Refused(f"{self._http.base.host} answers, but not as WordPress does")
        if self._logged_in:
            me = await self._rest.get("/wp/v2/users/me", [("_fields", "id,name")])
            said["account"] = me.said("name")
        return {**said, "blog": about.name}

    def search(
        self, tag: str, *, cursor: str | None = None, until: datetime | None = None,  # noqa: ARG002
    ) -> AsyncIterator[Page]:  # fmt: skip
        """By numbered pages, newest first: what is written meanwhile moves posts to the next one."""

        async def read(place: str | None) -> Page:
            if place and place.startswith("feed:"):
                return await self._feed_page(tag, number(place.partition(":")[2]))
            try:
                return await self._page(tag, place)
            except (Unauthorized, Refused) as closed:
                if place is not None:
                    raise
                return await self._feed_page(tag, 1, closed)

        return pages(cursor, read, f"#{tag} at {self._http.base.host}")

    async def look(self, ids: Sequence[str]) -> Looked:
        known = [id_ for id_ in ids if id_.isascii() and id_.isdecimal()]
        if not known:
            return Looked(skipped=("of these posts a feed told no numbers",))
        try:
            answer = await self._rest.get("/wp/v2/posts", [("include", ",".join(known)), *_SHOWN])
        except (Unauthorized, Refused) as closed:
            if self._logged_in:
                raise
            return Looked(skipped=(f"only in the feed: {closed}",))
        found, skipped = POSTS.many(answer.body)
        found = [one for one in found if str(one.id) in ids]
        shown = posts(found, str(self._http.base), await self._rest.replies([one.id for one in found], whole=True))
        absent = frozenset() if skipped else frozenset(known) - {post.local_id or "" for post in shown}
        return Looked(shown, absent=absent, skipped=skipped)

    async def _page(self, tag: str, place: str | None) -> Page:
        which, _, page = (place or f"{await self._rest.tag(tag) or _WORDS}:1").partition(":")
        here, by_tag = number(page), number(which)
        if here < 1 or (by_tag < 0 and which != _WORDS):
            raise Malformed(f"{(place or '')[:80]!r} is no place in a search of WordPress")
        sought = ("tags", which) if by_tag >= 0 else ("search", f"#{tag}")
        answer = await self._rest.get("/wp/v2/posts", [sought, ("page", str(here)), *_SHOWN], expect={400})
        if answer.status == httpx.codes.BAD_REQUEST:
            if answer.said("code") == "rest_post_invalid_page_number":  # past the last one
                return Page((), None)
            raise self._http.failure(answer)
        found, skipped = POSTS.many(answer.body)
        if place is None and by_tag >= 0 and not found:
            await self._rest.forget(tag)
        replies = await self._rest.replies([one.id for one in found], whole=False)
        shown = posts(found, str(self._http.base), replies, (tag, by_tag) if by_tag >= 0 else None)
        last = number(answer.headers.get("x-wp-totalpages", ""))
        more = here < last if last >= 0 else len(found) == LIMIT
        return Page(shown, f"{which}:{here + 1}" if found and more else None, skipped)

    async def _feed_page(self, tag: str, page: int, closed: CollectorError | None = None) -> Page:
        """Ten posts or so, with their comments counted; further pages of a feed go all the way back."""
        if page < 1:
            raise Malformed(f"'feed:{page}' is no place in a search of WordPress")
        slug, paged = quote(tag.casefold(), safe=""), f"paged={page}" if page > 1 else ""
        found = await feed(self._http, closed, f"/?feed=rss2&tag={slug}&{paged}", f"/tag/{slug}/feed/?{paged}")
        return Page(tuple(map(numbered, found.posts)), f"feed:{page + 1}" if found.posts else None, found.skipped)
