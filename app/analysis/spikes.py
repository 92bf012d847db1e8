"""The live spike detector: a series of counts in, row by row; how far the last hour stands out, and why, out.

The method, its sources and its figures are in docs/spikes.md. Pure: no clock, no session; UTC only.
"""

import struct
from collections.abc import Iterable
from math import isfinite, sqrt
from typing import NamedTuple

STEP = 300_000
HOUR = 3_600_000
DAY = 24 * HOUR
THRESHOLD = 1.0
"""A row is an alarm when its score reaches this."""

BAR = 4.0
"""The surprise, in robust standard deviations, that an alarm takes in a series that was quiet of late."""
FIRST_BAR = 4 * BAR
AGAIN = 3.0
"""After an alarm the bar stands at this many times its surprise: one event, one alarm."""
FORGET_DAYS, LEVEL_DAYS, SPREAD_DAYS = 2.0, 3.0, 7.0
COUNTS = 4.0
"""What is added to both sides of a ratio, so that a few posts on a quiet tag are nothing."""
LEAST_SPREAD = 0.2
EVIDENCE = 12
"""Rows seen before the first verdict."""
TAIL, TAIL_Z = 0.9, 1.2816
CLIP = 3.0
SLOTS = 24
_HEAD = 12


class Verdict(NamedTuple):
    """On one row. `observed`, `baseline` and their `ratio` are of the last `window_ms`; None where it was not judged.

    `score` >= THRESHOLD is an alarm. `rarity`: such rows a year on a series without events. `since`: where the rise
    began, in milliseconds, if there is one.
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
        "_at",
        "_bar",
        "_expected",
        "_factors",
        "_fade",
        "_gain",
        "_hour",
        "_hour_rows",
        "_hour_sum",
        "_level",
        "_place",
        "_rows",
        "_seen",
        "_since",
        "_slow",
        "_spread",
        "_steady",
        "_step",
        "_values",
    )  # fmt: skip

    def __init__(self, step_ms: int = STEP) -> None:
        if step_ms <= 0:
            raise ValueError(f"a step is longer than nothing, not {step_ms} ms")
        width = min(60, max(1, round(HOUR / step_ms)))
        self._step = step_ms
        self._values, self._expected, self._seen = [0.0] * width, [0.0] * width, [0.0] * width
        self._factors, self._steady = [1.0] * SLOTS, [0.0] * SLOTS
        self._at = self._since = -1
        self._place = self._rows = self._hour = self._hour_rows = 0
        self._hour_sum = self._level = 0.0
        self._bar, self._spread = FIRST_BAR, 0.5
        self._fade = 0.5 ** (step_ms / (FORGET_DAYS * DAY))
        self._slow = 1 - 0.5 ** (step_ms / (LEVEL_DAYS * DAY))
        self._gain = 1 - 0.5 ** (step_ms / (SPREAD_DAYS * DAY))

    def push(self, at_ms: int, value: float | None) -> Verdict:
        """Judge one row. None: a gap, or a row that is not to be judged."""
        if value is not None and not isfinite(value):
            raise ValueError(f"a count is a number, not {value}")
        if self._at >= 0 and at_ms <= self._at:
            return self._unjudged()
        if self._rows:
            self._skip(round((at_ms - self._at) / self._step) - 1)
        self._at = at_ms
        if value is None:
            self._skip(1)
            return self._unjudged()
        return self._judge(at_ms, value if value > 0 else 0.0)

    def _skip(self, rows: int) -> None:
        """A gap is a gap, never a zero: the window forgets what it held there, and the bar goes on falling."""
        if rows <= 0:
            return
        width = len(self._values)
        for _ in range(min(rows, width)):
            self._values[self._place] = self._expected[self._place] = self._seen[self._place] = 0.0
            self._place = (self._place + 1) % width
        self._bar = max(BAR, self._bar * self._fade**rows)

    def _unjudged(self) -> Verdict:
        since = self._since if self._since >= 0 else None
        return Verdict(0.0, None, sum(self._expected), None, 0.0, since, self._step * len(self._values))

    def _judge(self, at_ms: int, value: float) -> Verdict:
        if not self._rows:
            self._level = value
        self._rows += 1
        hour = at_ms // HOUR
        slot = hour % SLOTS
        if hour != self._hour:
            self._close_hour(hour)
        usual = self._level * self._factors[slot]
        place = self._place
        self._values[place], self._expected[place], self._seen[place] = value, usual, 1.0
        self._place = place + 1 if place + 1 < len(self._values) else 0
        observed, expected = sum(self._values), sum(self._expected)
        rise = 2 * (sqrt((observed + COUNTS) / (expected + COUNTS)) - 1)
        spread = sqrt(self._spread**2 * len(self._values) / sum(self._seen) + 1 / (expected + COUNTS))
        surprise = rise / spread
        score = self._against_bar(at_ms, surprise)
        self._learn(value, usual, slot, rise, spread)
        since = self._since if self._since >= 0 else None
        ratio = observed / expected if expected > 0 else None
        return Verdict(score, observed, expected, ratio, 0.0, since, self._step * len(self._values))

    def _against_bar(self, at_ms: int, surprise: float) -> float:
        bar = self._bar * self._fade
        if bar < BAR:
            bar = BAR
        score = surprise / bar if self._rows > EVIDENCE else 0.0
        if score >= THRESHOLD:
            bar = AGAIN * surprise
        self._bar = bar
        if surprise >= BAR / 2:
            if self._since < 0:
                self._since = at_ms
        elif surprise < BAR / 4:
            self._since = -1
        return score

    def _learn(self, value: float, usual: float, slot: int, rise: float, spread: float) -> None:
        """What stands out is cut before it is learnt, and an event does not widen what counts as usual."""
        rows = self._rows
        most = CLIP * usual + 3
        if value > most and rows > EVIDENCE:
            value = most
        self._level += max(self._slow, 1 / rows) * (value / self._factors[slot] - self._level)
        if rise < BAR * spread:
            gain = 3 * max(self._gain, 1 / (rows + 50))
            moved = self._spread * (1 + gain * (TAIL if rise > TAIL_Z * spread else TAIL - 1))
            self._spread = max(LEAST_SPREAD, moved)
        self._hour_sum += value
        self._hour_rows += 1

    def _close_hour(self, hour: int) -> None:
        if self._hour_rows:
            slot = self._hour % SLOTS
            seen = self._hour_sum / self._hour_rows / max(self._level, 0.05)
            self._steady[slot] += 1
            gain = max(1 / (self._steady[slot] + 2), 0.1)
            old = self._factors[slot]
            self._factors[slot] = max(0.1, old + gain * (min(seen, CLIP * old) - old))
        self._hour, self._hour_sum, self._hour_rows = hour, 0.0, 0

    def dump(self) -> bytes:
        """All that is known, so that `load` goes on with the very same numbers."""
        numbers = (
            self._step, self._at, self._since, self._place, self._rows, self._hour, self._hour_rows, self._hour_sum,
            self._level, self._bar, self._spread, len(self._values),
            *self._values, *self._expected, *self._seen, *self._factors, *self._steady,
        )  # fmt: skip
        return struct.pack(f"<{len(numbers)}d", *numbers)

    @classmethod
    def load(cls, state: bytes) -> "Detector":
        if len(state) % 8 or len(state) < 8 * _HEAD:
            raise ValueError("not a detector's state")
        numbers = struct.unpack(f"<{len(state) // 8}d", state)
        found = cls(int(numbers[0]))
        width = len(found._values)
        if len(numbers) != _HEAD + 3 * width + 2 * SLOTS:
            raise ValueError("not a detector's state")
        found._at, found._since, found._place, found._rows, found._hour, found._hour_rows = map(int, numbers[1:7])
        found._hour_sum, found._level, found._bar, found._spread = numbers[7:11]
        at = _HEAD
        for name, length in (
            ("_values", width),
            ("_expected", width),
            ("_seen", width),
            ("_factors", SLOTS),
            ("_steady", SLOTS),
        ):
            setattr(found, name, list(numbers[at : at + length]))
            at += length
        return found


def judge(times: Iterable[int], values: Iterable[float | None], step_ms: int = STEP) -> list[Verdict]:
    """A whole series, row by row, as it would have been judged live."""
    detector = Detector(step_ms)
    return [detector.push(at, value) for at, value in zip(times, values, strict=True)]
