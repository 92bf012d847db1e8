"""When it got there: time to N as an interval, and half-life."""

import numpy as np

from app.analysis.shape import Floats, Ints, remaining
from app.analysis.statistics.bounds import surely
from app.analysis.statistics.columns import HOUR, Curve
from app.analysis.statistics.measured import Measured, because, unknown

COMPLETE = 0.9
FIRST = "the first post"
EARLIER = "posts were missed before: it may have been earlier"


def time_to(curve: Curve, goal: float, since: int, start: str = FIRST, born: int | None = None) -> Measured:
    """First t with E(t) >= N by monotone interpolation, within [last edge surely below, first edge surely above].

    Source: interval censoring (Turnbull 1976). Unit: hours since `since`. E is the running maximum. Within a bucket,
    linear. Surely: growth interpolated between looks over 2 hours apart may lie anywhere in its run of buckets, and
    other growth up to 2 hours from where it is drawn. Nothing was gained before `born`, the first post's bucket. `low`
    is None when posts were missed before. Null: N was not seen reached (censored), or was before the curve begins.
    """
    unit = f"hours since {start}"
    at = crossing(curve, goal)
    if at is None:
        return unknown(unit, f"{goal:g} was not seen reached")
    if at <= curve.edges[0] and curve.level[0] >= goal:
        return unknown(unit, f"{goal:g} was reached before the curve begins")
    low, high = surely(curve, goal)
    low = low if low is None or born is None else max(low, min(float(born), at))
    missed = not (curve.covered[curve.edges[:-1] < at] >= 1).all()
    hours = [None if x is None else (x - since) / HOUR for x in (None if missed else low, at, high)]
    return Measured(hours[1], hours[0], hours[2], unit, EARLIER if missed else None)


def time_to_of_looks(at: Ints, level: Ints, goal: int, since: int) -> Measured:
    """The same of one post, from its looks in order: [last look below, first look above], and birth is a look at 0.

    Value: linear between the two. Null: not reached by the last look, whose time is then `low`.
    """
    unit = "hours since the post"
    times = np.concatenate([[since], at])
    top = np.maximum.accumulate(np.concatenate([[0], level]))
    first = int(np.searchsorted(top, goal, "left"))
    if first == len(top):
        return unknown(unit, f"{goal} was not reached by the last look", low=float(times[-1] - since) / HOUR)
    if first == 0:
        return Measured(0.0, 0.0, 0.0, unit)
    share = (goal - top[first - 1]) / (top[first] - top[first - 1])
    low, high = (float(times[k] - since) / HOUR for k in (first - 1, first))
    return Measured(low + float(share) * (high - low), low, high, unit)


def half_life(curve: Curve, births: Floats, since: int, start: str = FIRST) -> Measured:
    """First t with E(t) = E(inf) / 2, E(inf) what was gained by the newest edge. Refused while under 90 % is expected.

    Unit: hours since `since`. `births`: posts born a bucket. Expected completeness c: the mean over posts of F(age), F
    the shape of growth (Crane and Sornette 2008). `high` is when half of E / c, all that is expected, was surely there.
    Null: c < 0.9, nothing gained, or half of it before the curve begins.
    """
    unit = f"hours since {start}"
    level = np.maximum.accumulate(curve.level)
    if not len(level) or level[-1] <= 0:
        return unknown(unit, "nothing was gained")
    share = completeness(curve, births)
    if share is None:
        return unknown(unit, "posts were born before the curve begins: what is still to come is not known")
    if share < COMPLETE:
        return unknown(unit, f"{share:.0%} of the growth is expected to be there: needs {COMPLETE:.0%}")
    first = np.flatnonzero(births[: len(curve.gain)] > 0)[0]
    half = time_to(curve, level[-1] / 2, since, start, int(curve.edges[first]))
    if half.value is None:
        return half
    late = surely(curve, level[-1] / share / 2)[1]
    high = None if late is None else (late - since) / HOUR
    said = f"of {level[-1]:.0f} by the newest look, {share:.0%} of what is expected"
    return Measured(half.value, half.low, high, unit, because(said, half.reason))


def completeness(curve: Curve, births: Floats) -> float | None:
    """Mean over posts of F(now - birth), births taken at their bucket's end: a little low. None: no posts."""
    born = np.nan_to_num(births[: len(curve.gain)])
    if born.sum() <= 0 or not curve.begins_at_first():
        return None
    ages = (curve.edges[-1] - curve.edges[1:]).astype(np.float64)
    return float(1 - (born * remaining(ages)).sum() / born.sum())


def crossing(curve: Curve, goal: float) -> float | None:
    """The instant (milliseconds) at which the running maximum reaches `goal`, linear within a bucket."""
    level = np.maximum.accumulate(curve.level) if len(curve.level) else curve.level
    first = int(np.searchsorted(level, goal, "left"))
    if first >= len(level):
        return None
    if first == 0:
        return float(curve.edges[0])
    share = (goal - level[first - 1]) / (level[first] - level[first - 1])
    return float(curve.edges[first - 1] + share * (curve.edges[first] - curve.edges[first - 1]))
