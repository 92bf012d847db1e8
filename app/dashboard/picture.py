"""A chart that stands alone: an SVG with its title, source, coverage and date inside. Pure.

Colours are attributes and not styles, and paths are in the picture's own units: a page that allows no style, a word
processor and a converter all draw the same.
"""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.clock import parse_time
from app.dashboard import tables
from app.dashboard.asked import Asked
from app.dashboard.chart import HIGH, WIDE, Chart
from app.dashboard.panels import Panel, Shown
from app.dashboard.render import fragment
from app.dashboard.words import Words

WIDE_ONE, NARROW_ONE = (1_000, 900, 300), (400, 340, 190)
"""How wide the picture is, and its plot, and how high that is. The narrow one is for a phone beside the other."""
MOST_UNSEEN = 2
LONGEST_TITLE, LONGEST_LINE = 72, 132
_PART = re.compile(r"([MLHV])(-?\d+)(?: (-?\d+))?")
# What XML cannot hold, and what turns the rest of a line around.
_UNFIT = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Told:
    """What a figure says of itself wherever it goes."""

    title: str
    source: str
    coverage: str
    date: str

    @property
    def lines(self) -> list[str]:
        return [self.coverage, self.date, self.source]


def told(title: str, it: Shown, asked: Asked, w: Words, tags: Sequence[str] = ()) -> Told:
    known = parse_time(it.raw["as_of"])
    date = w("file.dated", time=w.moment(known, asked.tz), zone=asked.zone, step=w(f"step.{it.step}"))
    where = ", ".join([*it.raw["platforms"], *(f"#{tag}" for tag in tags)]) or w("file.source.none")
    return Told(clean(title), clean(w("file.source", where=where)) + ".", clean(covered(it, asked, w)), date)


def covered(it: Shown, asked: Asked, w: Words) -> str:
    """The coverage of a range in words: how much of it was seen, and the newest gaps by name."""
    column = [value or 0 for value in it.series["coverage"]][: -1 if it.partial else None] or [0]
    share = sum(column) / len(column)
    key = "all" if share >= 1 else "part" if share else "none"
    said = w(f"file.covered.{key}", share=w.percent(share))
    gaps, more = tables.missing(it, asked, w)
    if not gaps:
        return said
    whens = list(dict.fromkeys(one.when for one in gaps))
    named, left = whens[:MOST_UNSEEN], len(whens) + more - MOST_UNSEEN
    named += [w("file.unseen.more", n=w.number(left))] if left > 0 else []
    return f"{said} {w('file.unseen', what='; '.join(named))}"


def clean(text: str) -> str:
    """On one line, and such as every reader of SVG and CSV takes it."""
    return " ".join(_UNFIT.sub("", text).split())


def both(panel: Panel, says: Told, w: Words) -> tuple[Markup, Markup]:
    """For a page that tells the title itself: one for its full width, one for a phone's."""
    full = svg(panel, says, w, panel.name, alone=False)
    small = svg(panel, says, w, f"{panel.name}-n", alone=False, narrow=True)
    # The picture's own template has escaped all that is written in it.
    return Markup(full), Markup(small)  # noqa: S704


def svg(panel: Panel, says: Told, w: Words, mark: str = "p", alone: bool = True, narrow: bool = False) -> str:
    """`mark` keeps the ids of several on one page apart; `alone`: it tells title and source itself."""
    size = NARROW_ONE if narrow else WIDE_ONE
    title = says.title if len(says.title) <= LONGEST_TITLE else says.title[: LONGEST_TITLE - 1].rstrip() + "…"
    foot = [part for line in says.lines for part in textwrap.wrap(line, LONGEST_LINE)] if alone else []
    return fragment(
        "picture.svg", w=w, panel=panel, title=title, told=says, foot=foot, mark=mark, alone=alone,
        narrow=narrow, paths=_paths(panel.chart, *size[1:]), page=size[0], wide=size[1], high=size[2],
        keys=_keys(panel.chart, w),
    )  # fmt: skip


def _paths(chart: Chart, wide: int, high: int) -> dict[str, str]:
    names = ("seen", "guess", "partial", "line", "dashed")
    return {name: scaled(path, wide, high) for name in names if (path := getattr(chart, name))}


def scaled(path: str, wide: int, high: int) -> str:
    """In the picture's units: not every reader knows a line whose width stays when its place is stretched."""

    def part(found: re.Match[str]) -> str:
        letter, first, second = found[1], int(found[2]), found[3]
        if letter == "V":
            return f"V{first / HIGH * high:.1f}"
        along = f"{letter}{first / WIDE * wide:.1f}"
        return f"{along} {int(second) / HIGH * high:.1f}" if second is not None else along

    return _PART.sub(part, path)


def _keys(chart: Chart, w: Words) -> list[tuple[str, str]]:
    """The legend: of what is drawn, and no more."""
    there = {
        "seen": bool(chart.seen or chart.line), "guess": bool(chart.guess or chart.dashed),
        "partial": bool(chart.partial),
        "gap": any(band.whole for band in chart.bands), "some": any(not band.whole for band in chart.bands),
    }  # fmt: skip
    return [(name, w(f"legend.{name}")) for name, is_there in there.items() if is_there]
