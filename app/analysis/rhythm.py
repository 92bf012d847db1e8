"""What is usual for a series at an hour of the day and of the week: learnt row by row, kept in two hundred numbers."""

HOUR = 3_600_000
DAY_HOURS, WEEK_HOURS = 24, 168

MOST = 3.0
"""A row teaches no more than this many times what was usual, so that one event does not become the custom."""
LEVEL_HOURS = 72.0
DAY_GAIN = 0.1
WEEK_DOUBT = 8
"""An hour of the week departs from its hour of the day by a share of n / (n + this) after n weeks."""


class Rhythm:
    """level x hour of the day x hour of the week, in UTC; each a running mean."""

    __slots__ = ("count", "days", "hour", "level", "rows", "seen", "slow", "total", "weeks")

    def __init__(self, step_ms: int) -> None:
        self.level = self.total = 0.0
        self.rows = self.count = 0
        self.hour = -1
        self.days, self.weeks, self.seen = [1.0] * DAY_HOURS, [1.0] * WEEK_HOURS, [0.0] * DAY_HOURS
        self.slow = 1 - 0.5 ** (min(1.0, step_ms / HOUR) / LEVEL_HOURS)

    def usual(self, at_ms: int) -> float:
        hour = at_ms // HOUR
        return self.level * self.days[hour % DAY_HOURS] * self.weeks[hour % WEEK_HOURS]

    def learn(self, at_ms: int, value: float, unit: int) -> None:
        hour = at_ms // HOUR
        if hour != self.hour:
            self._close(hour)
        share = self.days[hour % DAY_HOURS] * self.weeks[hour % WEEK_HOURS]
        if self.rows:
            value = min(value, MOST * (self.level * share + unit))
        self.rows += 1
        self.level += max(self.slow, 1 / self.rows) * (value / share - self.level)
        self.total += value
        self.count += 1

    def _close(self, hour: int) -> None:
        """An hour is over: its two shares move towards what it was."""
        if self.count:
            day, week = self.hour % DAY_HOURS, self.hour % WEEK_HOURS
            share = self.total / self.count / max(self.level, 0.05)
            self.seen[day] += 1
            seen, old = self.seen[day], self.days[day]
            self.days[day] = max(0.1, old + max(1 / (seen + 2), DAY_GAIN) * (min(share, MOST * old) - old))
            rest = min(MOST, max(1 / 5, share / self.days[day]))
            self.weeks[week] += (rest - self.weeks[week]) / (min(seen // 7 + 1, 6) + WEEK_DOUBT)
        self.hour, self.total, self.count = hour, 0.0, 0

    def numbers(self) -> list[float]:
        return [self.level, self.total, self.rows, self.count, self.hour, *self.days, *self.seen, *self.weeks]

    def restore(self, numbers: list[float]) -> None:
        self.level, self.total = numbers[:2]
        self.rows, self.count, self.hour = map(int, numbers[2:5])
        self.days, self.seen, self.weeks = numbers[5:29], numbers[29:53], numbers[53:221]
