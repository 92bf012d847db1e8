"""`groundswell compare`: the API's numbers as a table to read, on both databases."""

import asyncio
import json
from pathlib import Path

import pytest

from app.clock import SystemClock, parse_time, rfc3339, to_ms
from app.db.engine import Database
from tests.cli import call, one_line, well
from tests.store.sky import DAY, HOUR, campaign, follow, rain


@pytest.fixture(autouse=True)
def filled(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GROUNDSWELL_DATABASE_URL", database_url)
    asyncio.run(_fill(database_url))


async def _fill(url: str) -> None:
    db, now = Database(url), to_ms(SystemClock().now()) // HOUR * HOUR
    source = await follow(db, ["#A", "#B", "#C"], now - 5 * DAY, now)
    await campaign(db, "first", "#A", now - 4 * DAY, now)
    await campaign(db, "second", "#B", now - 2 * DAY, now)
    await campaign(db, "silent", "#C", None, now)
    for tag, start, size in (("A", now - 4 * DAY, 5), ("B", now - 2 * DAY, 3)):
        rows = [(start + n * HOUR, f"{tag}{n % 7}", 100 + n, size * (n % 5)) for n in range(40)]
        await rain(db, source, tag, rows)
    await db.close()


def test_two_campaigns_side_by_side() -> None:
    shown = well("compare", "first", "second")
    found = json.loads(well("compare", "first", "second", "--json"))
    assert found["age_hours"] == 48
    assert "48" in shown.splitlines()[0] or "2.0 days" in shown.splitlines()[0]
    rows = {row["name"]: row["values"] for row in found["table"]}
    assert (rows["engagement"]["first"]["value"], rows["engagement"]["second"]["value"]) == (400, 240)
    line = next(line for line in shown.splitlines() if line.startswith("engagement  "))
    assert "400" in line
    assert "240" in line
    assert "engagement of second to first: 0.6 times" in shown


def test_as_it_was_known_then() -> None:
    now = json.loads(well("compare", "first", "second", "--json"))
    at = rfc3339(parse_time(now["as_of"]) - 24 * HOUR)
    then = json.loads(well("compare", "first", "second", "--as-of", at, "--json"))
    assert (then["as_of"], then["age_hours"]) == (at, 24)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("first",), 2, "2 to 5"), (("first", "first"), 2, "twice"), (("first", "none"), 1, "none"),
        (("first", "silent"), 2, "launched_at"), (("first", "second", "--metric", "shoes"), 2, "metric"),
        (("first", "second", "--per", "shoe"), 2, "per"),
        (("first", "second", "--as-of", "2999-01-01T00:00:00Z"), 2, "must not lie in the future"),
        (("first", "second", "--as-of", "soon"), 2, "as_of"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_said_in_one_line(words: tuple[str, ...], code: int, says: str) -> None:
    done = call("compare", *words)
    assert done.code == code
    assert says in one_line(done)


def test_the_report_is_a_page_of_its_own(tmp_path: Path) -> None:
    well("report", "first", "--out", "report.html", "--lang", "fr")
    page = (tmp_path / "report.html").read_text()
    assert "Qui l’a fait grandir" in page
    assert "/campaigns/" not in page
    assert "no campaign 'nobody'" in one_line(call("report", "nobody", "--out", "report.html"))
