"""What stands on a campaign's curve besides its posts: notes, numbered by time, and what was given. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from app.dashboard import chart, panels, ticks
from app.dashboard.asked import Asked
from app.dashboard.chart import Curve
from app.dashboard.panels import Panel, Shown
from app.dashboard.words import Words
from app.store.annotations import Kept

MOST_NOTES = 50


@dataclass(frozen=True, slots=True)
class Note:
    """`number` is how its mark on the curve is called."""

    number: str
    when: str
    text: str
    url: str | None


def notes(found: Sequence[Kept], asked: Asked, words: Words) -> list[Note]:
    return [
        Note(words.number(number), words.moment(one.it.at, asked.tz), one.it.text, one.it.url)
        for number, one in enumerate(found[:MOST_NOTES], 1)
    ]


def marks(found: Sequence[Kept], words: Words) -> tuple[tuple[int, str], ...]:
    return tuple((one.it.at, words.number(number)) for number, one in enumerate(found[:MOST_NOTES], 1))


def gifts(it: Shown, asked: Asked, words: Words, marked: Sequence[tuple[int, str]]) -> list[Panel]:
    """A chart for each kind and currency: amounts, or how many where there is no money."""
    found = []
    for kind, currencies in it.raw.get("outcomes", {}).items():
        for currency, columns in currencies.items():
            counted = currency == "none"
            column = columns["count"] if counted else [round(float(amount)) for amount in columns["amount"]]
            unit = words("noted.count") if counted else currency
            found.append(_gifts(f"{kind}-{currency}", kind, column, unit, it, asked, words, marked))
    return found


def _gifts(
    name: str, kind: str, column: Sequence[int], unit: str, it: Shown, asked: Asked, words: Words,
    marked: Sequence[tuple[int, str]],
) -> Panel:  # fmt: skip
    total = asked.show == "total"
    unknown = [None] * len(column)
    values = list(accumulate(column)) if total else column
    curve = Curve(it.edges, values, unknown, it.partial, total, column if total else ())
    moments = ticks.moments(it.edges[0], it.edges[-1], asked.tz)
    drawn = chart.draw(curve, moments, (), panels.placed(curve, marked), log=asked.scale == "log")
    per = words("noted.since" if total else f"per.{it.step}")
    return panels.panel(name, words.or_same(f"brought.{kind}", kind), f"{unit}, {per}", curve, drawn, asked, words)
