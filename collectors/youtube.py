"""YouTube's Data API: a search that may be asked a hundred times a day, and cheap look-ups of what it found."""

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

import httpx

from collectors.answer import Answer
from collectors.contract import Allowance, Cost, Credential, Keeper, Meter, Offer, Told
from collectors.errors import CollectorError, RateLimited, Unauthorized, Unavailable
from collectors.http import Http, Params
from collectors.paging import pages
from collectors.policy import DAY, Policy
from collectors.posts import Looked, Page
from collectors.rates import no_rates, utc_now
from collectors.reading import Reader, utc
from collectors.youtube_video import Item, Listed, account, post

API = "https://www.googleapis.com/youtube/v3"
LIMIT, UNIT = 50, Cost({"units": 1})
_PACIFIC = ZoneInfo("America/Los_Angeles")
_REASON = re.compile(rb'"reason":\s*"(\w+)"')

_LISTED, _ITEMS = Reader(Listed), Reader(Item)


class Youtube:
    """Searched by date. The counters of what a page names come with a second call, in one for all."""

    offer: ClassVar[Offer] = Offer(
        platform="youtube", metrics=frozenset({"likes", "replies", "views"}),
        allowances=(Allowance("searches", 100, DAY), Allowance("units", 10_000, DAY, "unit")),
        page_size=LIMIT, batch_size=LIMIT, accounts_batch=LIMIT,
        costs={"search": Cost({"searches": 1, "units": 1}), "look": UNIT, "accounts": UNIT},
        url_words="another address of the same API; YouTube's own where it is left out", needs_credential=True,
        credential_words="an API key of a Google Cloud project for which the YouTube Data API is switched on",
        notes=(
            "A key may search 100 times a day: four hashtags by the hour, and no more unless Google grants it.",
            "A search shows at most about 500 videos, and not all of them: it is made for viewers, not for counting.",
            "Likes, comments and subscribers are unknown where a channel hides them; subscribers are rounded.",
            "A video counts where the hashtag stands in its title, its description or its keywords.",
        ),
        policy=Policy(
            looks_within=25 * DAY, reread_within=30 * DAY, handed_on="ids",
            terms="What was not read again for 30 days is deleted, as YouTube's terms ask; only ids are handed on.",
        ),
    )  # fmt: skip

    def __init__(
        self, *, client: httpx.AsyncClient, base_url: str | None, credential: Credential | None, meter: Meter,
        keeper: Keeper, now: Callable[[], datetime] = utc_now,  # noqa: ARG002  a key is all that there is to keep
    ) -> None:  # fmt: skip
        if credential is None:
            raise Unauthorized("a youtube source needs an API key")
        key = {"x-goog-api-key": credential.secret}
        self._http = Http(client, base_url or API, meter, no_rates, hidden=credential.secret, headers=key, now=now)
        self._meter, self._now = meter, now
        self.since: datetime | None = None

    async def check(self) -> Mapping[str, str]:
        """A search would cost one of the few."""
        await self._list("/videos", [("part", "snippet"), ("chart", "mostPopular"), ("maxResults", "1")])
        return {"server": self._http.base.host, "account": "an API key that it accepts"}

    def search(self, tag: str, *, cursor: str | None = None, until: datetime | None = None) -> AsyncIterator[Page]:
        wanted = _second(self.since) if self.since else ""
        start = cursor or f"{wanted}|{_second(until) if until else ''}|"
        return pages(start, lambda place: self._page(tag, place or start, wanted), f"#{tag} at {self._http.base.host}")

    async def look(self, ids: Sequence[str]) -> Looked:
        """What is deleted or private is left out of the answer in silence."""
        found, skipped, _ = await self._list("/videos", [("part", "snippet,statistics"), ("id", ",".join(ids))])
        absent = frozenset() if skipped else frozenset(ids) - {one.key for one in found}
        return Looked(tuple(map(post, found)), absent=absent, skipped=skipped)

    async def accounts(self, ids: Sequence[str]) -> Looked:
        found, skipped, _ = await self._list("/channels", [("part", "snippet,statistics"), ("id", ",".join(ids))])
        absent = frozenset() if skipped else frozenset(ids) - {one.key for one in found}
        return Looked(accounts=tuple(map(account, found)), absent=absent, skipped=skipped)

    async def _page(self, tag: str, cursor: str, wanted: str) -> Page:
        """A cursor is `after|before|token`. Tokens end near the 500th result: then it goes on before the oldest one.

        `totalResults` is a guess, and never looked at.
        """
        after, before, token = [*cursor.split("|"), "", ""][:3]
        bounds = [("publishedAfter", after), ("publishedBefore", before), ("pageToken", token)]
        params = [("part", "snippet"), ("type", "video"), ("q", f"#{tag}"), ("order", "date"), ("maxResults", "50")]
        params += [(name, said) for name, said in bounds if said]
        found, unread, further = await self._list("/search", params, "searches")
        looked = await self.look([one.key for one in found]) if found else Looked()
        oldest = _second(min(one.snippet.published_at for one in found) + timedelta(seconds=1)) if found else ""
        place = f"{wanted}|{after}|" if wanted < after else None  # an older cursor, and more is wanted since
        if further:
            place = f"{after}|{before}|{further}"
        elif token and after < oldest and (not before or oldest < before):
            place = f"{after}|{oldest}|"
        newest_first = sorted(looked.posts, key=lambda one: one.created_at, reverse=True)
        return Page(tuple(newest_first), place, (*unread, *looked.skipped))

    async def _list(
        self, path: str, params: Params, allowance: str = "units"
    ) -> tuple[list[Item], tuple[str, ...], str | None]:
        answer = await self._http.get(path, params, spend=(allowance,), expect={400, 403})
        if answer.status != httpx.codes.OK:
            raise await self._failure(answer, allowance)
        listed = _LISTED.one(answer.body)
        return *_ITEMS.many(bytes(listed.items)), listed.next_page_token

    async def _failure(self, answer: Answer, allowance: str) -> CollectorError:
        """One status stands for much: the reason tells."""
        failure, why = self._http.failure(answer), set(_REASON.findall(answer.body))
        if why & {b"quotaExceeded", b"dailyLimitExceeded"}:
            until = _midnight(self._now())
            await self._meter.told(Told(allowance, None, 0, until))
            return RateLimited(str(failure), until)
        if why & {b"rateLimitExceeded", b"userRateLimitExceeded"}:
            return RateLimited(str(failure))
        if why & {b"backendError", b"SERVICE_UNAVAILABLE"}:
            return Unavailable(str(failure))
        return Unauthorized(str(failure)) if b"keyInvalid" in why or b"API key" in answer.body else failure


def _midnight(now: datetime) -> datetime:
    """The next one in California, where a day's quota is given."""
    return datetime.combine(now.astimezone(_PACIFIC).date() + DAY, time(), _PACIFIC).astimezone(UTC)


def _second(moment: datetime) -> str:
    return utc(moment).strftime("%Y-%m-%dT%H:%M:%SZ")
