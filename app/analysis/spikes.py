"""The live spike detector: a series of counts in, row by row; how far the last hour stands out, and since when, out.

What is done and why, with sources and figures, is in docs/spikes.md. Pure: no clock, no session; UTC only.
"""

import struct
from collections.abc import Iterable
from math import exp, isfinite, sqrt
from typing import NamedTuple

from app.analysis.rhythm import HOUR, MOST, Rhythm

STEP = 300_000
THRESHOLD = 1.0
"""A row is an alarm when its score reaches this."""

EVIDENCE = 12
"""Rows that must have been seen before the first verdict."""
TAIL, TAIL_Z = 0.9, 1.2816
SPREAD_HOURS = 168.0
FIRST_BAR, AGAIN, LATER = 4.0, 4.0, 1.2
"""What the bar is when a series begins; and after an alarm, in times of what was seen: at first, and for days."""
AGAIN_HOURS, LATER_HOURS = 3.0, 48.0
DRY_COUNTS = 20.0
"""A run of zeros where this many were due is a source that fails, not a tag that fell silent."""
DRY_HOURS = 72
ROWS_A_YEAR, RARE, RARER = 105_120.0, 4.0, 20.0


class Verdict(NamedTuple):
    """On one row. `observed`, `baseline`, `ratio` are of the last `window_ms`; None where the row was not judged.

    `score` >= THRESHOLD is an alarm. `rarity`: rows a year that stand out so far in a series without events. `since`:
    when the rise began that still lasts, or None.
    """

    score: float
    observed: float | None
    baseline: float
    ratio: float | None
    rarity: float
    since: int | None
    window_ms: int


class Measure:
    """How far a sum stands above what was expected, in the spread that the series has shown, over its own bar."""

    __slots__ = ("bar", "counts", "least", "spread")

    def __init__(self, bar: float, counts: float, least: float) -> None:
        self.bar, self.counts, self.least, self.spread = bar, counts, least, 0.5

    def surprise(self, observed: float, expected: float, part: float, gain: float) -> float:
        """1 is an alarm in a quiet series. `part` of the window was seen; `gain`: how much this row teaches."""
        beside = expected + self.counts
        rise = 2 * (sqrt((observed + self.counts) / beside) - 1)
        usual = sqrt(self.spread * self.spread / part + 1 / beside)
        if rise < self.bar * usual:  # what stands out does not widen what counts as usual
            moved = self.spread * (1 + gain * (TAIL if rise > TAIL_Z * usual else TAIL - 1))
            self.spread = moved if moved > self.least else self.least  # noqa: FURB136 - half as fast again in a hot path
        return rise / (self.bar * usual)


