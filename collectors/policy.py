"""What a platform's terms ask of whoever keeps its posts: how long, what a deletion demands, what may be handed on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol, runtime_checkable

from msgspec.structs import replace

from collectors.posts import Account, Post

DAY = timedelta(days=1)
Handed = Literal["all", "ids", "nothing"]


@dataclass(frozen=True, slots=True)
class Policy:
    """Declared beside what the platform offers. What is said of nothing is what every platform may expect of us.

    `purge_within`: from learning that a post or its author is gone until text, address and names are gone here.
    `looks_within`: a post whose words are kept is looked at again at least so often, which is how a deletion is learned
    of; None: by jobs (`Complies`). `reread_within`: what was not read for so long goes as if it were deleted.
    `handed_on`: of posts, what an export may hold: all that is kept, ids with times and counters, or nothing.
    `withheld`: labels whose posts count, but are kept without text, address and names.
    `terms`: in a sentence or two, for `docs/platforms.md`: what the terms say, and what that means here.
    """

    purge_within: timedelta = DAY
    looks_within: timedelta | None = 30 * DAY
    reread_within: timedelta | None = None
    handed_on: Handed = "all"
    withheld: frozenset[str] = frozenset()
    terms: str = ""

    def shown(self, post: Post) -> Post:
        """The post as it may be kept."""
        if self.withheld.isdisjoint(post.labels):
            return post
        return replace(post, text=None, url=None, lang=None, author=post.author and _unnamed(post.author))

    def named(self, account: Account) -> Account:
        """The account as it may be kept."""
        return account if self.withheld.isdisjoint(account.labels) else _unnamed(account)


def _unnamed(account: Account) -> Account:
    return replace(account, handle=None, name=None)


USUAL = Policy()


@runtime_checkable
class Complies(Protocol):
    """A batch job that tells which of many ids are gone: cheaper than reading them all again.

    A job is begun with ids, then asked for until it is ready. `begin` returns what `gone` needs, to be kept as text.
    """

    jobs_of: int  # ids that one job takes at most

    async def begin(self, ids: Sequence[str]) -> str: ...

    async def gone(self, job: str) -> frozenset[str] | None:
        """The ids that are no longer to be had, None while the job still runs."""
