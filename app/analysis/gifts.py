"""What compared campaigns brought in: each currency by itself, never summed with another."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from app.analysis.aligned import Aligned, Gifts
from app.analysis.money import MICROS
from app.analysis.shape import Ints
from app.analysis.statistics.measured import Measured, exactly, unknown

COMMON = "buckets covered for all"
WINDOW = "from launch to the youngest's age"
NO_DONATIONS = "no donations"


@dataclass(frozen=True, slots=True)
class Compared:
    """One campaign of an alignment."""

    aligned: Aligned
    which: int
    now: int

    def total(self, metric: str) -> float | None:
        """Over the buckets covered for all; None where the metric is not known."""
        rows = self.aligned.common(self.which, metric)
        return None if rows is None else float(rows.sum())

    def gifts(self, currency: str, common: bool = False) -> Gifts:
        """Those from the launch to the cut; `common`: in the buckets covered for all alone."""
        gifts = self.aligned.campaigns[self.which].gifts.get(currency)
        if gifts is None:
            return Gifts(*[np.zeros(0, dtype=np.int64)] * 3)
        bucket = np.searchsorted(self.aligned.curve(self.which).edges, gifts.at, "right") - 1
        inside = (bucket >= 0) & (bucket < self.aligned.count)
        if common:
            inside &= self.aligned.both[np.clip(bucket, 0, self.aligned.count - 1)]
        return Gifts(gifts.at[inside], gifts.micros[inside], gifts.donors[inside])


def currencies(each: list[Compared]) -> list[str]:
    return sorted({currency for one in each for currency in one.aligned.campaigns[one.which].gifts})


def donors(one: Compared) -> Measured:
    found = [one.gifts(currency) for currency in currencies([one])]
    if not sum(len(gifts.at) for gifts in found):
        return unknown("donors", NO_DONATIONS)
    return exactly(sum(int(_given_by(gifts).sum()) for gifts in found), "donors", "who gave twice counts twice")


def _given_by(gifts: Gifts) -> Ints:
    """Whom money is given back to gave it before: a refund adds nobody."""
    return np.where(gifts.micros < 0, 0, np.where(gifts.donors >= 0, gifts.donors, gifts.micros > 0)).astype(np.int64)


def _amount(currency: str, one: Compared) -> Measured:
    """The sum, refunds taken off."""
    gifts = one.gifts(currency)
    return exactly(int(gifts.micros.sum()) / MICROS, currency) if len(gifts.at) else unknown(currency, NO_DONATIONS)


def _average(currency: str, one: Compared) -> Measured:
    """The sum, refunds taken off, by the donors of what was given."""
    gifts = one.gifts(currency)
    count = int(_given_by(gifts)[gifts.micros > 0].sum())
    net = int(gifts.micros.sum()) / MICROS
    return exactly(net / count, currency) if count else unknown(currency, NO_DONATIONS)


def _per_thousand(currency: str, one: Compared) -> Measured:
    unit = f"{currency}/1000 engagements"
    gifts, engagement = one.gifts(currency, common=True), one.total("engagement")
    if not len(gifts.at):
        return unknown(unit, NO_DONATIONS)
    net = int(gifts.micros.sum()) / MICROS
    return exactly(net * 1000 / engagement, unit) if engagement else unknown(unit, "no engagement")


Money = list[tuple[str, str, Callable[[str, Compared], Measured]]]
"""Rows of the table for each currency: name, over what, and how it is measured."""

GIVEN: Money = [("amount", WINDOW, _amount), ("average_gift", WINDOW, _average)]
FOR_ENGAGEMENT: Money = [("per_1000_engagements", COMMON, _per_thousand)]
