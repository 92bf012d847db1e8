"""What a statistic answers: a number with its bounds and unit, or no number and why."""

from dataclasses import dataclass

from app.clock import rfc3339

JSON = dict[str, int | float | str | None]
TIME = "time"
"""The unit of an instant: milliseconds here, RFC 3339 when it goes out."""


@dataclass(frozen=True, slots=True)
class Measured:
    """`low` and `high` bound the value; None where nothing bounds it on that side.

    `reason` says why there is no value; beside one, what to know of it.
    """

    value: float | None
    low: float | None
    high: float | None
    unit: str
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.value is None and not self.reason:
            raise ValueError("what has no value has a reason")
        known = [x for x in (self.low, self.value, self.high) if x is not None]
        if sorted(known) != known:
            raise ValueError(f"{known} are not low, value, high")

    def as_json(self) -> JSON:
        return {
            "value": self._out(self.value), "low": self._out(self.low), "high": self._out(self.high),
            "unit": self.unit, "reason": self.reason,
        }  # fmt: skip

    def _out(self, number: float | None) -> int | float | str | None:
        if number is None or self.unit != TIME:
            return number
        return rfc3339(int(number))


def exactly(value: float, unit: str, reason: str | None = None) -> Measured:
    """Counted, not estimated: its bounds are itself."""
    return Measured(value, value, value, unit, reason)


def at_least(value: float, unit: str, reason: str) -> Measured:
    return Measured(value, value, None, unit, reason)


def unknown(unit: str, reason: str, low: float | None = None, high: float | None = None) -> Measured:
    return Measured(None, low, high, unit, reason)


def because(*reasons: str | None) -> str | None:
    return "; ".join(reason for reason in reasons if reason) or None
