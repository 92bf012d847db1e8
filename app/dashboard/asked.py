"""What a page is asked for, read from its address, and the addresses of the same page asked otherwise."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from app.analysis import calendar
from app.clock import DAY, HOUR, from_ms, parse_time, rfc3339, to_ms
from app.errors import Invalid
from app.store.curves import Ask

RANGES: dict[str, int | None] = {"24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY, "90d": 90 * DAY, "all": None}
SHOWS = ("rate", "total")
SCALES = ("linear", "log")
MEASURES = ("posts", "engagement", "authors", "views")
ZONES = (
    "UTC", "Europe/London", "Europe/Paris", "Europe/Istanbul", "Africa/Dakar", "Africa/Nairobi", "Asia/Dubai",
    "Asia/Karachi", "Asia/Kolkata", "Asia/Dhaka", "Asia/Yangon", "Asia/Jakarta", "Asia/Manila", "Asia/Tokyo",
    "Australia/Sydney", "America/Sao_Paulo", "America/New_York", "America/Chicago", "America/Los_Angeles",
)  # fmt: skip
MOST_ROWS = 5_000
"""More rows than this make a page that no browser shows in good time."""
# The longest span that each step is chosen for by itself: some two hundred buckets on a line.
_FITS = (("5m", 18 * HOUR), ("15m", 50 * HOUR), ("1h", 10 * DAY), ("6h", 60 * DAY), ("1d", 500 * DAY))
_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2})?)?\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """`step` is None where it is chosen by the span. `start` and `end` in milliseconds win over `range`.

    `measure`: the one curve that is wanted; None: those that belong on the page.

    `as_of` is for the pages that say what was known then.
    """

    lang: str
    lang_given: bool
    default_range: str
    range: str
    start: int | None
    end: int | None
    step: str | None
    zone: str
    show: str
    platform: str | None
    as_of: int | None = None
    default_zone: str = "UTC"
    scale: str = "linear"
    measure: str | None = None

    @property
    def tz(self) -> ZoneInfo:
        return calendar.zone(self.zone)

    def span(self, first: int | None, now: int) -> tuple[int, int]:
        """[start, end) to be shown; `first` is when the subject's first post was born."""
        end = now if self.end is None else self.end
        if self.start is not None:
            return self.start, end
        length = RANGES[self.range]
        start = end - length if length is not None else (first if first is not None else end - DAY)
        return min(start, end - 1), end

    def curve(self, first: int | None, now: int) -> Ask:
        start, end = self.span(first, now)
        step = self.step or step_for(start, end, now)
        if (end - start) // calendar.STEPS[step] > MOST_ROWS:
            if self.step is None:
                raise Invalid("from", rfc3339(start), "lies too far back for one page; ask for a shorter range")
            fits = [name for name, length in calendar.STEPS.items() if (end - start) // length <= MOST_ROWS]
            would = f"step={fits[0]} would do" if fits else "ask for a shorter range"
            raise Invalid("step", step, f"makes more than {MOST_ROWS} rows, too many for a page; {would}")
        return Ask(start, end, step, self.zone, platform=self.platform)

    def query(self, **changes: object) -> str:
        """The query of this page with some things changed; what is as by default is left out."""
        it = replace(self, **changes)  # type: ignore[arg-type]
        given = {
            "range": it.range if it.range != it.default_range and it.start is None else None,
            "from": self.local(it.start), "to": self.local(it.end), "step": it.step,
            "tz": it.zone if {it.zone, it.default_zone} != {"UTC"} else None,
            "show": it.show if it.show != "rate" else None,
            "measure": it.measure, "scale": it.scale if it.scale != "linear" else None,
            "platform": it.platform, "lang": it.lang if it.lang_given else None,
        }  # fmt: skip
        query = urlencode({name: value for name, value in given.items() if value is not None})
        return f"?{query}" if query else "?"

    def local(self, ms: int | None) -> str | None:
        """As an input for date and time holds it: in the zone of the page, to the minute."""
        return from_ms(ms).astimezone(self.tz).strftime("%Y-%m-%dT%H:%M") if ms is not None else None


def step_for(start: int, end: int, now: int) -> str:
    fits = [name for name, longest in _FITS if end - start <= longest]
    step = fits[0] if fits else "1w"
    return "15m" if step == "5m" and start < now - 13 * DAY else step


def read(given: Mapping[str, str], lang: str, default_range: str = "all", default_zone: str = "UTC") -> Asked:
    """Raises Invalid naming the first part of the address that will not do."""
    zone = given.get("tz") or default_zone
    try:
        tz = calendar.zone(zone)
    except ValueError as error:
        raise Invalid("tz", zone, str(error)) from None
    start, end = _time(given, "from", tz), _time(given, "to", tz)
    if start is not None and end is not None and start >= end:
        raise Invalid("from", given["from"], f"must lie before to ({given['to']})")
    return Asked(
        lang, "lang" in given, default_range, _one_of(given, "range", RANGES) or default_range, start, end,
        _one_of(given, "step", calendar.STEPS), zone, _one_of(given, "show", SHOWS) or "rate",
        given.get("platform") or None, _time(given, "as_of", tz), default_zone,
        _one_of(given, "scale", SCALES) or "linear", _one_of(given, "measure", MEASURES),
    )  # fmt: skip


def _one_of(given: Mapping[str, str], name: str, known: Iterable[str]) -> str | None:
    value, names = given.get(name) or None, list(known)
    if value is not None and value not in names:
        raise Invalid(name, value, f"must be one of {' '.join(names)}")
    return value


def _time(given: Mapping[str, str], name: str, tz: ZoneInfo) -> int | None:
    text = (given.get(name) or "").strip()
    if not text:
        return None
    try:
        if _LOCAL.match(text):
            return to_ms(datetime.fromisoformat(text.upper()).replace(tzinfo=tz).astimezone(UTC))
        return parse_time(text)
    except (ValueError, OverflowError) as error:
        raise Invalid(name, text, str(error)) from None
