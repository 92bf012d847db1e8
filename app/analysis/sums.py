"""Adds amounts up into rollup rows, at the three grains that are kept."""

from dataclasses import dataclass

import numpy as np

from app.analysis.contribution import COLUMNS
from app.analysis.shape import FIVE_MINUTES, Ints

QUARTER = 900_000
HOUR = 3_600_000
GRAINS = (FIVE_MINUTES, QUARTER, HOUR)
FINE_FOR = 14 * 86_400_000
"""Five-minute rows are kept this long: what the finest step shows and the detector reads."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """What to add: to a subject (its index), on a platform (its index), in a five-minute bucket, to a column."""

    subject: Ints
    platform: Ints
    bucket: Ints
    column: Ints
    amount: Ints


@dataclass(frozen=True, slots=True)
class Rows:
    """Rollup rows of one grain; `sums` is (rows, columns of COLUMNS)."""

    grain: int
    subject: Ints
    platform: Ints
    bucket: Ints
    sums: Ints


def fold(amounts: Amounts, grain: int) -> Rows:
    """The rows of one grain in order of their key; rows whose sums are all zero are left out."""
    bucket = amounts.bucket - amounts.bucket % grain
    order = np.lexsort((bucket, amounts.platform, amounts.subject))
    subject, platform, bucket = amounts.subject[order], amounts.platform[order], bucket[order]
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = (subject[1:] != subject[:-1]) | (platform[1:] != platform[:-1]) | (bucket[1:] != bucket[:-1])
    row = np.cumsum(fresh) - 1
    sums = np.zeros((int(fresh.sum()), len(COLUMNS)), dtype=np.int64)
    np.add.at(sums, (row, amounts.column[order]), amounts.amount[order])
    some = sums.any(axis=1)
    first = np.flatnonzero(fresh)[some]
    return Rows(grain, subject[first], platform[first], bucket[first], sums[some])


def join(parts: list[Amounts]) -> Amounts:
    return Amounts(*(np.concatenate([getattr(part, name) for part in parts]) for name in Amounts.__slots__))


def unfold(rows: Rows) -> Amounts:
    """What rows of five minutes are the sums of, to be folded again with more."""
    at, column = np.nonzero(rows.sums)
    return Amounts(rows.subject[at], rows.platform[at], rows.bucket[at], column, rows.sums[at, column])
