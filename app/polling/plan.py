"""What following a hashtag will spend in a day, from the pacing and the cadence that it will have. Pure.

The figures are means over the first thirty days. They assume that posts come evenly; what is bounded by a budget is
exact all the same, since then the budget decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.analysis.budget import AGAIN, SLICES
from app.clock import DAY, HOUR, MINUTE
from app.polling import cadence, pacing
from app.polling.pacing import Purse, cost
from app.polling.visits import DEEP_EVERY
from collectors.contract import Offer

FIRST = 30 * DAY
AUTHORS = 0.6
"""Distinct authors among the posts of a month, where nothing is known."""
FILLED_AHEAD = cadence.SHORTEST / 2


@dataclass(frozen=True, slots=True)
class Asked:
    """`posts`: of one hashtag in a day. `again`: what refreshing may spend in a day on all, where it is bounded."""

    purse: Purse
    posts: float
    wanted_ms: int
    rewalk_days: float
    most_pages: int
    counts: bool
    again: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Day:
    """Of one hashtag. `calls` by kind; `units` by allowance; `every_ms` between two passes."""

    every_ms: int
    pages: float
    calls: Mapping[str, float]
    units: Mapping[str, float]
    looked: float  # the part of the looks that the budget reaches for


def a_day(asked: Asked) -> Day:
    purse, offer = asked.purse, asked.purse.offer
    every, pages, shown = _pass(asked)
    passes, tight = DAY / every, purse.binds(asked.wanted_ms)
    deep = DAY / (DAY if tight else DEEP_EVERY)
    most = purse.pages(asked.most_pages)
    again = 0.0 if tight else deep * max(0.0, min(_pages(asked, int(asked.rewalk_days * DAY)), most) - pages)
    found = passes * pages + again
    units = _sum(cost(offer, "search", found, shown * found))
    counted = min(deep, passes) if asked.counts else 0.0
    units = _sum(units, cost(offer, "counts", counted, 0) if counted else {})
    # A pass that took much is followed by the next one later: no more than the track's part is ever spent.
    held = min([1.0, *(purse.rates[name] * DAY / purse.tracks / want for name, want in units.items() if want)])
    units = {name: want * held for name, want in units.items()}
    calls = {"search": found * held, "counts": counted * held}
    looks, people = _looks(asked, every, pages), _people(asked)
    more = {"look": _calls(looks * purse.tracks, offer.batch_size) / purse.tracks, "accounts": 0.0}
    if offer.accounts_batch:
        every_hour = people * purse.tracks * cadence.ACCOUNTS_AHEAD / DAY
        more["accounts"] = people / max(1.0, min(offer.accounts_batch, 1 + every_hour))
    # What is refused waits, and fills the next call: where calls are what is short, as many looks are made with fewer.
    kinds = (
        ("look", more["look"], looks, offer.batch_size),
        ("accounts", more["accounts"], people, offer.accounts_batch),
    )
    called, items = (_sum(*(_part(offer, one, by_call=by_call) for one in kinds)) for by_call in (True, False))
    part = _reach(asked, called)
    full = min([size * count / want for _, count, want, size in kinds if want and size], default=1.0)
    read = min(1.0, part * max(1.0, full), _reach(asked, items))
    calls |= {
        name: min(count * part, want * read / size if read < 1 else count) for name, count, want, size in kinds if size
    }
    spent = _sum(*(cost(offer, name, calls[name], want * read) for name, _, want, size in kinds if size))
    return Day(every, pages, calls, _sum(units, spent), read)


def _part(offer: Offer, kind: tuple[str, float, float, int], *, by_call: bool) -> dict[str, float]:
    name, calls, items, _ = kind
    return cost(offer, name, calls if by_call else 0, 0 if by_call else items)


def _reach(asked: Asked, demand: Mapping[str, float]) -> float:
    """The part of it that the budgets for reading again reach for."""
    bounds = {name: asked.again[name] / asked.purse.tracks for name in demand if name in asked.again}
    return min([1.0, *(bounds[name] / want for name, want in demand.items() if want and name in bounds)])


def bounded(offer: Offer, limits: Mapping[str, int]) -> dict[str, float]:
    """What refreshing may spend in a day of each allowance whose window is long."""
    return {
        one.name: limits.get(one.name, one.limit) * AGAIN * SLICES / (SLICES + 1) * DAY / window
        for one in offer.allowances
        if (window := one.window.total_seconds() * 1_000) >= HOUR
    }


def _pass(asked: Asked) -> tuple[int, float, float]:
    """Between two passes; the pages of one, and the posts on a page. Rarer passes have more to read: found in steps."""
    purse, every, pages, shown = asked.purse, asked.wanted_ms, 1.0, 0.0
    for _ in range(12):
        pages = min(_pages(asked, every), purse.pages(asked.most_pages))
        shown = min(float(purse.offer.page_size), _visible(asked) / max(1.0, pages))
        taken = cost(purse.offer, "search", pages, shown * pages)
        if asked.counts and purse.binds(asked.wanted_ms):
            taken = _sum(taken, cost(purse.offer, "counts", min(1.0, every / DAY), 0))
        after = asked.wanted_ms * pacing.slots(purse, asked.wanted_ms, taken)
        if after == every:
            break
        every = after
    return every, pages, shown


def _visible(asked: Asked) -> float:
    """Posts that a search can show at all; no fewer than one is reckoned with."""
    back = asked.purse.offer.look_back
    return max(0.0, asked.posts * (back.total_seconds() * 1_000 if back else FIRST + FIRST / 2) / DAY)


def _pages(asked: Asked, span_ms: int) -> float:
    """Down to the end of the span and the lag: until a whole page is older. No more than there are."""
    size = max(1, asked.purse.offer.page_size)
    wanted = int(asked.posts * (span_ms + 2 * asked.wanted_ms) / DAY / size) + 1
    return float(max(1, min(wanted, -(-int(_visible(asked) + 0.999) // size))))


def _looks(asked: Asked, every: int, pages: float) -> float:
    """Looks a day at the hashtag's posts that no pass makes by the way, by the cadence of their age."""
    offer = asked.purse.offer
    if not offer.batch_size or not asked.posts:
        return 0.0
    back = offer.look_back.total_seconds() * 1_000 if offer.look_back else FIRST
    read_by_the_way = pages * offer.page_size / asked.posts * DAY
    within, age, looks = offer.policy.looks_within, 0.0, 0.0
    while age < back + FIRST:
        planned = cadence.next_look(0, int(age), min(cadence.SHORTEST, asked.wanted_ms))
        wait = float(planned - int(age)) if planned is not None else 1e15
        wait = min(wait, within.total_seconds() * 1_000) if within else wait
        step = min(max(wait, MINUTE), DAY)
        there = 1.0 if age < back else (back + FIRST - age) / FIRST
        # A pass that shows the post is a look too, and puts the next one off.
        rate = 1 / wait - (1 / every if age < read_by_the_way else 0)
        looks += asked.posts * step * there * max(0.0, rate)
        age += step
    return looks


def _people(asked: Asked) -> float:
    """Authors that are known after half of the time, each read once a day."""
    offer = asked.purse.offer
    back = min(offer.look_back.total_seconds() * 1_000 if offer.look_back else FIRST, FIRST)
    return asked.posts * AUTHORS * (back + FIRST / 2) / DAY if offer.accounts_batch else 0.0


def _calls(looks: float, batch: int) -> float:
    """A batch is filled with what is due soon."""
    return looks / max(1.0, min(batch, 1 + looks * FILLED_AHEAD / DAY)) if batch else 0.0


def _sum(*parts: Mapping[str, float]) -> dict[str, float]:
    sums = {name: sum(part.get(name, 0.0) for part in parts) for part in parts for name in part}
    return {name: units for name, units in sums.items() if units}
