import csv
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app.db.engine import Database
from app.errors import Invalid
from app.models import Post, Snapshot, Source, Subject
from tests.imports.files import BORN, bring, brought, differences, look, post, write


async def refused(db: Database, folder: Path, kind: str, row: dict[str, Any]) -> str:
    """The reason for which the one row is refused; the good one beside it is kept."""
    good = post(77) if kind == "posts" else look(1, 77)
    summary = await bring(db, folder, kind, [good, row])
    assert (summary.rows, summary.kept, summary.rejected) == (2, 1, 1)
    assert summary.rejects_path == folder / f"{kind}.csv.rejects.csv"
    with summary.rejects_path.open(newline="") as file:
        (kept,) = csv.DictReader(file)
    assert kept["line"] == "3"
    assert kept["native_id"] == str(row.get("native_id") or "")
    assert summary.first_rejects == ((3, kept["reason"]),)
    return kept["reason"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"created_at": "yesterday"}, "created_at: 'yesterday' is not a time"),
        ({"created_at": "2026-02-30T00:00:00Z"}, "created_at: '2026-02-30T00:00:00Z' is not a time"),
        ({"created_at": 1_772_000_000_000}, "created_at: "),
        ({"created_at": None}, "created_at: is empty"),
        ({"platform": None}, "platform: is empty"),
        ({"platform": "two words"}, "platform: 'two words' is not a platform's name"),
        ({"native_id": None}, "native_id: is empty"),
        ({"native_id": "  "}, "native_id: is empty"),
        ({"native_id": "x" * 3_000}, "native_id: is longer than 2048"),
        ({"hashtags": None}, "hashtags: is empty"),
        ({"hashtags": "#Rain #!!!"}, "hashtags: '#!!!': a hashtag needs a letter"),
        ({"hashtags": "#a/b"}, "hashtags: '#a/b': '/' cannot be part"),
        ({"followers": -1}, "followers: '-1' is not a whole number"),
        ({"followers": "many"}, "followers: 'many' is not a whole number"),
        ({"author": "a\0b"}, "author: holds a NUL"),
        ({"author": None, "author_id": None}, "followers: nobody's"),
    ],
)
async def test_a_bad_post_is_named_with_line_column_and_reason(
    db: Database, tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    assert (await refused(db, tmp_path, "posts", post(1, **change))).startswith(reason)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"likes": -3}, "likes: '-3' is not a whole number"),
        ({"likes": 2.5}, "likes: '2.5' is not a whole number"),
        ({"likes": "1e3"}, "likes: '1e3' is not a whole number"),
        ({"likes": "1,000"}, "likes: '1,000' is not a whole number"),
        ({"likes": "1_000"}, "likes: '1_000' is not a whole number"),
        ({"likes": "٣"}, "likes: '٣' is not a whole number"),
        ({"likes": 10**11 + 1}, "likes: 100000000001 is more than any count"),
        ({"likes": "9" * 25}, f"likes: {'9' * 25} is more than any count"),
        ({"observed_at": "nan"}, "observed_at: "),
        ({"observed_at": -(10**12)}, "observed_at: "),
        ({"native_id": "https://a.example/none"}, "native_id: no post 'https://a.example/none' of mastodon is known"),
        ({"platform": "bluesky"}, "native_id: no post 'https://a.example/1' of bluesky is known"),
        ({"observed_at": BORN + 60 + 77, "likes": 99}, "observed_at: other counts are known"),
    ],
)
async def test_a_bad_snapshot_is_named_with_line_column_and_reason(
    db: Database, tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    await bring(db, tmp_path, "posts", [post(1)])
    assert (await refused(db, tmp_path, "snapshots", look(1, **change))).startswith(reason)
    assert await differences(db) == []


async def test_whole_numbers_may_be_written_as_spreadsheets_do(db: Database, tmp_path: Path) -> None:
    await bring(db, tmp_path, "posts", [post(1)])
    assert (await bring(db, tmp_path, "snapshots", [look(1, likes="12.0", replies=" 7 ")])).kept == 1
    async with db.read() as session:
        row = (await session.execute(select(Snapshot.likes, Snapshot.replies))).one()
    assert tuple(row) == (12, 7)


async def test_torn_csv_rows_are_named_and_the_rest_goes_in(db: Database, tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_bytes(
        b"platform,native_id,created_at,hashtags,text\n"
        b"x,1,1772000000,Rain,\"two\nlines\"\n"
        b"x,2,1772000000\n"
        b"x,3,1772000000,Rain,a,b\n"
        b"x,4,1772000000,Rain,\xff\xfe\n"
        b"x,5,1772000000,Rain," + b"y" * 200_000 + b"\n"
        b"x,6,1772000000,Rain," + b"y" * 3_000_000 + b"\n"
        b"x,7,1772000000,Rain,fine\n"
    )  # fmt: skip
    summary = await brought(db, "posts", path)
    assert (summary.rows, summary.kept, summary.rejected) == (7, 2, 5)
    reasons = dict(summary.first_rejects)
    assert reasons[4] == "has 3 cells where the header has 5"
    assert reasons[5] == "has 6 cells where the header has 5"
    assert reasons[6] == "text: is not UTF-8"
    assert reasons[7].startswith("cannot be read as CSV: field larger")
    assert reasons[8].startswith("cannot be read as CSV: field larger")
    assert summary.rejects_path is not None
    assert b"x,4,1772000000,Rain,\xff\xfe" in summary.rejects_path.read_bytes()


async def test_torn_json_lines_are_named_and_the_rest_goes_in(db: Database, tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    good = {"platform": "x", "native_id": "1", "created_at": BORN, "hashtags": "Rain"}
    lines = [
        json.dumps(good), "{torn", "[1]", "", json.dumps({**good, "likes": 3}), json.dumps({**good, "native_id": 1.5}),
        json.dumps({**good, "created_at": True}), json.dumps({**good, "hashtags": {"a": 1}}),
        json.dumps({"platform": "x", "native_id": "9", "created_at": BORN}), json.dumps({**good, "text": "\ud800"}),
        json.dumps({**good, "native_id": 22, "hashtags": ["Rain", "Sun"], "text": "=2+2", "followers": None}),
    ]  # fmt: skip
    path.write_bytes("\n".join(lines).encode("utf-8") + b"\n")
    summary = await brought(db, "posts", path)
    reasons = dict(summary.first_rejects)
    assert sorted(reasons) == [2, 3, 5, 6, 7, 8, 9, 10]
    assert reasons[2].startswith("is not a JSON object")
    assert reasons[5].startswith("likes: is not a column")
    assert reasons[6] == "native_id: 1.5 is not text"
    assert reasons[7].startswith("created_at: True is not a time")
    assert reasons[8].startswith("hashtags: ")
    assert reasons[9] == "hashtags: is empty"
    assert (summary.rows, summary.kept) == (10, 2)


async def test_a_rejects_file_comes_in_again_once_it_is_put_right(db: Database, tmp_path: Path) -> None:
    summary = await bring(db, tmp_path, "posts", [post(1), post(2, followers="many", text="=sum")])
    assert summary.rejects_path is not None
    right = summary.rejects_path.read_text().replace(",many,", ",5,")
    summary.rejects_path.write_text(right)
    again = await brought(db, "posts", summary.rejects_path)
    assert (again.rows, again.kept) == (1, 1)


async def test_rejects_go_to_the_working_folder_where_the_files_own_takes_none(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    (tmp_path / "posts.csv.rejects.csv").mkdir()  # even root cannot write a file over a folder
    summary = await bring(db, tmp_path, "posts", [post(1, followers="many")])
    assert summary.rejects_path == here / "posts.csv.rejects.csv"
    assert summary.rejects_path.exists()


@pytest.mark.parametrize("kind", ["posts", "snapshots"])
async def test_strict_refuses_the_whole(
    db: Database, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.imports.looks import Snapshots
    from app.imports.posts import Posts

    monkeypatch.setattr(Posts, "batch", 2)
    monkeypatch.setattr(Snapshots, "batch", 2)
    rows = [post(n) for n in range(1, 6)] if kind == "posts" else [look(n) for n in range(1, 6)]
    if kind == "snapshots":
        await bring(db, tmp_path, "posts", [post(n) for n in range(1, 6)])
    rows[1]["platform"], rows[4] = "", {**rows[4], "native_id": ""}
    with pytest.raises(Invalid) as caught:
        await bring(db, tmp_path, kind, rows, strict=True)
    assert "2 of 5 rows are bad and nothing was kept: line 3: platform: is empty" in caught.value.detail
    assert [error.field for error in caught.value.errors] == ["line 3", "line 6"]
    async with db.read() as session:
        for table in (Post, Subject, Source) if kind == "posts" else (Snapshot,):
            assert (await session.execute(select(func.count()).select_from(table))).scalar_one() == 0
    rows[1]["platform"], rows[4]["native_id"] = "mastodon", "https://a.example/5"
    assert (await bring(db, tmp_path, kind, rows, strict=True)).kept == 5
    assert await differences(db) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the header lacks platform, native_id, created_at, hashtags: columns are"),
        (b"platform,native_id,created_at\n", "the header lacks hashtags"),
        (b"platform;native_id;created_at;hashtags\n", "separate cells by commas"),
        (b"platform,native_id,created_at,hashtags,like\n", "the header has 'like', which is unknown"),
        (b"platform,native_id,created_at,hashtags,text,text\n", "names a column twice"),
        ("platform,native_id,created_at,hashtags\n".encode("utf-16"), "the header is not text in UTF-8"),
    ],
)
async def test_a_wrong_header_is_one_clear_line(db: Database, tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "posts.csv"
    path.write_bytes(content)
    with pytest.raises(Invalid) as caught:
        await brought(db, "posts", path)
    assert message in caught.value.detail
    assert "\n" not in caught.value.detail


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("posts.txt", b"", "say --format csv, jsonl or parquet"),
        ("posts.parquet", b"PAR1 not really PAR1", "not a Parquet file"),
        ("none.csv", None, "cannot be read: No such file"),
    ],
)
async def test_a_file_that_is_not_what_it_says_is_told(
    db: Database, tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(Invalid, match=message):
        await brought(db, "posts", tmp_path / name)


async def test_a_format_may_be_named(db: Database, tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", [post(1)]).rename(tmp_path / "posts.txt")
    assert (await brought(db, "posts", path, file_format="csv")).kept == 1


async def test_what_came_before_a_damage_is_kept_and_the_damage_is_told(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.imports.posts import Posts

    monkeypatch.setattr(Posts, "batch", 100)
    whole = write(tmp_path / "posts.csv.gz", [post(n) for n in range(5_000)])
    whole.write_bytes(whole.read_bytes()[:-2_000])
    with pytest.raises(Invalid, match="damaged"):
        await brought(db, "posts", whole)
    async with db.read() as session:
        kept = (await session.execute(select(func.count()).select_from(Post))).scalar_one()
    assert 0 < kept < 5_000
    assert await differences(db) == []
