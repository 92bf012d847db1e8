import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.db.engine import Database
from app.errors import Invalid, NotFound, Problem
from app.exports import curve as curves
from app.exports.files import to_file
from app.exports.rows import Query
from app.exports.stream import stream
from app.store.curves import Ask, growth
from tests.imports.files import BORN, NOW, bring, look, post

DAY = {"step": "1d", "zone": "Asia/Kathmandu"}
YEAR = 365 * 86_400_000


@pytest.fixture
async def grown(db: Database, tmp_path: Path) -> Database:
    await bring(db, tmp_path, "posts", [post(n) for n in range(1, 9)])
    await bring(
        db, tmp_path, "snapshots", [look(n, 60 * 60 * 24 * k, likes=9 * k) for n in range(1, 9) for k in (1, 2)]
    )
    return db


def leftovers(folder: Path, like: str = ".*.part") -> list[str]:
    return [each.name for each in folder.glob(like)]


async def said(db: Database, kind: str, form: str = "csv", **query: Any) -> bytes:
    now = query.pop("now", NOW)
    return b"".join([data async for data in stream(db, kind, Query(**query), form, now)])


async def test_a_file_has_its_manifest_beside_it_and_both_are_whole(grown: Database, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    done: list[int] = []
    start = BORN * 1_000
    made = await to_file(grown, "posts", Query(("#Rain",), start=start), "csv", path, NOW, done.append)
    manifest = json.loads(made.manifest.read_text())
    assert made.manifest.name == "out.csv.manifest.json"
    assert manifest["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (manifest["rows"], manifest["bytes"], manifest["file"]) == (8, path.stat().st_size, "out.csv")
    assert manifest["query"] == {"hashtags": ["#Rain"], "from": "2026-02-25T06:13:20Z"}
    assert (manifest["kind"], manifest["format"], manifest["made_at"]) == ("posts", "csv", "2026-03-01T12:00:00Z")
    assert manifest["columns"][:2] == ["platform", "native_id"]
    assert (made.rows, done) == (8, [8])
    assert path.read_bytes() == await said(grown, "posts", hashtags=("rain",), start=start)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
async def test_only_a_file_is_written_over(grown: Database, tmp_path: Path, make: Callable[[Path], None]) -> None:
    """A folder is left alone, and so is what root might name: /dev/null."""
    make(path := tmp_path / "out.csv")
    with pytest.raises(Invalid, match="is no file"):
        await to_file(grown, "posts", Query(), "csv", path, NOW)
    assert not path.is_file()
    assert leftovers(tmp_path, "out.csv?*") == []


async def test_an_export_that_fails_leaves_the_old_file_as_it_was(grown: Database, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")
    with pytest.raises(NotFound):
        await to_file(grown, "posts", Query(("none",)), "csv", path, NOW)
    assert path.read_text() == "old"
    assert leftovers(tmp_path) == []
    with pytest.raises(Invalid, match="cannot be written"):
        await to_file(grown, "posts", Query(), "csv", tmp_path / "no" / "out.csv", NOW)


@pytest.mark.parametrize(
    ("kind", "form", "query", "message"),
    [
        ("likes", "csv", {}, "must be one of posts"),
        ("posts", "xml", {}, "must be one of csv"),
        ("posts", "csv", {"hashtags": ("none",)}, "#none is not followed"),
        ("posts", "csv", {"campaign": "none"}, "no campaign 'none'"),
        ("posts", "csv", {"hashtags": ("rain",), "campaign": "c"}, "not both"),
        ("posts", "csv", {"start": 5, "end": 5}, "must lie before to"),
        ("curves", "csv", {}, "name one"),
        ("curves", "csv", {"hashtags": ("rain",), "step": "2h"}, "must be one of 5m"),
        ("curves", "csv", {"hashtags": ("rain",), "zone": "Mars"}, "tz"),
        ("curves", "csv", {"hashtags": ("rain",), "now": NOW + 3 * YEAR}, "rain began 2026-02-25.*step=6h would do"),
    ],
)
async def test_a_question_without_an_answer_is_told(
    grown: Database, kind: str, form: str, query: dict[str, Any], message: str
) -> None:
    with pytest.raises(Problem, match=message):
        await said(grown, kind, form, **query)


async def test_an_export_of_nothing_still_has_its_header(db: Database) -> None:
    import io

    import pyarrow.parquet as pq

    assert await said(db, "posts") == (
        b"platform,native_id,created_at,hashtags,author_id,author,followers,text,url,lang,in_reply_to,repost_of,quote_of,"
        b"edited_at,followers_at,labels,state,added_hashtags,followed_hashtags,coverage\n"
    )
    assert await said(db, "snapshots", "jsonl") == b""
    assert pq.read_table(io.BytesIO(await said(db, "coverage", "parquet"))).column_names[:2] == ["platform", "source"]


async def test_curves_are_the_numbers_of_the_growth_curve(grown: Database) -> None:
    async with grown.read() as session:
        curve = await growth(session, "hashtag", "rain", Ask(step="1d", zone=DAY["zone"]), NOW)
    lines = [
        json.loads(line) for line in (await said(grown, "curves", "jsonl", hashtags=("rain",), **DAY)).splitlines()
    ]
    for name, column in curve["series"].items():
        assert [line[name] for line in lines] == column
    assert {(line["kind"], line["subject"]) for line in lines} == {("hashtag", "rain")}


@pytest.mark.parametrize("metrics", [None, ("likes", "coverage")])
async def test_one_curve_is_the_same_in_every_form(grown: Database, metrics: tuple[str, ...] | None) -> None:
    import csv
    import io

    import pyarrow.parquet as pq

    async with grown.read() as session:
        curve = await growth(session, "hashtag", "rain", Ask(step="1d", metrics=metrics), NOW)
    series = curve["series"]
    assert json.loads(curves.write(curve, "json")) == curve
    rows = list(csv.DictReader(io.StringIO(curves.write(curve, "csv").decode())))
    assert list(rows[0]) == ["kind", "subject", *series]
    assert [row["time"] for row in rows] == series["time"]
    assert [int(row["likes"]) if row["likes"] else None for row in rows] == series["likes"]
    table = pq.read_table(io.BytesIO(curves.write(curve, "parquet"))).to_pydict()
    assert table["likes"] == series["likes"]
    assert table["coverage"] == series["coverage"]
    shown = curves.write(curve, "table").decode().splitlines()
    assert shown[0].split() == list(series)
    assert len(shown) == len(rows) + 1
    assert len({len(line) for line in shown}) == 1
    with pytest.raises(Invalid, match="must be one of table"):
        curves.write(curve, "xml")


async def test_time_that_was_owed_and_is_not_spoken_of_is_said_to_be_missed(grown: Database, tmp_path: Path) -> None:
    from app.models import Source
    from app.store import coverage, following
    from app.store.subjects import hashtag_key
    from app.store.tracks import of_hashtag

    start = NOW - 7_200_000
    async with grown.write() as session:
        session.add(Source(name="a.example", platform="mastodon", kind="live", state="ok", state_at=0, created_at=0))
        await session.flush()
        await following.follow(session, "Rain", None, start, 300)
        (track,) = await of_hashtag(session, hashtag_key("rain"))
        await coverage.write(session, track.id, start + 60_000, start + 120_000, "complete")
    lines = (await said(grown, "coverage", hashtags=("rain",))).decode().splitlines()
    assert lines[0] == "platform,source,hashtag,from,to,state,reason"
    assert [line.split(",", 3)[3] for line in lines if "a.example" in line] == [
        "2026-03-01T10:00:00Z,2026-03-01T10:01:00Z,missed,not observed",
        "2026-03-01T10:01:00Z,2026-03-01T10:02:00Z,complete,",
        "2026-03-01T10:02:00Z,2026-03-01T12:00:00Z,missed,not observed",
    ]
    assert [line for line in lines if line.startswith("mastodon,import:mastodon,#rain,") and ",imported," in line]
    within = await said(grown, "coverage", hashtags=("rain",), start=NOW - 60_000, end=NOW)
    assert within.decode().splitlines()[1:] == [
        "mastodon,a.example,#rain,2026-03-01T11:59:00Z,2026-03-01T12:00:00Z,missed,not observed"
    ]


async def test_as_it_was_known_before_a_file_came_there_is_none_of_it(grown: Database, tmp_path: Path) -> None:
    before = {kind: await said(grown, kind) for kind in ("posts", "snapshots", "coverage")}
    curve = await said(grown, "curves", hashtags=("rain",), step="1d", end=NOW)
    later = NOW + 3_600_000
    await bring(grown, tmp_path, "posts", [post(9)], now=later)
    await bring(grown, tmp_path, "snapshots", [look(n, 60 * 60 * 5, likes=3) for n in (1, 9)], now=later)
    for kind, rows in before.items():
        assert await said(grown, kind, now=later) != rows
        assert await said(grown, kind, now=later, as_of=NOW) == rows
    assert await said(grown, "curves", now=later, as_of=NOW, hashtags=("rain",), step="1d", end=NOW) == curve
    with pytest.raises(Invalid, match="future"):
        await said(grown, "posts", as_of=NOW + 1)
