"""A growth curve's columns as arrays, cut at now: what every statistic of a curve reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.analysis.shape import Floats, Ints

Columns = Mapping[str, Sequence[int | float | None]]
HOUR = 3_600_000


@dataclass(frozen=True, slots=True)
class Curve:
    """`edges` (n+1, milliseconds; the last is at most now), `level` at them; n of `gain`, `covered`, `estimated`.

    NaN in `gain` is what was not observed or not said; `level` carries on over it. `whole`: how many buckets are over;
    one that ended just now and that the next pass still completes is not.
    """

    edges: Ints
    level: Floats
    gain: Floats
    covered: Floats
    estimated: Floats
    whole: int

    def hours(self) -> Floats:
        result: Floats = np.diff(self.edges) / HOUR
        return result

    def seen(self) -> NDArray[np.bool_]:
        """Buckets that are over, were covered entirely, and whose gain is known."""
        over = np.arange(len(self.gain)) < self.whole
        result: NDArray[np.bool_] = over & (self.covered >= 1) & ~np.isnan(self.gain)
        return result

    def begins_at_first(self) -> bool:
        """Whether nothing was gained before it."""
        return len(self.level) > 0 and self.level[0] == 0


def floats(column: Sequence[int | float | None]) -> Floats:
    return np.array(column, dtype=np.float64)  # None becomes NaN


def read(columns: Columns, edges: Sequence[int] | Ints, now: int, metric: str = "engagement") -> Curve:
    """One metric of the columns of `app.analysis.curve.series`. Buckets that begin at or after now are left out."""
    at = np.asarray(edges, dtype=np.int64)
    begun = int(np.searchsorted(at[:-1], now, "left"))
    gain = floats(columns[metric])[:begun]
    covered = floats(columns["coverage"])[:begun]
    whole = int(np.searchsorted(at[1 : begun + 1], now, "right"))
    if whole and covered[whole - 1] < 1 and now - at[whole] < at[whole] - at[whole - 1]:
        whole -= 1
    return Curve(
        np.minimum(at[: begun + 1], now), _levels(columns, metric, gain), gain,
        covered, floats(columns["estimated"])[:begun], whole,
    )  # fmt: skip


def beside(curve: Curve, columns: Columns, metric: str) -> Curve:
    """Another metric of the columns that `curve` was read from."""
    gain = floats(columns[metric])[: len(curve.gain)]
    return replace(curve, level=_levels(columns, metric, gain), gain=gain)


def _levels(columns: Columns, metric: str, gain: Floats) -> Floats:
    name = f"{metric.removesuffix('_new')}_total"
    known = np.nan_to_num(gain)
    if name not in columns or not len(gain):
        return np.concatenate([[0.0], np.cumsum(known)])
    total = floats(columns[name])[: len(gain)]
    # Before the first reading of a metric its level is unknown: nothing of it was seen yet.
    total = np.where(np.isnan(total), 0.0, total)
    return np.concatenate([total[:1] - known[:1], total])
