"""Mastodon's API, which GoToSocial, Takahe, Pixelfed, Pleroma and Akkoma also speak, each in its own way."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from urllib.parse import quote

import httpx
import msgspec

from collectors import mastodon_stream
from collectors.answer import Answer
from collectors.contract import Allowance, Credential, Keeper, Meter, Offer, Told
from collectors.errors import Malformed, Refused, Unauthorized
from collectors.http import Http, Params
from collectors.mastodon_lookup import ById
from collectors.mastodon_server import Facts, id_before, read_facts
from collectors.mastodon_status import AUTHORS, STATUSES, Status, account, posts
from collectors.policy import Policy
from collectors.posts import CountBucket, Looked, Page
from collectors.rates import ReadRates, iso_reset, utc_now
from collectors.reading import Reader
from collectors.streaming import Heard, Tags

_LINK = re.compile(r'<([^<>]*)>[^<>,]*;\s*rel="?next"?')
LIMIT = 40


class _Day(msgspec.Struct):
    day: str
    uses: str
    accounts: str | None = None


class _Tag(msgspec.Struct):
    history: msgspec.Raw = msgspec.Raw(b"[]")


_TAG, _DAYS = Reader(_Tag), Reader(_Day)


class Mastodon:
    """One server. A tag is walked by `max_id`: the only way that all of these servers page alike without a gap."""

    offer: ClassVar[Offer] = Offer(
        platform="mastodon",
        metrics=frozenset({"likes", "reposts", "replies", "quotes"}),
        allowances=(
            Allowance("calls", 300, timedelta(minutes=5)),
            Allowance("paging", 300, timedelta(minutes=15)),  # each call that pages, besides its place in "calls"
        ),
        page_size=LIMIT,
        batch_size=20,
        accounts_batch=40,
        needs_url=True,
        url_words="the address of the server, as https://mastodon.example",
        credential_words="an access token of a user with the right to read; many Mastodon servers need none",
        notes=(
            "A server counts the likes, reposts and replies that reached it: lower bounds for posts of other servers.",
            "Replies under a tag: Mastodon lists all, GoToSocial those to oneself, Takahe none.",
            "A tag that stands only in a content warning is in no timeline.",
            "GoToSocial counts every boost, also several by one account; Takahe still counts deleted replies.",
        ),
        policy=Policy(
            withheld=frozenset({"noindex"}),
            terms="Each server has its own rules. What is deleted there goes here. Posts of those who ask not to be "
            "indexed are counted, and kept without text, address and name.",
        ),
    )

    def __init__(
        self,
        *,
        client: httpx.AsyncClient,
        base_url: str | None,
        credential: Credential | None,
        meter: Meter,
        keeper: Keeper,  # noqa: ARG002  a token is all that there is to keep
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        if base_url is None:
            raise Refused("a mastodon source needs the URL of its server")
        secret = credential.secret if credential else None
        self._client, self._now = client, now
        self._http = Http(client, base_url, meter, _rates(now), secret=secret, now=now)
        self._facts: Facts | None = None
        self._statuses = ById(self._get, "/api/v1/statuses", STATUSES)
        self._authors = ById(self._get, "/api/v1/accounts", AUTHORS)

    @staticmethod
    def streams_by_itself(base_url: str | None, *, with_credential: bool) -> bool:  # noqa: ARG004
        return with_credential

    async def stream(self, tags: Tags, *, cursor: str | None, url: str | None = None) -> AsyncGenerator[Heard, None]:  # noqa: ARG002
        """A user's alone. It begins now: what was said before, the polls find."""
        if self._http.secret is None:
            raise Refused(f"{self._http.base.host} has its stream for users only: give a user's token")
        url = url or mastodon_stream.address(await self._about(), self._http.base)
        told = mastodon_stream.listen(self._client, url, self._http.secret, tags, self._now)
        async with aclosing(told) as heard:
            async for one in heard:
                yield one

    async def check(self) -> Mapping[str, str]:
        """Whom we speak to, and as whom."""
        facts = await self._about()
        facts.refuse(with_token=self._http.secret is not None)
        said = {"server": facts.domain, "software": facts.kind, "version": facts.version}
        if facts.feeds.local or facts.feeds.remote:
            said["hashtag timelines"] = f"local {facts.feeds.local}, remote {facts.feeds.remote}"
        if self._http.secret:
            me = AUTHORS.one((await self._get("/api/v1/accounts/verify_credentials")).body)
            said["account"] = me.acct or me.id
        return said

    async def search(
        self, tag: str, *, cursor: str | None = None, until: datetime | None = None
    ) -> AsyncIterator[Page]:
        """Back in time by `max_id`. `until` is reached in one step where ids tell the time, else from the newest on."""
        page = await self._page(tag, cursor)
        if cursor is None and until is not None and page.posts and page.posts[0].created_at >= until:
            cursor = id_before(until, page.posts[0])
            page = page if cursor is None else await self._page(tag, cursor)
        seen = {cursor}
        while page.cursor is not None:
            if page.cursor in seen:
                raise Malformed(f"{self._http.base.host}: paging of #{tag} comes back to {page.cursor}")
            seen.add(page.cursor)
            yield page
            page = await self._page(tag, page.cursor)
        yield page

    async def look(self, ids: Sequence[str]) -> Looked:
        got = await self._statuses.get(ids)
        return Looked(posts=posts(got.found), absent=got.absent, skipped=got.skipped)

    async def accounts(self, ids: Sequence[str]) -> Looked:
        got = await self._authors.get(ids)
        return Looked(accounts=tuple(filter(None, map(account, got.found))), absent=got.absent, skipped=got.skipped)

    async def counts(self, tag: str) -> Sequence[CountBucket]:
        """The server's own seven days, oldest first, today's still growing. Empty: it keeps no such counts."""
        answer = await self._get(f"/api/v1/tags/{quote(tag, safe='')}", expect={404})
        days = _DAYS.many(bytes(_TAG.one(answer.body).history))[0] if answer.status == httpx.codes.OK else []
        return sorted((bucket for day in days if (bucket := _bucket(day))), key=lambda bucket: bucket.start)

    async def _refuse_if_closed(self) -> None:
        """Mastodon answers an empty list also where hashtag timelines are switched off."""
        try:
            facts = await self._about()
        except (Refused, Malformed):
            return  # a server that says nothing of itself has no such switch either
        facts.refuse(with_token=self._http.secret is not None)

    async def _about(self) -> Facts:
        if self._facts is None:
            self._facts = await read_facts(self._http)
        return self._facts

    async def _get(
        self, path: str, params: Params = (), *, paging: bool = False, expect: Collection[int] = ()
    ) -> Answer:
        spend = ("calls", "paging") if paging else ("calls",)
        answer = await self._http.get(path, params, spend=spend, expect={400, *expect})
        if answer.status != httpx.codes.BAD_REQUEST or 400 in expect:
            return answer
        if self._http.secret and not answer.is_json():  # Takahe's way to say that it does not know a token
            raise Unauthorized(f"{self._http.base.host} does not take this token")
        raise self._http.failure(answer)

    async def _page(self, tag: str, max_id: str | None) -> Page:
        params = [("limit", str(LIMIT)), *([("max_id", max_id)] if max_id else [])]
        path = f"/api/v1/timelines/tag/{quote(tag, safe='')}"
        answer = await self._get(path, params, paging=max_id is not None, expect={404})
        if answer.status == httpx.codes.NOT_FOUND:
            if answer.is_json():  # GoToSocial: a tag that it has not seen yet
                return Page((), None)
            raise Refused(f"{self._http.base.host} has no tag timeline: does it speak Mastodon's API?")
        statuses, skipped = STATUSES.many(answer.body)
        if not statuses and max_id is None:
            await self._refuse_if_closed()
        return Page(posts(statuses), self._next(answer, statuses), skipped)

    def _next(self, answer: Answer, statuses: Sequence[Status]) -> str | None:
        """From the Link header where it stays on this server; else the last id, as Pixelfed needs it.

        Takahe names its public host whatever it was called by: a link is never followed, only read.
        """
        if link := _LINK.search(answer.headers.get("link", "")):
            try:
                url = self._http.base.join(link[1])
            except (httpx.InvalidURL, ValueError):
                url = None
            if url is not None and self._http.ours(url) and url.params.get("max_id"):
                return url.params["max_id"]
        return statuses[-1].id if statuses else None


def _rates(now: Callable[[], datetime]) -> ReadRates:
    """The headers are those of the limit closest to its end; a far reset can only be that of paging."""
    read = iso_reset("calls")

    def told(headers: httpx.Headers) -> Told | None:
        said = read(headers)
        if said and said.resets_at and said.resets_at > now() + timedelta(minutes=6):
            return Told("paging", said.limit, said.remaining, said.resets_at)
        return said

    return told


def _bucket(day: _Day) -> CountBucket | None:
    """Numbers come as text, the day as unix seconds of its midnight in UTC."""
    start, uses, people = (_number(text or "") for text in (day.day, day.uses, day.accounts))
    if start is None or uses is None:
        return None
    midnight = datetime.fromtimestamp(start, UTC)
    return CountBucket(midnight, midnight + timedelta(days=1), uses, people)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else None
