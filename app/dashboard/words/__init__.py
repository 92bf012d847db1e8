"""Every word of the pages, in each language, and how numbers, times and spans are written there.

Each page's words are in a file of its own; a test finds one that a language lacks.
"""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from app.clock import DAY, HOUR, MINUTE, SECOND, from_ms
from app.dashboard.words import (
    alerts,
    audited,
    common,
    curves,
    endpoints,
    entry,
    files,
    form,
    front,
    grew,
    looks,
    noted,
    platforms,
    privacy,
    report,
    rules,
    second,
    settings,
    shares,
    short,
    side,
    sources,
    starting,
    today,
    written,
)

ROOMS = (
    common, front, today, noted, looks, form, curves, files, side, short, grew, report, sources, platforms, settings,
    second, privacy, audited, alerts, rules, endpoints, shares, entry, starting,
)  # fmt: skip
_MARKS = re.compile(r" (?=[;:?!»])|(?<=«) ")


def _spaced(text: str) -> str:
    """French puts a space before these marks at which no line may break."""
    return _MARKS.sub("\N{NARROW NO-BREAK SPACE}", text)


LANGUAGES: dict[str, dict[str, str]] = {
    "en": {key: text for room in ROOMS for key, text in room.EN.items()},
    "fr": {key: _spaced(text) for room in ROOMS for key, text in room.FR.items()},
}
_SPANS = (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND))


def chosen(wanted: str | None, accepts: str) -> str:
    """The language asked for, else the first that the browser would like and we speak."""
    if wanted in LANGUAGES:
        return wanted
    ranked = []
    for place, part in enumerate(accepts.split(",")[:20]):
        name, _, quality = part.strip().partition(";q=")
        try:
            ranked.append((-float(quality or 1), place, name.split("-")[0].strip().lower()))
        except ValueError:
            continue
    return next((name for weight, _, name in sorted(ranked) if name in LANGUAGES and weight < 0), "en")


class Words:
    """Speaks one language. What is put into a text is text: the template escapes the whole."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self._texts = LANGUAGES[lang]

    def __call__(self, key: str, **values: object) -> str:
        return self._texts[key].format(**values) if values else self._texts[key]

    def or_same(self, key: str, otherwise: str) -> str:
        return self._texts.get(key, otherwise)

    def count(self, key: str, n: int) -> str:
        """`posts`, 3: "3 posts"."""
        return self(f"{key}.{written.form(self.lang, n)}", n=self.number(n))

    def number(self, n: float) -> str:
        return written.number(self.lang, n)

    def amount(self, n: Decimal) -> str:
        """With the decimals that it is written with."""
        return written.amount(self.lang, n, max(0, -int(n.as_tuple().exponent)))

    def short(self, n: int) -> str:
        """For an axis: 12,000 is 12K."""
        return written.short(self.lang, n)

    def percent(self, share: float) -> str:
        """Never 100 % where something is missing, never 0 % where something is there."""
        nearly = "<" if 0 < share < 0.01 else ">" if 0.99 < share < 1 else ""
        whole = {"<": 1, ">": 99}.get(nearly, round(share * 100))
        return nearly + written.percent(self.lang, whole / 100)

    def share(self, share: float) -> str:
        """To three figures that count."""
        return written.percent(self.lang, float(f"{share:.3g}"))

    def listed(self, parts: Sequence[str]) -> str:
        """a, b and c."""
        return written.listed(self.lang, parts)

    def span(self, ms: int) -> str:
        """The two largest parts: 3 d 4 h."""
        parts: list[str] = []
        for name, length in _SPANS:
            count, ms = divmod(max(ms, 0), length)
            if count or parts:
                parts.append(self(f"span.{name}", n=self.number(count)) if count else "")
        return " ".join(part for part in parts[:2] if part) or self("span.s", n=0)

    def moment(self, ms: int, tz: ZoneInfo) -> str:
        local = from_ms(ms).astimezone(tz)
        return f"{written.day(self.lang, local.date())} {written.clock(self.lang, local.hour, local.minute)}"

    def clock(self, ms: int, tz: ZoneInfo) -> str:
        return written.seconds(self.lang, from_ms(ms).astimezone(tz))

    def day(self, ms: int, tz: ZoneInfo) -> str:
        return written.day(self.lang, from_ms(ms).astimezone(tz).date(), "MMMd")

    def month(self, it: date, skeleton: str = "yMMMM") -> str:
        """As a title says it, or as CLDR calls the parts that are wanted."""
        return written.day(self.lang, it, skeleton)

    def weekday(self, number: int) -> str:
        """0 is Monday."""
        return written.weekday(self.lang, number)

    def tick(self, ms: int, unit: str, tz: ZoneInfo) -> str:
        """On a time axis: as much as tells it from its neighbours."""
        local = from_ms(ms).astimezone(tz)
        if unit == "hour":
            return written.clock(self.lang, local.hour, local.minute)
        if unit == "year":
            return str(local.year)
        return written.day(self.lang, local.date(), "MMMd" if unit == "day" else "yMMM")
