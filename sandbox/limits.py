"""Rate limits as real servers count them: so many calls in a window that begins at a multiple of its length."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.posts import SECOND


@dataclass(frozen=True, slots=True)
class Limits:
    """Calls a window. A test makes them small."""

    mastodon: int = 300  # in 5 minutes
    paging: int = 300  # in 15 minutes, for requests that page
    bluesky: int = 3_000  # in 5 minutes
    sessions: int = 30  # log-ins in 5 minutes


@dataclass(frozen=True, slots=True)
class Standing:
    limit: int
    remaining: int
    resets_at: int
    window: int
    refused: bool


class Windows:
    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._used: dict[tuple[str, int], tuple[int, int]] = {}  # (who, window): (which window, calls in it)

    def take(self, who: str, limit: int, minutes: int) -> Standing:
        window = minutes * 60 * SECOND
        which = self._now() // window
        last, used = self._used.get((who, window), (which, 0))
        used = used + 1 if last == which else 1
        self._used[who, window] = which, used
        return Standing(limit, max(0, limit - used), (which + 1) * window, window, used > limit)
