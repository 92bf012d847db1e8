"""What a platform may offer: a few small protocols. A collector takes those it keeps, and says the rest in `Offer`."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from collectors.policy import USUAL, Policy
from collectors.posts import CountBucket, Looked, Page
from collectors.streaming import Heard, Tags


@dataclass(frozen=True, slots=True)
class Allowance:
    """A budget that a platform sets: `limit` units a `window`. `name` tells buckets of one credential apart.

    Units are calls unless the platform prices differently (`unit` "call", "unit", "post", "hashtag" or "microdollar").
    `limit` is what the platform grants at first; a source's owner may set another. 0: only the owner can say it, as
    with money, and nothing is spent before that.
    """

    name: str
    limit: int
    window: timedelta
    unit: str = "call"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one call takes from which allowance: `call` by itself, `item` for each post or account that it answers."""

    call: Mapping[str, int] = field(default_factory=lambda: {"calls": 1})
    item: Mapping[str, int] = field(default_factory=dict)


USUAL_COST = Cost()


@dataclass(frozen=True, slots=True)
class Offer:
    """What a platform can and cannot give, said once, in code."""

    platform: str
    metrics: frozenset[str]  # of likes reposts replies quotes views bookmarks
    allowances: tuple[Allowance, ...]
    page_size: int = 0  # posts a search page holds at most; 0: no search
    batch_size: int = 1  # posts a look-up asks for at once; 0: known posts cannot be read again
    accounts_batch: int = 0  # accounts a look-up asks for at once; 0: followers come with posts or not at all
    look_back: timedelta | None = None  # how far back a search reaches; None: all that the server holds
    delay: timedelta = timedelta(0)  # how long after its birth a post may first be found
    needs_url: bool = False  # one of many servers: whose?
    url_words: str = ""  # what the address is of; "" where there is only one server, which need not be named
    needs_credential: bool = False
    credential_words: str = ""  # what to put into the credential file; "": none is of any use
    needs_identifier: bool = False
    identifier_words: str = ""  # what goes with the credential; "": nothing
    costs: Mapping[str, Cost] = field(default_factory=dict)  # of "search", "look", "accounts", "counts" one call
    network: str = ""  # the platform under whose name its posts and people are kept, where that is another's
    notes: tuple[str, ...] = ()
    policy: Policy = USUAL  # what its terms ask of whoever keeps its posts


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer's headers said of a budget. `resets_at` in the past means a stale header: ignore it."""

    name: str
    limit: int | None
    remaining: int | None
    resets_at: datetime | None


class Meter(Protocol):
    """Asked before every call, told after every answer. The app keeps budgets behind it; collectors only call it."""

    async def spend(self, name: str, units: int = 1) -> None:
        """Take `units` of allowance `name`, or raise Spent with the time when there is some again."""

    async def give_back(self, name: str, units: int) -> None:
        """What was taken for an answer and not used up by it: as with posts that are paid for one by one."""

    async def told(self, told: Told) -> None:
        """Pass on what rate headers said."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What a source logs in with. It is never sent to another server than the one it is for."""

    secret: str = field(repr=False)
    identifier: str | None = None


class Keeper(Protocol):
    """Where a collector keeps a session that must outlive the process. Sealed at rest by the app."""

    async def load(self) -> Mapping[str, str]: ...
    async def save(self, values: Mapping[str, str]) -> None: ...


@runtime_checkable
class Searches(Protocol):
    """Finds posts by hashtag, newest first."""

    def search(self, tag: str, *, cursor: str | None = None, until: datetime | None = None) -> AsyncIterator[Page]:
        """Pages from `cursor` (or the newest, or just before `until`) back in time, until the platform has no more.

        The caller stops iterating when it has seen enough. A cursor repeated by the platform ends in Malformed.
        A platform that cannot jump in time starts from the newest, `until` or not: pages may hold posts after it.
        """


@runtime_checkable
class StopsAt(Protocol):
    """A search that leaves out what is older than somebody needs: where each post is paid for, or few are shown."""

    since: datetime | None  # set before a walk; None: all that there is


@runtime_checkable
class Refreshes(Protocol):
    """Reads the levels of known posts again, at most `offer.batch_size` ids a call."""

    async def look(self, ids: Sequence[str]) -> Looked:
        """`ids` are the posts' local ids. Missing ones are named in `absent`, never guessed at by position."""


@runtime_checkable
class ReadsAccounts(Protocol):
    """Reads followers, at most `offer.accounts_batch` ids a call."""

    async def accounts(self, ids: Sequence[str]) -> Looked: ...


@runtime_checkable
class Counts(Protocol):
    """The platform's own counts of a hashtag."""

    async def counts(self, tag: str) -> Sequence[CountBucket]: ...


@runtime_checkable
class Streams(Protocol):
    """Posts as they are written."""

    def stream(self, tags: Tags, *, cursor: str | None, url: str | None = None) -> AsyncGenerator[Heard, None]:
        """From `cursor` on, where the platform can go back. `tags` may change while it runs: the next event is sought
        for the new ones. `url`: where the owner says that the stream is; None: where the platform has it.
        """

    @staticmethod
    def streams_by_itself(base_url: str | None, *, with_credential: bool) -> bool:
        """Whether such a source has a stream without being told where."""


class Collector(Protocol):
    """What every platform has: what it offers, and a check that says in words whom it speaks to."""

    @property
    def offer(self) -> Offer: ...

    async def check(self) -> Mapping[str, str]:
        """One real call. Returns facts to show (server, version, who we are); raises CollectorError."""
