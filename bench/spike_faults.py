"""Series with a fault that is no news, and their twins without it: nothing may be said of the fault."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from app.analysis.spikes import STEP, THRESHOLD, Verdict, judge

HOUR, DAY = 12, 288
DAYS = 12
LONGEST = DAY // 2
NEAR = 0.7
"""An alarm is not the fault's where the twin stood at this share of one within three hours: chance was nearly there."""

Row = tuple[int, float | None]


class Case(NamedTuple):
    """`rows` with the fault from `begin` to `end`, in places of `twin`; what follows a day long may be its doing."""

    rows: list[Row]
    twin: list[Row]
    begin: int
    end: int


def background(seed: int, shifted_from: int | None = None) -> np.ndarray:
    """Counts as of a hashtag: a day, a week, a slow wander, more variance than chance; a level of its own a seed."""
    rng = np.random.default_rng(seed)
    level, swing, peak = float(np.exp(rng.uniform(-1.2, 5.7))), rng.uniform(0.2, 0.95), rng.uniform(0, 24)
    week, k = rng.uniform(0.6, 1.4, 7), rng.uniform(3, 30)
    place = np.arange(DAYS * DAY)
    moved = 0 if shifted_from is None else HOUR * rng.choice([-1, 1]) * (place >= shifted_from)
    hour = (place + moved) / HOUR
    rate = level * (1 + swing * np.cos((hour - peak) * 2 * np.pi / 24)) * week[(hour // 24).astype(int) % 7]
    keep, wander = 0.5 ** (1 / (6 * HOUR)), 0.0
    for at, push in enumerate(rng.normal(0, 0.15 * np.sqrt(1 - keep**2), len(rate))):
        wander = keep * wander + push
        rate[at] *= np.exp(wander)
    counts: np.ndarray = rng.poisson(rng.gamma(k, rate / k)).astype(float)
    return counts


def rows(values: list[float | None] | np.ndarray, first: int = 0) -> list[Row]:
    return [((first + at) * STEP, value if value is None else float(value)) for at, value in enumerate(values)]


def catch_up(rng: np.random.Generator, counts: np.ndarray, at: int) -> Case:
    """An outage of up to 12 hours; all that was missed comes within the hour after it."""
    length, late = int(rng.integers(6, LONGEST)), int(rng.integers(1, HOUR + 1))
    found: list[float | None] = counts.tolist()
    found[at : at + length] = [None] * length
    for place, more in enumerate(
        rng.multinomial(int(counts[at : at + length].sum()), np.ones(late) / late), at + length
    ):
        found[place] = counts[place] + float(more)
    return Case(rows(found), rows(counts), at, at + length + late)


def silent_catch_up(rng: np.random.Generator, counts: np.ndarray, at: int) -> Case:
    """The same, but the outage reads as zeros, and one row brings all."""
    length, found = int(rng.integers(6, LONGEST)), counts.copy()
    found[at : at + length] = 0
    found[at + length] += counts[at : at + length].sum()
    return Case(rows(found), rows(counts), at, at + length)


def drop_and_return(rng: np.random.Generator, counts: np.ndarray, at: int) -> Case:
    """For up to a day the source shows nothing, or a part."""
    length, found = int(rng.integers(3, DAY + 1)), counts.copy()
    found[at : at + length] = rng.binomial(found[at : at + length].astype(int), rng.choice([0, 0.1, 0.3]))
    return Case(rows(found), rows(counts), at, at + length)


def clocks(rng: np.random.Generator, _counts: np.ndarray, at: int) -> Case:
    """From here on everything happens an hour earlier, or later, in UTC."""
    seed = int(rng.integers(2**31))
    return Case(rows(background(seed, at)), rows(background(seed)), at, at + DAY)


def renamed(_rng: np.random.Generator, counts: np.ndarray, at: int) -> Case:
    """The new name of a tag is followed from here on, at its full level."""
    return Case(rows(counts[at:], at), rows(counts), at, at)


def old_name(_rng: np.random.Generator, counts: np.ndarray, at: int) -> Case:
    """The old name of a tag goes silent, and a last few still use it."""
    found = counts.copy()
    found[at:] = np.floor(found[at:] / 50)
    return Case(rows(found), rows(counts), at, at + DAY)


def doubled(rng: np.random.Generator, counts: np.ndarray, at: int) -> Case:
    """For up to half an hour every page is counted twice."""
    length, found = int(rng.integers(1, 7)), counts.copy()
    found[at : at + length] *= 2
    return Case(rows(found), rows(counts), at, at + length)


def backfill(rng: np.random.Generator, counts: np.ndarray, at: int) -> Case:
    """The platform brings the past: rows of days ago, many times what they were, between those of now."""
    found = rows(counts)
    old = [(time, (value or 0) * 50 + 500) for time, value in rows(counts[: int(rng.integers(12, DAY))])]
    return Case(found[:at] + old + found[at:], found, at, at + len(old))


FAULTS: dict[str, Callable[[np.random.Generator, np.ndarray, int], Case]] = {
    "catch-up": catch_up, "silent catch-up": silent_catch_up, "drop and return": drop_and_return, "clocks": clocks,
    "renamed": renamed, "old name": old_name, "doubled": doubled, "backfill": backfill,
}  # fmt: skip


def case(name: str, seed: int) -> Case:
    rng = np.random.default_rng([seed, len(name)])
    return FAULTS[name](rng, background(int(rng.integers(2**31))), int(rng.integers(5 * DAY, 9 * DAY)))


def judged(rows: list[Row]) -> list[Verdict]:
    return judge([at for at, _ in rows], [value for _, value in rows])


def false_alarms(one: Case, near: float = NEAR) -> list[int]:
    """The times of the alarms that the fault raised: those that its twin was not near to within three hours."""
    twin = [verdict.score for verdict in judged(one.twin)]
    from_ms, to_ms = one.begin * STEP, (one.end + DAY) * STEP
    found = []
    for (at, _), verdict in zip(one.rows, judged(one.rows), strict=True):
        if verdict.score >= THRESHOLD and from_ms <= at <= to_ms:
            place = at // STEP
            if max(twin[max(0, place - 3 * HOUR) : place + 3 * HOUR + 1], default=0.0) < near:
                found.append(at)
    return found
