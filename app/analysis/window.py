"""The last hour of a series beside what was expected of it, and how surprising a sum is."""

from math import sqrt

from app.analysis.rhythm import MOST

TAIL, TAIL_Z = 0.9, 1.2816
"""The spread is such that one row in ten rises above the normal distribution's 90th percentile of it."""


class Measure:
    """How far a sum stands above what was expected, in the spread that the series has shown, over its own bar."""

    __slots__ = ("bar", "counts", "least", "spread")

    def __init__(self, bar: float, counts: float, least: float) -> None:
        self.bar, self.counts, self.least, self.spread = bar, counts, least, 0.5

    def surprise(self, observed: float, expected: float, part: float, unit: int, gain: float) -> float:
        """1 is an alarm in a quiet series. `part` of the window was seen; `gain`: how much this row teaches."""
        counts = self.counts * unit
        rise = 2 * (sqrt((observed + counts) / (expected + counts)) - 1)
        usual = sqrt(self.spread * self.spread / part + unit / (expected + counts))
        if rise < self.bar * usual:  # what stands out does not widen what counts as usual
            spread = self.spread * (1 + gain * (TAIL if rise > TAIL_Z * usual else TAIL - 1))
            self.spread = max(self.least, spread)
        return rise / (self.bar * usual)


class Window:
    """Rings of the rows of an hour: as they came, as expected, and cut down to what one row may say of a rise."""

    __slots__ = ("clipped", "expected", "place", "seen", "values", "width")

    def __init__(self, width: int) -> None:
        self.width, self.place, self.seen = width, 0, 0
        self.values, self.expected, self.clipped = [0.0] * width, [0.0] * width, [0.0] * width

    def put(self, value: float, usual: float, unit: int) -> None:
        place, most = self.place, MOST * (usual + unit)
        if not self.expected[place]:
            self.seen += 1
        self.values[place] = value
        self.expected[place] = max(1e-9, usual)  # above 0: a place that is 0 was not seen
        self.clipped[place] = min(most, value)
        self.place = place + 1 if place + 1 < self.width else 0

    def skip(self, rows: int) -> None:
        """A gap is a gap, never a zero: what the window held there is forgotten."""
        for _ in range(min(rows, self.width)):
            if self.expected[self.place]:
                self.seen -= 1
            self.values[self.place] = self.expected[self.place] = self.clipped[self.place] = 0.0
            self.place = (self.place + 1) % self.width

    def numbers(self) -> list[float]:
        return [self.place, self.seen, *self.values, *self.expected, *self.clipped]

    def restore(self, numbers: list[float]) -> None:
        self.place, self.seen = int(numbers[0]), int(numbers[1])
        one, two = 2 + self.width, 2 + 2 * self.width
        self.values, self.expected, self.clipped = numbers[2:one], numbers[one:two], numbers[two:]
