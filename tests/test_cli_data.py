"""Files in, curves and files out, proofs, users and tokens: the same on both databases."""

import asyncio
import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from app.clock import SystemClock, rfc3339, to_ms
from app.db.engine import Database
from tests.cli import call, one_line, well

POSTS = """platform,native_id,created_at,hashtags,author_id,author,followers
mastodon,https://a.example/1,2026-03-01T10:00:00Z,#Climate #Now,u1,ana,100
mastodon,https://a.example/2,2026-03-01T23:30:00Z,#climate,u2,bo,50
bluesky,at://b/1,2026-03-02T05:00:00Z,#CLIMATE,d1,cy,7
"""
SNAPSHOTS = """platform,native_id,observed_at,likes,reposts,replies
mastodon,https://a.example/1,2026-03-01T12:00:00Z,10,2,1
mastodon,https://a.example/1,2026-03-03T12:00:00Z,30,,4
mastodon,https://a.example/2,2026-03-02T12:00:00Z,5,0,0
bluesky,at://b/1,2026-03-02T06:00:00Z,8,1,0
"""
RANGE = ("--from", "2026-03-01", "--to", "2026-03-04", "--step", "1d")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "work"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("GROUNDSWELL_DATABASE_URL", database_url)
    return place


@pytest.fixture
def filled(folder: Path) -> Path:
    (folder / "posts.csv").write_text(POSTS)
    (folder / "snapshots.csv").write_text(SNAPSHOTS)
    assert "3 new" in well("import", "posts", "posts.csv")
    assert "4 new" in well("import", "snapshots", "snapshots.csv")
    return folder


def test_an_imported_curve_is_the_same_in_every_form(filled: Path) -> None:
    curve = json.loads(well("growth", "#climate", *RANGE, "--format", "json"))
    assert curve["series"]["posts"] == [2, 1, 0]
    assert sum(curve["series"]["likes"]) == 30 + 5 + 8
    rows = list(csv.DictReader(io.StringIO(well("growth", "climate", *RANGE, "--format", "csv"))))
    assert [int(row["likes"]) for row in rows] == curve["series"]["likes"]
    assert [row["time"] for row in rows] == curve["series"]["time"]
    well("growth", "#climate", *RANGE, "--out", "curve.parquet")  # as it is named
    assert pq.read_table("curve.parquet").column("likes").to_pylist() == curve["series"]["likes"]
    table = well("growth", "#Climate", *RANGE, "--metric", "likes,posts")
    assert "▁" in table or "█" in table
    told = well("growth", "#climate", *RANGE, "--metric", "coverage").splitlines()
    assert {line.split()[-1] for line in told if line.startswith("2026")} <= {"%", "·"}
    assert any(line.endswith(" %") for line in told)
    assert [line.split()[-1] for line in table.splitlines() if line.startswith("2026")] == [
        str(value) for value in curve["series"]["likes"]
    ]


def test_as_it_was_known_before_a_file_came(filled: Path) -> None:
    before = rfc3339(to_ms(SystemClock().now()))
    (filled / "late.csv").write_text(POSTS.splitlines()[0] + "\nmastodon,late,2026-03-02T10:00:00Z,#climate,u9,zo,1\n")
    well("import", "posts", "late.csv")
    for extra, posts in (((), [2, 2, 0]), (("--as-of", before), [2, 1, 0])):
        curve = json.loads(well("growth", "#climate", *RANGE, *extra, "--format", "json"))
        assert curve["series"]["posts"] == posts
        assert ("late" in well("export", "posts", *extra)) == (not extra)
        assert not extra or curve["as_of"] == before
    refused = call("growth", "#climate", "--as-of", "2999-01-01")
    assert (refused.code, "as_of" in one_line(refused)) == (2, True)


