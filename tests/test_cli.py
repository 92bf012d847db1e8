"""What a command says when it is misused, before its database is there, and under a wrong setting."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.db import ready
from tests.cli import HOUSE, call, environment, one_line, well

HEAVY = ("sqlalchemy", "fastapi", "numpy", "pydantic", "alembic", "rich", "httpx", "structlog", "sandbox")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def migrated(folder: Path, sqlite_template: Path) -> Path:
    (folder / "data").mkdir()
    shutil.copyfile(sqlite_template, folder / "data" / "groundswell.db")
    return folder


def test_a_command_starts_without_what_it_does_not_need() -> None:
    code = f"import sys, app.cli; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment(), cwd=HOUSE
    )
    assert done.stdout.split() == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["folow", "x"], "No such command 'folow'"),
        (["follow"], "Missing argument"),
        (["follow", "#a", "--sauce", "b"], "No such option"),
        (["follow", "two words"], "tag: ' ' cannot be part of a hashtag"),
        (["follow", "#"], "tag: a hashtag needs"),
        (["follow", "#a", "--source", "nowhere"], "no source of that name"),
        (["collect", "#a", "--since", "yesterday"], "since: 'yesterday' is not a time"),
        (["growth"], "name one: a '#tag', --campaign or --influencer"),
        (["growth", "#a", "--campaign", "b"], "name one"),
        (["growth", "#a", "--from", "soon"], "from: 'soon' is not a time"),
        (["growth", "#a", "--step", "2h"], "step: must be one of 5m 15m 1h 6h 1d 1w"),
        (["growth", "#a", "--tz", "Mars/Base"], "tz: 'Mars/Base' is not an IANA time zone"),
        (["growth", "#a", "--metric", "smiles"], "metric: must be of"),
        (["growth", "#a", "--format", "parquet"], "--out curve.parquet"),
        (["growth", "#a", "--format", "xml"], "Invalid value"),
        (["growth", "#a", "--out", "p.xyz"], "name it .csv, .json, .parquet"),
        (["import", "outcomes", ".env"], "--campaign SLUG says whose they are"),
        (["import", "posts", "nowhere.csv"], "there is no file nowhere.csv"),
        (["import", "likes", "x.csv"], "Invalid value"),
        (["import", "posts", ".env", "--from", "2026-01-01"], "--from and --to go together"),
        (["import", "posts", ".env", "--from", "2026-02-01", "--to", "2026-01-01"], "from: must lie before to"),
        (["export", "posts", "--hashtag", "#a", "--campaign", "b"], "not both"),
        (["export", "curves"], "name one"),
        (["sources", "add", "friendster", "--name", "f"], "platform: must be one of bluesky, "),
        (["sources", "add", "mastodon", "--name", "My Server"], "name: use a to z"),
        (["sources", "add", "mastodon", "--name", "m"], "say which server"),
        (["sources", "add", "mastodon", "--name", "m", "--url", "http://127.0.0.1:9"], "GROUNDSWELL_ALLOW_NETWORKS"),
        (["sources", "add", "mastodon", "--name", "m", "--url", "ftp://a.example"], "only http and https"),
        (["tokens", "create", "--scopes", "everything"], "everything is no scope"),
        (["tokens", "create", "--scopes", "admin", "--days", "0"], "days: a token lives more than 0"),
        (["restore", "nowhere.db"], "does not exist"),
        (["copy"], "Missing option '--to'"),
        (["copy", "--to", "mysql://a/b"], "must begin with sqlite:/// or postgresql://"),
    ],
)  # fmt: skip
def test_misuse_is_told_in_one_line_and_ends_with_2(migrated: Path, words: list[str], says: str) -> None:
    (migrated / ".env").touch()
    well("follow", "#a")
    done = call(*words)
    assert says in one_line(done)
    assert done.code == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["unfollow", "#nobody"], "#nobody is not followed"),
        (["growth", "#nobody"], "groundswell follow '#nobody' begins"),
        (["growth", "--campaign", "none"], "POST /api/v1/campaigns makes one"),
        (["follow", "#a", "--campaign", "none"], "POST /api/v1/campaigns makes one"),
        (["collect", "#a"], "groundswell sources add"),
        (["sources", "check", "none"], "no source 'none'"),
        (["sources", "remove", "none"], "no source 'none'"),
        (["users", "disable", "none"], "there is no user 'none'"),
        (["tokens", "revoke", "none"], "there is no such token"),
    ],
)
def test_what_is_not_there_is_told_in_one_line_and_ends_with_1(migrated: Path, words: list[str], says: str) -> None:
    done = call(*words)
    assert says in one_line(done)
    assert done.code == 1


@pytest.mark.parametrize(
    "words",
    [
        ["follow", "#a"], ["unfollow", "#a"], ["collect", "#a"], ["growth", "#a"], ["import", "posts", "posts.csv"],
        ["export", "posts"], ["rollups", "verify"], ["rollups", "rebuild"], ["sources", "list"], ["users", "list"],
        ["tokens", "list"], ["backup", "b.db"], ["copy", "--to", "sqlite:///c.db"], ["serve"], ["work"],
    ],
)  # fmt: skip
def test_a_database_that_is_not_migrated_is_told_and_not_made(folder: Path, words: list[str]) -> None:
    (folder / "posts.csv").write_text("platform,native_id,created_at,hashtags\n")
    done = call(*words)
    assert "is empty: run groundswell migrate" in one_line(done)
    assert done.code == 1
    assert not (folder / "data").exists()


@pytest.mark.parametrize("words", [[], ["rollups"], ["sources"], ["users"], ["tokens"]])
def test_a_group_alone_shows_its_help(words: list[str]) -> None:
    done = call(*words)
    assert done.code == 2
    assert "Commands:\n" in done.err


def test_migrate_twice_says_already(folder: Path) -> None:
    assert "is at" in well("migrate")
    assert "already" in well("migrate")


def test_a_database_of_a_newer_groundswell_is_left_alone(migrated: Path) -> None:
    _at_revision(migrated / "data" / "groundswell.db", "9999")
    for words in (["growth", "#a"], ["migrate"]):
        done = call(*words)
        assert "written by a newer Groundswell (revision 9999)" in one_line(done)
        assert done.code == 1


def test_a_file_that_is_no_database_is_told(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "groundswell.db").write_text("not a database at all, but quite long enough to be read as one")
    done = call("growth", "#a")
    assert "file is not a database" in one_line(done)
    assert done.code == 1


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("PORT", "http", "'http'"),
        ("PORT", "0", "greater than or equal to 1"),
        ("DATABASE_URL", "mysql://a/b", "must begin with sqlite:/// or postgresql://"),
        ("ALLOW_NETWORKS", "10.0.0.0/33", "10.0.0.0/33"),
        ("POLL_SECONDS", "-1", "greater than or equal to 1"),
        ("LOG_FORMAT", "xml", "'text' or 'json'"),
        ("SECRET_KEY_FILE", "/nowhere/key", "cannot read /nowhere/key"),
        ("SECRET_KEY", "short", "at least 32 characters"),
    ],
)
def test_a_wrong_setting_is_named_with_its_line(
    migrated: Path, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, says: str
) -> None:
    monkeypatch.setenv(f"GROUNDSWELL_{setting}", value)
    done = call("tokens", "create", "--scopes", "admin")
    line = one_line(done)
    assert done.code == 2
    assert says in line
    number = int(line.rpartition(".env.example, line ")[2].rstrip(")"))
    assert f"GROUNDSWELL_{setting}=" in (HOUSE / ".env.example").read_text().splitlines()[number - 1]


def test_a_secret_is_not_repeated_in_an_error(migrated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_SECRET_KEY", "hunter2")
    assert "hunter2" not in call("tokens", "create", "--scopes", "admin").err
    monkeypatch.setenv("GROUNDSWELL_DATABASE_URL", "postgresql://ana:hunter2@127.0.0.1:1/x")
    done = call("users", "list")
    assert "hunter2" not in one_line(done)
    assert "cannot be used" in done.err
    assert done.code == 1


def test_a_misspelt_setting_stops_the_start_and_the_nearest_is_named(
    migrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUNDSWELL_SHARED", "/anywhere")  # is the tests' own
    well("users", "list")
    for said in ("environment", "file"):
        if said == "environment":
            monkeypatch.setenv("GROUNDSWELL_PROT", "8000")
        else:
            monkeypatch.delenv("GROUNDSWELL_PROT")
            (migrated / ".env").write_text("GROUNDSWELL_PROT=8000\n")
        done = call("users", "list")
        assert done.code == 2
        assert "GROUNDSWELL_PROT is no setting: GROUNDSWELL_PORT is the nearest" in one_line(done)
        number = int(re.findall(r"line (\d+)", done.err)[0])
        assert "GROUNDSWELL_PORT=" in (HOUSE / ".env.example").read_text().splitlines()[number - 1]


def test_a_setting_from_the_env_file_counts(migrated: Path) -> None:
    (migrated / ".env").write_text("GROUNDSWELL_PORT=many\n")
    assert "GROUNDSWELL_PORT" in one_line(call("users", "list"))


def test_a_fault_of_ours_is_one_line_too(migrated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlite3

    with sqlite3.connect(migrated / "data" / "groundswell.db") as file:
        file.execute('DROP TABLE "user"')
    done = call("users", "list")
    assert "no such table" in one_line(done)
    assert done.code == 1


def test_doctor_says_what_is_wrong(folder: Path) -> None:
    done = call("doctor")
    assert done.code == 1
    assert "run groundswell migrate" in done.out


def test_doctor_does_not_call_a_key_good_that_up_refuses(migrated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_SECRET_KEY", "abc")
    done = call("doctor")
    assert done.code == 1
    assert "32 characters" in done.out


def test_doctor_warns_of_a_key_that_others_may_read(migrated: Path) -> None:
    well("tokens", "create", "--scopes", "admin")
    assert '"ok": true' in well("doctor", "--json")
    (migrated / "data" / "groundswell.key").chmod(0o644)
    assert "chmod 600" in well("doctor")


def _at_revision(path: Path, revision: str) -> None:
    import sqlite3

    assert revision not in ready.revisions()
    with sqlite3.connect(path) as file:
        file.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    file.close()
