"""How each language writes numbers, shares, times and lists: what Babel knows of it, kept once it was asked for.

A page of 500 rows has thousands of numbers, of which the next reading of it has all but a few again.
"""

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache, lru_cache

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.lists import format_list
from babel.numbers import format_compact_decimal, format_decimal, format_percent

# Days before months, and a day of 24 hours.
_LOCALES = {"en": "en_GB", "fr": "fr"}
_MOST = 8_192


@cache
def locale(lang: str) -> Locale:
    return Locale.parse(_LOCALES[lang])


@lru_cache(_MOST)
def number(lang: str, n: float | Decimal) -> str:
    """With all the digits that it has."""
    return format_decimal(n, locale=locale(lang), decimal_quantization=False)


@lru_cache(512)
def amount(lang: str, n: Decimal, digits: int) -> str:
    """With so many digits after the point, zeros too."""
    return format_decimal(n, f"#,##0.{'0' * digits}" if digits else "#,##0", locale=locale(lang))


@lru_cache(512)
def short(lang: str, n: int) -> str:
    """For an axis: 12,000 is 12K."""
    return format_compact_decimal(n, locale=locale(lang), fraction_digits=1)


@lru_cache(512)
def percent(lang: str, share: float) -> str:
    """As it is: who asks has rounded it."""
    return format_percent(share, locale=locale(lang), decimal_quantization=False)


@lru_cache(1_024)
def day(lang: str, it: date, skeleton: str = "") -> str:
    """1 Mar 2026; or that part of it which the skeleton names, as CLDR names parts of a date."""
    if skeleton:
        return format_skeleton(skeleton, datetime.combine(it, time()), locale=locale(lang))
    return format_date(it, "medium", locale=locale(lang))


@lru_cache(1_440)
def clock(lang: str, hour: int, minute: int) -> str:
    return format_time(time(hour, minute), "short", locale=locale(lang))


def seconds(lang: str, it: datetime) -> str:
    return format_time(it.time(), "medium", locale=locale(lang))


def weekday(lang: str, number: int) -> str:
    """0 is Monday."""
    return str(locale(lang).days["stand-alone"]["abbreviated"][number])


def listed(lang: str, parts: Sequence[str]) -> str:
    """a, b and c."""
    return format_list(parts, locale=locale(lang))


def form(lang: str, n: int) -> str:
    """Which form a thing has that is there so many times: `one`, or `many` for whatever else."""
    return "one" if locale(lang).plural_form(abs(n)) == "one" else "many"
