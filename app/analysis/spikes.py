"""The live spike detector: a series of counts in, row by row; how far the last hour stands out, and since when, out.

What is done and why, with sources and figures, is in docs/spikes.md. Pure: no clock, no session; UTC only.
"""

import struct
from collections.abc import Iterable
from math import ceil, exp, gcd, isfinite
from typing import NamedTuple

from app.analysis.rhythm import HOUR, Rhythm
from app.analysis.window import Measure, Window

STEP = 300_000
THRESHOLD = 1.0
"""A row is an alarm when its score reaches this."""

EVIDENCE = 12
"""Rows that must have been seen before the first verdict."""
SPREAD_HOURS = 168.0
FIRST_BAR, AGAIN, LATER = 4.0, 4.0, 1.2
"""The bar when a series begins; and after an alarm, in times of what was seen: at first, and for days."""
AGAIN_HOURS, LATER_HOURS, DEBT_HOURS = 3.0, 48.0, 2.0
"""How soon each halves: the bar against a second alarm, the bar that stays, and what a gap may still bring late."""
CALM, CALM_HOURS = 0.6, 504.0
"""A rise that lasts is said the sooner the longer a series was silent: down to this share, halving in three weeks."""
DRY_COUNTS = 20.0
"""A run of zeros where so many were due is a source that fails, not a tag that fell silent."""
FORGOTTEN_HOURS = 72
"""So long unseen, or so long at zero, and what was known holds no more."""
DEBT = 3.0
"""What comes late may be so many times what was due."""
ROUND = 100
"""Counts that are all multiples of this or more were rounded: one step of them is news as one post is."""
ROWS_A_YEAR, RARE, RARER = 105_120.0, 4.0, 20.0
_NEVER = -(2**62)
VERSION = 1
"""Of the state: one of another version is not read."""


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


