"""A curve as shapes: what was seen, what is estimated, what is not known. Pure; a template makes SVG of it.

The plot is WIDE by HIGH units and is stretched to its place; along it, places are shares of a hundred.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from app.dashboard import ticks
from app.dashboard.ticks import Moment

WIDE, HIGH = 10_000, 1_000
MOST_HOVERED = 260
"""Each bucket that says its number under the pointer costs a hundred bytes."""

Column = Sequence[int | float | None]


@dataclass(frozen=True, slots=True)
class Curve:
    """One measure over time. `edges` (n+1) in milliseconds; `guessed`: the share of each gain that is estimated."""

    edges: Sequence[int]
    values: Column
    guessed: Column
    partial: bool  # the newest bucket is not over
    total: bool = False  # a level that goes on, drawn from point to point
    gains: Column = ()  # of a total: where it was not observed, and from where it began


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch that was not wholly observed. `whole`: nothing of it was."""

    at: float
    wide: float
    whole: bool
    why: str


@dataclass(frozen=True, slots=True)
class Mark:
    at: float
    text: str
    narrow: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """A value that the curve is measured against, all along the plot."""

    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Paths are SVG path data. `ticks`: (share of the height from the top, number); `lines` likewise, with words."""

    seen: str
    guess: str
    partial: str
    line: str
    dashed: str
    levels: tuple[tuple[float, int], ...]
    times: tuple[tuple[float, Moment], ...]
    bars: tuple[tuple[float, float], ...]
    bands: tuple[Band, ...] = ()
    marks: tuple[Mark, ...] = ()
    empty: bool = False
    lines: tuple[tuple[float, str], ...] = ()


@dataclass(slots=True)
class _Plot:
    """From instants and numbers to units, and the paths as they are written."""

    curve: Curve
    low: int
    high: int
    log: bool = False
    paths: dict[str, list[str]] = field(default_factory=dict)

    def x(self, at: int) -> int:
        first, last = self.curve.edges[0], self.curve.edges[-1]
        return round((at - first) / (last - first) * WIDE)

    def y(self, value: float) -> int:
        if self.log:
            return round((1 - ticks.height(value) / ticks.height(self.high)) * HIGH)
        return round((self.high - value) / (self.high - self.low) * HIGH)

    def add(self, name: str, path: str) -> None:
        self.paths.setdefault(name, []).append(path)

    def path(self, name: str) -> str:
        return "".join(self.paths.get(name, ()))


def draw(
    curve: Curve, moments: Iterable[Moment], bands: Sequence[Band] = (), marks: Sequence[Mark] = (),
    lines: Sequence[Line] = (), log: bool = False,
) -> Chart:  # fmt: skip
    known = [value for value in curve.values if value is not None]
    told = [*known, *(line.value for line in lines)]
    low, high = min([0, *told]), max([1, *told])
    levels = ticks.powers(high) if log else ticks.numbers(low, high)
    plot = _Plot(curve, levels[0], levels[-1], log)
    for run in _runs(curve):
        (_draw_total if curve.total else _draw_gains)(plot, run)
    return Chart(
        plot.path("seen"), plot.path("guess"), plot.path("partial"), plot.path("line"), plot.path("dashed"),
        tuple((plot.y(level) / HIGH, level) for level in levels),
        tuple((share(curve, moment.at), moment) for moment in moments),
        _bars(curve), tuple(bands), tuple(marks), not known,
        tuple((plot.y(line.value) / HIGH, line.text) for line in lines),
    )  # fmt: skip


def share(curve: Curve, at: int) -> float:
    """How far along the plot an instant lies, in hundredths."""
    first, last = curve.edges[0], curve.edges[-1]
    return round((at - first) / (last - first) * 100, 3)


def _runs(curve: Curve) -> list[list[int]]:
    """Stretches of buckets that are known: no line leads over what lies between."""
    hidden = curve.gains if curve.total and curve.gains else curve.values
    runs: list[list[int]] = [[]]
    for place, value in enumerate(curve.values):
        if value is None or hidden[place] is None:
            runs.append([])
        else:
            runs[-1].append(place)
    return [run for run in runs if run]


def _draw_gains(plot: _Plot, run: Sequence[int]) -> None:
    curve, zero, before = plot.curve, plot.y(0), None
    area = [f"M{plot.x(curve.edges[run[0]])} {zero}"]
    for place in run:
        value = curve.values[place] or 0
        left, right, top = plot.x(curve.edges[place]), plot.x(curve.edges[place + 1]), plot.y(value)
        guessed = curve.guessed[place] or 0
        sure = plot.y(value * (1 - guessed))
        newest = curve.partial and place == len(curve.values) - 1
        if newest:
            plot.add("partial", f"M{left} {zero}V{top}H{right}V{zero}Z")
            sure = zero
        elif sure != top:
            plot.add("guess", f"M{left} {sure}V{top}H{right}V{sure}Z")
        area.append(f"V{sure}H{right}")
        style = "dashed" if guessed >= 0.5 or newest else "line"
        plot.add(style, f"M{left} {top if before is None else before}V{top}H{right}")
        before = top
    plot.add("seen", "".join(area) + f"V{zero}Z")


def _draw_total(plot: _Plot, run: Sequence[int]) -> None:
    curve = plot.curve
    for place in run:
        value, gain = curve.values[place] or 0, curve.gains[place] if curve.gains else 0
        earlier = curve.values[place - 1] if place else value - (gain or 0)
        left, right = plot.x(curve.edges[place]), plot.x(curve.edges[place + 1])
        newest = curve.partial and place == len(curve.values) - 1
        style = "dashed" if (curve.guessed[place] or 0) >= 0.5 or newest else "line"
        began = plot.y(earlier) if earlier is not None else plot.y(value)
        plot.add(style, f"M{left} {began}L{right} {plot.y(value)}")


def _bars(curve: Curve) -> tuple[tuple[float, float], ...]:
    """Where each bucket lies and how wide it is, for the pointer; none where they would be too thin to hit."""
    if len(curve.values) > MOST_HOVERED:
        return ()
    places = [share(curve, edge) for edge in curve.edges]
    return tuple((low, round(high - low, 3)) for low, high in pairwise(places))


@dataclass(frozen=True, slots=True)
class Unseen:
    """[start, end) that was owed and not observed."""

    start: int
    end: int
    why: str


def bands(curve: Curve, coverage: Column, unseen: Sequence[Unseen], otherwise: str) -> list[Band]:
    """Neighbouring buckets that were observed in part or not at all, each stretch with its reasons."""
    found: list[tuple[int, int, bool]] = []
    for place, covered in enumerate(coverage[: len(coverage) - curve.partial]):
        start, end = curve.edges[place], curve.edges[place + 1]
        whole = not covered and curve.values[place] is None
        if not whole and not any(one.start < end and one.end > start for one in unseen):
            continue
        if found and found[-1][1:] == (start, whole):
            found[-1] = (found[-1][0], end, whole)
        else:
            found.append((start, end, whole))
    return [_band(curve, *stretch, unseen, otherwise) for stretch in found]


def _band(curve: Curve, start: int, end: int, whole: bool, unseen: Sequence[Unseen], otherwise: str) -> Band:
    reasons = list(dict.fromkeys(one.why for one in unseen if one.start < end and one.end > start))
    at = share(curve, start)
    return Band(at, round(share(curve, end) - at, 3), whole, "; ".join(reasons[:3]) or otherwise)
