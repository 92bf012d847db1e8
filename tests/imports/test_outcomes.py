"""Files of outcomes: in once, bad rows named, no donor's name, and out again as they were."""

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.db.engine import Database
from app.errors import Invalid, NotFound
from app.exports import rows as pages
from app.exports.files import to_file
from app.exports.rows import Query
from app.exports.stream import stream
from app.imports.run import Summary
from app.store import campaigns, outcomes
from app.store.campaigns import Described
from app.store.outcomes import ALL, Gift
from tests.imports.files import BORN, NOW, brought, write

Row = dict[str, Any]


def gift(n: int = 1, **more: Any) -> Row:
    return {
        "id": f"g{n}", "occurred_at": BORN + n, "kind": "donation", "amount": "12.50", "currency": "EUR",
        "code": "Milo", "donors": n, **more,
    }  # fmt: skip


@pytest.fixture
async def campaign(db: Database) -> str:
    return await made(db, "a")


async def made(db: Database, slug: str) -> str:
    async with db.write() as session:
        return (await campaigns.create(session, Described(slug, slug, "other", None, None), NOW, 60)).id


async def bring(db: Database, path: Path, rows: list[Row], **how: Any) -> Summary:
    return await brought(db, "outcomes", write(path, rows), campaign="a", **how)


async def kept(db: Database, campaign: str) -> list[Gift]:
    async with db.read() as session:
        return [one.it for one in await outcomes.listed(session, campaign, ALL, None, 10_000)]


@pytest.mark.parametrize("name", ["gifts.csv", "gifts.jsonl.gz", "gifts.parquet"])
async def test_a_file_comes_in_once(db: Database, campaign: str, tmp_path: Path, name: str) -> None:
    rows = [
        gift(1), gift(2, amount="-2.5"), gift(3, code=None, donors=None),
        gift(4, kind="Sign-Up", amount=None, currency=None), gift(1),
    ]  # fmt: skip
    first = await bring(db, tmp_path / name, rows)
    assert (first.rows, first.kept, first.repeated, first.rejected) == (5, 4, 1, 0)
    again = await bring(db, tmp_path / name, rows)
    assert (again.kept, again.repeated, again.rejected) == (0, 5, 0)
    at = BORN * 1_000
    assert await kept(db, campaign) == [
        Gift("g1", at + 1_000, "donation", "12.50", "EUR", "Milo", 1),
        Gift("g2", at + 2_000, "donation", "-2.5", "EUR", "Milo", 2),
        Gift("g3", at + 3_000, "donation", "12.50", "EUR", None, None),
        Gift("g4", at + 4_000, "sign-up", None, None, "Milo", 4),
    ]


async def test_amounts_may_be_numbers_where_the_format_has_them(db: Database, campaign: str, tmp_path: Path) -> None:
    await bring(db, tmp_path / "a.jsonl", [gift(1, amount=12.5), gift(2, amount=-3), gift(3, amount=0.1)])
    await bring(db, tmp_path / "b.parquet", [gift(4, amount=Decimal("100.0000000")), gift(5, amount=Decimal("0.25"))])
    assert [one.amount for one in await kept(db, campaign)] == ["12.5", "-3", "0.1", "100", "0.25"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": None}, "id: is empty"),
        ({"id": "x" * 201}, "id: must be one line"),
        ({"id": "a\nb"}, "id: must be one line"),
        ({"occurred_at": "yesterday"}, "occurred_at: 'yesterday' is not a time"),
        ({"kind": None}, "kind: is empty"),
        ({"kind": "two words"}, "kind: must be a word"),
        ({"amount": "12,50"}, "amount: '12,50' is not an amount"),
        ({"amount": "1e3"}, "amount: '1e3' is not an amount"),
        ({"amount": "nan"}, "amount: 'nan' is not an amount"),
        ({"amount": None}, "amount: an amount and its currency go together"),
        ({"currency": None}, "currency: an amount and its currency go together"),
        ({"currency": "XXQ"}, "currency: must be an ISO 4217 code"),
        ({"donors": -1}, "donors: '-1' is not a whole number"),
        ({"id": "g2"}, "id: 'g2' is known with other words"),
    ],
)
async def test_a_bad_row_is_named_and_comes_in_once_it_is_put_right(
    db: Database, campaign: str, tmp_path: Path, change: Row, reason: str
) -> None:
    summary = await bring(db, tmp_path / "gifts.csv", [gift(2), gift(3, **change)])
    assert (summary.kept, summary.rejected) == (1, 1)
    ((line, why),) = summary.first_rejects
    assert (line, why.startswith(reason)) == (3, True), why
    assert summary.rejects_path
    with summary.rejects_path.open(newline="") as file:
        (rejected,) = csv.DictReader(file)
    right = {**rejected, **{name: str(value) for name, value in gift(3).items()}}
    mended = await brought(db, "outcomes", write(tmp_path / "right.csv", [right]), campaign="a")
    assert (mended.kept, mended.rejected) == (1, 0)


async def test_a_column_with_a_name_is_refused_and_of_a_json_line_it_is_said(
    db: Database, campaign: str, tmp_path: Path
) -> None:
    with pytest.raises(Invalid, match=r"'email', which is unknown .no donor's name"):
        await bring(db, tmp_path / "gifts.csv", [gift(1, email="ana@example.org")])
    summary = await bring(db, tmp_path / "gifts.jsonl", [gift(1, email="ana@example.org"), gift(2)])
    assert (summary.kept, summary.rejected) == (1, 1)
    assert "email: is not a column" in summary.first_rejects[0][1]
    assert summary.rejects_path
    assert "ana@" not in summary.rejects_path.read_text()


async def test_strictly_one_bad_row_refuses_the_whole(db: Database, campaign: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="1 of 2 rows are bad"):
        await bring(db, tmp_path / "gifts.csv", [gift(1), gift(1, amount="1")], strict=True)
    assert await kept(db, campaign) == []


async def test_outcomes_and_a_campaign_go_together(db: Database, campaign: str, tmp_path: Path) -> None:
    path = write(tmp_path / "gifts.csv", [gift()])
    with pytest.raises(Invalid, match="campaign"):
        await brought(db, "outcomes", path)
    with pytest.raises(Invalid, match="campaign"):
        await brought(db, "accounts", path, campaign="a")
    with pytest.raises(NotFound, match="'b'"):
        await brought(db, "outcomes", path, campaign="b")
    with pytest.raises(Invalid, match="name one"):
        _ = [data async for data in stream(db, "outcomes", Query(), "csv", NOW)]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
async def test_what_goes_out_comes_in_again_as_it_was(
    db: Database, campaign: str, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PAGE", 3)
    odd = ["=1+1", "'=1", "-", "@me", "'quoted'", 'a, "b"', "日本 🌊", None]
    rows = [gift(n, occurred_at=BORN + n // 2, id=f"-{n}", code=code, amount=f"-{n}.5") for n, code in enumerate(odd)]
    await bring(db, tmp_path / "in.parquet", rows)
    out = await to_file(db, "outcomes", Query(campaign="a"), form, tmp_path / f"out.{form}", NOW)
    assert out.rows == len(rows)
    other = await made(db, "b")
    summary = await brought(db, "outcomes", out.path, campaign="b")
    assert (summary.kept, summary.first_rejects) == (len(rows), ())
    assert await kept(db, other) == await kept(db, campaign)
    again = [data async for data in stream(db, "outcomes", Query(campaign="b"), form, NOW)]
    if form != "parquet":
        assert b"".join(again) == out.path.read_bytes()