class Detector:
    """What is known of one series. Rows come in the order of time; one that is not later than the last says nothing."""

    __slots__ = (
        "_at", "_calm", "_dry", "_dry_rows", "_event", "_fades", "_former", "_gain", "_high", "_hours", "_low",
        "_older", "_owed", "_rhythm", "_row", "_since", "_steady", "_step", "_unit", "_window",
    )  # fmt: skip

    def __init__(self, step_ms: int = STEP) -> None:
        if not 0 < step_ms < 2**53:
            raise ValueError(f"a step takes time, not {step_ms} ms")
        self._step, self._hours = step_ms, min(1.0, step_ms / HOUR)  # coarser rows are counted as hours
        self._rhythm, self._window = Rhythm(step_ms), Window(min(60, max(1, round(HOUR / step_ms))))
        # A row that is unlike all others carries its whole hour; a rise that lasts is seen in rows that are cut down.
        self._row, self._steady = Measure(4.35, 8.0, 0.25), Measure(4.0, 4.0, 0.2)
        self._gain = 1 - 0.5 ** (self._hours / SPREAD_HOURS)
        self._fades = tuple(0.5 ** (self._hours / half) for half in (AGAIN_HOURS, LATER_HOURS, CALM_HOURS))
        self._at = self._since = _NEVER
        self._dry_rows = self._event = self._former = self._older = 0
        self._unit = 1
        self._high, self._low, self._calm, self._owed, self._dry = 0.0, FIRST_BAR, 1.0, 0.0, 0.0

    def push(self, at_ms: int, value: float | None) -> Verdict:
        """Judge one row. None: a gap, or a row that is not to be judged."""
        if value is not None and not isfinite(value):
            raise ValueError(f"a count is a number, not {value}")
        if at_ms <= self._at:
            return self._unjudged()
        missing = round((at_ms - self._at) / self._step) - 1 if self._at != _NEVER else 0
        if missing > 0 or value is None:
            self._skip(at_ms, missing + (value is None))
        self._at = at_ms
        if value is None:
            return self._unjudged()
        usual = self._rhythm.usual(at_ms) if self._rhythm.rows else value
        if value > 0:
            self._measure_unit(value)
            if self._dry > DRY_COUNTS * self._unit:
                self._owed = DEBT * self._dry
            self._dry, self._dry_rows = 0.0, 0
            if self._owed:
                value = self._paid(value, usual)
        elif self._fails(usual):
            self._skip(at_ms, 1)
            return self._unjudged()
        return self._judged(at_ms, max(0.0, value), usual)

    def _measure_unit(self, value: float) -> None:
        """The greatest common divisor of three counts that are not 0: 1, unless someone rounded them."""
        count = int(value) if value == int(value) else 1
        unit = gcd(count, self._former, self._older)
        self._unit = unit if unit >= ROUND else 1
        self._older, self._former = self._former, count

    def _fails(self, usual: float) -> bool:
        self._dry += usual
        self._dry_rows += 1
        enough = self._dry > DRY_COUNTS * self._unit and 2 * self._dry_rows >= self._window.width
        return enough and self._dry_rows * self._hours < FORGOTTEN_HOURS

    def _paid(self, value: float, usual: float) -> float:
        """What comes late is taken off, up to what is owed; the debt is forgotten within hours."""
        late = min(max(value - usual, 0.0), self._owed)
        self._owed = (self._owed - late) * 0.5 ** (self._hours / DEBT_HOURS)
        if self._owed < 1:
            self._owed = 0.0
        return value - late

    def _skip(self, at_ms: int, rows: int) -> None:
        """Rows that were not seen: they are owed, and the bars go on falling. After days, all begins again."""
        self._window.skip(rows)
        hours = min(rows * self._hours, 24.0)
        due = sum(self._rhythm.usual(at_ms - hour * HOUR) for hour in range(ceil(hours)))
        self._owed += DEBT * due * hours / ceil(hours) / self._hours
        self._fade(rows)
        if rows * self._hours > FORGOTTEN_HOURS:
            self._rhythm.rows, self._event, self._low = 0, 0, max(self._low, FIRST_BAR)

    def _fade(self, rows: int) -> None:
        again, later, calm = self._fades
        self._high *= again**rows
        self._low *= later**rows
        self._calm = CALM + (self._calm - CALM) * calm**rows

    def _unjudged(self) -> Verdict:
        window, since = self._window, self._since if self._since != _NEVER else None
        return Verdict(0.0, None, sum(window.expected), None, ROWS_A_YEAR, since, self._step * window.width)

    def _judged(self, at_ms: int, value: float, usual: float) -> Verdict:
        window, rhythm, unit = self._window, self._rhythm, self._unit
        window.put(value, usual, unit)
        observed, expected, part = sum(window.values), sum(window.expected), window.seen / window.width
        gain = 3 * max(self._gain, 1 / (rhythm.rows + 51))
        surprise = self._row.surprise(observed, expected, part, unit, gain)
        steady = self._steady.surprise(sum(window.clipped), expected, part, unit, gain) / self._calm
        surprise = max(surprise, steady)
        rhythm.learn(at_ms, value, unit)
        self._fade(1)
        score = self._over_bar(at_ms, surprise)
        ratio = observed / expected if expected > 0.01 else None
        rarity = RARE * exp(RARER * (1 - surprise)) if surprise > 0.5 else ROWS_A_YEAR
        since = self._since if self._since != _NEVER else None
        return Verdict(score, observed, expected, ratio, rarity, since, self._step * window.width)

    def _over_bar(self, at_ms: int, surprise: float) -> float:
        """One event is one alarm: what was said sets the bar above itself, high for hours and higher for days."""
        score = surprise / max(1.0, self._low, self._high) if self._rhythm.rows > EVIDENCE else 0.0
        if score >= THRESHOLD:
            self._high, self._low, self._calm, self._event = AGAIN * surprise, LATER * surprise, 1.0, 1
        elif self._event:
            self._low = max(self._low, LATER * surprise)
            self._event = int(surprise >= 0.5)
        if surprise < 0.25:
            self._since = _NEVER
        elif surprise >= 0.5 and self._since == _NEVER:
            self._since = at_ms
        return score

    def dump(self) -> bytes:
        """All that is known, so that `load` goes on with the very same numbers."""
        numbers = (
            VERSION, self._step, self._at, self._since, self._dry_rows, self._event, self._former, self._older,
            self._unit, self._high, self._low, self._calm, self._owed, self._dry, self._row.spread, self._steady.spread,
            *self._window.numbers(), *self._rhythm.numbers(),
        )  # fmt: skip
        return struct.pack(f"<{len(numbers)}d", *numbers)

    @classmethod
    def load(cls, state: bytes) -> "Detector":
        numbers = list(struct.unpack(f"<{len(state) // 8}d", state)) if len(state) % 8 == 0 else []
        if len(numbers) < 2 or numbers[0] != VERSION or not 1 <= numbers[1] < 2**53:
            raise ValueError("this is not a state of this version's detector")
        found = cls(int(numbers[1]))
        if len(state) != len(found.dump()):
            raise ValueError("this is not a whole state of a detector")
        found._at, found._since, found._dry_rows, found._event = map(int, numbers[2:6])
        found._former, found._older, found._unit = map(int, numbers[6:9])
        found._high, found._low, found._calm, found._owed, found._dry = numbers[9:14]
        found._row.spread, found._steady.spread = numbers[14:16]
        end = 16 + len(found._window.numbers())
        found._window.restore(numbers[16:end])
        found._rhythm.restore(numbers[end:])
        return found


def judge(times: Iterable[int], values: Iterable[float | None], step_ms: int = STEP) -> list[Verdict]:
    """A whole series, row by row, as it would have been judged live."""
    detector = Detector(step_ms)
    return [detector.push(at, value) for at, value in zip(times, values, strict=True)]
