"""Rows of a file by column, on their way into the database, and what is wrong with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.analysis.shape import Ints

LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Raw:
    """Rows as they came: `lines` says on which line each began, `shown` how a row is put into the rejects file."""

    lines: Sequence[int]
    columns: dict[str, list[Any]]
    shown: Callable[[int], Sequence[Any]]
    guarded: bool = False  # free text may carry the ' of a CSV
    faults: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.lines)

    def fault(self, place: int, why: str) -> None:
        """The first thing that is wrong with a row stands for it."""
        self.faults.setdefault(place, why if len(why) <= LONGEST_REASON else f"{why[:LONGEST_REASON]}…")

    def good(self) -> Ints:
        """Places of the rows that nothing is wrong with."""
        right = np.ones(len(self), dtype=bool)
        right[list(self.faults)] = False
        return np.flatnonzero(right)

    def of(self, name: str) -> list[Any]:
        """A column's cells; all empty where the file has no such column."""
        return self.columns.get(name) or [None] * len(self)
