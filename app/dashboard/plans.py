"""What a hashtag would cost on each source, in words, beside the form that follows it."""

from dataclasses import dataclass
from decimal import Decimal

from app.analysis import dollars
from app.dashboard.words import Words
from app.planning import Planned


@dataclass(frozen=True, slots=True)
class Row:
    source: str
    posts: str
    calls: str
    money: str
    every: str
    late: str
    back: str


def shown(one: Planned, w: Words) -> Row:
    day, back = one.day, one.offer.look_back
    billed = [each.name for each in one.offer.allowances if each.unit == dollars.MICRO]
    money = dollars.told(round(sum(day.units.get(name, 0.0) for name in billed)))
    return Row(
        one.source, w(f"plan.{one.known}", n=w.number(round(one.posts, 1))), w.number(round(sum(day.calls.values()))),
        w("dollars", n=w.amount(Decimal(money))) if billed else w("cost.nothing"), w.span(day.every_ms),
        w.span(one.late_ms), w.span(int(back.total_seconds() * 1_000)) if back else w("plan.all"),
    )  # fmt: skip
