"""TikTok's Research API, for researchers of non-profit institutions: videos by hashtag, some days after their birth."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, time
from typing import ClassVar

import httpx
import msgspec

from collectors.answer import Answer
from collectors.client_token import ClientToken
from collectors.contract import Allowance, Cost, Credential, Keeper, Meter, Offer
from collectors.errors import CollectorError, Malformed, RateLimited, Unauthorized
from collectors.http import Http
from collectors.paging import pages
from collectors.policy import DAY, Policy
from collectors.posts import Looked, Page, Post
from collectors.rates import no_rates, utc_now
from collectors.reading import Reader
from collectors.tiktok_video import FIELDS, MEANT, PEOPLE, Envelope, Found, Person, Video, born, person, video

API = "https://open.tiktokapis.com"
LIMIT, WINDOW, _SPAN = 100, 30 * DAY, 29 * 86_400
_CALL = Cost({"requests": 1}, {"records": 1})
_FAILED = range(201, 600)
_ENVELOPE, _FOUND, _VIDEOS, _PERSON = Reader(Envelope), Reader(Found), Reader(Video), Reader(Person)


class Tiktok:
    """Walked back by windows of thirty days, until one of them is empty."""

    offer: ClassVar[Offer] = Offer(
        platform="tiktok", metrics=frozenset({"likes", "reposts", "replies", "views", "bookmarks"}),
        allowances=(Allowance("requests", 1_000, DAY), Allowance("records", 100_000, DAY, "post")),
        page_size=LIMIT, batch_size=LIMIT, accounts_batch=1, delay=2 * DAY, needs_credential=True,
        costs={"search": _CALL, "look": _CALL, "accounts": Cost({"requests": 1})}, needs_identifier=True,
        url_words="another address of the same API; TikTok's own where it is left out",
        credential_words="the client secret of a project that TikTok has approved for its Research API",
        identifier_words="the client key of that project",
        notes=(
            "Only researchers of non-profit institutions may use it: no business, no brand, no agency.",
            "Videos and their counters are shown some two days late, or more: no alert can be in time.",
            "A project may ask 1,000 times a day, all of its people together. Reposts are shares, bookmarks favorites.",
            "What is deleted on TikTok is deleted here within fifteen days.",
        ),
        policy=Policy(
            looks_within=12 * DAY, reread_within=15 * DAY, handed_on="ids",
            terms="Research only, nothing commercial; what is gone from TikTok is deleted within fifteen days.",
        ),
    )  # fmt: skip

    def __init__(
        self, *, client: httpx.AsyncClient, base_url: str | None, credential: Credential | None, meter: Meter,
        keeper: Keeper, now: Callable[[], datetime] = utc_now,
    ) -> None:  # fmt: skip
        if credential is None or not credential.identifier:
            raise Unauthorized("a tiktok source needs a client key and its secret")
        secret = credential.secret
        login, self._api = (Http(client, base_url or API, meter, no_rates, hidden=secret, now=now) for _ in range(2))
        named, spend = ("client_key", "client_secret"), ("requests",)
        self._token = ClientToken(login, "/v2/oauth/token/", credential, keeper, now, named=named, spend=spend)
        self._meter, self._now = meter, now

    async def check(self) -> Mapping[str, str]:
        await self.accounts(["tiktok"])
        return {"server": self._api.base.host, "account": "an approved client"}

    def search(self, tag: str, *, cursor: str | None = None, until: datetime | None = None) -> AsyncIterator[Page]:
        start = cursor or f"{until or self._now():%Y%m%d}|0||"
        return pages(start, lambda place: self._page(tag, place or start), f"#{tag} at {self._api.base.host}")

    async def look(self, ids: Sequence[str]) -> Looked:
        """A query spans thirty days: ids tell when their videos were born."""
        asked = sorted((id_ for id_ in dict.fromkeys(ids) if born(id_)), key=born)
        posts, absent = list[Post](), set[str]()
        skipped = [f"{id_}: not an id that can be asked for" for id_ in ids if not born(id_)]
        while asked:
            group = [id_ for id_ in asked if born(id_) - born(asked[0]) < _SPAN]
            asked = asked[len(group) :]
            first, last = (f"{datetime.fromtimestamp(born(id_), UTC):%Y%m%d}" for id_ in (group[0], group[-1]))
            _, found, unread = await self._query("video_id", group, first, last)
            posts += found
            absent |= set(() if unread else group) - {post.native_id for post in found}
            skipped += unread
        return Looked(tuple(posts), absent=frozenset(absent), skipped=tuple(skipped))

    async def accounts(self, ids: Sequence[str]) -> Looked:
        """By their names: no other id is told."""
        answers = {name: await self._ask("user/info", PEOPLE, {"username": name}, {"requests": 1}) for name in ids}
        found = tuple(person(name, _PERSON.one(bytes(data))) for name, data in answers.items() if data is not None)
        return Looked(accounts=found, absent=frozenset(name for name, data in answers.items() if data is None))

    async def _page(self, tag: str, place: str) -> Page:
        """A cursor is `end|cursor|search id|whether its window showed any`."""
        try:
            end, cursor, search_id, met = place.split("|")
            last = datetime.strptime(end, "%Y%m%d").replace(tzinfo=UTC)
            more: dict[str, object] = {"cursor": int(cursor)}
        except ValueError:
            raise Malformed(f"{place[:80]!r} is no place in a search of TikTok") from None
        first = last - WINDOW + DAY
        more |= {"search_id": search_id} if search_id else {}
        told, posts, skipped = await self._query("hashtag_name", [tag], f"{first:%Y%m%d}", end, more)
        met = met or ("1" if posts or skipped else "")
        earlier = f"{first - DAY:%Y%m%d}|0||" if met else None
        further = f"{end}|{told.cursor}|{told.search_id}|{met}"
        posts.sort(key=lambda post: post.created_at, reverse=True)
        return Page(tuple(posts), further if told.has_more and told.cursor else earlier, tuple(skipped))

    async def _query(
        self, field: str, values: Sequence[str], start: str, end: str, more: Mapping[str, object] | None = None
    ) -> tuple[Found, list[Post], list[str]]:
        query = {"and": [{"operation": "IN", "field_name": field, "field_values": list(values)}]}
        body = {"query": query, "start_date": start, "end_date": end, "max_count": LIMIT, **(more or {})}
        data = await self._ask("video/query", FIELDS, body, {"requests": 1, "records": LIMIT})
        told = _FOUND.one(bytes(data or b"{}"))
        videos, skipped = _VIDEOS.many(bytes(told.videos))
        if (unused := LIMIT - len(videos) - len(skipped)) > 0:
            await self._meter.give_back("records", unused)
        return told, list(map(video, videos)), list(skipped)

    async def _ask(self, path: str, fields: str, body: object, spend: Mapping[str, int]) -> msgspec.Raw | None:
        """None: there is no such thing. Its errors are told by a code, also with status 200."""

        async def call() -> Answer:
            answer = await self._api.post(
                f"/v2/research/{path}/", body, params=[("fields", fields)], spend=spend, expect=_FAILED, reads=True
            )
            if (failure := self._failure(answer)) is not None:
                if records := spend.get("records"):
                    await self._meter.give_back("records", records)
                raise failure
            return answer

        answer = await self._token.calling(self._api, call)
        return None if answer.status == httpx.codes.NOT_FOUND else _ENVELOPE.one(answer.body).data

    def _failure(self, answer: Answer) -> CollectorError | None:
        failure = self._api.failure(answer)
        try:
            code = _ENVELOPE.one(answer.body).error.code
        except Malformed:
            return failure if answer.status != httpx.codes.OK else None  # for its reader to say
        if "quota" in code:
            tomorrow = self._now().astimezone(UTC).date() + DAY
            return RateLimited(str(failure), datetime.combine(tomorrow, time(), UTC))
        if code in MEANT:
            return MEANT[code](str(failure))
        good = code == "ok" if answer.status == httpx.codes.OK else answer.status == httpx.codes.NOT_FOUND
        return None if good else failure
