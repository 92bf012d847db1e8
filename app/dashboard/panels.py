"""From a growth curve's numbers to what a page says of them: charts, rows, sentences. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.clock import MINUTE, parse_time
from app.dashboard import chart, spoken, ticks
from app.dashboard.asked import Asked
from app.dashboard.chart import Chart, Curve, Mark, Unseen
from app.dashboard.words import Words

MEASURES = {
    "posts": ("posts", "posts_total"), "engagement": ("engagement", "engagement_total"),
    "authors": ("authors_new", "authors_total"), "views": ("views", "views_total"),
}  # fmt: skip
"""Of each, the column of its gains and that of its sums."""
GAIN_OF = {total: gain for gain, total in MEASURES.values()}
NAMED = {column: name for name, columns in MEASURES.items() for column in columns}
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
    return words.or_same(f"reason.{text}", spoken.told(words, text) or text) if text else words("reason.not observed")


def running(gains: Sequence[int | None], before: int) -> list[int | None]:
    """The sum so far, from the first that is known; what was not observed adds nothing."""
    found: list[int | None] = []
    for gain in gains:
        last = found[-1] if found else before or None
        found.append(last if gain is None else gain + (last or 0))
    return found


def panels(
    it: Shown, asked: Asked, words: Words, marks: Sequence[tuple[int, str]], names: Sequence[str] = tuple(MEASURES),
    most: int | None = None,
) -> list[Panel]:  # fmt: skip
    """The measure that is asked for, else the first of those that belong there; views where some platform shows any."""
    if asked.measure:
        names = [asked.measure]
    elif not _is_known(it, "views"):
        names = [name for name in names if name != "views"]
    return draw([MEASURES[name][asked.show == "total"] for name in names[:most]], it, asked, words, marks)


def _is_known(it: Shown, name: str) -> bool:
    return any(value is not None for value in it.series[name])


def draw(
    columns: Sequence[str], it: Shown, asked: Asked, words: Words, marks: Sequence[tuple[int, str]]
) -> list[Panel]:
    moments = ticks.moments(it.edges[0], it.edges[-1], asked.tz)
    bands = chart.bands(
        _curve(it, "posts", False), it.series["coverage"], it.unseen, words("reason.not followed")
    )  # fmt: skip
    found = []
    for name in columns:
        curve = _curve(it, name, name in GAIN_OF)
        drawn = chart.draw(curve, moments, bands, placed(curve, marks), log=asked.scale == "log")
        per = words("per.total" if curve.total else f"per.{it.step}")
        said = per if curve.total else words(f"unit.{NAMED[name]}", per=per)
        one = panel(name, words(f"measure.{name}"), said, curve, drawn, asked, words)
        # Of posts that were seen, and whose platforms tell no views, more can be said than that nothing is known.
        unseen = drawn.empty and NAMED[name] == "views" and _is_known(it, "posts")
        found.append(replace(one, says=words("views.none")) if unseen else one)
    return found


def placed(curve: Curve, marks: Sequence[tuple[int, str]]) -> list[Mark]:
    return [Mark(chart.share(curve, at), text) for at, text in marks if curve.edges[0] <= at <= curve.edges[-1]]


def _curve(it: Shown, name: str, total: bool) -> Curve:
    # A birth is known to the second; only what a post gained afterwards is spread between looks.
    guessed = it.series["estimated"] if name.startswith("engagement") else [None] * len(it.series["posts"])
    gains = it.series[GAIN_OF[name]] if total else ()
    return Curve(it.edges, it.series[name], guessed, it.partial, total, gains)


def panel(name: str, title: str, unit: str, curve: Curve, drawn: Chart, asked: Asked, words: Words) -> Panel:
    colon = words("colon")
    hovers = tuple(
        (at, wide, f"{words.moment(edge, asked.tz)}{colon}{words('unknown') if value is None else words.number(value)}")
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
    if asked.scale == "log":
        said.append(words("log.falls" if min(known)[0] < 0 else "log"))
    return words("and").join(said)
