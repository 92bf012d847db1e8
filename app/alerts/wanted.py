"""Whether a rule makes sense by itself: Invalid says what would be right."""

import re
from dataclasses import replace

from app.clock import DAY, HOUR, SECOND
from app.errors import Invalid
from app.store.rules import EVERY, Watched
from app.store.watching import METRICS

STEP_S = 300
LONGEST_S, LONGEST_EVERY_S = 7 * DAY // SECOND, DAY // SECOND
SPIKE_S = HOUR // SECOND
"""The detector looks at an hour, whatever the metric."""
_WINDOW = re.compile(r"([1-9][0-9]{0,4})(m|h|d)")
_UNITS = {"m": 60, "h": 3_600, "d": 86_400}


def seconds(window: str) -> int:
    """`15m`, `6h`, `2d`."""
    found = _WINDOW.fullmatch(window)
    if found is None:
        raise ValueError("a window is a whole number and m, h or d: 15m, 6h, 2d")
    return int(found[1]) * _UNITS[found[2]]


def words(window_s: int) -> str:
    """The same, in the largest unit that is whole."""
    unit = next(unit for unit in ("d", "h", "m") if window_s % _UNITS[unit] == 0)
    return f"{window_s // _UNITS[unit]}{unit}"


def checked(it: Watched) -> Watched:
    """The rule with what was left out put in."""
    source, every = it.subject[0] == "source", it.subject[1] == EVERY
    if source and it.kind != "quiet":
        raise Invalid("subject.source", it.subject[1], "a source can only fall silent: kind quiet")
    if source and it.metric is not None:
        raise Invalid("metric", it.metric, "a source has none: leave it out")
    if it.kind == "threshold" and it.above is None:
        raise Invalid("above", None, "a threshold says how many: at least 1")
    if it.kind != "threshold" and it.above is not None:
        raise Invalid("above", it.above, f"is of a threshold, not of kind {it.kind}: leave it out")
    _check_window(it, every=every)
    return it if source else replace(it, metric=it.metric or METRICS[0])


def _check_window(it: Watched, *, every: bool) -> None:
    if it.kind == "spike" and it.window_s != SPIKE_S:
        raise Invalid("window", words(it.window_s), "the detector looks at 1h: leave it out")
    most = LONGEST_EVERY_S if every else LONGEST_S
    if it.window_s % STEP_S or not STEP_S <= it.window_s <= most:
        right = f"must be of whole five minutes, 5m to {words(most)}"
        raise Invalid("window", words(it.window_s), f"{right} for every hashtag" if every else right)
