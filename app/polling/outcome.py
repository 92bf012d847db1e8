"""What a pass came to, and what an error at a platform means for the pass, the track and the source. Pure."""

from dataclasses import dataclass, field

import msgspec

from app.clock import MINUTE, SECOND, from_ms, to_ms
from app.store.keep import FUTURE_DATED
from collectors.errors import CollectorError, Malformed, RateLimited, Refused, Unauthorized
from collectors.posts import Post

LONGEST_WAIT = 15 * MINUTE
"""A platform that asks for more is not believed for long: the pass ends partial, and we ask again then."""
BREAKER = 5
SKEW = 5 * MINUTE
"""A creation time further in the future than this is not believed."""


@dataclass(slots=True)
class PassSummary:
    """One visit to a track, in numbers. `missed`: the gaps that it leaves, as (from, to, reason) in milliseconds."""

    tag: str
    source: str
    state: str = "ok"  # ok, partial, failed, skipped
    reason: str | None = None
    pages: int = 0
    posts: int = 0
    posts_new: int = 0
    looks_new: int = 0
    near_misses: int = 0
    unreadable: int = 0
    refreshed: int = 0
    absent: int = 0
    gone: int = 0
    missed: list[tuple[int, int, str]] = field(default_factory=list)

    def worse(self, state: str, reason: str) -> None:
        """The worst word stays, with its reason."""
        ranks = ("ok", "partial", "failed")
        if ranks.index(state) > ranks.index(self.state):
            self.state, self.reason = state, reason


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do after an error: how the source is now, and until when it waits (milliseconds)."""

    state: str
    reason: str
    waits_until: int | None


def judge(error: CollectorError, now: int, failures: int) -> Verdict:
    """What is done next: wait as told, back off, or stop and tell a person. `failures`: of the source, in a row."""
    reason = str(error)[:300]
    if isinstance(error, Unauthorized):
        return Verdict("stopped", reason, None)
    if isinstance(error, RateLimited):
        told = to_ms(error.until) if error.until else now + backoff(failures)
        return Verdict("waiting", reason, min(max(told, now + SECOND), now + LONGEST_WAIT))
    if isinstance(error, Malformed | Refused):
        return Verdict("failing", reason, None)
    # Unavailable: the breaker opens when it has been so five times in a row.
    return Verdict("failing", reason, now + backoff(failures - 4) if failures >= BREAKER else None)


def backoff(failures: int) -> int:
    """Doubling from two seconds to a minute."""
    return min(MINUTE, SECOND << max(0, min(failures, 10)))


def next_due(due_at: int, step: int, now: int, failures: int, slots: int = 1) -> int:
    """The next slot of the track's own phase that is still to come; the one after it while a track keeps failing.

    No further off than that: what has healed is seen within two intervals. `slots`: how many its budget asks for.
    """
    behind = max(0, now - due_at) // step + 1
    return due_at + step * max(behind, slots, 2 if failures >= 3 else 1)


def believed(post: Post, now: int) -> Post:
    """The post as it is kept: a label says that the platform's own time was not believed."""
    if to_ms(post.created_at) <= now + SKEW:
        return post
    return msgspec.structs.replace(post, created_at=from_ms(now), labels=(*post.labels, FUTURE_DATED))
