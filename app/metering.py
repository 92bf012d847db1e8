"""What a source may spend, taken from its rows before each call: limits, and purses that make a long window last."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

import collectors
from app.analysis import budget
from app.clock import HOUR, Clock, from_ms, to_ms
from app.db.engine import Database, Session
from app.store import budgets
from collectors.contract import USUAL_COST, Allowance, Offer, Told
from collectors.errors import Spent

Purse = tuple[str, int, int]


class DatabaseMeter:
    """A source's budget: every call is taken from its row before it is made, by whichever worker.

    `spare` is for who reads again: the part that it leaves of a short window. Of long ones, finding posts and reading
    them again have purses of their own (by allowance), so that neither eats up a month on one day.
    """

    def __init__(
        self, db: Database, clock: Clock, source_id: int, allowances: tuple[Allowance, ...], spare: float = 0.0,
        purses: Mapping[str, Purse] | None = None,
    ) -> None:  # fmt: skip
        self._db, self._clock, self._source_id, self._spare = db, clock, source_id, spare
        self._allowances = {allowance.name: allowance for allowance in allowances}
        self._purses = purses or {}
        self._told: dict[str, Told] = {}
        self._taken_at: dict[str, int] = {}
        self.taken: Counter[str] = Counter()
        self.calls = 0

    async def spend(self, name: str, units: int = 1) -> None:
        allowance, told, now = self._allowances[name], self._told.pop(name, None), to_ms(self._clock.now())
        async with self._db.write() as session:
            state = await budgets.held(session, self._source_id, name)
            state = _with(state, told, allowance, now) if told else state
            spare = int(allowance.limit * self._spare)
            taken = budget.take(state, allowance.limit, window_of(allowance), units, now, spare)
            if not isinstance(taken, int) and (later := await self._from_purse(session, name, units, now)):
                taken = later
            await budgets.write(session, self._source_id, name, state if isinstance(taken, int) else taken)
        if isinstance(taken, int):
            raise Spent(f"the budget {name!r} {_why_nothing(allowance)}", from_ms(taken))
        self.calls += 1
        self.taken[name] += units
        self._taken_at[name] = now

    async def _from_purse(self, session: Session, name: str, units: int, now: int) -> int | None:
        """The time from which there is some again; None: it is taken, or this is no budget that is spent evenly."""
        if (purse := self._purses.get(name)) is None:
            return None
        row, limit, window = purse
        state = budget.of_this_width(await budgets.held(session, self._source_id, row), window, now)
        taken = budget.take(state, limit, window, units, now)
        if isinstance(taken, int):
            return taken
        await budgets.write(session, self._source_id, row, taken)
        return None

    async def give_back(self, name: str, units: int) -> None:
        if name not in self._taken_at:
            return
        self.taken[name] -= units
        window, taken_at = window_of(self._allowances[name]), self._taken_at[name]
        async with self._db.write() as session:
            state = await budgets.held(session, self._source_id, name)
            await budgets.write(session, self._source_id, name, budget.give_back(state, window, units, taken_at))
            if (purse := self._purses.get(name)) is not None:
                row, _, window = purse
                state = budget.give_back(await budgets.held(session, self._source_id, row), window, units, taken_at)
                await budgets.write(session, self._source_id, row, state)

    async def told(self, told: Told) -> None:
        """Headers are written with the next call, at once when they say that nothing is left."""
        if told.name not in self._allowances:
            return
        self._told[told.name] = told
        if told.remaining == 0:
            await self._write(told)

    async def _write(self, told: Told) -> None:
        now = to_ms(self._clock.now())
        async with self._db.write() as session:
            state = _with(
                await budgets.held(session, self._source_id, told.name), told, self._allowances[told.name], now
            )
            await budgets.write(session, self._source_id, told.name, state)


def _why_nothing(allowance: Allowance) -> str:
    return "is used up" if allowance.limit else "may not be spent before its owner says how much: sources limit"


def window_of(allowance: Allowance) -> int:
    """Its window in milliseconds."""
    return int(allowance.window.total_seconds() * 1_000)


def _with(state: budget.Spent, told: Told, allowance: Allowance, now: int) -> budget.Spent:
    resets = to_ms(told.resets_at) if told.resets_at else None
    return budget.hear(state, window_of(allowance), (told.limit, told.remaining, resets), now)


def purses(offer: Offer, allowances: Iterable[Allowance], kind: str) -> dict[str, Purse]:
    """Of the allowances with long windows: what finding posts (`find`), or reading them again (`again`), has there."""
    sizes = {"search": offer.page_size, "look": offer.batch_size, "accounts": offer.accounts_batch}
    found, again = _most(offer, {"search": offer.page_size}), _most(offer, {**sizes, "search": 0})
    purses = {}
    for one in allowances:
        mine = found if kind == "find" else again
        if window_of(one) < HOUR or one.name not in mine:
            continue
        share = 1 - budget.AGAIN if one.name in again else 1.0
        if kind == "again":
            part = budget.evenly(int(one.limit * budget.AGAIN), window_of(one), mine[one.name])
        else:
            part = budget.evenly(int(one.limit * share), window_of(one), mine[one.name], budget.AT_ONCE)
        purses[one.name] = f"{one.name}:{kind}", *part
    return purses


def _most(offer: Offer, sizes: Mapping[str, int]) -> dict[str, int]:
    """What one call of these kinds takes at most, by allowance. A kind of size 0 is never called."""
    most: dict[str, int] = {}
    for call, size in sizes.items():
        cost = offer.costs.get(call, USUAL_COST)
        for name in {*cost.call, *cost.item} if size else ():
            most[name] = max(most.get(name, 0), cost.call.get(name, 0) + size * cost.item.get(name, 0))
    return most


def allowances(platform: str, limits: Mapping[str, int]) -> tuple[Allowance, ...]:
    """The platform's, with the limits that the source's owner set."""
    return tuple(replace(one, limit=limits.get(one.name, one.limit)) for one in collectors.offer(platform).allowances)
