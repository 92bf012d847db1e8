"""The rule of gains written out slowly in plain Python: what the fast one is measured against.

F(age) = 1 - (1 + age / 10 min)^-0.4; levels are rounded down at five-minute edges; a span of over two days has 64 edges
at most, at equal shares of its growth, and what lies between two of them begins where the first one is.
"""

import math
from collections import Counter
from collections.abc import Iterable

FIVE = 5 * 60_000
TWO_DAYS = 48 * 3_600_000
TWO_HOURS = 2 * 3_600_000
ENGAGEMENT = (0, 1, 2, 3)
NAMES = ("likes", "reposts", "replies", "quotes", "views")

Levels = tuple[int | None, ...]


def grown(age: float) -> float:
    return 1.0 - float((1.0 + age / 600_000.0) ** -0.4)


def edges(birth: int, start: int, end: int) -> list[int]:
    """Where the level between two looks is known by the rule, in order; none at or after the end."""
    inside = range((start // FIVE + 1) * FIVE, end, FIVE)
    if end - start <= TWO_DAYS:
        return list(inside)
    begin, there = 1.0 - grown(start - birth), 1.0 - grown(end - birth)
    chosen = set()
    for k in range(1, 65):
        left = begin - (begin - there) * (k / 65)
        edge = math.ceil((birth + (left**-2.5 - 1.0) * 600_000.0) / FIVE) * FIVE
        chosen.add(min(max(edge, inside[0]), inside[-1]))
    return sorted(chosen)


def level_at(birth: int, start: int, end: int, before: int, after: int, edge: int) -> int:
    """The share (F(edge) - F(start)) / (F(end) - F(start)), written so that it keeps its digits on an old post."""
    scale = 600_000 + start - birth
    part, whole = (math.expm1(-0.4 * math.log1p((t - start) / scale)) for t in (edge, end))
    return before + math.floor((after - before) * (part / whole))


def span(birth: int, start: int, end: int, before: int, after: int) -> dict[int, int]:
    """Gains by the beginning of their five minutes."""
    found: Counter[int] = Counter()
    begin, level = start // FIVE * FIVE, before
    for edge in edges(birth, start, end):
        reached = level_at(birth, start, end, before, after, edge)
        found[begin] += reached - level
        begin, level = edge, reached
    found[begin] += after - level
    return {bucket: gain for bucket, gain in found.items() if gain}


def contribution(birth: int, looks: Iterable[tuple[int, int, Levels]]) -> Counter[tuple[int, str]]:
    """Of one post, from all its looks (instant, source, levels): what it adds to (bucket, column)."""
    ordered = sorted(looks, key=lambda look: look[:2])
    found: Counter[tuple[int, str]] = Counter()
    for metric, name in enumerate(NAMES):
        at, level = birth, 0
        for when, _, levels in ordered:
            given = levels[metric]
            if given is None:
                continue
            for bucket, gain in span(birth, at, when, level, given).items():
                found[bucket, name] += gain
                if metric in ENGAGEMENT:
                    found[bucket, "moved"] += abs(gain)
                    found[bucket, "estimated"] += abs(gain) if when - at > TWO_HOURS else 0
            at, level = when, given
    return Counter({key: amount for key, amount in found.items() if amount})
