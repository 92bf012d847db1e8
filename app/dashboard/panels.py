"""From a growth curve's numbers to what a page says of them: charts, rows, sentences. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.clock import MINUTE, parse_time
from app.dashboard import chart, ticks
from app.dashboard.asked import Asked
from app.dashboard.chart import Chart, Curve, Mark, Unseen
from app.dashboard.words import Words

MEASURES = {
    "rate": ("posts", "engagement", "authors_new"),
    "total": ("posts_total", "engagement_total", "authors_total"),
}
GAIN_OF = {"posts_total": "posts", "engagement_total": "engagement", "authors_total": "authors_new"}
FRESH = 30 * MINUTE
"""What has not been looked at for less than this is the next pass's work, and no gap to speak of."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart with the words around it. `hovers` are what its buckets say under the pointer."""

    name: str
    title: str
    unit: str
    says: str
    chart: Chart
    times: tuple[tuple[float, str, bool], ...]
    levels: tuple[tuple[float, str], ...]
    hovers: tuple[tuple[float, float, str], ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A curve dict as columns, with its edges in milliseconds."""

    edges: tuple[int, ...]
    series: dict[str, list[Any]]
    step: str
    partial: bool
    unseen: tuple[Unseen, ...]
    raw: dict[str, Any]


def shown(curve: dict[str, Any], words: Words) -> Shown:
    edges = tuple(parse_time(one) for one in [*curve["series"]["time"], curve["to"]])
    now = parse_time(curve["as_of"])
    unseen = tuple(
        Unseen(start, end, f"{gap['source']}: {reason(words, gap['reason'])}")
        for gap in curve["gaps"]
        if not is_fresh(gap, start := parse_time(gap["from"]), end := parse_time(gap["to"]), now)
    )
    return Shown(edges, curve["series"], curve["step"], curve["totals"]["newest_is_partial"], unseen, curve)


def is_fresh(gap: dict[str, Any], start: int, end: int, now: int) -> bool:
    return gap["reason"] == "not observed yet" and now - end < MINUTE and end - start < FRESH


def reason(words: Words, text: str | None) -> str:
    """Reasons are kept in English; those that we give ourselves are known in every language."""
    return words.or_same(f"reason.{text}", text) if text else words("reason.not observed")


def panels(it: Shown, asked: Asked, words: Words, marks: Sequence[tuple[int, str]], most: int = 3) -> list[Panel]:
    names = MEASURES[asked.show][:most]
    moments = ticks.moments(it.edges[0], it.edges[-1], asked.tz)
    bands = chart.bands(
        _curve(it, "posts", False), it.series["coverage"], it.unseen, words("reason.not followed")
    )  # fmt: skip
    found = []
    for name in names:
        curve = _curve(it, name, asked.show == "total")
        drawn = chart.draw(curve, moments, bands, placed(curve, marks))
        per = words("per.total" if curve.total else f"per.{it.step}")
        unit = {"p": "posts", "e": "engagement", "a": "authors"}[name[0]]
        said = per if curve.total else words(f"unit.{unit}", per=per)
        found.append(panel(name, words(f"measure.{name}"), said, curve, drawn, asked, words))
    return found


def placed(curve: Curve, marks: Sequence[tuple[int, str]]) -> list[Mark]:
    return [Mark(chart.share(curve, at), text) for at, text in marks if curve.edges[0] <= at <= curve.edges[-1]]


def _curve(it: Shown, name: str, total: bool) -> Curve:
    # A birth is known to the second; only what a post gained afterwards is spread between looks.
    guessed = it.series["estimated"] if name.startswith("engagement") else [None] * len(it.series["posts"])
    gains = it.series[GAIN_OF[name]] if total else ()
    return Curve(it.edges, it.series[name], guessed, it.partial, total, gains)


def panel(name: str, title: str, unit: str, curve: Curve, drawn: Chart, asked: Asked, words: Words) -> Panel:
    hovers = tuple(
        (at, wide, f"{words.moment(edge, asked.tz)}: {words.number(value) if value is not None else words('unknown')}")
        for (at, wide), edge, value in zip(drawn.bars, curve.edges, curve.values, strict=False)
    )
    return Panel(
        name, title, unit, _says(curve, asked, words), drawn,
        tuple((at, words.tick(m.at, m.unit, asked.tz), m.narrow) for at, m in drawn.times),
        tuple((at, words.short(level)) for at, level in drawn.levels), hovers,
    )  # fmt: skip


def _says(curve: Curve, asked: Asked, words: Words) -> str:
    """The chart in a line: its peak, and where it stands."""
    known = [(value, -place) for place, value in enumerate(curve.values) if value is not None]
    if not known:
        return words("none_known")
    peak, place = max(known)
    said = []
    if not curve.total:
        said.append(words("most", n=words.number(peak), time=words.moment(curve.edges[-place], asked.tz)))
    newest = curve.values[-1]
    if curve.partial and newest is not None:
        said.append(words("now" if curve.total else "newest", n=words.number(newest)))
    return words("and").join(said)