class Detector:
    """What is known of one series. Rows come in the order of time; one that is not later than the last says nothing."""

    __slots__ = (
        "_at", "_clipped", "_dry", "_dry_rows", "_event", "_expected", "_fades", "_gain", "_high", "_low", "_owed",
        "_place", "_rhythm", "_row", "_seen", "_since", "_steady", "_step", "_values",
    )  # fmt: skip

    def __init__(self, step_ms: int = STEP) -> None:
        if step_ms <= 0:
            raise ValueError(f"a step takes time, not {step_ms} ms")
        width = min(60, max(1, round(HOUR / step_ms)))
        hours = min(1.0, step_ms / HOUR)  # coarser rows are counted as hours
        self._step, self._rhythm = step_ms, Rhythm(step_ms)
        self._values, self._expected, self._clipped = [0.0] * width, [0.0] * width, [0.0] * width
        # A row that is unlike all others carries its hour; a rise that lasts is seen in rows that are cut down.
        self._row, self._steady = Measure(4.35, 8.0, 0.25), Measure(3.6, 4.0, 0.2)
        self._gain = 1 - 0.5 ** (hours / SPREAD_HOURS)
        self._fades = 0.5 ** (hours / AGAIN_HOURS), 0.5 ** (hours / LATER_HOURS), 0.5**hours
        self._at = self._since = -1
        self._place = self._seen = self._dry_rows = self._event = 0
        self._high, self._low, self._owed, self._dry = 0.0, FIRST_BAR, 0.0, 0.0

    def push(self, at_ms: int, value: float | None) -> Verdict:
        """Judge one row. None: a gap, or a row that is not to be judged."""
        if value is not None and not isfinite(value):
            raise ValueError(f"a count is a number, not {value}")
        if at_ms <= self._at:
            return self._unjudged()
        missing = round((at_ms - self._at) / self._step) - 1 if self._at >= 0 else 0
        self._at = at_ms
        if missing > 0:
            self._skip(missing)
        if value is None:
            self._skip(1)
            return self._unjudged()
        usual = self._rhythm.usual(at_ms) if self._rhythm.rows else value
        if value <= 0:
            value = 0.0
            if self._fails(usual):
                self._skip(1)
                return self._unjudged()
        elif self._dry_rows or self._owed:
            value = self._paid(value, usual)
        return self._judged(at_ms, value, usual)

    def _fails(self, usual: float) -> bool:
        self._dry += usual
        self._dry_rows += 1
        enough = self._dry > DRY_COUNTS and 2 * self._dry_rows >= len(self._values)
        return enough and self._dry_rows * self._step < DRY_HOURS * max(HOUR, self._step)

    def _paid(self, value: float, usual: float) -> float:
        """What comes late after a gap is taken off, up to what the gap owed; the debt is forgotten within hours."""
        self._dry, self._dry_rows = 0.0, 0
        late = min(max(value - usual, 0.0), self._owed)
        self._owed = (self._owed - late) * self._fades[2]
        if self._owed < 1:
            self._owed = 0.0
        return value - late

    def _skip(self, rows: int) -> None:
        """A gap is a gap, never a zero: the window forgets what it held there, and the bars go on falling."""
        width = len(self._values)
        for _ in range(min(rows, width)):
            place = self._place
            if self._expected[place] > 0:
                self._seen -= 1
            self._values[place] = self._expected[place] = self._clipped[place] = 0.0
            self._place = (place + 1) % width
        self._owed = min(self._owed + rows * self._rhythm.level, self._rhythm.level * 24 * width)
        self._high *= self._fades[0] ** rows
        self._low *= self._fades[1] ** rows

    def _unjudged(self) -> Verdict:
        since = self._since if self._since >= 0 else None
        return Verdict(0.0, None, sum(self._expected), None, ROWS_A_YEAR, since, self._step * len(self._values))

    def _judged(self, at_ms: int, value: float, usual: float) -> Verdict:
        place, most = self._place, MOST * usual + MOST
        if not self._expected[place]:
            self._seen += 1
        self._values[place] = value
        self._expected[place] = max(1e-09, usual)  # above 0: a place that is 0 was not seen
        self._clipped[place] = min(most, value)
        width = len(self._values)
        self._place = place + 1 if place + 1 < width else 0
        observed, expected, part = sum(self._values), sum(self._expected), self._seen / width
        gain = 3 * max(self._gain, 1 / (self._rhythm.rows + 51))
        surprise = self._row.surprise(observed, expected, part, gain)
        steady = self._steady.surprise(sum(self._clipped), expected, part, gain)
        if steady > surprise:
            surprise = steady
        self._rhythm.learn(at_ms, value)
        score = self._over_bar(at_ms, surprise)
        since = self._since if self._since >= 0 else None
        rarity = RARE * exp(RARER * (1 - surprise)) if surprise > 0.5 else ROWS_A_YEAR
        return Verdict(score, observed, expected, observed / expected, rarity, since, self._step * width)

    def _over_bar(self, at_ms: int, surprise: float) -> float:
        """One event is one alarm: what was said sets the bar above itself, high for hours and higher for days."""
        self._high *= self._fades[0]
        self._low *= self._fades[1]
        score = surprise / max(1.0, self._low, self._high) if self._rhythm.rows > EVIDENCE else 0.0
        if score >= THRESHOLD:
            self._high, self._low, self._event = AGAIN * surprise, LATER * surprise, 1
        elif self._event:
            self._low = max(self._low, LATER * surprise)
            self._event = int(surprise >= 0.5)
        if surprise < 0.25:
            self._since = -1
        elif surprise >= 0.5 and self._since < 0:
            self._since = at_ms
        return score

    def dump(self) -> bytes:
        """All that is known, so that `load` goes on with the very same numbers."""
        numbers = (
            self._step, self._at, self._since, self._place, self._seen, self._dry_rows, self._event, self._high,
            self._low, self._owed, self._dry, self._row.spread, self._steady.spread,
            *self._values, *self._expected, *self._clipped, *self._rhythm.numbers(),
        )  # fmt: skip
        return struct.pack(f"<{len(numbers)}d", *numbers)

    @classmethod
    def load(cls, state: bytes) -> "Detector":
        numbers = list(struct.unpack(f"<{len(state) // 8}d", state)) if len(state) % 8 == 0 else []
        if not numbers or not 1 <= numbers[0] < 2**53:
            raise ValueError("this is not a detector's state")
        found = cls(int(numbers[0]))
        width = len(found._values)
        if len(numbers) != len(found.dump()) // 8:
            raise ValueError("this is not the state of this version's detector")
        found._at, found._since, found._place, found._seen, found._dry_rows, found._event = map(int, numbers[1:7])
        found._high, found._low, found._owed, found._dry, found._row.spread, found._steady.spread = numbers[7:13]
        ends = 13 + width, 13 + 2 * width, 13 + 3 * width
        found._values, found._expected = numbers[13 : ends[0]], numbers[ends[0] : ends[1]]
        found._clipped = numbers[ends[1] : ends[2]]
        found._rhythm.restore(numbers[ends[2] :])
        return found


def judge(times: Iterable[int], values: Iterable[float | None], step_ms: int = STEP) -> list[Verdict]:
    """A whole series, row by row, as it would have been judged live."""
    detector = Detector(step_ms)
    return [detector.push(at, value) for at, value in zip(times, values, strict=True)]
