"""What a campaign brought in, in words: a row for each kind and currency, which are never summed."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from app.analysis.money import MICROS, decimal
from app.dashboard.words import Words
from app.store.outcomes import Brought

CENT = MICROS // 100


@dataclass(frozen=True, slots=True)
class Row:
    """`by`: the share of each person's codes, the largest first, and of nobody's."""

    what: str
    amount: str
    donors: str
    average: str
    by: str
    givers: int = 0


def rows(found: Sequence[Brought], names: dict[str, str], w: Words) -> list[Row]:
    return [_row(list(parts), names, w) for _, parts in groupby(found, lambda one: (one.kind, one.currency))]


def _row(parts: list[Brought], names: dict[str, str], w: Words) -> Row:
    kind, currency = parts[0].kind, parts[0].currency
    micros, count, givers = (sum(getattr(one, name) for one in parts) for name in ("micros", "count", "givers"))
    shares = [
        f"{names.get(one.influencer_id or '') or w('brought.nobody')} {w.percent(_size(one) / whole)}"
        for one in sorted(parts, key=lambda one: (one.influencer_id is None, -_size(one)))
        if (whole := sum(_size(each) for each in parts)) > 0 and _size(one) > 0
    ]
    return Row(
        w.or_same(f"brought.{kind}", kind),
        money(micros, currency, w) if currency else w.number(count),
        w.number(givers) if currency else "–",
        money(round(micros / givers / CENT) * CENT, currency, w) if currency and givers else "–",
        ", ".join(shares) or "–", givers if currency else 0,
    )  # fmt: skip


def _size(one: Brought) -> int:
    return one.micros if one.currency else one.count


def money(micros: int, currency: str, w: Words) -> str:
    return f"{w.amount(Decimal(decimal(micros)))} {currency}"
