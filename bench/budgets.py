"""Thirty virtual days of 500 hashtags on each platform: nothing over a limit, and what was planned beside what it was.

Real in it: each platform's own declarations, the pacing, the cadence, the plan, and the budgets: for what is paid (X)
the meter of the app itself, its rows in a database, three workers that take turns, all of them restarted every third
day; for the others the same arithmetic in memory. Simulated: posts (they come by chance, at rates of their own for each
hashtag) and the pages that a pass reads of them; no byte of HTTP is sent.
"""

import asyncio
import heapq
import math
import random
import sys
import tempfile
from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import collectors
from app import metering
from app.analysis import budget
from app.clock import DAY, HOUR, MINUTE, SECOND, to_ms
from app.db.engine import Database
from app.db.migrate import upgrade
from app.polling import cadence, pacing, plan
from app.polling.pacing import Purse
from app.polling.refresh import BATCHES, SPARE
from app.polling.visits import DEEP_EVERY
from bench.machine import Figure
from collectors.contract import USUAL_COST, Offer
from collectors.errors import Spent

TAGS, DAYS, WANTED, REWALK, MOST_PAGES, MEAN = 500, 30, HOUR, 7 * DAY, 25, 0.5
BEGAN = to_ms(datetime(2026, 3, 1, tzinfo=UTC))
LIMITS = {"x": {"money": 25_000_000}}
WAIT = 15 * MINUTE


class Now:
    """Time to hold in the hand: milliseconds."""

    at = BEGAN

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.at / 1_000, UTC)

    def monotonic(self) -> float:
        return self.at / 1_000

    async def sleep(self, seconds: float) -> None:
        self.at += int(seconds * 1_000)


class InMemory:
    """The meter's arithmetic without its rows."""

    def __init__(self, world: "World", states: dict[str, budget.Spent], spare: float) -> None:
        self._now, self._spare, self._states = world.now, spare, states
        allowances = world.allowances
        self._purses = metering.purses(world.offer, allowances, "again" if spare else "find")
        self._allowances = {one.name: one for one in allowances}

    async def spend(self, name: str, units: int = 1) -> None:
        one = self._allowances[name]
        window, spare = int(one.window.total_seconds() * 1_000), int(one.limit * self._spare)
        taken = budget.take(self._states.get(name, budget.Spent({})), one.limit, window, units, self._now.at, spare)
        more: dict[str, budget.Spent] = {}
        if name in self._purses and not isinstance(taken, int):
            row, limit, span = self._purses[name]
            purse = budget.take(self._states.get(row, budget.Spent({})), limit, span, units, self._now.at)
            taken, more = (purse, {}) if isinstance(purse, int) else (taken, {row: purse})
        if isinstance(taken, int):
            raise Spent(name, datetime.fromtimestamp(taken / 1_000, UTC))
        self._states |= {name: taken, **more}

    async def give_back(self, name: str, units: int) -> None:
        window = int(self._allowances[name].window.total_seconds() * 1_000)
        self._states[name] = budget.give_back(self._states[name], window, units, self._now.at)


@dataclass
class Tag:
    births: list[int]
    posts: list[int]  # their numbers, in the order of births
    rate: float
    due: int
    walked_to: int | None = None
    deep_at: int | None = None
    debt: int = 0


@dataclass
class World:
    """One source with its hashtags. `ledger`: all that was truly taken, as (time, units), by allowance."""

    offer: Offer
    limits: dict[str, int]
    chance: random.Random
    now: Now = field(default_factory=Now)
    tags: list[Tag] = field(default_factory=list)
    born: list[int] = field(default_factory=list)
    next_look: list[int | None] = field(default_factory=list)
    met: set[int] = field(default_factory=set)
    looks: list[tuple[int, int]] = field(default_factory=list)
    people: list[tuple[int, int]] = field(default_factory=list)
    ledger: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    calls: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    waits_until: int = 0
    paths: tuple[metering.DatabaseMeter | InMemory, ...] = ()

    def __post_init__(self) -> None:
        self.allowances = metering.allowances(self.offer.platform, self.limits)
        self.purse = Purse.of(self.offer, self.limits, TAGS)
        weights = [self.chance.lognormvariate(0, 1) for _ in range(TAGS)]
        for weight in weights:
            rate = MEAN * weight * TAGS / sum(weights)
            at, births = BEGAN - 30 * DAY, []
            while (at := at + int(self.chance.expovariate(rate) * DAY)) < BEGAN + DAYS * DAY:
                births.append(at)
            first = len(self.born)
            self.born += births
            self.tags.append(Tag(births, list(range(first, first + len(births))), rate, BEGAN))
        self.next_look = [None] * len(self.born)

    async def pay(self, meter: metering.DatabaseMeter | InMemory, call: str, items: int, most: int) -> Counter[str]:
        """As a collector does: money for the most that may come is taken first, and what did not come is given back."""
        cost, net = self.offer.costs.get(call, USUAL_COST), Counter[str]()
        money = {one.name for one in self.allowances if one.unit == "microdollar"}
        took: dict[str, int] = {}
        for name in dict.fromkeys([*cost.call, *cost.item]):
            most_of = cost.call.get(name, 0) + cost.item.get(name, 0) * (most if name in money else items)
            try:
                if most_of:
                    await meter.spend(name, most_of)
            except Spent:
                for other, units in took.items():
                    await meter.give_back(other, units)
                raise
            took[name] = most_of
        for name, units in took.items():
            used = cost.call.get(name, 0) + cost.item.get(name, 0) * items
            if units > used:
                await meter.give_back(name, units - used)
            net[name] += used
            self.ledger[name].append((self.now.at, used))
        self.calls[call] += 1
        return net


