"""Every word of the pages, in each language, and how numbers, times and spans are written there.

Each page's words are in a file of its own; a test finds one that a language lacks.
"""

from collections.abc import Callable
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
    report,
    rules,
    second,
    settings,
    shares,
    side,
    sources,
    starting,
    today,
)

ROOMS = (
    common, front, today, noted, looks, form, curves, files, side, grew, report, sources, platforms, settings, second,
    audited, alerts, rules, endpoints, shares, entry, starting,
)  # fmt: skip
LANGUAGES: dict[str, dict[str, str]] = {
    "en": {key: text for room in ROOMS for key, text in room.EN.items()},
    "fr": {key: text for room in ROOMS for key, text in room.FR.items()},
}
# From how many on a language says "posts".
_MANY_FROM: dict[str, Callable[[int], bool]] = {"en": lambda n: abs(n) != 1, "fr": lambda n: abs(n) > 1}
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
        return self(f"{key}.{'many' if _MANY_FROM[self.lang](n) else 'one'}", n=self.number(n))

    def number(self, n: float) -> str:
        return f"{n:,}".replace(",", "\0").replace(".", self("point")).replace("\0", self("group"))

    def short(self, n: int) -> str:
        """For an axis: 12,000 is 12k."""
        for size, letter in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
            if abs(n) >= size:
                return f"{n / size:g}{letter}".replace(".", self("point"))
        return str(n)

    def percent(self, share: float) -> str:
        """Never 100 % where something is missing, never 0 % where something is there."""
        nearly = "<" if 0 < share < 0.01 else ">" if 0.99 < share < 1 else ""
        whole = {"<": 1, ">": 99}.get(nearly, round(share * 100))
        return nearly + self("percent", n=self.number(whole))

    def span(self, ms: int) -> str:
        """The two largest parts: 3 d 4 h."""
        parts: list[str] = []
        for name, length in _SPANS:
            count, ms = divmod(max(ms, 0), length)
            if count or parts:
                parts.append(self(f"span.{name}", n=count) if count else "")
        return " ".join(part for part in parts[:2] if part) or self("span.s", n=0)

    def moment(self, ms: int, tz: ZoneInfo) -> str:
        local = from_ms(ms).astimezone(tz)
        return f"{self.day(ms, tz)} {local.year} {local:%H:%M}"

    def clock(self, ms: int, tz: ZoneInfo) -> str:
        return f"{from_ms(ms).astimezone(tz):%H:%M:%S}"

    def day(self, ms: int, tz: ZoneInfo) -> str:
        local = from_ms(ms).astimezone(tz)
        return f"{local.day} {self._month(local.month)}"

    def tick(self, ms: int, unit: str, tz: ZoneInfo) -> str:
        """On a time axis: as much as tells it from its neighbours."""
        local = from_ms(ms).astimezone(tz)
        if unit == "hour":
            return f"{local:%H:%M}"
        if unit == "day":
            return self.day(ms, tz)
        return f"{self._month(local.month)} {local.year}" if unit == "month" else str(local.year)

    def _month(self, month: int) -> str:
        return self("months").split()[month - 1]
