"""How often a hashtag is looked for where the budget is small, so that it lasts its whole window. Pure.

Each track may spend an even part of what discovery has. What a pass took says how long it lasts: a hashtag that costs
twice as much is looked for half as often, and nothing need be known of it before.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from app.analysis.budget import AGAIN, SLICES
from app.clock import DAY, HOUR
from collectors.contract import USUAL_COST, Cost, Offer

LONGEST = 365 * DAY
_ALONE = 0.95
"""The part that discovery takes of what refreshing does not spend: the rest bears with what was not foreseen."""
_EVEN = SLICES / (SLICES + 1)
"""A rolling window counts a slice more than it has (app.analysis.budget)."""


@dataclass(frozen=True, slots=True)
class Purse:
    """What `tracks` hashtags may spend on a source between them. `rates`: units a millisecond, by allowance."""

    offer: Offer
    rates: Mapping[str, float]
    tracks: int
    slow: frozenset[str]  # allowances of long windows: what is burnt there is missed for long

    @classmethod
    def of(cls, offer: Offer, limits: Mapping[str, int], tracks: int) -> "Purse":
        spent_again = again(offer)
        rates, slow = {}, set()
        for one in offer.allowances:
            window = one.window.total_seconds() * 1_000
            share = 1 - AGAIN if one.name in spent_again else _ALONE
            rates[one.name] = limits.get(one.name, one.limit) * share * _EVEN / window
            if window >= HOUR:
                slow.add(one.name)
        return cls(offer, rates, max(1, tracks), frozenset(slow))

    def lasts(self, taken: Mapping[str, float]) -> float:
        """For how long (milliseconds) one track has spent its part with what it took."""
        waits = [units * self.tracks / self.rates[name] for name, units in taken.items() if self.rates.get(name)]
        return min(max(waits, default=0.0), LONGEST)

    def binds(self, wanted_ms: int) -> bool:
        """Whether one page with one post each time would be more than may be spent."""
        return self.lasts(cost(self.offer, "search", 1, 1)) > wanted_ms

    def pages(self, most: int) -> int:
        """Of one pass: a day's part of what lasts for hours or longer, one page at least."""
        page = cost(self.offer, "search", 1, self.offer.page_size)
        days = self.lasts({name: units for name, units in page.items() if name in self.slow}) / DAY
        return max(1, min(most, int(1 / days))) if days else most


def slots(purse: Purse, wanted_ms: int, taken: Mapping[str, float]) -> int:
    """After how many wanted intervals the track is due again, after a pass that took so much."""
    return max(1, math.ceil(purse.lasts(taken) / wanted_ms - 1e-9))


def cost(offer: Offer, call: str, calls: float, items: float) -> dict[str, float]:
    """What so many calls with so many posts or accounts in all take, by allowance."""
    found: dict[str, float] = {}
    one: Cost = offer.costs.get(call, USUAL_COST)
    for each, times in ((one.call, calls), (one.item, items)):
        for name, units in each.items():
            found[name] = found.get(name, 0) + units * times
    return found


def again(offer: Offer) -> frozenset[str]:
    """Allowances that reading known posts and accounts again spends."""
    calls = [("look", offer.batch_size), ("accounts", offer.accounts_batch)]
    return frozenset(name for call, size in calls if size for name in cost(offer, call, 1, 1))
