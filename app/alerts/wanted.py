"""Whether a rule makes sense by itself: Invalid says what would be right."""

import re
from dataclasses import replace

from app.analysis import calendar
from app.clock import DAY, HOUR, SECOND
from app.errors import Invalid
from app.store.rules import EVERY, Watched
from app.store.watching import METRICS

STEP_S = 300
LONGEST_S, LONGEST_EVERY_S = 7 * DAY // SECOND, DAY // SECOND
SPIKE_S = HOUR // SECOND
"""The detector looks at an hour, whatever the metric."""
DIGEST, REPORT = "digest", "report"
TOLD = (DIGEST, REPORT)
"""Rules that wait for nothing: what they tell is told once a period, when it is over."""
PERIODS = {"1d": DAY // SECOND, "1w": 7 * DAY // SECOND}
"""What a digest may be of."""
MONTH, MONTH_S = "1mo", 30 * DAY // SECOND
"""How a report's window is called; it ends with the month, however long that is."""
_WINDOW = re.compile(r"([1-9][0-9]{0,4})(m|h|d|w)")
_UNITS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def seconds(window: str) -> int:
    """`15m`, `6h`, `2d`, `1w`."""
    if window == MONTH:
        return MONTH_S
    found = _WINDOW.fullmatch(window)
    if found is None:
        raise ValueError("a window is a whole number and m, h, d or w: 15m, 6h, 2d, 1w")
    return int(found[1]) * _UNITS[found[2]]


def usual_s(kind: str) -> int:
    """The window of a rule that names none."""
    return {DIGEST: PERIODS["1d"], REPORT: MONTH_S}.get(kind, SPIKE_S)


def words(window_s: int, kind: str = "") -> str:
    """The same, in the largest unit that is whole; weeks are of digests alone, months of reports."""
    if kind == REPORT:
        return MONTH
    if kind == DIGEST and window_s == PERIODS["1w"]:
        return "1w"
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
    if it.kind != REPORT and it.zone is not None:
        raise Invalid("timezone", it.zone, f"is of a report, not of kind {it.kind}: leave it out")
    if it.kind in TOLD:
        return _digest(it) if it.kind == DIGEST else _report(it)
    _check_window(it, every=every)
    return it if source else replace(it, metric=it.metric or METRICS[0])


def check_change(old: Watched, new: Watched) -> None:
    """What was said of a rule ends with it: a digest or a report has nothing that ends."""
    if old.kind != new.kind and {old.kind, new.kind} & set(TOLD):
        told = next(kind for kind in (old.kind, new.kind) if kind in TOLD)
        raise Invalid("kind", new.kind, f"a {told} and another kind are not changed into each other: make another")


def _digest(it: Watched) -> Watched:
    if it.subject[0] not in ("hashtag", "campaign"):
        raise Invalid(f"subject.{it.subject[0]}", it.subject[1], "a digest is of a hashtag, of * or of a campaign")
    if it.metric is not None:
        raise Invalid("metric", it.metric, "a digest tells posts, authors and engagement: leave it out")
    if it.window_s not in PERIODS.values():
        raise Invalid("window", words(it.window_s), f"a digest is of {' or '.join(PERIODS)}")
    return it


def _report(it: Watched) -> Watched:
    if it.subject[0] != "campaign":
        raise Invalid(f"subject.{it.subject[0]}", it.subject[1], "a report is of a campaign")
    if it.metric is not None:
        raise Invalid("metric", it.metric, "a report tells them all: leave it out")
    if it.window_s != MONTH_S:
        raise Invalid("window", words(it.window_s), "a report is of a month: leave it out")
    zone = it.zone or "UTC"
    try:
        return replace(it, zone=calendar.zone(zone).key)
    except ValueError as error:
        raise Invalid("timezone", zone, str(error)) from None


def _check_window(it: Watched, *, every: bool) -> None:
    if it.kind == "spike" and it.window_s != SPIKE_S:
        raise Invalid("window", words(it.window_s), "the detector looks at 1h: leave it out")
    most = LONGEST_EVERY_S if every else LONGEST_S
    if it.window_s % STEP_S or not STEP_S <= it.window_s <= most:
        right = f"must be of whole five minutes, 5m to {words(most)}"
        raise Invalid("window", words(it.window_s), f"{right} for every hashtag" if every else right)
