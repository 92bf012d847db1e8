"""What people read of an event, in English and in French: the same facts as the webhook's body, said in two lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from babel.dates import format_interval, format_skeleton
from babel.numbers import format_currency, format_decimal, format_percent

from app.alerts.phrases import BROUGHT, PHRASES, TITLES, UNITS

LANGUAGES = ("en", "fr")
MOST_LINES = 10
"""Of a digest: a message that is longer is cut by some channels, and read by nobody."""


@dataclass(frozen=True, slots=True)
class Text:
    title: str
    detail: str
    link: str | None

    @property
    def whole(self) -> str:
        return "\n".join(part for part in (self.title, self.detail, self.link) if part)


def told(body: Mapping[str, Any], language: str) -> Text:
    data = body["data"]
    names = {
        "subject": _subject(data.get("subject", {})), "rule": data.get("rule", {}).get("name", ""),
        "endpoint": data.get("endpoint", {}).get("name", ""), "when": _when(data, language),
        "name": data.get("name", ""),
    }  # fmt: skip
    if body["type"] == "digest":
        detail = _digest(data, language)
    elif body["type"] == "report":
        detail = _report(data, language)
    else:
        detail = _detail(data, language) if "rule" in data else data.get("problem") or data.get("reason") or ""
    return Text(TITLES[language][body["type"]].format(**names), detail, data.get("links", {}).get("dashboard"))


def _subject(subject: Mapping[str, str]) -> str:
    for kind in ("campaign", "influencer", "hashtag", "source", "platform"):
        if kind in subject:
            return f"#{subject[kind].removeprefix('#')}" if kind == "hashtag" else subject[kind]
    return ""


def _detail(data: Mapping[str, Any], language: str) -> str:
    phrases, found = PHRASES[language], []
    if data["value"] is not None:
        unit = UNITS.get(language, {}).get(data["unit"], data["unit"])
        value, window = _number(data["value"], language), _window(data["window_s"])
        found.append(phrases["measured"].format(value=value, unit=unit, window=window))
    if data["baseline"] is not None:
        found.append(phrases["usual"].format(baseline=_number(data["baseline"], language)))
    coverage = data["data_quality"]["coverage"]
    if data["data_quality"]["gaps"] or (coverage is not None and coverage < 1):
        found.append(phrases["incomplete"])
    return ", ".join(found)


def _when(data: Mapping[str, Any], language: str) -> str:
    """A day, or the first and the last of a week, or a month."""
    if "month" in data:
        first = datetime.fromisoformat(f"{data['month']}-01")
        return str(format_skeleton("yMMMM", first, locale=language))
    if "period" not in data:
        return ""
    first, end = (datetime.fromisoformat(data["period"][edge]) for edge in ("from", "to"))
    return str(format_interval(first.date(), (end - timedelta(days=1)).date(), "yMMMd", locale=language))


def _digest(data: Mapping[str, Any], language: str) -> str:
    """A line for each of those that moved most, with the period before in brackets."""
    phrases = PHRASES[language]
    if not data["observed"]:
        return phrases["nothing"]
    lines = [_moved(row, language) for row in data["subjects"][:MOST_LINES]]
    left = len(data["subjects"]) - len(lines) + data["truncated"]
    if left:
        lines.append(phrases["more"].format(n=_number(left, language)))
    return "\n".join([*lines, phrases["before"]])


def _report(data: Mapping[str, Any], language: str) -> str:
    phrases, now, before = PHRASES[language], data["gained"], data["before"]
    lines = [phrases["nothing"]]
    if now["posts"] is not None:
        lines = [phrases["month"].format(**_both(now, before, language))]
    if data["outcomes"]:
        lines.append(phrases["brought"].format(what=", ".join(_amount(one, language) for one in data["outcomes"])))
    if now["at_least"]:
        lines.append(phrases["observed"].format(share=_share(now["coverage"], language)))
    return "\n".join(lines)


def _amount(one: Mapping[str, Any], language: str) -> str:
    kind = BROUGHT[language].get(one["kind"], one["kind"])
    if one["currency"] is None:
        return f"{kind} {_number(one['count'], language)}"
    return f"{kind} {format_currency(Decimal(one['amount']), one['currency'], locale=language)}"


def _share(part: float, language: str) -> str:
    """What is not whole is not told as if it were."""
    return format_percent(min(part, 0.99) if part < 1 else 1, locale=language)


def _both(now: Mapping[str, Any], before: Mapping[str, Any], language: str) -> dict[str, str]:
    return {
        name: f"{_known(now, name, language)} ({_known(before, name, language)})"
        for name in ("posts", "authors", "engagement")
    }


def _moved(row: Mapping[str, Any], language: str) -> str:
    phrases, now, before = PHRASES[language], row["gained"], row["before"]
    subject = _subject(row["subject"])
    if now["posts"] is None:
        return phrases["unseen"].format(subject=subject)
    amounts = _both(now, before, language)
    line = phrases["moved"].format(subject=subject, spikes=_number(row["spikes"], language), **amounts)
    return f"{line}; {phrases['incomplete']}" if now["at_least"] else line


def _known(sums: Mapping[str, Any], name: str, language: str) -> str:
    """What is a lower bound is written as one, and what is not known as a question."""
    if sums[name] is None:
        return "?"
    return ("≥ " if sums["at_least"] else "") + _number(sums[name], language)


def _number(value: float, language: str) -> str:
    return format_decimal(round(value, 1 if abs(value) < 100 else 0), locale=language)


def _window(seconds: int) -> str:
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds % size == 0 and seconds >= size:
            return f"{seconds // size} {name}"
    return f"{seconds} s"
