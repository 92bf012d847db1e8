"""Outcomes: the same gift once, sums exact and by currency, refunds negative, codes put gifts down to people."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from app.analysis.money import decimal, micros
from app.db.engine import Database
from app.errors import Conflict, Invalid, NotFound
from app.models import Campaign, Influencer
from app.store import campaigns, codes, outcome_series, outcomes
from app.store.outcomes import Brought, Gift, checked

HOUR = 3_600_000
EUR = Gift("g1", 10 * HOUR, "donation", "12.50", "EUR", "Milo", 1)


@pytest.fixture
async def db(db: Database) -> Database:
    async with db.write() as session:
        for name in ("c", "another"):
            session.add(Campaign(id=name, slug=name, name=name, kind="other", created_at=0))
    return db


@pytest.mark.parametrize(
    "text", ["", "1,5", "1e3", "NaN", "1_000", "+5", " 5", ".5", "5.", "1.1234567", "1" * 13, "١", "--1"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="amount"):
        checked(replace(EUR, amount=text))


@pytest.mark.parametrize("text", ["0", "-0.01", "12.5", "999999999999.999999", "-999999999999.999999", "007.10"])
def test_an_amount_comes_out_as_it_went_in(text: str) -> None:
    assert Decimal(decimal(micros(text))) == Decimal(text)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"currency": "XXQ"}, "currency"), ({"currency": None}, "currency"), ({"amount": None}, "amount"),
        ({"kind": "a b"}, "kind"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked(replace(EUR, **change))
    assert refused.value.errors[0].field == field


async def test_the_same_gift_counts_once_and_other_words_are_told(db: Database) -> None:
    same = replace(EUR, amount="12.5", code=" MILO ")
    async with db.write() as session:
        first = await outcomes.keep(session, "c", [EUR, same, replace(EUR, id="g2")], 1)
        again = await outcomes.keep(session, "c", [same, replace(EUR, donors=2), replace(EUR, id="g3")], 2)
        other = await outcomes.keep(session, "another", [replace(EUR, donors=2)], 2)
    assert (first.new, first.repeated, first.conflicts) == (2, 1, ())
    assert (again.new, again.repeated, again.conflicts) == (1, 1, (1,))
    assert other.new == 1


async def test_a_gift_that_comes_while_its_campaign_is_deleted_is_not_said_to_be_kept(db: Database) -> None:
    going, come = asyncio.Event(), asyncio.Event()

    async def delete() -> None:
        async with db.write() as session:
            await campaigns.remove(session, await campaigns.by_slug(session, "c"))
            going.set()
            if not db.is_file:  # a file lets one writer in at a time
                await asyncio.wait_for(come.wait(), 5)
                await asyncio.sleep(0.1)

    async def give() -> None:
        await going.wait()
        async with db.write() as session:
            come.set()
            await outcomes.keep(session, "c", [EUR], 1)

    gone, refused = await asyncio.gather(delete(), give(), return_exceptions=True)
    assert gone is None
    assert isinstance(refused, NotFound)


async def test_writers_at_once_count_it_once(db: Database) -> None:
    gifts = [replace(EUR, id=f"g{n}") for n in range(200)]

    async def write(turn: int) -> int:
        async with db.write() as session:
            return (await outcomes.keep(session, "c", gifts[turn * 20 :] + gifts[: turn * 20], turn)).new

    assert sum(await asyncio.gather(*map(write, range(4)))) == 200
    async with db.read() as session:
        (only,) = await outcomes.totals(session, "c")
    assert (only.count, only.micros, only.donors) == (200, 200 * 12_500_000, 200)


async def test_currencies_stand_apart_refunds_are_taken_off_and_sign_ups_have_no_money(db: Database) -> None:
    gifts = [
        EUR, replace(EUR, id="r", occurred_at=11 * HOUR - 1, amount="-2.50"),
        replace(EUR, id="u", currency="USD", occurred_at=12 * HOUR), Gift("s", 11 * HOUR, "sign-up"),
        replace(EUR, id="early", occurred_at=10 * HOUR - 1), replace(EUR, id="late", occurred_at=13 * HOUR),
    ]  # fmt: skip
    async with db.write() as session:
        await outcomes.keep(session, "c", gifts, 1)
    async with db.read() as session:
        found = await outcome_series.read(session, "c", np.arange(10, 14, dtype=np.int64) * HOUR)
        earlier = await outcome_series.read(session, "c", np.array([0, 24 * HOUR]), as_of=0)
    assert found == {
        "donation": {
            "EUR": {"count": [2, 0, 0], "amount": ["10.00", "0.00", "0.00"]},
            "USD": {"count": [0, 0, 1], "amount": ["0.00", "0.00", "12.50"]},
        },
        "sign-up": {"none": {"count": [0, 1, 0], "amount": [None] * 3}},
    }
    assert earlier == {}


async def test_sums_are_exact_beyond_63_bits_and_in_buckets_of_any_length(db: Database) -> None:
    large = "-999999999999.999999"
    gifts = [replace(EUR, id=f"g{n}", amount=large, occurred_at=-5 * HOUR + n * 7 * 60_000) for n in range(40)]
    async with db.write() as session:
        await outcomes.keep(session, "c", gifts, 1)
    edges = np.array([-6 * HOUR, -4 * HOUR - 900_000, -300_000, HOUR], dtype=np.int64)
    async with db.read() as session:
        (total,) = await outcomes.totals(session, "c")
        found = (await outcome_series.read(session, "c", edges))["donation"]["EUR"]
    assert total.micros == 40 * micros(large)
    assert sum(map(Decimal, found["amount"])) == 40 * Decimal(large)
    inside = np.histogram([gift.occurred_at for gift in gifts], edges)[0].tolist()
    assert found["count"] == inside


async def test_gifts_are_put_down_to_the_owner_of_their_code_and_the_rest_to_nobody(db: Database) -> None:
    async with db.write() as session:
        session.add_all(Influencer(id=one, name=one, kind=None, created_at=0, version=1) for one in ("a", "b"))
        await session.flush()
        await codes.claim(session, "a", ["MILO", "milo-2", "Milo"])
        await codes.claim(session, "b", ["juno"])
        gifts = [
            EUR,
            replace(EUR, id="2", code="MILO-2", donors=None),
            replace(EUR, id="3", code=None),
            replace(EUR, id="4", code="?"),
            replace(EUR, id="5", amount="-2.50"),
        ]
        await outcomes.keep(session, "c", gifts, 1)
    async with db.read() as session:
        found = await outcomes.totals(session, "c")
        assert await codes.of(session, ["a", "b"]) == {"a": ("MILO", "milo-2"), "b": ("juno",)}
    assert sorted(found, key=lambda one: one.influencer_id or "") == [
        Brought("donation", "EUR", None, 2, 25_000_000, 2, 2, 2),
        Brought("donation", "EUR", "a", 3, 22_500_000, 1, 2, 2),  # who is given back adds nobody
    ]  # fmt: skip


async def test_a_code_of_another_is_refused_and_one_given_up_is_free(db: Database) -> None:
    async with db.write() as session:
        session.add_all(Influencer(id=one, name=one, kind=None, created_at=0, version=1) for one in ("a", "b"))
        await session.flush()
        await codes.claim(session, "a", ["milo"])
    with pytest.raises(Conflict, match="'milo' belongs to a"):
        async with db.write() as session:
            await codes.claim(session, "b", [" Milo"])
    async with db.write() as session:
        await codes.claim(session, "a", [])
        await codes.claim(session, "b", ["Milo"])
