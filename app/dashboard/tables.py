"""A curve's numbers as rows and words: the table, the sums, the platforms, and what was not seen. Pure."""

from dataclasses import dataclass
from typing import Any

from app.clock import parse_time
from app.dashboard.asked import Asked
from app.dashboard.panels import Shown, is_fresh, reason
from app.dashboard.words import Words

COLUMNS = (
    "posts", "posts_total", "authors_new", "authors_total", "likes", "reposts", "replies", "quotes", "views",
    "engagement", "engagement_total",
)  # fmt: skip
TOTALS = (
    "posts", "authors", "engagement", "likes", "reposts", "replies", "quotes", "views", "followers",
    "potential_impressions",
)  # fmt: skip
MOST_UNSEEN = 20


@dataclass(frozen=True, slots=True)
class Row:
    time: str
    cells: tuple[str | None, ...]
    observed: str
    estimated: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A gap in words."""

    when: str
    where: str
    state: str
    why: str


def _cell(words: Words, value: float | None) -> str | None:
    return None if value is None else words.number(value)


def rows(it: Shown, asked: Asked, words: Words, most: int) -> list[Row]:
    """The newest ones, newest first. None in a cell: not known."""
    found = []
    for place, edge in list(enumerate(it.edges[:-1]))[: -most - 1 : -1]:
        covered, guessed = it.series["coverage"][place] or 0, it.series["estimated"][place]
        observed = words("observed.all") if covered >= 1 else words.percent(covered)
        if not covered and it.series["posts"][place] is None:
            observed = words("observed.none") + _why(it, edge, it.edges[place + 1])
        if it.partial and place == len(it.edges) - 2:
            observed = f"{words('so_far')}, {observed}"
        cells = tuple(_cell(words, it.series[name][place]) for name in COLUMNS)
        time = words.moment(edge, asked.tz)
        found.append(Row(time, cells, observed, "" if guessed is None else words.percent(guessed)))
    return found


def _why(it: Shown, start: int, end: int) -> str:
    why = list(dict.fromkeys(one.why for one in it.unseen if one.start < end and one.end > start))
    return f" ({'; '.join(why[:2])})" if why else ""


def missing(it: Shown, asked: Asked, words: Words) -> tuple[list[Missing], int]:
    """The gaps, the newest first, and how many more there are."""
    found = []
    now = parse_time(it.raw["as_of"])
    for gap in reversed(it.raw["gaps"]):
        start, end = parse_time(gap["from"]), parse_time(gap["to"])
        if is_fresh(gap, start, end, now):
            continue
        when = words(
            "unseen.line", span=words.span(end - start),
            **{"from": words.moment(start, asked.tz), "to": words.moment(end, asked.tz)},
        )  # fmt: skip
        where = f"#{gap['hashtag']}, {gap['source']}"
        found.append(Missing(when, where, words(f"state.{gap['state']}"), reason(words, gap["reason"])))
    return found[:MOST_UNSEEN], max(0, len(found) - MOST_UNSEEN)


def totals(it: Shown, words: Words) -> list[tuple[str, str]]:
    """The sums over the range, those that are known."""
    sums = it.raw["totals"]
    # A person is no new author of their own posts.
    names = [
        name for name in TOTALS if it.raw["subject"]["kind"] != "influencer" or name not in ("authors", "followers")
    ]
    return [(words(f"measure.{name}"), _sum(sums, name, words)) for name in names if sums[name] is not None]


def _sum(sums: dict[str, Any], name: str, words: Words) -> str:
    if sums[name] is None:
        return words("unknown")
    number = words.number(sums[name])
    return words("at_least", what=number) if sums["at_least"] else number


@dataclass(frozen=True, slots=True)
class Platform:
    name: str
    numbers: tuple[str, ...]
    observed: str


def platforms(it: Shown, words: Words) -> list[Platform]:
    found = []
    for name, part in it.raw["platforms"].items():
        covered = [value or 0 for value in part["coverage"]][: -1 if it.partial else None] or [0]
        numbers = tuple(_sum(part["totals"], one, words) for one in ("posts", "engagement", "authors"))
        found.append(Platform(name, numbers, words.percent(sum(covered) / len(covered))))
    return found
