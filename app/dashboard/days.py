"""What was observed of a hashtag on a source, a square a day: whole, in part, missed, or nothing was owed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from app.analysis import calendar
from app.clock import DAY, MINUTE, from_ms
from app.dashboard import spoken
from app.dashboard.words import Words
from app.store.coverage import COVERED, Observed, Stretch
from app.store.owing import owed

LONGEST = 53 * 7 * DAY
MOST_GAPS = 50
NEXT_PASS = 15 * MINUTE
"""The newest time is the next pass's work: it is no gap yet."""
PITCH, SIDE = 16, 13
LEFT, TOP = 34, 18


@dataclass(frozen=True, slots=True)
class Day:
    """`state` is `whole`, `imported`, `some`, `missed` or `none` (nothing was owed); x and y are its corner."""

    state: str
    said: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Gap:
    start: str
    end: str
    long: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """`says` is the picture in a sentence, `gaps` its table, the newest first."""

    key: str
    hashtag: str
    source: str
    platform: str
    says: str
    days: tuple[Day, ...]
    months: tuple[tuple[int, str], ...]
    weekdays: tuple[tuple[int, str], ...]
    width: int
    height: int
    gaps: tuple[Gap, ...]
    more_gaps: int


def drawn(track: Observed, start: int, now: int, tz: ZoneInfo, w: Words) -> Calendar | None:
    """Whole days from `start` until now. None where nothing was owed in them."""
    edges = [int(edge) for edge in calendar.edges(max(start, now - LONGEST), now, "1d", tz)]
    spans = [
        Stretch(max(one.start, edges[0]), min(one.end, edges[-1]), one.state, one.reason)
        for one in owed(track, now - NEXT_PASS)
        if one.end > edges[0] and one.start < edges[-1]
    ]
    if not spans:
        return None
    gaps = [one for one in spans if one.state not in COVERED]
    weeks = _week(edges[-2], edges[0], tz) + 1
    return Calendar(
        f"{track.track_id}", track.hashtag, track.source, track.platform, _says(spans, gaps, tz, w),
        tuple(_days(edges, spans, tz, w)), tuple(_months(edges, tz, w)),
        tuple((TOP + row * PITCH + SIDE - 2, w.weekday(row)) for row in (0, 2, 4)),
        LEFT + weeks * PITCH + 24, TOP + 7 * PITCH, tuple(_gap(one, tz, w) for one in gaps[::-1][:MOST_GAPS]),
        max(0, len(gaps) - MOST_GAPS),
    )  # fmt: skip


def _days(edges: Sequence[int], spans: Sequence[Stretch], tz: ZoneInfo, w: Words) -> list[Day]:
    found, first = [], 0
    for start, end in pairwise(edges):
        while first < len(spans) and spans[first].end <= start:
            first += 1
        spent: dict[str, int] = {}
        for one in spans[first:]:
            if one.start >= end:
                break
            spent[one.state] = spent.get(one.state, 0) + min(one.end, end) - max(one.start, start)
        state, share = _state(spent)
        said = w(f"day.{state}", share=w.percent(share))
        x, y = LEFT + _week(start, edges[0], tz) * PITCH, TOP + _local(start, tz).weekday() * PITCH
        found.append(Day(state, f"{w.day(start, tz)}{w('colon')}{said}", x, y))
    return found


def _state(spent: dict[str, int]) -> tuple[str, float]:
    """Of the milliseconds that a day owed, by what was said of them."""
    whole = sum(spent.values())
    covered = sum(spent.get(state, 0) for state in COVERED)
    if whole == 0:
        return "none", 0.0
    if covered == whole:
        return ("imported" if spent.get("imported", 0) * 2 > whole else "whole"), 1.0
    if covered == 0 and not spent.get("partial", 0):
        return "missed", 0.0
    return "some", covered / whole


def _says(spans: Sequence[Stretch], gaps: Sequence[Stretch], tz: ZoneInfo, w: Words) -> str:
    whole = sum(one.end - one.start for one in spans)
    if not gaps:
        return w("days.all", span=w.span(whole))
    lost = sum(one.end - one.start for one in gaps)
    worst = max(gaps, key=lambda one: one.end - one.start)
    said = w("days.part", share=w.percent(1 - lost / whole), span=w.span(whole), gaps=w.count("gaps", len(gaps)))
    return f"{said} {w('days.worst', span=w.span(worst.end - worst.start), time=w.moment(worst.start, tz))}"


def _gap(one: Stretch, tz: ZoneInfo, w: Words) -> Gap:
    return Gap(
        w.moment(one.start, tz), w.moment(one.end, tz), w.span(one.end - one.start), w(f"state.{one.state}"),
        spoken.told(w, one.reason) or one.reason if one.reason else "–",
    )  # fmt: skip


def _months(edges: Sequence[int], tz: ZoneInfo, w: Words) -> list[tuple[int, str]]:
    """A month's name over its first whole week; none where two would stand in each other's way."""
    found: list[tuple[int, str]] = []
    for start in edges[:-1]:
        local, x = _local(start, tz), LEFT + _week(start, edges[0], tz) * PITCH
        begins = local.day == 1 or (start == edges[0] and local.day < 20)
        if begins and (not found or x - found[-1][0] >= 2 * PITCH):
            found.append((x, w.month(local.date(), "MMM")))
    return found


def _week(at: int, first: int, tz: ZoneInfo) -> int:
    begins = _local(first, tz).date().toordinal() - _local(first, tz).weekday()
    return (_local(at, tz).date().toordinal() - begins) // 7


def _local(ms: int, tz: ZoneInfo) -> datetime:
    return from_ms(ms).astimezone(tz)
