"""Every look at a post as a dot, its engagement from one to the next. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.dashboard import ticks
from app.dashboard.words import Words
from app.store.post_reads import Look

WIDE, HIGH = 10_000, 1_000


@dataclass(frozen=True, slots=True)
class Dot:
    """Places in hundredths. `witness`: another source saw it, which no curve counts."""

    at: float
    down: float
    says: str
    witness: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    dots: tuple[Dot, ...]
    line: str
    levels: tuple[tuple[float, str], ...]
    times: tuple[tuple[float, str, bool], ...]
    says: str


@dataclass(frozen=True, slots=True)
class Row:
    time: str
    source: str
    cells: tuple[str | None, ...]


def engagement(look: Look) -> int | None:
    known = [level for level in look.levels[:4] if level is not None]
    return sum(known) if known else None


def rows(found: Sequence[Look], w: Words, tz: ZoneInfo) -> list[Row]:
    """The newest first. None in a cell: not told."""
    return [
        Row(w.moment(one.observed_at, tz), one.source, tuple(None if n is None else w.number(n) for n in one.levels))
        for one in reversed(found)
    ]


def draw(found: Sequence[Look], start: int, end: int, w: Words, tz: ZoneInfo) -> Drawn:
    told = [(one, level) for one in found if (level := engagement(one)) is not None and start <= one.observed_at <= end]
    marks = ticks.numbers(min([0, *(level for _, level in told)]), max([1, *(level for _, level in told)]))
    low, high = marks[0], marks[-1]

    def across(at: int) -> float:
        return (at - start) / (end - start)

    def down(level: float) -> float:
        return (high - level) / (high - low)

    dots = tuple(
        Dot(
            round(100 * across(one.observed_at), 3), round(100 * down(level), 2),
            f"{w.moment(one.observed_at, tz)}, {one.source}: {w.number(level)}", one.witness,
        )
        for one, level in told
    )  # fmt: skip
    own = [(one, level) for one, level in told if not one.witness]
    line = " ".join(f"{round(across(one.observed_at) * WIDE)},{round(down(level) * HIGH)}" for one, level in own)
    times = ticks.moments(start, end, tz)
    return Drawn(
        dots, line, tuple((down(level), w.short(level)) for level in marks),
        tuple((round(100 * across(m.at), 3), w.tick(m.at, m.unit, tz), m.narrow) for m in times), _says(own, w, tz),
    )  # fmt: skip


def _says(own: Sequence[tuple[Look, int]], w: Words, tz: ZoneInfo) -> str:
    if not own:
        return w("none_known")
    last, level = own[-1]
    return w("looks.says", n=w.number(level), time=w.moment(last.observed_at, tz), looks=w.count("looks", len(own)))
