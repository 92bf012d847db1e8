"""How fast it grows: velocity, acceleration and peak, of what was gained in whole buckets."""

import numpy as np

from app.analysis.shape import Floats
from app.analysis.statistics.bounds import most_per_bucket
from app.analysis.statistics.columns import HOUR, Curve
from app.analysis.statistics.measured import TIME, Measured, because, unknown

SMOOTH = 6 * HOUR
SETTLED = 2 * HOUR
PER_HOUR = "engagements/hour"
MISSED = "posts were missed: a lower bound"
IN_GAP = "a higher peak may lie in the gap: not all of the time was observed"


def velocity(curve: Curve) -> Measured:
    """v = gain / hours of the newest bucket that is over.

    Source: dE/dt by difference quotient. Unit: engagements an hour. `low` leaves out what was interpolated between
    looks over 2 hours apart; `high` is None when some was, or when posts were missed. Null: no bucket is over yet, or
    the newest was not observed.
    """
    last = curve.whole - 1
    if last < 0:
        return unknown(PER_HOUR, "no bucket is over yet")
    if np.isnan(curve.gain[last]):
        return unknown(PER_HOUR, "the newest whole bucket was not observed")
    value = float(curve.gain[last] / curve.hours()[last])
    share = float(np.nan_to_num(curve.estimated[last]))
    missed = curve.covered[last] < 1
    low = min(value, value * (1 - share))
    note = f"{share:.0%} of it is interpolated between looks over 2 hours apart" if share else None
    return Measured(value, low, None if missed or share else value, PER_HOUR, because(note, MISSED if missed else None))


def acceleration(curve: Curve) -> Measured:
    """a = v(t) - v(t - h), v the mean velocity over h, where h is the fewest whole buckets that make 6 hours.

    Source: second difference, smoothed since two short looks give noise. Unit: engagements an hour, in h. Null: 2h are
    not over yet, or a bucket of them was not observed entirely. No bounds where more than half is interpolated.
    """
    hours = curve.hours()[: curve.whole]
    width = max(1, int(np.ceil(SMOOTH / HOUR / np.median(hours)))) if len(hours) else 1
    unit = f"{PER_HOUR} in {np.sum(hours[-width:]):g} h"
    if curve.whole < 2 * width:
        return unknown(unit, f"needs {2 * width} buckets that are over, has {curve.whole}")
    window = slice(curve.whole - 2 * width, curve.whole)
    if not curve.seen()[window].all():
        return unknown(unit, "not all of the buckets that it compares were observed")
    gain, long = curve.gain[window], hours[window]
    value = float(gain[width:].sum() / long[width:].sum() - gain[:width].sum() / long[:width].sum())
    guessed = float(np.nansum(curve.estimated[window] * np.abs(gain)))
    if guessed > np.abs(gain).sum() / 2:
        return Measured(value, None, None, unit, "more than half is interpolated between looks over 2 hours apart")
    exact = None if guessed else value
    return Measured(value, exact, exact, unit)


def peak(curve: Curve) -> tuple[Measured, Measured]:
    """max over whole buckets of gain / hours, and when it was: the bucket's edges bound the instant.

    Unit: engagements an hour, and a time. "may lie in the gap" when a bucket was not observed, when a partly covered
    one scaled to all of it would be higher, when a neighbour was not covered entirely, or when what was interpolated
    across a run of buckets would, had it come in one of them, be higher. "provisional" until velocity was below half of
    it for 2 hours. Null: nothing was gained in a bucket that is over.
    """
    hours = curve.hours()[: curve.whole]
    speed = curve.gain[: curve.whole] / hours
    if not np.any(np.nan_to_num(speed) > 0):
        reason = "nothing was gained in a bucket that is over"
        return unknown(PER_HOUR, reason), unknown(TIME, reason)
    top = int(np.nanargmax(speed))
    value = float(speed[top])
    most = float(np.max(most_per_bucket(curve)[: curve.whole] / hours))
    open_gap = _hidden(curve, top, value)
    note = because(IN_GAP if open_gap or most > value else None, None if _settled(speed, hours, top) else "provisional")
    certain = speed * (1 - np.nan_to_num(curve.estimated[: curve.whole]))
    low = min(value, float(np.nanmax(certain)))
    height = Measured(value, low, None if open_gap else max(value, most), PER_HOUR, note)
    begin, end = float(curve.edges[top]), float(curve.edges[top + 1])
    bounded = note is None or IN_GAP not in note
    return height, Measured(begin, begin if bounded else None, end if bounded else None, TIME, note)


def _hidden(curve: Curve, top: int, value: float) -> bool:
    covered, gain = curve.covered[: curve.whole], curve.gain[: curve.whole]
    if np.isnan(gain).any() or (covered[max(0, top - 1) : top + 2] < 1).any() or (covered <= 0).any():
        return True
    return bool(np.any(gain / covered / curve.hours()[: curve.whole] > value))


def _settled(speed: Floats, hours: Floats, top: int) -> bool:
    calm, half = 0.0, float(speed[top]) / 2
    for v, h in zip(speed[top + 1 :].tolist(), hours[top + 1 :].tolist(), strict=True):
        calm = calm + h if v < half else 0.0
        if calm >= SETTLED / HOUR:
            return True
    return False
