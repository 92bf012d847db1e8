"""What a rule looks at, as a chart: a metric's sum within its window, against what it takes, with what it said."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.analysis.calendar import STEPS
from app.clock import HOUR, MINUTE, SECOND, bucket_of
from app.dashboard import chart, panels, ticks
from app.dashboard.chart import Column, Curve, Line, Mark
from app.dashboard.panels import Panel
from app.dashboard.told import amount, window
from app.dashboard.words import Words
from app.db.engine import ReadSession
from app.errors import NotFound
from app.store import curves, rollups
from app.store.curves import Ask

MOST_POINTS = 480
COLUMNS = {"posts": "posts", "authors": "authors_new", "engagement": "engagement", "views": "views"}
APART = 14
"""Marks that stand nearer (in hundredths of the plot) would write over each other."""


@dataclass(frozen=True, slots=True)
class View:
    """What is drawn: of which subject, which metric, in which window, from when to when."""

    kind: str
    ref: str
    metric: str
    window_s: int
    start: int
    end: int


async def panel(
    session: ReadSession,
    view: View,
    lines: Sequence[Line],
    marks: Sequence[tuple[int, str]],
    tz: ZoneInfo,
    w: Words,
    now: int,
    name: str = "",
) -> Panel | None:
    """None: nothing is kept of it that could be drawn."""
    step = "5m" if view.start >= rollups.fine_since(now) else "1h"
    width = max(1, view.window_s * SECOND // STEPS[step])
    column = COLUMNS[view.metric]
    first = bucket_of(view.start, STEPS[step]) - (width - 1) * STEPS[step]
    if step == "5m":
        first = max(first, rollups.fine_since(now))
    ask = Ask(first, view.end, step, metrics=(column, "coverage"))
    try:
        found = panels.shown(await curves.growth(session, view.kind, view.ref, ask, now), w)
    except NotFound:
        return None
    values = rolling(found.series[column], width)
    coverage = [0 if one is None else one for one in found.series["coverage"]]
    if found.partial:  # a window that has only begun says nothing
        values, coverage = values[:-1], coverage[:-1]
    skip = sum(edge <= view.start for edge in found.edges[1 : len(values)])
    edges, values, coverage = found.edges[skip : len(values) + 1], values[skip:], coverage[skip:]
    if len(values) < 2:
        return None
    curve = Curve(*_coarser(edges, values), partial=False)
    whole = Curve(edges, values, [None] * len(values), partial=False)
    bands = chart.bands(whole, coverage, found.unseen, w("reason.not followed"))
    placed = _placed(curve, marks)
    drawn = chart.draw(curve, ticks.moments(curve.edges[0], curve.edges[-1], tz), bands, placed, lines)
    known = [(value, -place) for place, value in enumerate(curve.values) if value is not None]
    peak = max(known, default=None)
    says = (
        w("most", n=amount(view.metric, peak[0], w), time=w.moment(curve.edges[-peak[1]], tz)) if peak
        else w("none_known")
    )  # fmt: skip
    return Panel(
        name or view.metric, w(f"measure.{column}"), w("window.unit", span=window(view.window_s, w)), says, drawn,
        tuple((at, w.tick(one.at, one.unit, tz), one.narrow) for at, one in drawn.times),
        tuple((at, w.short(level)) for at, level in drawn.levels), (),
    )  # fmt: skip


def _placed(curve: Curve, marks: Sequence[tuple[int, str]]) -> list[Mark]:
    """A mark keeps its line, and its word where there is room for it."""
    found: list[Mark] = []
    written = -float(APART)
    for at, text in marks:
        if curve.edges[0] <= at <= curve.edges[-1]:
            place = chart.share(curve, at)
            room = place - written >= APART
            found.append(Mark(place, text if room else ""))
            written = place if room else written
    return found


def rolling(values: Column, width: int) -> list[float | None]:
    """Each bucket's sum with the `width - 1` before it; not known where one of them is not."""
    sums: list[float | None] = []
    total, unknown = 0.0, 0
    for place, value in enumerate(values):
        total, unknown = total + (value or 0), unknown + (value is None)
        if place >= width:
            gone = values[place - width]
            total, unknown = total - (gone or 0), unknown - (gone is None)
        sums.append(None if unknown else total)
    return sums


def _coarser(edges: Sequence[int], values: Sequence[float | None]) -> tuple[list[int], list[float | None], Column]:
    """So few buckets that a screen shows them, each as high as the highest in it: no peak is lost."""
    width = -(-len(values) // MOST_POINTS)
    places = range(0, len(values), width)
    tops = [
        max((one for one in values[place : place + width] if one is not None), default=None) for place in places
    ]  # fmt: skip
    return [*(edges[place] for place in places), edges[len(values)]], tops, [None] * len(tops)


def around(start: int, end: int, window_s: int, now: int) -> tuple[int, int]:
    """From so long before to so long after that an episode is seen against its usual."""
    length = max(6 * HOUR, 2 * (end - start), 4 * window_s * SECOND)
    return start - length, min(now, end + max(2 * HOUR, length // 3) + MINUTE)
