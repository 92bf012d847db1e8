"""When a delivery is tried again, and when it, or its endpoint, is given up. Pure: dice and instants are given."""

from dataclasses import dataclass

from app.clock import DAY, HOUR, MINUTE, SECOND

DELAYS = (
    0, 5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR,
)  # fmt: skip
"""Before each try: ten in 75 hours and a half, so that a receiver may be down for three days."""
TRIES = len(DELAYS)
JITTER = 0.2
"""Only ever lengthens: what shortened would end some schedules before the three days."""
LEAST_WAIT = MINUTE
MOST_TOLD = HOUR
FAILING_AFTER = 4
"""Tries, until somebody else is told."""
DISABLED_AFTER = 5 * DAY
AT_ONCE = 4
"""Deliveries to one endpoint at the same time, once it has shown that it answers. It begins with one."""
BREAKS_AFTER = 5
"""Failures in a row, until an endpoint is left alone for a while."""
_BREAK, _LONGEST_BREAK = 5 * SECOND, MINUTE


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one try went. `problem`: None where it was taken; `wait_ms`: what Retry-After asked for.

    `slow`: no answer in time. `answer`: the beginning of what the receiver said.
    """

    status: int | None = None
    problem: str | None = None
    slow: bool = False
    wait_ms: int | None = None
    answer: str | None = None

    @property
    def gone(self) -> bool:
        return self.status == 410


def wait(tries: int, outcome: Outcome, dice: float) -> int | None:
    """Milliseconds to the next try after `tries` of them, None after the last. `dice` in [0, 1)."""
    if tries >= TRIES:
        return None
    base = DELAYS[tries]
    if outcome.slow or outcome.status == 429:
        base = max(base, LEAST_WAIT)
    return max(base + int(base * JITTER * dice), min(outcome.wait_ms or 0, MOST_TOLD))


def rest(failures: int, outcome: Outcome) -> int | None:
    """How long the whole endpoint is left alone: after many failures in a row, or where it says it has too much."""
    pause = min(_BREAK << min(failures - BREAKS_AFTER, 10), _LONGEST_BREAK) if failures >= BREAKS_AFTER else None
    if outcome.status != 429:
        return pause
    return max(pause or 0, min(max(outcome.wait_ms or 0, LEAST_WAIT), MOST_TOLD))


def hopeless(failing_since: int | None, exhausted: int, now: int) -> bool:
    """Nothing came through for five days, and a message was given up meanwhile."""
    return failing_since is not None and exhausted > 0 and now - failing_since >= DISABLED_AFTER
