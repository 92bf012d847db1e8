"""When it got there: time to N as an interval, and half-life."""

from dataclasses import dataclass

import numpy as np

from app.analysis.shape import Floats, Ints, remaining
from app.analysis.statistics.bounds import Sure
from app.analysis.statistics.columns import HOUR, Curve
from app.analysis.statistics.measured import Measured, because, unknown

COMPLETE = 0.9
EARLIER = "posts were missed before: it may have been earlier"


@dataclass(frozen=True, slots=True)
class Origin:
    """What hours are counted from. `born`: where the first post's bucket begins; nothing was gained before."""

    at: int
    name: str = "the first post"
    born: int | None = None

    def hours(self, instant: float | None) -> float | None:
        return None if instant is None else (instant - self.at) / HOUR

    @property
    def unit(self) -> str:
        return f"hours since {self.name}"


def time_to(curve: Curve, sure: Sure, goal: float, origin: Origin) -> Measured:
    """First t with E(t) >= N by monotone interpolation, within [last edge surely below, first edge surely there].

    Source: interval censoring (Turnbull 1976). Unit: hours since the origin. E is the running maximum; within a bucket,
    linear. Surely: see `bounds.Sure`. `low` is None when posts were missed before. Null: N was not seen reached
    (censored), or was before the curve begins.
    """
    at = crossing(curve, goal)
    if at is None:
        return unknown(origin.unit, f"{goal:g} was not seen reached")
    if curve.level[0] >= goal:
        return unknown(origin.unit, f"{goal:g} was reached before the curve begins")
    low, high = sure.reached(goal)
    if low is not None and origin.born is not None:
        low = max(low, min(float(origin.born), at))
    missed = bool((curve.covered[curve.edges[:-1] < at] < 1).any())
    return Measured(
        origin.hours(at), None if missed else origin.hours(low), origin.hours(high), origin.unit,
        EARLIER if missed else None,
    )  # fmt: skip


def time_to_of_looks(at: Ints, level: Ints, goal: int, birth: int) -> Measured:
    """The same of one post, from its looks in order: [last look below, first look above]; birth is a look at level 0.

    Value: linear between the two. Null: not reached by the last look, whose time is then `low`.
    """
    unit = "hours since the post"
    hours = np.concatenate([[0.0], (at - birth) / HOUR])
    top = np.maximum.accumulate(np.concatenate([[0], level]))
    first = int(np.searchsorted(top, goal, "left"))
    if first == len(top):
        return unknown(unit, f"{goal} was not reached by the last look", low=float(hours[-1]))
    if first == 0:
        return Measured(0.0, 0.0, 0.0, unit)
    share = float((goal - top[first - 1]) / (top[first] - top[first - 1]))
    low, high = float(hours[first - 1]), float(hours[first])
    return Measured(low + share * (high - low), low, high, unit)


def half_life(curve: Curve, sure: Sure, births: Floats, origin: Origin) -> Measured:
    """First t with E(t) = E(inf) / 2, E(inf) what was gained by the newest edge. Refused while under 90 % is expected.

    Unit: hours since the origin. `births`: posts born a bucket. Expected completeness c: the mean over posts of F(age),
    F the shape of growth (Crane and Sornette 2008). `high` is when half of E / c, all that is expected, was surely
    there. Null: c < 0.9, nothing gained, or half of it before the curve begins.
    """
    level = np.maximum.accumulate(curve.level)
    if not len(level) or level[-1] <= 0:
        return unknown(origin.unit, "nothing was gained")
    share = completeness(curve, births)
    if share is None:
        return unknown(origin.unit, "posts were born before the curve begins: what is still to come is not known")
    if share < COMPLETE:
        return unknown(origin.unit, f"{share:.1%} of the growth is expected to be there: needs {COMPLETE:.0%}")
    half = time_to(curve, sure, level[-1] / 2, origin)
    late = origin.hours(sure.reached(level[-1] / share / 2)[1])
    said = f"of {level[-1]:.0f} by the newest look, {share:.1%} of what is expected"
    return Measured(half.value, half.low, late, origin.unit, because(said, half.reason))


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