def test_days_begin_where_the_zone_says(filled: Path) -> None:
    curve = json.loads(well("growth", "#climate", *RANGE, "--tz", "Asia/Kathmandu", "--format", "json"))
    assert curve["series"]["time"][0] == "2026-02-28T18:15:00Z"
    assert curve["series"]["posts"][:2] == [1, 2]


def test_a_gap_is_a_space_in_the_terminal_and_never_a_zero(filled: Path) -> None:
    table = well(
        "growth", "#climate", "--from", "2026-02-27", "--to", "2026-03-04", "--step", "1d", "--metric", "posts"
    )
    drawn = next(line for line in table.splitlines() if line.startswith("posts")).removeprefix("posts  ")
    assert drawn[:2] == "  "
    assert drawn[2] == "█"


def test_a_long_gap_is_one_line_of_the_table(filled: Path) -> None:
    table = well("growth", "#climate", "--from", "2026-03-01", "--to", "2026-05-01", "--step", "1d")
    assert len(table.splitlines()) < 15
    assert "more without a look" in table


def test_a_bad_row_is_named_and_the_rest_goes_in(folder: Path) -> None:
    (folder / "posts.csv").write_text(POSTS + "mastodon,https://a.example/3,tomorrow,#climate,u1,ana,100\n")
    done = call("import", "posts", "posts.csv", "--json")
    told = json.loads(done.out)
    assert (done.code, told["kept"], told["rejected"], told["rejects"][0]["line"]) == (0, 3, 1, 5)
    assert "line 5: created_at" in done.err
    assert "tomorrow" in Path(told["rejects_file"]).read_text()


def test_strict_refuses_the_whole(folder: Path) -> None:
    (folder / "posts.csv").write_text(POSTS + "mastodon,https://a.example/3,tomorrow,#climate,u1,ana,100\n")
    done = call("import", "posts", "posts.csv", "--strict")
    assert done.code == 1
    assert "line 5" in one_line(done)
    assert len(well("export", "posts").splitlines()) == 1


def test_a_file_of_another_kind_is_told(folder: Path) -> None:
    (folder / "posts.csv").write_text(SNAPSHOTS)
    done = call("import", "posts", "posts.csv")
    assert done.code == 1
    assert "the header lacks created_at, hashtags" in one_line(done)


def test_what_goes_out_comes_in_again(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = ("posts", "snapshots", "accounts", "coverage")
    out = {kind: well("export", kind, "--hashtag", "#climate", "--identified") for kind in kinds}
    for kind in kinds:
        well("export", kind, "--format", "parquet", "--out", f"{kind}.parquet", "--identified")
        assert json.loads((filled / f"{kind}.parquet.manifest.json").read_text())["rows"] > 0
    monkeypatch.setenv("GROUNDSWELL_DATABASE_URL", f"sqlite:///{tmp_path / 'other.db'}")
    well("migrate")
    for kind in kinds:
        well("import", kind, f"{kind}.parquet", "--strict")
    assert {kind: well("export", kind, "--hashtag", "#climate", "--identified") for kind in kinds} == out


def test_many_hashtags_go_into_one_file_with_all_that_it_is_beside_it(filled: Path) -> None:
    assert "3 rows in x.csv" in well("export", "posts", "#Now", "climate", "--out", "x.csv")
    assert sorted(path.name for path in filled.glob("*json")) == [
        "datapackage.json", "x.csv.dictionary.json", "x.csv.manifest.json",
    ]  # fmt: skip
    told = json.loads((filled / "x.csv.manifest.json").read_text())
    assert {one["hashtag"] for one in told["coverage"]} == {"#climate", "#now"}
    assert "p_" in (filled / "x.csv").read_text()
    curves = list(csv.DictReader(io.StringIO(well("export", "curves", "now", "climate", "--metric", "posts"))))
    assert {row["subject"] for row in curves} == {"now", "climate"}
    assert well("export", "posts", "#now", "--dehydrated").splitlines() == [
        "platform,native_id,created_at", "mastodon,https://a.example/1,2026-03-01T10:00:00Z",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--resume",), "goes with --out"),
        (("--resume", "--out", "x.csv"), "there is nothing to go on with"),
        (("--resume", "--out", "x.parquet"), "cannot be gone on with"),
        (("#none", "--out", "x.csv"), "#none is not followed"),
    ],
)
def test_an_export_that_cannot_be_says_why_and_leaves_nothing(filled: Path, words: tuple[str, ...], says: str) -> None:
    assert says in one_line(call("export", "posts", *words))
    assert list(filled.glob("x.*")) == []


