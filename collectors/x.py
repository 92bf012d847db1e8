"""X's API v2, paid for by what it answers: each call takes its highest price, and gives back what did not come."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import httpx

from collectors.answer import Answer
from collectors.contract import Allowance, Cost, Credential, Keeper, Meter, Offer
from collectors.errors import CollectorError, Unauthorized
from collectors.http import Http, Params
from collectors.paging import pages
from collectors.policy import Policy
from collectors.posts import CountBucket, Looked, Page
from collectors.rates import unix_reset, utc_now
from collectors.x_compliance import Complying
from collectors.x_post import Told

API = "https://api.x.com"
LIMIT, WEEK = 100, timedelta(days=7)
POST, USER, COUNT = 5_000, 10_000, 5_000  # microdollars: of each post and account that is read, of a call for counts
_QUARTER, _FAILED = timedelta(minutes=15), range(201, 600)
_FIELDS = (
    "tweet.fields",
    "created_at,public_metrics,author_id,lang,entities,referenced_tweets,possibly_sensitive,note_tweet",
)


class X(Complying):
    """The last seven days by hashtag. Authors are not asked for with their posts: they would be paid for each time."""

    offer: ClassVar[Offer] = Offer(
        platform="x", metrics=frozenset({"likes", "reposts", "replies", "quotes", "views", "bookmarks"}),
        allowances=(
            Allowance("money", 0, timedelta(days=31), "microdollar"),
            Allowance("search", 450, _QUARTER), Allowance("look", 3_500, _QUARTER),
            Allowance("accounts", 300, _QUARTER), Allowance("counts", 300, _QUARTER),
        ),
        page_size=LIMIT, batch_size=LIMIT, accounts_batch=LIMIT, look_back=WEEK,
        delay=timedelta(seconds=30), needs_credential=True,
        url_words="another address of the same API; X's own where it is left out",
        credential_words="the bearer token of an app in X's developer console, with credits",
        costs={
            "search": Cost({"search": 1}, {"money": POST}), "look": Cost({"look": 1}, {"money": POST}),
            "accounts": Cost({"accounts": 1}, {"money": USER}), "counts": Cost({"counts": 1, "money": COUNT}),
        },
        notes=(
            "Each post read costs $0.005, each account $0.010, a call for counts $0.005.",
            "Nothing is read before you set how many dollars may be spent in 31 days, and never more than those.",
            "Search reaches seven days back. X counts all posts of a hashtag, also those that a search does not show.",
            "X reads a post for free a second time on the same day; here it is counted again, so that the cap holds.",
            "What is deleted or protected on X goes here within a day; exports hold ids, times and counters only.",
        ),
        policy=Policy(
            looks_within=None, handed_on="ids",
            terms="Deleted within 24 hours of its removal on X: its compliance jobs are asked every six hours, and no "
            "post is paid for. Only ids are handed on.",
        ),
    )  # fmt: skip

    def __init__(
        self, *, client: httpx.AsyncClient, base_url: str | None, credential: Credential | None, meter: Meter,
        keeper: Keeper, now: Callable[[], datetime] = utc_now,  # noqa: ARG002  a token is all that there is to keep
    ) -> None:  # fmt: skip
        if credential is None:
            raise Unauthorized("an x source needs a bearer token")
        self.since: datetime | None = None
        self._meter, self._client, self._now, token = meter, client, now, credential.secret
        self._http = {  # each kind of call has its own limit, which its headers tell
            name: Http(client, base_url or API, meter, unix_reset(name, "x-rate-limit"), secret=token, now=now)
            for name in ("search", "look", "accounts", "counts", "check")
        }

    async def check(self) -> Mapping[str, str]:
        """What was used of the month: free, and only for who is let in."""
        answer = await self._http["check"].get("/2/usage/tweets", spend=("look",), expect=_FAILED)
        if answer.status != httpx.codes.OK:
            raise self._failure("check", answer)
        return {"server": self._http["check"].base.host, "posts read this month": Told(answer.body).usage()}

    def search(self, tag: str, *, cursor: str | None = None, until: datetime | None = None) -> AsyncIterator[Page]:
        """A cursor is `start|end|token`: X wants the same bounds with each token."""
        now = self._now()
        newest, oldest = _second(now - timedelta(seconds=30)), _second(now - WEEK)  # beyond these it refuses
        wanted = _second(self.since) if self.since else ""
        wanted = wanted if wanted > oldest else ""
        end = _second(until) if until and _second(until) < newest else ""

        async def read(place: str | None) -> Page:
            start, end, token = [*(place or "").split("|"), "", ""][:3]
            if end and end <= max(start, oldest):
                return Page((), None)
            bounds = [
                (name, at) for name, at in (("start_time", start), ("end_time", end), ("next_token", token)) if at
            ]
            params = [("query", f"#{tag} -is:retweet"), ("max_results", str(LIMIT)), _FIELDS, *bounds]
            told = await self._paid("search", "/2/tweets/search/recent", params, LIMIT * POST)
            posts, skipped = told.posts()
            await self._give_back(LIMIT * POST, (len(posts) + len(skipped)) * POST)
            earlier = f"{wanted}|{start}|" if wanted < start else None  # an older cursor, and more is wanted since
            return Page(posts, f"{start}|{end}|{told.further}" if told.further else earlier, skipped)

        return pages(cursor or f"{wanted}|{end}|", read, f"#{tag} at {self._http['search'].base.host}")

    async def look(self, ids: Sequence[str]) -> Looked:
        told = await self._paid("look", "/2/tweets", [("ids", ",".join(ids)), _FIELDS], len(ids) * POST)
        posts, skipped = told.posts()
        await self._give_back(len(ids) * POST, (len(posts) + len(skipped)) * POST)
        return Looked(posts, absent=frozenset(ids) & told.gone, skipped=skipped)

    async def accounts(self, ids: Sequence[str]) -> Looked:
        params = [("ids", ",".join(ids)), ("user.fields", "public_metrics")]
        told = await self._paid("accounts", "/2/users", params, len(ids) * USER)
        people, skipped = told.accounts()
        await self._give_back(len(ids) * USER, (len(people) + len(skipped)) * USER)
        return Looked(accounts=people, absent=frozenset(ids) & told.gone, skipped=skipped)

    async def counts(self, tag: str) -> Sequence[CountBucket]:
        """Of seven days, by the hour."""
        params = [("query", f"#{tag} -is:retweet"), ("granularity", "hour")]
        return (await self._paid("counts", "/2/tweets/counts/recent", params, COUNT)).counts()

    async def _paid(self, name: str, path: str, params: Params, most: int) -> Told:
        """A call that is refused costs nothing; one that is cut off may have cost all, and is counted so."""
        answer = await self._http[name].get(path, params, spend={name: 1, "money": most}, expect=_FAILED)
        if answer.status != httpx.codes.OK:
            await self._meter.give_back("money", most)
            raise self._failure(name, answer)
        return Told(answer.body)

    async def _give_back(self, taken: int, cost: int) -> None:
        if taken > cost:
            await self._meter.give_back("money", taken - cost)

    def _failure(self, name: str, answer: Answer) -> CollectorError:
        """No credits, or the cap of X's own console: waiting does not help, a person does."""
        failure = self._http[name].failure(answer)
        used_up = answer.status == httpx.codes.PAYMENT_REQUIRED or b"/problems/usage-capped" in answer.body
        return Unauthorized(str(failure)) if used_up else failure


def _second(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
