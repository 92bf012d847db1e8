"""Time: milliseconds since the epoch inside, aware UTC at the doors, and a clock that tests can hold in their hand."""

import asyncio
import re
import time
from datetime import UTC, datetime
from typing import Protocol

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# Year 1 to year 9999, so that what is stored can always be shown again.
EARLIEST = -62_135_596_800_000
LATEST = 253_402_300_799_999

_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?([Zz]|[+-]\d{2}:?\d{2})?)?\Z", re.ASCII)


class Clock(Protocol):
    """What tells the time. `monotonic` is for durations, `now` for instants."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...
    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def to_ms(moment: datetime) -> int:
    """Whole milliseconds since the epoch, rounded down. A naive datetime is refused: its zone would be a guess."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000 + delta.microseconds // 1_000


def from_ms(ms: int) -> datetime:
    seconds, rest = divmod(ms, 1_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1_000)


def rfc3339(ms: int) -> str:
    """`2026-11-24T04:05:06Z`, with milliseconds only where there are some."""
    moment = from_ms(ms)
    return moment.isoformat(timespec="milliseconds" if ms % 1_000 else "seconds").replace("+00:00", "Z")


def parse_time(value: str | int | float) -> int:
    """RFC 3339 (UTC where no zone is given) or unix seconds, to milliseconds. ValueError names what would be right."""
    if isinstance(value, str):
        ms = _from_text(value.strip())
    else:
        ms = value * 1_000 if isinstance(value, int) else _from_float(value)
    if not EARLIEST <= ms <= LATEST:
        raise ValueError(f"{value!r} is outside the years 1 to 9999 (times are RFC 3339 or unix seconds)")
    return ms


def _from_float(value: float) -> int:
    if not abs(value) < LATEST:  # neither too large, nor infinite, nor not a number
        raise ValueError("a time must be RFC 3339 or unix seconds")
    return round(value * 1_000)


def _from_text(text: str) -> int:
    try:
        return _from_float(float(text))
    except ValueError:
        pass
    if not _RFC3339.match(text):
        raise ValueError(f"{text!r} is not a time: use RFC 3339 (2026-11-24T04:05:06Z) or unix seconds")
    # A leap second is read as the second after it: the calendar of computers has no :60.
    leap = text[16:19] == ":60"
    text = text.replace(":60", ":59", 1) if leap else text
    try:
        moment = datetime.fromisoformat(text.upper().replace(",", "."))
    except ValueError as error:
        raise ValueError(f"{text!r} is not a time: {error}") from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return to_ms(aware) + (SECOND if leap else 0)


def bucket_of(ms: int, step: int) -> int:
    """The beginning of the bucket of length `step` that holds `ms`."""
    return ms - ms % step
