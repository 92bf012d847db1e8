"""Additive credit where the events themselves are known, and who was first."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.analysis.shape import Floats, Ints
from app.analysis.statistics.columns import HOUR
from app.analysis.statistics.measured import Measured, unknown
from app.analysis.statistics.reproduction import LONGEST_MS, density

INNOVATORS, EARLY = 0.025, 0.16
TENTH = 0.10


@dataclass(frozen=True, slots=True)
class Credits:
    """By owner: `others` credited by others' events, `own` by their own. With `exogenous` they sum to the events."""

    others: Mapping[str, float]
    own: Mapping[str, float]
    exogenous: float


def additive(at: Ints, owners: Sequence[str], weights: Floats, background: float = 0.0) -> Credits:
    """Event i credits an earlier j with d_j phi(t_i - t_j) / (mu + sum_k d_k phi(t_i - t_k)); the rest is exogenous.

    Source: Hawkes branching (Zhuang et al. 2002), phi of SEISMIC; additive, and like Shapley's value. `at` in order,
    milliseconds; `weights` d (followers, at least 1); `background` mu, in the same unit an hour. Events at one instant
    do not credit each other. An event that nothing came before is exogenous. Unit: events.
    """
    names = list(dict.fromkeys(owners))
    index = {name: k for k, name in enumerate(names)}
    owner = np.array([index[name] for name in owners], dtype=np.int64)
    given, own, exogenous = np.zeros(len(at)), np.zeros(len(names)), 0.0
    first = np.searchsorted(at, at - LONGEST_MS, "left")
    last = np.searchsorted(at, at, "left")
    for i in range(len(at)):
        before = slice(int(first[i]), int(last[i]))
        pull = weights[before] * density((at[i] - at[before]).astype(np.float64)) * HOUR
        whole = background + float(pull.sum())
        if whole <= 0:
            exogenous += 1
            continue
        exogenous += background / whole
        mine = owner[before] == owner[i]
        own[owner[i]] += float(pull[mine].sum()) / whole
        given[before] += np.where(mine, 0.0, pull / whole)
    others = np.bincount(owner, weights=given, minlength=len(names))
    return Credits(
        dict(zip(names, others.tolist(), strict=True)), dict(zip(names, own.tolist(), strict=True)), exogenous
    )


def together(found: Iterable[Credits]) -> Credits:
    """The sums over several cascades: an event is credited within its own alone."""
    others, own, exogenous = Counter[str](), Counter[str](), 0.0
    for one in found:
        others.update(one.others)
        own.update(one.own)
        exogenous += one.exogenous
    return Credits(others, own, exogenous)


@dataclass(frozen=True, slots=True)
class Mover:
    """`place`: 1 is the first. `stage`: "innovator" among the first 2.5 % of authors, "early adopter" 16 %."""

    who: str
    first_at: int
    place: int
    stage: str | None
    lead: Measured


def movers(first_at: Mapping[str, int], edges: Ints, posts: Floats, author_firsts: Ints | None = None) -> list[Mover]:
    """In order of their first posts. `lead`: hours from it to the tenth of the curve's posts (negative: after).

    Source: Rogers 2003 (stages by order of adoption). `author_firsts`: every author's first post, for the stages; None:
    not known. A lead is read off a curve whose end is known: no test of who will be first next time.
    """
    order = sorted(first_at.items(), key=lambda pair: (pair[1], pair[0]))
    tenth = _reached(edges, posts)
    found = []
    for place, (who, at) in enumerate(order, 1):
        lead = unknown("hours", "no posts") if tenth is None else _between(at, tenth)
        found.append(Mover(who, at, place, _stage(at, author_firsts), lead))
    return found


def _reached(edges: Ints, posts: Floats) -> tuple[int, int] | None:
    """The bucket in which a tenth of the posts was there."""
    level = np.cumsum(np.nan_to_num(posts))
    if not len(level) or level[-1] <= 0:
        return None
    k = int(np.searchsorted(level, TENTH * level[-1], "left"))
    return int(edges[k]), int(edges[k + 1])


def _between(at: int, bucket: tuple[int, int]) -> Measured:
    low, high = ((edge - at) / HOUR for edge in bucket)
    return Measured((low + high) / 2, low, high, "hours")


def _stage(at: int, author_firsts: Ints | None) -> str | None:
    if author_firsts is None or not len(author_firsts):
        return None
    earlier = int((author_firsts < at).sum()) / len(author_firsts)
    return "innovator" if earlier < INNOVATORS else "early adopter" if earlier < EARLY else "later"
