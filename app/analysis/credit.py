"""How far an influencer's posts lifted a curve: an event study with placebo times, said only when it can be told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.analysis.shape import Floats, Ints
from app.analysis.statistics.columns import HOUR
from app.analysis.statistics.measured import Measured, unknown
from app.analysis.statistics.quantiles import student_t
from app.analysis.statistics.reproduction import density

WINDOW = 12 * HOUR
DAY = 24 * HOUR
MOST_PLACEBOS = 28
FEWEST_PLACEBOS = 5
FREEDOM = 6
"""At most these degrees of freedom: at random times a normal rejected 7.8 % at 5 %, t(6) 4.0 %."""
USABLE = 0.9
INDISTINCT = "not distinguishable"
UNIT = "engagements"


@dataclass(frozen=True, slots=True)
class Act:
    """A post of an influencer. `weight`: how many it came to (followers, at least 1)."""

    who: str
    at: int
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Lift:
    """`credit` is null with "not distinguishable" when what followed is like what followed placebo times."""

    who: str
    credit: Measured
    excess: float | None
    expected: float | None
    relative: float | None
    placebos: int


def lifts(gain: Floats, expected: Floats, edges: Ints, acts: Sequence[Act]) -> list[Lift]:
    """Of each influencer: the sum of gain - expected over the 12 hours after their posts, shared with who posted too.

    `gain`, `expected`: engagements a bucket, NaN where not covered or not known: left out on both sides. Each bucket's
    excess is shared among the posts before it by weight * phi(age), as in `shares`. Placebos: the same posts a whole
    number of days earlier, where nobody's window lies. Credited only when beyond all placebos and beyond their mean by
    t(0.975) s sqrt(1 + 1/n); s at least the square root of what was expected. Credits sum to at most what was gained.
    Source: MacKinlay 1997 (event studies); unit: engagements.
    """
    split = shares(edges, acts)
    excess = gain - expected
    busy = np.any([share > 0 for share in split.values()], axis=0) if split else np.zeros(len(gain), dtype=bool)
    found = [_lift(who, share, excess, expected, edges, busy) for who, share in split.items()]
    return _capped(found, split, gain)


def shares(edges: Ints, acts: Sequence[Act]) -> dict[str, Floats]:
    """Each influencer's share of each bucket: weight * phi(age) of their posts of the last 12 hours, among all."""
    middle = (edges[:-1] + edges[1:]) / 2
    felt: dict[str, Floats] = {}
    for act in acts:
        # A post in the middle of a bucket acts from there on: in its own bucket its age is taken at the bucket's end.
        first, last = np.searchsorted(edges[1:], act.at, "right"), np.searchsorted(edges[:-1], act.at + WINDOW, "left")
        here = slice(int(first), int(last))
        age = np.where(edges[:-1][here] < act.at, edges[1:][here] - act.at, middle[here] - act.at).astype(np.float64)
        felt.setdefault(act.who, np.zeros(len(middle)))[here] += act.weight * density(age)
    whole = sum(felt.values(), np.zeros(len(middle)))
    return {who: np.divide(pull, whole, out=np.zeros_like(pull), where=whole > 0) for who, pull in felt.items()}


def untold(who: str, why: str) -> Lift:
    return Lift(who, unknown(UNIT, f"{INDISTINCT}: {why}"), None, None, None, 0)


def _lift(who: str, share: Floats, excess: Floats, expected: Floats, edges: Ints, busy: NDArray[np.bool_]) -> Lift:
    active, known = share > 0, ~np.isnan(excess)
    kept = active & known
    if kept.sum() < USABLE * active.sum() or not active.any():
        why = "what is usual is not known there, or not covered" if active.any() else "no posts in the curve"
        return untold(who, why)
    actual = float((share * excess)[kept].sum())
    usual = float((share * expected)[kept].sum())
    relative = actual / usual if usual > 0 else None
    placebos = placebo_effects(share, excess, edges, busy)
    if len(placebos) < FEWEST_PLACEBOS:
        why = f"needs {FEWEST_PLACEBOS} quiet days before it to compare with, has {len(placebos)}"
        return Lift(who, unknown(UNIT, f"{INDISTINCT}: {why}"), actual, usual, relative, len(placebos))
    return Lift(who, judged(actual, usual, placebos), actual, usual, relative, len(placebos))


def placebo_effects(share: Floats, excess: Floats, edges: Ints, busy: NDArray[np.bool_]) -> Floats:
    """The same sums a whole number of days earlier, where nine tenths of the buckets are known and nobody's."""
    step = round(DAY / float(np.median(np.diff(edges))))
    active = np.flatnonzero(share > 0)
    found: list[float] = []
    for shift in range(step, int(active[0]) + 1, step) if step else ():
        there = active - shift
        usable = ~busy[there] & ~np.isnan(excess[there])
        if usable.sum() >= USABLE * len(active):
            found.append(float((share[active] * excess[there])[usable].sum()))
        if len(found) == MOST_PLACEBOS:
            break
    return np.array(found)


def judged(actual: float, usual: float, placebos: Floats) -> Measured:
    """The effect less the placebos' mean, with a 95 % interval for one more draw; null when it can be one of them."""
    n = len(placebos)
    spread = max(float(placebos.std(ddof=1)), max(usual, 1.0) ** 0.5)
    reach = student_t(min(n - 1, FREEDOM), 0.975) * spread * (1 + 1 / n) ** 0.5
    effect = actual - float(placebos.mean())
    if effect - reach <= 0 or actual <= float(placebos.max()):
        return unknown(UNIT, INDISTINCT, low=effect - reach, high=effect + reach)
    return Measured(effect, effect - reach, effect + reach, UNIT)


def _capped(found: list[Lift], split: Mapping[str, Floats], gain: Floats) -> list[Lift]:
    """Credits held to what was gained in the buckets of those who are credited: noise never makes more of it."""
    credited = [lift for lift in found if lift.credit.value is not None]
    total = sum(lift.credit.value or 0.0 for lift in credited)
    touched = np.any([split[lift.who] > 0 for lift in credited], axis=0) if credited else np.zeros(len(gain), bool)
    room = max(0.0, float(np.nansum(gain[touched])))
    if total <= room or not credited:
        return found
    return [_scaled(lift, room / total) for lift in found]


def _scaled(lift: Lift, factor: float) -> Lift:
    if lift.credit.value is None:
        return lift
    low, value, high = ((x or 0.0) * factor for x in (lift.credit.low, lift.credit.value, lift.credit.high))
    held = Measured(value, low, high, UNIT, "held to what was gained")
    return Lift(lift.who, held, lift.excess, lift.expected, lift.relative, lift.placebos)
