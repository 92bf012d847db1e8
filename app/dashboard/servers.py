"""A source's state in words, wherever it is shown."""

from dataclasses import dataclass
from decimal import Decimal
from typing import cast
from zoneinfo import ZoneInfo

from app.analysis import dollars
from app.clock import MINUTE
from app.dashboard.words import Words
from app.store import source_reads


@dataclass(frozen=True, slots=True)
class Server:
    """A source's state in words. `hint`: what to type where it needs a person."""

    it: source_reads.SourceState
    state: str
    late: str
    late_is_bad: bool
    budgets: tuple[str, ...]
    hint: str
    cost: str
    stream: str


def _units(units: int, unit: str, w: Words) -> str:
    """Money in dollars and cents: what is left is rounded down."""
    return w("dollars", n=w.amount(Decimal(units // dollars.CENT) / 100)) if unit == dollars.MICRO else w.number(units)


def shown(one: source_reads.SourceState, w: Words, tz: ZoneInfo) -> Server:
    since = w.moment(one.state_at, tz)
    if one.kind == "import":
        state = w("source.import")
    elif one.state == "waiting":
        state = w("source.waiting", time=w.moment(one.waits_until, tz)) if one.waits_until else w("source.waiting.some")
    else:
        state = w(f"source.{one.state}", time=since)
    late = "–" if one.late_ms is None else w("on_time")
    is_late = one.late_ms is not None and one.late_ms >= MINUTE
    if is_late:
        late = w("late_by", span=w.span(cast(int, one.late_ms)))
    left = tuple(
        w(
            "budget.of",
            name=w.or_same(f"budget.name.{budget.name}", budget.name),
            left=_units(budget.remaining, budget.unit, w),
            limit=_units(budget.limit, budget.unit, w),
        )
        for budget in one.budgets
    )
    hint = f"groundswell sources check {one.name}" if one.state in ("failing", "stopped") else ""
    cost = source_reads.cost(one)
    billed = w("dollars", n=w.amount(Decimal(cost))) if cost is not None else ""
    return Server(one, state, late, is_late, left, hint, billed, _stream(one, w, tz))


def _stream(one: source_reads.SourceState, w: Words, tz: ZoneInfo) -> str:
    if one.stream is None:
        return ""
    return w(f"stream.{one.stream.state}", time=w.moment(one.stream.reached or one.stream.state_at, tz))
