"""Where the buckets of a curve begin, in any time zone: exact on days of 23, 24 and 25 hours, and off the hour."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from app.analysis.shape import Ints

STEPS = {
    "5m": 300_000, "15m": 900_000, "1h": 3_600_000, "6h": 21_600_000, "1d": 86_400_000, "1w": 604_800_000,
}  # fmt: skip
"""The steps of a curve, with their usual length in milliseconds."""

MOST_BUCKETS = 20_000


class TooMany(ValueError):
    """`step` is the finest that would do."""

    def __init__(self, step: str) -> None:
        super().__init__(f"more than {MOST_BUCKETS} buckets; step={step} would do")
        self.step = step


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name. ValueError where there is none (a path or an empty name is none either)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not an IANA time zone (such as Europe/Paris)") from error


def check(start: int, end: int, step: str) -> None:
    """Raises TooMany."""
    if (end - start) // STEPS[step] > MOST_BUCKETS:
        raise TooMany(_coarser(start, end))


def edges(start: int, end: int, step: str, tz: ZoneInfo) -> Ints:
    """Bucket edges that hold [start, end): first <= start, last >= end, in milliseconds UTC, rising.

    A day begins at the first instant of its date in `tz`, a week on Monday; steps within a day count from the day's
    beginning, so that the last of a day that is changed by the clocks is shorter or longer. Raises TooMany.
    """
    check(start, end, step)
    length = STEPS[step]
    found = _days(start, end, step, tz) if length >= STEPS["1d"] else _within_days(start, end, length, tz)
    first = int(np.searchsorted(found, start, "right")) - 1
    last = int(np.searchsorted(found, max(end, start + 1), "left"))
    return found[max(first, 0) : last + 1]


def month_before(ms: int, tz: ZoneInfo) -> tuple[int, int]:
    """[start, end) of the calendar month that was over last at an instant."""
    this = _local_date(ms, tz).replace(day=1)
    return _day_begin((this - timedelta(days=1)).replace(day=1), tz), _day_begin(this, tz)


def texts(edges: Ints) -> list[str]:
    """RFC 3339 of edges, which lie on whole seconds: all at once, since a curve has thousands."""
    seconds = (edges // 1_000).astype("datetime64[s]")
    shown: list[str] = np.datetime_as_string(seconds, unit="s", timezone="UTC").tolist()
    return shown


def _coarser(start: int, end: int) -> str:
    fits = [name for name, length in STEPS.items() if (end - start) // length <= MOST_BUCKETS]
    return fits[0] if fits else "1w over a shorter range"


def _local_date(ms: int, tz: ZoneInfo) -> date:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    try:
        return moment.astimezone(tz).date()
    except OverflowError:
        return moment.date()


def _days(start: int, end: int, step: str, tz: ZoneInfo) -> Ints:
    first, last = _local_date(start, tz), _local_date(end, tz)
    if step == "1w":
        first -= timedelta(days=min(first.weekday(), (first - date.min).days))
    width = 7 if step == "1w" else 1
    count = (last - first).days // width + 2
    # A date that a zone skipped whole has no length: it is no bucket.
    return np.unique(np.array([_midnight(first, n * width, tz) for n in range(count)], dtype=np.int64))


def _midnight(first: date, days: int, tz: ZoneInfo) -> int:
    day = min(first.toordinal() + days, date.max.toordinal())
    return _day_begin(date.fromordinal(day), tz)


@lru_cache(maxsize=65_536)
def _day_begin(day: date, tz: ZoneInfo) -> int:
    """The first instant of a date. Where midnight is skipped, the end of the gap; where it repeats, the first."""
    local = datetime(day.year, day.month, day.day, tzinfo=tz)
    ms = (local - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    before, after = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
    if before is None or after is None or before == after:
        return ms
    # PEP 495: in a gap fold=0 uses the offset before it, which points past the gap's end by as much as it skips.
    skipped = after - before
    if skipped > timedelta(0):
        return _gap_end(ms, tz)
    return ms


def _gap_end(ms: int, tz: ZoneInfo) -> int:
    """The instant at which the offset changes, near `ms`: zones change on whole minutes."""
    offset = _offset(ms, tz)
    low = ms - 86_400_000
    high = ms
    while high - low > 1_000:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(middle, tz) != offset else (low, middle)
    return high - high % 60_000


def _offset(ms: int, tz: ZoneInfo) -> timedelta | None:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)).astimezone(tz).utcoffset()


def _within_days(start: int, end: int, length: int, tz: ZoneInfo) -> Ints:
    days = _days(start, end, "1d", tz)
    parts = [np.arange(begin, until, length, dtype=np.int64) for begin, until in pairwise(days)]
    return np.concatenate([*parts, days[-1:]])