async def visit(world: World, tag: Tag, meter: metering.DatabaseMeter | InMemory) -> None:
    now, offer, purse = world.now.at, world.offer, world.purse
    tight = purse.binds(WANTED)
    deep = tag.deep_at is None or now - tag.deep_at >= (DAY if tight else DEEP_EVERY)
    back = int(offer.look_back.total_seconds() * 1_000) if offer.look_back else 10**15
    goal = now - 30 * DAY if tag.walked_to is None else tag.walked_to - 2 * WANTED
    goal = min(goal, now - REWALK) if deep and not tight else goal
    end, seen = bisect_left(tag.births, now), bisect_left(tag.births, now - back)
    visible, wanted = end - seen, end - bisect_left(tag.births, max(goal, now - back))
    size = max(1, offer.page_size)
    pages = min(wanted // size + 1 + tag.debt, max(1, math.ceil(visible / size)))
    cap, taken = purse.pages(MOST_PAGES), Counter[str]()
    tag.debt, pages = max(0, pages - cap), min(pages, cap)
    try:
        for page in range(pages):
            items = max(0, min(size, visible - page * size))
            taken += await world.pay(meter, "search", items, size)
            shown = tag.posts[max(seen, end - (page + 1) * size) : end - page * size]
            for post in shown:
                meet(world, post)
        if deep and "counts" in offer.costs:
            taken += await world.pay(meter, "counts", 0, 0)
        tag.walked_to, tag.deep_at = now, now if deep else tag.deep_at
    except Spent as error:
        world.refused += 1
        world.waits_until = again(error, now)  # the source waits, with all its hashtags
        return
    slots = pacing.slots(purse, WANTED, taken)
    first = tag.due == BEGAN
    behind = (now - tag.due) // WANTED + 1
    tag.due = now + world.chance.randrange(WANTED * slots) if first else tag.due + WANTED * max(slots, behind)


def again(error: Spent, now: int) -> int:
    return max(now + SECOND, min(to_ms(error.until), now + WAIT) if error.until else now + WAIT)


def meet(world: World, post: int) -> None:
    now, fresh = world.now.at, post not in world.met
    if fresh:
        world.met.add(post)
        if world.offer.accounts_batch and world.chance.random() < plan.AUTHORS:
            heapq.heappush(world.people, (now + (0 if world.offer.platform == "x" else DAY), post))
    plan_next(world, post)


def plan_next(world: World, post: int) -> None:
    if not world.offer.batch_size:
        return
    now, within = world.now.at, world.offer.policy.looks_within
    planned = cadence.next_look(world.born[post], now, min(cadence.SHORTEST, WANTED))
    if within:
        latest = now + int(within.total_seconds() * 1_000)
        planned = latest if planned is None else min(planned, latest)
    world.next_look[post] = planned
    if planned is not None:
        heapq.heappush(world.looks, (planned, post))


async def refresh(world: World, meter: metering.DatabaseMeter | InMemory) -> int:
    """Returns when it is worth asking again."""
    try:
        for _ in range(BATCHES):
            if not await look(world, meter):
                break
        await read_people(world, meter)
    except Spent as error:
        world.refused += 1
        return again(error, world.now.at)
    return world.now.at + 2_000


async def look(world: World, meter: metering.DatabaseMeter | InMemory) -> bool:
    batch = due(world, world.now.at)
    if not batch:
        return False
    try:
        await world.pay(meter, "look", len(batch), len(batch))
    except Spent:
        for post in batch:
            heapq.heappush(world.looks, (world.next_look[post] or world.now.at, post))
        raise
    for post in batch:
        plan_next(world, post)
    return True


async def read_people(world: World, meter: metering.DatabaseMeter | InMemory) -> None:
    batch: list[tuple[int, int]] = []
    ahead = world.now.at + cadence.ACCOUNTS_AHEAD
    if not world.people or world.people[0][0] > world.now.at:
        return
    while world.people and world.people[0][0] <= ahead and len(batch) < world.offer.accounts_batch:
        batch.append(heapq.heappop(world.people))
    after = batch
    try:
        await world.pay(meter, "accounts", len(batch), len(batch))
        after = [(world.now.at + DAY, post) for _, post in batch]
    finally:
        for one in after:
            heapq.heappush(world.people, one)


def due(world: World, now: int) -> list[int]:
    while world.looks and world.next_look[world.looks[0][1]] != world.looks[0][0]:
        heapq.heappop(world.looks)
    if not world.looks or world.looks[0][0] > now:
        return []
    batch: list[int] = []
    while world.looks and len(batch) < world.offer.batch_size and world.looks[0][0] <= now + cadence.SHORTEST // 2:
        at, post = heapq.heappop(world.looks)
        if world.next_look[post] == at and post not in batch:
            batch.append(post)
    return batch


async def run_source(platform: str, folder: Path) -> tuple[World, dict[str, float]]:
    offer, limits = collectors.offer(platform), LIMITS.get(platform, {})
    world = World(offer, limits, random.Random(platform))
    slow = any(one.unit == "microdollar" for one in world.allowances)
    url = f"sqlite:///{folder / platform}.db"
    opened: list[Database] = []
    if slow:
        await upgrade(url)
    states: dict[str, budget.Spent] = {}

    async def workers() -> list[tuple[metering.DatabaseMeter | InMemory, metering.DatabaseMeter | InMemory]]:
        for db in opened:
            await db.close()
        opened[:] = [Database(url) for _ in range(3)] if slow else []
        if not slow:
            return [(InMemory(world, states, 0), InMemory(world, states, SPARE))]
        find, read = (metering.purses(offer, world.allowances, kind) for kind in ("find", "again"))
        return [
            (
                metering.DatabaseMeter(db, world.now, 1, world.allowances, 0.0, find),
                metering.DatabaseMeter(db, world.now, 1, world.allowances, SPARE, read),
            )
            for db in opened
        ]

    polls = [(tag.due, place) for place, tag in enumerate(world.tags)]
    heapq.heapify(polls)
    meters, again_at, restart, turn = await workers(), BEGAN, BEGAN + 3 * DAY, count()
    end = BEGAN + DAYS * DAY
    while True:
        soonest = min([one[0][0] for one in (world.looks, world.people) if one], default=end)
        poll_at = max(polls[0][0], world.waits_until)
        at = min(poll_at, max(again_at, soonest))
        if at >= end:
            break
        world.now.at = max(world.now.at, at)
        if world.now.at >= restart:
            meters, restart = await workers(), restart + 3 * DAY
        finds, reads = meters[next(turn) % len(meters)]
        if poll_at <= world.now.at:
            _, place = heapq.heappop(polls)
            await visit(world, world.tags[place], finds)
            heapq.heappush(polls, (world.tags[place].due, place))
        else:
            again_at = await refresh(world, reads)
    for db in opened:
        await db.close()
    return world, planned(world)


def planned(world: World) -> dict[str, float]:
    """The plans of all hashtags, each at the rate that it has: units in a day, by allowance."""
    offer, units = world.offer, Counter[str]()
    bounds = plan.bounded(offer, world.limits)
    for tag in world.tags:
        asked = plan.Asked(world.purse, tag.rate, WANTED, REWALK / DAY, MOST_PAGES, "counts" in offer.costs, bounds)
        units.update(plan.a_day(asked).units)
    return dict(units)


def fullest(ledger: list[tuple[int, int]], window: int) -> int:
    """The most that any window holds, wherever it begins."""
    start = total = most = 0
    for at, units in ledger:
        total += units
        while ledger[start][0] <= at - window:
            total -= ledger[start][1]
            start += 1
        most = max(most, total)
    return most


def rows(world: World, day: dict[str, float]) -> list[str]:
    found = []
    for one in world.allowances:
        spent = sum(units for _, units in world.ledger[one.name])
        wanted = day.get(one.name, 0) * DAYS
        most = fullest(world.ledger[one.name], int(one.window.total_seconds() * 1_000))
        if not spent and wanted < 1:
            continue
        off = f"{wanted / spent - 1:+.0%}" if spent else "-"
        found.append(
            f"| {world.offer.platform} | {one.name} | {one.limit:,} in {one.window} | {most:,} | "
            f"{'yes' if most > one.limit else 'no'} | {spent:,} | {wanted:,.0f} | {off} |"
        )
    return found


async def measure(names: list[str]) -> list[str]:
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            began = asyncio.get_running_loop().time()
            world, day = await run_source(name, Path(folder))
            took = asyncio.get_running_loop().time() - began
            lines += rows(world, day)
            print(
                *rows(world, day),
                f"{name}: {dict(world.calls)}, {world.refused} refused, {took:.0f} s",
                sep="\n",
                flush=True,
            )
    return lines


def run() -> list[Figure]:
    lines = asyncio.run(measure(sorted(collectors.PLATFORMS)))
    over = sum("| yes |" in line for line in lines)
    return [Figure("budgets: allowances over their limit in 30 virtual days, 500 hashtags a platform", str(over), "0")]


if __name__ == "__main__":
    asyncio.run(measure(sys.argv[1:] or sorted(collectors.PLATFORMS)))
