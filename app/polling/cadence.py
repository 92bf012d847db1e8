"""When a post is looked at again: often while it is young, then ever less. Pure."""

from collections.abc import Callable

from app.clock import DAY, HOUR, MINUTE

SHORTEST = 5 * MINUTE
LONGEST = DAY
WATCHED_FOR = 30 * DAY
LATE = 7 * DAY
FORGOTTEN_AFTER = 90 * DAY
ACCOUNTS_AGAIN, ACCOUNTS_AHEAD = DAY, HOUR


def next_look(born_at: int, now: int, shortest: int = SHORTEST) -> int | None:
    """The time of the next look after one at `now`; None: not again. Milliseconds.

    Attention decays as a power of age (app.analysis.shape), so looks at equal ratios of age see about equal growth.
    """
    age = max(0, now - born_at)
    if age > FORGOTTEN_AFTER:
        return None
    if age > WATCHED_FOR:
        return now + LATE
    return now + min(max(age // 4, shortest), LONGEST)


def plan(now: int, interval: int) -> Callable[[int], int | None]:
    """From a post's birth to its next look after one at `now`: as often as it is polled, where that is more often."""
    return lambda born: next_look(born, now, min(SHORTEST, interval))


def next_look_when_absent(absences: int, now: int) -> int | None:
    """Asked for and absent: once more soon, to be sure that it is gone; then rarely, since some come back."""
    waits = {1: 10 * MINUTE, 2: DAY, 3: 7 * DAY}
    return now + waits[absences] if absences in waits else None


def first_look(now: int) -> Callable[[int], int | None]:
    """Of a post that was met without its counters: when it is a few minutes old, at once if it is older."""
    return lambda born: max(now, born + SHORTEST)