def test_another_key_would_make_other_pseudonyms_and_is_refused(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_SECRET_KEY", "a key that is long enough for the tests")
    before = well("export", "posts")
    assert well("export", "posts") == before
    monkeypatch.setenv("GROUNDSWELL_SECRET_KEY", "another key that is long enough, too")
    assert "the key is not the one" in one_line(call("export", "posts"))
    assert "ana" in well("export", "posts", "--identified")


def test_rows_alone_go_to_standard_output(filled: Path) -> None:
    done = call("export", "snapshots", "--hashtag", "#climate", "--format", "jsonl")
    assert [json.loads(line)["native_id"] for line in done.out.splitlines()]
    assert done.err == ""


async def _spoil(url: str) -> None:
    db = Database(url)
    async with db.write() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("UPDATE rollup SET likes = likes + 1 WHERE grain = 3600000")
    await db.close()


def test_verify_names_what_differs_and_rebuild_mends_it(filled: Path, database_url: str) -> None:
    assert "2 subjects are what the facts say" in well("rollups", "verify")
    asyncio.run(_spoil(database_url))
    done = call("rollups", "verify")
    assert done.code == 1
    assert "hashtag climate: mastodon 60 min" in done.out
    assert "rollups rebuild" in done.out
    told = json.loads(call("rollups", "verify", "--json").out)["differences"]
    assert {(one["column"], one["stored"] - one["rebuilt"]) for one in told} == {("likes", 1)}
    well("rollups", "rebuild")
    well("rollups", "verify")


def test_users_and_tokens_are_made_listed_and_ended(folder: Path) -> None:
    well("users", "create", "Ana", given="correct horse\n")
    assert "a user 'Ana' already" in one_line(call("users", "create", "Ana", given="correct horse\n"))
    assert call("users", "create", "bo", given="short\n").code == 2
    assert "Ana has no second factor" in one_line(call("users", "reset-totp", "ana"))
    well("users", "disable", "ana")
    assert json.loads(well("users", "list", "--json"))["items"][0]["disabled_at"]
    made = call("tokens", "create", "--scopes", "stats:read,export", "--name", "board", "--days", "7")
    assert made.out.startswith("gsw_")
    assert len(made.out.splitlines()) == 1
    listed = well("tokens", "list")
    assert made.out.strip() not in listed
    well("tokens", "revoke", made.out.strip())
    assert json.loads(well("tokens", "list", "--json"))["items"][0]["revoked_at"]


def test_sources_are_added_listed_and_removed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "token").write_text("secret-token\n")
    well(
        "sources",
        "add",
        "mastodon",
        "--name",
        "home",
        "--url",
        "https://mastodon.example",
        "--unchecked",
        "--token-file",
        "token",
    )
    again = call("sources", "add", "mastodon", "--name", "home", "--url", "https://mastodon.example", "--unchecked")
    assert "choose another name" in one_line(again)
    row = json.loads(well("sources", "list", "--json"))["items"][0]
    assert (row["name"], row["state"], Path(row["credential_file"])) == ("home", "ok", folder / "token")
    assert "secret-token" not in well("sources", "list")
    assert json.loads(well("follow", "#Climate", "--source", "home", "--json")) == {
        "tag": "climate", "sources": ["home"], "new": True,
    }  # fmt: skip
    well("unfollow", "#climate")
    well("sources", "remove", "home")
    assert "no sources yet" in well("sources", "list")
