"""Bluesky: search by tag with an app password's session; posts and profiles from the public AppView, without one."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

import httpx
import msgspec

from collectors import jetstream
from collectors.answer import Answer
from collectors.bluesky_session import ENTRYWAY, Session
from collectors.bluesky_view import read_posts, read_profiles
from collectors.bluesky_walk import Place, Walk, milliseconds
from collectors.contract import Allowance, Cost, Credential, Keeper, Meter, Offer
from collectors.errors import Malformed, RateLimited, Refused, Unauthorized, Unavailable
from collectors.http import Http, Params
from collectors.policy import Policy
from collectors.posts import Account, Looked, Page, Post
from collectors.rates import no_rates, utc_now
from collectors.streaming import Heard, Tags

APPVIEW = "https://public.api.bsky.app"
LIMIT, BATCH = 100, 25
APP = Cost({"appview": 1})

_SEARCH = "/xrpc/app.bsky.feed.searchPosts"
_GET_POSTS = "/xrpc/app.bsky.feed.getPosts"
_GET_PROFILES = "/xrpc/app.bsky.actor.getProfiles"

# What getPosts can answer: one address by handle, or one that is no address, and the whole call fails.
_POST = re.compile(r"at://did:[a-z]+:[\w.:%-]+/app\.bsky\.feed\.post/[\w.~:-]+", re.ASCII)
_ACTOR = re.compile(r"did:[a-z]+:[\w.:%-]+|[\w-]+(\.[\w-]+)+", re.ASCII)


class Bluesky:
    """The network; or one server that a URL names, which then answers everything."""

    offer: ClassVar[Offer] = Offer(
        platform="bluesky",
        metrics=frozenset({"likes", "reposts", "replies", "quotes", "bookmarks"}),
        allowances=(
            Allowance("calls", 3000, timedelta(minutes=5)),
            Allowance("appview", 3000, timedelta(minutes=5)),  # ours: the public AppView names no figure
            Allowance("session", 30, timedelta(minutes=5)),
            Allowance("session-day", 300, timedelta(days=1)),
        ),
        page_size=LIMIT,
        batch_size=BATCH,
        accounts_batch=BATCH,
        delay=timedelta(seconds=1),
        needs_credential=True,
        url_words="a server of one's own that answers everything; the network where it is left out",
        credential_words="an app password from the settings, never the account's own",
        needs_identifier=True,
        identifier_words="the handle",
        costs={"search": Cost(item={"appview": 1}), "look": APP, "accounts": APP},
        notes=(
            "A deactivated account's posts vanish and come back with it; likes of accounts that are gone stay counted.",
            "A post in the text's words only, with no tag marked by its client, is not found under the tag.",
        ),
        policy=Policy(
            terms="Deleted posts and accounts go here too, at once where Jetstream is heard, else when they are looked "
            "at again. Whoever asks not to be shown to strangers is not, on shared pages and in exports.",
        ),
    )

    def __init__(
        self,
        *,
        client: httpx.AsyncClient,
        base_url: str | None,
        credential: Credential | None,
        meter: Meter,
        keeper: Keeper,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        if base_url is not None and base_url.rstrip("/") == APPVIEW:
            base_url = None
        self._client, self._now = client, now
        self._public = Http(client, base_url or APPVIEW, meter, no_rates, now=now)
        self._session = Session(client, base_url or ENTRYWAY, meter, credential, keeper, now) if credential else None
        if base_url is None and credential is None:  # found by the stream alone: the public AppView searches for nobody
            self.offer = replace(type(self).offer, page_size=0)  # type: ignore[misc]
        # A server of one's own answers look-ups to its users; the network answers them to everybody.
        self._looks_logged_in = self._session is not None and base_url is not None

    @staticmethod
    def streams_by_itself(base_url: str | None, *, with_credential: bool) -> bool:  # noqa: ARG004
        """The network's stream is everybody's; a server of one's own may have none."""
        return base_url is None

    async def stream(self, tags: Tags, *, cursor: str | None, url: str | None = None) -> AsyncGenerator[Heard, None]:
        async with aclosing(jetstream.listen(self._client, url, tags, cursor, self._now)) as heard:
            async for one in heard:
                yield one

    async def check(self) -> Mapping[str, str]:
        if self._session is None:
            await self._profiles(["bsky.app"])
            return {"server": self._public.base.host, "account": "none: posts are read again, but not searched"}
        host, me = await self._session.host(), self._session.did
        found, _ = read_profiles((await self._session.get(_GET_PROFILES, [("actors", me)])).body)
        return {"server": host, "account": (found[0].handle if found else None) or me}

    async def search(
        self, tag: str, *, cursor: str | None = None, until: datetime | None = None
    ) -> AsyncIterator[Page]:
        """By cursor as far as cursors go, then by windows of time before the oldest post met, until one is empty."""
        walk = Walk(Place.read(cursor) if cursor else Place(until=milliseconds(until) if until else None))
        people: dict[str, Account] = {}
        while (place := walk.place) is not None:
            try:
                posts, further, skipped = read_posts((await self._found(tag, place)).body)
            except (Refused, Unauthorized, Unavailable) as error:
                walk.refused(place, error)
                continue
            walk.met(place, [milliseconds(post.created_at) for post in posts], further)
            posts = await self._with_followers(posts, people)
            yield Page(posts, walk.place.text() if walk.place else None, skipped)

    async def look(self, ids: Sequence[str]) -> Looked:
        """Compared by address: what is deleted, hidden or deactivated is left out of the answer in silence."""
        asked, strange = _sorted(ids, _POST)
        if not asked:
            return Looked(skipped=strange)
        answer = await self._look(_GET_POSTS, [("uris", uri) for uri in asked])
        posts, _, skipped = read_posts(answer.body)
        absent = set(asked) - {post.native_id for post in posts} if not skipped else ()
        return Looked(posts=posts, absent=frozenset(absent), skipped=(*strange, *skipped))

    async def accounts(self, ids: Sequence[str]) -> Looked:
        """By DID, or by handle; an actor asked for by both comes once."""
        asked, strange = _sorted(ids, _ACTOR)
        if not asked:
            return Looked(skipped=strange)
        found, skipped = await self._profiles(asked)
        known = {account.native_id for account in found} | {(account.handle or "").lower() for account in found}
        absent = {id_ for id_ in asked if (id_ if id_.startswith("did:") else id_.lower()) not in known}
        return Looked(accounts=found, absent=frozenset(() if skipped else absent), skipped=(*strange, *skipped))

    async def _found(self, tag: str, place: Place) -> Answer:
        params = [("q", "*"), ("tag", tag), ("sort", "latest"), ("limit", str(LIMIT)), *place.params()]
        if self._session:
            return await self._session.get(_SEARCH, params)
        try:
            return await self._public.get(_SEARCH, params, spend=("appview",))
        except Unauthorized as error:
            raise Unauthorized(
                f"{error}: only who is logged in may search; give a handle and an app password"
            ) from error

    async def _look(self, path: str, params: Params) -> Answer:
        if self._session and self._looks_logged_in:
            return await self._session.get(path, params)
        return await self._public.get(path, params, spend=("appview",))

    async def _profiles(self, actors: Iterable[str]) -> tuple[tuple[Account, ...], tuple[str, ...]]:
        answer = await self._look(_GET_PROFILES, [("actors", actor) for actor in actors])
        return read_profiles(answer.body)

    async def _with_followers(self, posts: tuple[Post, ...], people: dict[str, Account]) -> tuple[Post, ...]:
        """Search names authors without their followers. Where those cannot be had now, the posts come without."""
        missing = list(
            dict.fromkeys(p.author.native_id for p in posts if p.author and p.author.native_id not in people)
        )
        try:
            for start in range(0, len(missing), BATCH):
                found, _ = await self._profiles(missing[start : start + BATCH])
                people.update((account.native_id, account) for account in found)
        except (RateLimited, Unavailable, Malformed):
            pass
        return tuple(
            msgspec.structs.replace(post, author=people.get(post.author.native_id, post.author))
            if post.author
            else post
            for post in posts
        )


def _sorted(ids: Sequence[str], kind: re.Pattern[str]) -> tuple[list[str], tuple[str, ...]]:
    """What can be asked for, once each, and what cannot."""
    unique = list(dict.fromkeys(ids))
    asked = [id_ for id_ in unique if kind.fullmatch(id_)]
    return asked, tuple(f"{id_}: not an id that can be asked for" for id_ in unique if id_ not in asked)
