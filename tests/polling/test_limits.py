"""What a source's owner lets it spend: asked for, kept exactly over restarts and workers, shown in dollars."""

import asyncio
import random
from datetime import datetime, timedelta

import pytest

from app import joining, metering, sources
from app.analysis import dollars
from app.clock import DAY, to_ms
from app.db.engine import Database
from app.errors import Invalid
from app.settings import Settings
from app.store import source_reads
from app.store import sources as rows
from app.store.sources import NewSource
from collectors.contract import Credential
from collectors.errors import Spent
from tests.clocks import FakeClock
from tests.polling.town import settings_for

SECRET = Credential("a-key", "someone")


async def paid(db: Database, settings: Settings, clock: FakeClock, *limits: str) -> int:
    new = NewSource("x", "x", None, None, None, limits=joining.limits("x", limits))
    await joining.join(db, settings, clock, new, "a-token", unchecked=True)
    async with db.read() as session:
        return (await rows.named(session, "x")).id


def meter(db: Database, clock: FakeClock, source: int, limits: dict[str, int]) -> metering.DatabaseMeter:
    return metering.DatabaseMeter(db, clock, source, metering.allowances("x", limits), 0.0)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (NewSource("x", "x", None, None, None), "limit"), (NewSource("reddit", "r", None, None, None), "identifier"),
        (NewSource("reddit", "r", None, "app", None), None),
    ],
)  # fmt: skip
def test_what_a_platform_needs_is_asked_for_by_name(said: NewSource, field: str | None) -> None:
    if field is None:
        joining.check_needs(said, SECRET)
        field, secret = "token", None
    else:
        secret = SECRET
    with pytest.raises(Invalid) as refused:
        joining.check_needs(said, secret)
    assert refused.value.errors[0].field == field


@pytest.mark.parametrize(
    "said", ["money", "money=", "money=25.005", "money=-1", "money=1e3", "posts=3", "search=2.5", "money=٣"]
)
def test_a_limit_that_is_none_is_refused_in_words(said: str) -> None:
    with pytest.raises(Invalid) as refused:
        joining.limits("x", [said])
    assert refused.value.errors[0].value == said


def test_dollars_at_the_doors_are_microdollars_inside() -> None:
    assert joining.limits("x", ["money=25.00", "search=10"]) == {"money": 25_000_000, "search": 10}
    assert [dollars.units(text, dollars.MICRO) for text in ("0", "0.5", "$3.07")] == [0, 500_000, 3_070_000]
    assert [dollars.told(micro) for micro in (0, 1, 5_000, 10_000, 25_000_000)] == [
        "0.00", "0.01", "0.01", "0.01", "25.00",
    ]  # fmt: skip


async def test_nothing_is_spent_before_its_owner_says_how_much(db: Database, clock: FakeClock) -> None:
    settings = settings_for(db.url)
    with pytest.raises(Invalid, match=r"money=25.00 \(dollars in 31 days\)"):
        await paid(db, settings, clock)
    source = await paid(db, settings, clock, "money=0")
    async with sources.opened(db, settings, clock, source) as collector:
        with pytest.raises(Spent, match="sources limit"):
            await anext(collector.search("farm"))  # type: ignore[attr-defined]
    async with db.write() as session:
        await rows.set_limits(session, "x", {"money": 10_000})
        assert await rows.own_limits(session, await rows.named(session, "x")) == {"money": 10_000}
    async with db.read() as session:
        state = (await source_reads.listed(session, None, 9, to_ms(clock.now()), sources.allowed()))[0]
    assert source_reads.cost(state) == "0.00"


async def test_a_cap_holds_in_any_31_days_over_workers_and_restarts(db: Database, clock: FakeClock) -> None:
    """Each page takes its most and gives back what did not come, sometimes when a slice of the window has ended."""
    source, chance = await paid(db, settings_for(db.url), clock, "money=1.00"), random.Random(7)
    truly: list[tuple[int, int]] = []

    async def page() -> None:
        mine = meter(db, clock, source, {"money": 1_000_000})  # a worker that has just begun
        try:
            await mine.spend("money", 500_000)
        except Spent:
            return
        at, cost = to_ms(clock.now()), 5_000 * chance.randrange(1, 30)
        clock.advance(chance.choice((0, 0, 40, 90_000)))
        await mine.give_back("money", 500_000 - cost)
        truly.append((at, cost))

    for _ in range(60):
        await asyncio.gather(page(), page())
        clock.advance(chance.randrange(86_400))
    sums = [sum(cost for then, cost in truly if at <= then < at + 31 * DAY) for at, _ in truly]
    assert max(sums) <= 1_000_000
    assert max(sums) > 500_000, "and most of it is used"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_cap_that_is_lowered_is_spent_evenly_too(db: Database, clock: FakeClock) -> None:
    """A purse's window is longer where its cap is lower: what was counted by the old one is in nobody's way."""
    source = await paid(db, settings_for(db.url), clock, "money=50.00")
    for cap in (50_000_000, 5_000_000, 20_000_000):
        allowed = metering.allowances("x", {"money": cap})
        purses = metering.purses(sources.offer("x"), allowed, "find")
        mine = metering.DatabaseMeter(db, clock, source, allowed, purses=purses)
        until = await _used_up(mine)
        assert mine.taken["money"] >= cap // 10
        assert until is not None
        assert until <= clock.now() + timedelta(days=32)
        clock.advance(32 * 86_400)


async def _used_up(mine: metering.DatabaseMeter) -> datetime | None:
    """When there is some again."""
    try:
        while True:
            await mine.spend("money", 500_000)
    except Spent as error:
        return error.until
