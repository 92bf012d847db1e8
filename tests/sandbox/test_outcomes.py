"""The demo's donations: the same for one seed, as many as told, and taken by the importer as they are."""

import csv
from collections import Counter
from decimal import Decimal
from pathlib import Path

from app.db.engine import Database
from app.imports.run import run
from app.store import campaigns, outcomes
from app.store.campaigns import Described
from sandbox import demo
from sandbox.outcomes import write
from sandbox.posts import DAY, HOUR, rfc3339

NOW = 1_772_366_400_000  # 2026-03-01T12:00:00Z


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def summed(found: list[dict[str, str]]) -> tuple[Decimal, int]:
    money = sum((Decimal(row["amount"]) for row in found if row["currency"] == "USD"), Decimal())
    return money, sum(int(row["donors"] or 0) for row in found)


def test_many_give_little_to_the_one_and_few_give_more_to_the_other(tmp_path: Path) -> None:
    written = write(tmp_path, NOW)
    many, few = (rows(written[campaign.slug]) for campaign in demo.CAMPAIGNS)
    (money, donors), (larger, fewer) = summed(many), summed(few)
    assert 1_700_000 < money < 2_300_000
    assert 40_000 < donors < 75_000
    assert 150_000 < larger < 500_000
    assert 1_800 < fewer < 5_000
    assert larger / fewer > 2 * money / donors
    took_off = [row for row in many if row["occurred_at"] >= rfc3339(demo.began(NOW) + 72 * DAY)]
    assert summed(took_off)[0] > money * 8 / 10


def test_it_is_the_same_each_time_and_a_later_file_goes_on_where_it_ended(tmp_path: Path) -> None:
    began = demo.began(NOW)
    first = write(tmp_path / "a", NOW, began=began)
    later = write(tmp_path / "b", NOW + 5 * HOUR, began=began)
    for slug, path in first.items():
        told = rows(path)
        assert rows(later[slug])[: len(told)] == told
        assert max(Counter(row["id"] for row in told).values()) == 1


async def test_the_importer_takes_all_of_it(db: Database, tmp_path: Path) -> None:
    written = write(tmp_path, NOW)
    for campaign in demo.CAMPAIGNS:
        async with db.write() as session:
            new = Described(campaign.slug, campaign.name, campaign.kind, None, None)
            ref = (await campaigns.create(session, new, NOW, 60)).id
        path = written[campaign.slug]
        summary = await run(db, "outcomes", path, now=NOW, campaign=campaign.slug)
        assert (summary.kept, summary.rejected) == (len(rows(path)), 0)
        async with db.read() as session:
            found = {one.currency: one for one in await outcomes.totals(session, ref)}
        assert found["USD"].micros == summed(rows(path))[0] * 1_000_000
        assert any(row["amount"].startswith("-") for row in rows(path))
