"""What answers say of budgets and waiting: rate headers in each platform's style, and Retry-After."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from collectors.contract import Told

LONGEST_WAIT = timedelta(days=1)  # what asks for more is taken for a mistake

ReadRates = Callable[[httpx.Headers], Told | None]


def utc_now() -> datetime:
    return datetime.now(UTC)


def no_rates(_: httpx.Headers) -> Told | None:
    return None


def iso_reset(name: str) -> ReadRates:
    """X-RateLimit-*, whose Reset is an ISO date: Mastodon and most who speak its API."""

    def read(headers: httpx.Headers) -> Told | None:
        told = _counts(headers, "x-ratelimit", name)
        return told and Told(name, told.limit, told.remaining, _date(headers.get("x-ratelimit-reset", "")))

    return read


def unix_reset(name: str, prefix: str = "ratelimit") -> ReadRates:
    """RateLimit-*, whose Reset is in unix seconds: Bluesky's PDS; with another prefix also X."""

    def read(headers: httpx.Headers) -> Told | None:
        told = _counts(headers, prefix, name)
        return told and Told(name, told.limit, told.remaining, _unix(headers.get(f"{prefix}-reset", "")))

    return read


def seconds_left(name: str, now: Callable[[], datetime]) -> ReadRates:
    """X-RateLimit-Used, -Remaining ("595.0") and -Reset, which is in seconds from now: Reddit."""

    def read(headers: httpx.Headers) -> Told | None:
        used, remaining, reset = (
            _number(headers.get(f"x-ratelimit-{part}", "").partition(".")[0]) for part in ("used", "remaining", "reset")
        )
        if remaining is None or reset is None or reset >= 10**6:
            return None
        return Told(name, None if used is None else used + remaining, remaining, now() + timedelta(seconds=reset))

    return read


def window(headers: httpx.Headers) -> timedelta | None:
    """The length of the window that a RateLimit-Policy names: `3000;w=300`."""
    seconds = _number(headers.get("ratelimit-policy", "").partition(";w=")[2])
    return timedelta(seconds=seconds) if seconds else None


def wait_until(headers: Mapping[str, str], told: Told | None, now: datetime) -> datetime | None:
    """When to ask again: Retry-After in seconds or as a date, else the reset of a budget that is used up.

    None where neither makes sense (missing, past, or absurdly far): the caller backs off by its own rule.
    """
    text = headers.get("retry-after", "").strip()
    seconds = _number(text)
    until = now + timedelta(seconds=min(seconds, 10**9)) if seconds is not None else _http_date(text)
    if until is None and told is not None and told.remaining == 0:
        until = told.resets_at
    return until if until is not None and now < until <= now + LONGEST_WAIT else None


def _counts(headers: httpx.Headers, prefix: str, name: str) -> Told | None:
    limit, remaining = _number(headers.get(f"{prefix}-limit", "")), _number(headers.get(f"{prefix}-remaining", ""))
    return None if limit is None and remaining is None else Told(name, limit, remaining, None)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


def _unix(text: str) -> datetime | None:
    seconds = _number(text)
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None and seconds < 10**11 else None


def _date(text: str) -> datetime | None:
    try:
        date = datetime.fromisoformat(text)
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
