"""What people read of an event, in English and in French: the same facts as the webhook's body, said in two lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from babel.dates import format_interval
from babel.numbers import format_decimal

LANGUAGES = ("en", "fr")
MOST_LINES = 10
"""Of a digest: a message that is longer is cut by some channels, and read by nobody."""
_TITLES = {
    "en": {
        "alert.firing": "{subject}: {rule}",
        "alert.escalated": "{subject}: {rule}, twice its earlier peak",
        "alert.resolved": "{subject}: {rule} is over",
        "alert.flapping": "{subject}: {rule} comes and goes; quiet until it settles",
        "source.stale": "{subject} fell silent",
        "source.recovered": "{subject} speaks again",
        "delivery.failing": "{endpoint} does not take what is sent to it",
        "endpoint.disabled": "{endpoint} was disabled",
        "endpoint.test": "A test for {endpoint}",
        "compliance.redacted": "Something that was said before is taken back",
        "digest": "{rule}: {when}",
    },
    "fr": {
        "alert.firing": "{subject} : {rule}",
        "alert.escalated": "{subject} : {rule}, le double du pic précédent",
        "alert.resolved": "{subject} : {rule}, c’est fini",
        "alert.flapping": "{subject} : {rule} va et vient ; silence jusqu’à ce que cela se calme",
        "source.stale": "{subject} se tait",
        "source.recovered": "{subject} parle de nouveau",
        "delivery.failing": "{endpoint} ne prend pas ce qui lui est envoyé",
        "endpoint.disabled": "{endpoint} a été désactivé",
        "endpoint.test": "Un essai pour {endpoint}",
        "compliance.redacted": "Quelque chose qui avait été dit est retiré",
        "digest": "{rule} : {when}",
    },
}
_PHRASES = {
    "en": {
        "measured": "{value} {unit} in {window}",
        "usual": "usually {baseline}",
        "incomplete": "not all was observed",
        "nothing": "Nothing was observed.",
        "unseen": "{subject}: nothing was observed",
        "moved": "{subject}: posts {posts}, new authors {authors}, engagement {engagement}, spikes {spikes}",
        "before": "In brackets: the period before.",
        "more": "And {n} more.",
    },
    "fr": {
        "measured": "{value} {unit} en {window}",
        "usual": "d’habitude {baseline}",
        "incomplete": "tout n’a pas été observé",
        "nothing": "Rien n’a été observé.",
        "unseen": "{subject} : rien n’a été observé",
        "moved": (
            "{subject} : publications {posts}, nouveaux auteurs {authors}, réactions {engagement}, envolées {spikes}"
        ),
        "before": "Entre parenthèses : la période précédente.",
        "more": "Et {n} de plus.",
    },
}
_UNITS = {
    "fr": {
        "posts": "publications", "authors": "auteurs", "engagement": "réactions", "views": "vues",
    }
}  # fmt: skip


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
    }  # fmt: skip
    if body["type"] == "digest":
        detail = _digest(data, language)
    else:
        detail = _detail(data, language) if "rule" in data else data.get("problem") or data.get("reason") or ""
    return Text(_TITLES[language][body["type"]].format(**names), detail, data.get("links", {}).get("dashboard"))


def _subject(subject: Mapping[str, str]) -> str:
    for kind in ("campaign", "influencer", "hashtag", "source", "platform"):
        if kind in subject:
            return f"#{subject[kind].removeprefix('#')}" if kind == "hashtag" else subject[kind]
    return ""


def _detail(data: Mapping[str, Any], language: str) -> str:
    phrases, found = _PHRASES[language], []
    if data["value"] is not None:
        unit = _UNITS.get(language, {}).get(data["unit"], data["unit"])
        value, window = _number(data["value"], language), _window(data["window_s"])
        found.append(phrases["measured"].format(value=value, unit=unit, window=window))
    if data["baseline"] is not None:
        found.append(phrases["usual"].format(baseline=_number(data["baseline"], language)))
    coverage = data["data_quality"]["coverage"]
    if data["data_quality"]["gaps"] or (coverage is not None and coverage < 1):
        found.append(phrases["incomplete"])
    return ", ".join(found)


def _when(data: Mapping[str, Any], language: str) -> str:
    """A day, or the first and the last of a week."""
    if "period" not in data:
        return ""
    first, end = (datetime.fromisoformat(data["period"][edge]) for edge in ("from", "to"))
    return str(format_interval(first.date(), (end - timedelta(days=1)).date(), "yMMMd", locale=language))


def _digest(data: Mapping[str, Any], language: str) -> str:
    """A line for each of those that moved most, with the period before in brackets."""
    phrases = _PHRASES[language]
    if not data["observed"]:
        return phrases["nothing"]
    lines = [_moved(row, language) for row in data["subjects"][:MOST_LINES]]
    left = len(data["subjects"]) - len(lines) + data["truncated"]
    if left:
        lines.append(phrases["more"].format(n=_number(left, language)))
    return "\n".join([*lines, phrases["before"]])


def _moved(row: Mapping[str, Any], language: str) -> str:
    phrases, now, before = _PHRASES[language], row["gained"], row["before"]
    subject = _subject(row["subject"])
    if now["posts"] is None:
        return phrases["unseen"].format(subject=subject)
    amounts = {
        name: f"{_known(now, name, language)} ({_known(before, name, language)})"
        for name in ("posts", "authors", "engagement")
    }
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
