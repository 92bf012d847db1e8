"""`import outcomes` and `export outcomes`, as people call them."""

import json
from pathlib import Path

import pytest

from app.db.engine import Database
from app.store import campaigns
from app.store.campaigns import Described
from tests.cli import call, one_line, well

GIFTS = """id,occurred_at,kind,amount,currency,code,donors
g1,2026-02-24T12:00:00Z,donation,12.50,EUR,MILO,1
g2,2026-02-24T13:00:00Z,donation,-2.50,EUR,,
g3,2026-02-24T14:00:00Z,sign-up,,,,
"""


@pytest.fixture(autouse=True)
def folder(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GROUNDSWELL_DATABASE_URL", database_url)
    Path("gifts.csv").write_text(GIFTS)


@pytest.fixture(autouse=True)
async def campaign(db: Database) -> None:
    async with db.write() as session:
        await campaigns.create(session, Described("a", "A", "other", None, None), 1, 60)


def test_outcomes_go_in_once_and_come_out_as_they_were() -> None:
    assert "3 new" in well("import", "outcomes", "gifts.csv", "--campaign", "a")
    assert "0 new, 3 known already" in well("import", "outcomes", "gifts.csv", "--campaign", "a")
    assert well("export", "outcomes", "--campaign", "a") == GIFTS
    well("export", "outcomes", "--campaign", "a", "--out", "out.parquet")
    assert json.loads(Path("out.parquet.manifest.json").read_text())["rows"] == 3


def test_a_bad_row_is_named_and_kept_aside() -> None:
    Path("gifts.csv").write_text(GIFTS + "g4,2026-02-24T15:00:00Z,donation,5,,,\n")
    done = call("import", "outcomes", "gifts.csv", "--campaign", "a", "--json")
    told = json.loads(done.out)
    assert (done.code, told["kept"], told["rejected"]) == (0, 3, 1)
    assert told["rejects"] == [{"line": 5, "reason": "currency: an amount and its currency go together"}]
    assert "g4" in Path("gifts.csv.rejects.csv").read_text()


def test_a_name_is_refused_with_the_columns_that_there_are() -> None:
    Path("gifts.csv").write_text(GIFTS.replace("donors\n", "donors,name\n", 1))
    done = call("import", "outcomes", "gifts.csv", "--campaign", "a")
    assert (done.code, "no donor's name" in one_line(done)) == (1, True)


@pytest.mark.parametrize(
    "words",
    [
        ("import", "outcomes", "gifts.csv"), ("import", "outcomes", "gifts.csv", "--campaign", "b"),
        ("export", "outcomes"),
    ],
)  # fmt: skip
def test_whose_outcomes_they_are_must_be_said(words: tuple[str, ...]) -> None:
    done = call(*words)
    assert done.code in (1, 2)
    assert "campaign" in one_line(done)
