"""Where the marks of an axis stand: round numbers on the one, round local times on the other."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app.analysis import calendar
from app.clock import DAY, from_ms, to_ms

MOST_WIDE, MOST_NARROW = 9, 4
MOST_POWERS, GROUND = 7, 0.5


def numbers(low: float, high: float, about: int = 4) -> list[int]:
    """Whole round numbers from at or below `low` to at or above `high`; counts have no halves."""
    rough = max((high - low) / about, 1e-9)
    power = 10.0 ** math.floor(math.log10(rough))
    step = max(1, round(next(part * power for part in (1, 2, 5, 10) if part * power >= rough * 0.999)))
    first, last = math.floor(low / step), max(math.ceil(high / step), math.floor(low / step) + 1)
    return [count * step for count in range(first, last + 1)]


def powers(high: float) -> list[int]:
    """0, and powers of ten up to at or above `high`; where they are many, some are left out."""
    top = max(1, math.ceil(math.log10(max(high, 1)) - 1e-9))
    every = math.ceil(top / MOST_POWERS)
    return [0, *(10**power for power in range(top % every, top + 1, every))]


def height(value: float) -> float:
    """On a scale of powers of ten, from the ground up: 0, and what has fallen below it, lies half a power under 1."""
    return max(0.0, value) * GROUND if value < 1 else GROUND + math.log10(value)


@dataclass(frozen=True, slots=True)
class Moment:
    """A mark on the time axis. `unit` says how much of it is worth writing; `narrow`: kept on a small screen."""

    at: int
    unit: str  # hour, day, month, year
    narrow: bool


def moments(start: int, end: int, tz: ZoneInfo) -> list[Moment]:
    """At most nine marks in [start, end], four of them for a narrow screen, at round times of the zone."""
    for marks in _finest_first(start, end, tz):
        if len(marks) <= MOST_WIDE:
            every = math.ceil(len(marks) / MOST_NARROW) or 1
            return [Moment(at, unit, place % every == 0) for place, (at, unit) in enumerate(marks)]
    return []


def _finest_first(start: int, end: int, tz: ZoneInfo) -> Iterator[list[tuple[int, str]]]:
    span = end - start
    if span <= 9 * DAY:
        quarters = [at for at in calendar.edges(start, end, "15m", tz).tolist() if start <= at <= end]
        minutes = [_minute_of_day(at, tz) for at in quarters]
        for width in (15, 30, 60, 120, 180, 360, 720, 1_440):
            yield [
                (at, "day" if minute == 0 else "hour")
                for at, minute in zip(quarters, minutes, strict=True)
                if minute % width == 0
            ]
    if span <= 250 * DAY:
        days = [at for at in calendar.edges(start, end, "1d", tz).tolist() if start <= at <= end]
        for width in (1, 2, 3, 7, 14, 28):
            # Weeks begin on Monday; other widths count days from a fixed one, so that marks stand still.
            yield [(at, "day") for at in days if (from_ms(at).astimezone(tz).toordinal() - 1) % width == 0]
    for months in (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1_200, 2_400):
        yield list(_months(start, end, months, tz))


def _minute_of_day(at: int, tz: ZoneInfo) -> int:
    local = from_ms(at).astimezone(tz)
    return local.hour * 60 + local.minute


def _months(start: int, end: int, width: int, tz: ZoneInfo) -> Iterator[tuple[int, str]]:
    first, last = (from_ms(at).astimezone(tz) for at in (start, end))
    for count in range(first.year * 12, min(last.year, 9_998) * 12 + 12):
        year, month = divmod(count, 12)
        if count % width == 0 and year >= 1:
            at = to_ms(datetime(year, month + 1, 1, tzinfo=tz))
            if start <= at <= end:
                yield at, "year" if width >= 12 else "month"
