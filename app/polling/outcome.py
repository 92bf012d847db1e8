"""What a pass came to, and what an error at a platform means for the pass, the track and the source. Pure."""

from dataclasses import dataclass, field

from app.clock import MINUTE, SECOND, to_ms
from collectors.errors import CollectorError, Malformed, RateLimited, Refused, Spent, Unauthorized

LONGEST_WAIT = 15 * MINUTE
"""A platform that asks for more is not believed for long: the pass ends partial, and we ask again then."""


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
    """Named for the next action: wait as told, back off, or stop and tell a person."""
    reason = str(error)[:300]
    if isinstance(error, Unauthorized):
        return Verdict("stopped", reason, None)
    if isinstance(error, Spent):
        return Verdict("waiting", reason, to_ms(error.until) if error.until else now + MINUTE)
    if isinstance(error, RateLimited):
        told = to_ms(error.until) if error.until else now + backoff(failures)
        return Verdict("waiting", reason, min(max(told, now + SECOND), now + LONGEST_WAIT))
    if isinstance(error, Malformed | Refused):
        return Verdict("failing", reason, None)
    # Unavailable: the breaker opens when it has been so five times in a row.
    return Verdict("failing", reason, now + backoff(failures - 4) if failures >= 5 else None)


def backoff(failures: int) -> int:
    """Doubling from a second to a minute."""
    return min(MINUTE, SECOND << max(0, min(failures, 10)))
