"""A database as a whole: backed up, restored, copied to the other kind. Complete or absent, and nothing lost."""

import asyncio
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.db.engine import Database
from app.models import Base, Source, Track
from app.store import following
from app.store.sources import NewSource, insert
from tests import postgres as servers
from tests.cli import call, one_line, well
from tests.postgres import Postgres
from tests.test_cli_data import POSTS, SNAPSHOTS


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "work"
    place.mkdir()
    monkeypatch.chdir(place)
    tools = servers.binaries()
    if tools is not None:
        # The tools of the server that the tests start: another version's refuse it.
        monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    return place


@pytest.fixture
def filled(folder: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("GROUNDSWELL_DATABASE_URL", database_url)
    monkeypatch.setenv("GROUNDSWELL_SECRET_KEY", "a key of more than thirty-two characters")
    (folder / "posts.csv").write_text(POSTS)
    (folder / "snapshots.csv").write_text(SNAPSHOTS)
    well("import", "posts", "posts.csv")
    well("import", "snapshots", "snapshots.csv")
    well("sources", "add", "mastodon", "--name", "home", "--url", "https://mastodon.example", "--unchecked")
    well("follow", "#climate")
    well("users", "create", "ana", given="correct horse\n")
    well("tokens", "create", "--scopes", "admin")
    return database_url


@pytest.fixture
def other_url(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database of the other kind."""
    if database_url.startswith("postgresql"):
        yield f"sqlite:///{tmp_path / 'other' / 'copy.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.database()
    yield url
    server.drop(url)


def rows(url: str) -> dict[str, list[str]]:
    """All that a database holds."""

    async def read() -> dict[str, list[str]]:
        db = Database(url)
        async with db.read() as session:
            found = {
                table.name: sorted(repr(tuple(row)) for row in await session.execute(table.select()))
                for table in Base.metadata.sorted_tables
            }
        await db.close()
        return found

    return asyncio.run(read())


def test_a_copy_to_the_other_kind_is_equal_and_goes_on_counting(filled: str, other_url: str) -> None:
    before = rows(filled)
    told = json.loads(well("copy", "--to", other_url, "--json"))["rows"]
    assert told == {name: len(found) for name, found in before.items()}
    assert told["snapshot"] == 4
    assert rows(other_url) == before

    async def goes_on() -> None:
        db = Database(other_url)
        async with db.write() as session:
            fresh = await insert(session, NewSource("mastodon", "next", "https://b.example", None, None), 1)
            await following.follow(session, "#later", [fresh], 1, 300)
        await db.close()

    asyncio.run(goes_on())
    for table in (Source, Track):
        assert len(rows(other_url)[table.__tablename__]) == len(before[table.__tablename__]) + 1


def test_a_copy_into_a_database_with_rows_is_refused(filled: str, other_url: str) -> None:
    well("copy", "--to", other_url)
    after = rows(other_url)
    done = call("copy", "--to", other_url)
    assert "copy into an empty database" in one_line(done)
    assert done.code == 1
    assert rows(other_url) == after


def test_a_copy_that_cannot_be_whole_leaves_no_row(filled: str, other_url: str) -> None:
    async def strange() -> None:
        db = Database(filled)
        async with db.write() as session:
            await (await session.connection()).exec_driver_sql("CREATE TABLE stranger (id BIGINT)")
        await db.close()

    asyncio.run(strange())
    assert "stranger" in one_line(call("copy", "--to", other_url))
    assert [name for name, found in rows(other_url).items() if found] == ["alert_rule"]  # which a migration makes


def test_a_backup_brings_all_of_it_back(filled: str, folder: Path) -> None:
    before = rows(filled)
    well("backup", "kept/all.backup")
    backup = folder / "kept" / "all.backup"
    assert backup.stat().st_mode & 0o077 == 0
    assert [path.name for path in backup.parent.iterdir()] == ["all.backup"]
    well("follow", "#another")
    assert rows(filled) != before
    done = call("restore", "kept/all.backup")
    assert "--force" in one_line(done)
    assert done.code == 1
    well("restore", "kept/all.backup", "--force")
    assert rows(filled) == before
    well("rollups", "verify")


def test_a_backup_is_not_written_over(filled: str, folder: Path) -> None:
    (folder / "there").write_text("mine")
    assert "exists" in one_line(call("backup", "there"))
    assert (folder / "there").read_text() == "mine"


def test_a_backup_goes_into_a_database_that_is_not_there(
    filled: str, folder: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(filled)
    well("backup", "all.backup")
    fresh = f"sqlite:///{folder / 'new' / 'fresh.db'}"
    if filled.startswith("postgresql"):
        fresh = request.getfixturevalue("postgres").database()
    monkeypatch.setenv("GROUNDSWELL_DATABASE_URL", fresh)
    well("restore", "all.backup")
    assert rows(fresh) == before


class TestAFile:
    """What can be wrong with a backup of a file, and with the file that it is to replace."""

    @pytest.fixture
    def there(self, folder: Path, sqlite_template: Path) -> Path:
        (folder / "data").mkdir()
        shutil.copyfile(sqlite_template, folder / "data" / "groundswell.db")
        well("backup", "good.db")
        well("follow", "#since-then")
        return folder / "data" / "groundswell.db"

    def test_a_damaged_backup_replaces_nothing(self, there: Path, folder: Path) -> None:
        whole = (folder / "good.db").read_bytes()
        (folder / "torn.db").write_bytes(whole[: len(whole) // 2])
        holed = bytearray(whole)
        holed[8_192:12_288] = bytes(4_096)
        (folder / "holed.db").write_bytes(holed)
        (folder / "other.db").write_text("a shopping list")
        kept = rows(f"sqlite:///{there}")
        for name in ("torn.db", "holed.db", "other.db"):
            done = call("restore", name, "--force")
            assert name in one_line(done)
            assert done.code == 1
        assert rows(f"sqlite:///{there}") == kept

    def test_a_newer_backup_is_refused(self, there: Path, folder: Path) -> None:
        with sqlite3.connect(folder / "good.db") as file:
            file.execute("UPDATE alembic_version SET version_num = '9999'")
        file.close()
        assert "newer Groundswell (revision 9999)" in one_line(call("restore", "good.db", "--force"))

    def test_a_database_of_another_program_is_refused(self, there: Path, folder: Path) -> None:
        with sqlite3.connect(folder / "bookmarks.db") as file:
            file.execute("CREATE TABLE bookmark (url TEXT)")
        file.close()
        assert "not one of Groundswell's" in one_line(call("restore", "bookmarks.db", "--force"))

    def test_a_database_in_use_is_not_replaced_under_its_users_feet(self, there: Path) -> None:
        with sqlite3.connect(there) as holder:
            holder.execute("SELECT count(*) FROM hashtag").fetchone()
            done = call("restore", "good.db", "--force")
            assert "is in use: stop groundswell first" in one_line(done)
        holder.close()
        assert "since-then" in str(rows(f"sqlite:///{there}")["hashtag"])
        well("restore", "good.db", "--force")
        assert "since-then" not in str(rows(f"sqlite:///{there}")["hashtag"])

    def test_a_damaged_database_can_be_replaced(self, there: Path) -> None:
        there.write_bytes(b"\0" * 5_000)
        assert call("growth", "#a").code == 1
        well("restore", "good.db", "--force")
        well("doctor")

    def test_a_backup_is_taken_while_someone_writes(self, there: Path, folder: Path) -> None:
        with sqlite3.connect(there, isolation_level=None) as writer:
            writer.execute("BEGIN IMMEDIATE")
            writer.execute("UPDATE hashtag SET spelling = 'half-done'")
            well("backup", "meanwhile.db")
            writer.execute("ROLLBACK")
        writer.close()
        assert "half-done" not in str(rows(f"sqlite:///{folder / 'meanwhile.db'}"))

    def test_doctor_finds_damage(self, there: Path) -> None:
        with sqlite3.connect(there, isolation_level=None) as file:
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            page = file.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_post_author_id'").fetchone()[0]
        file.close()
        with there.open("r+b") as raw:
            raw.seek((page - 1) * 4_096)
            raw.write(b"\xff" * 64)
        done = call("doctor", "--json")
        assert done.code == 1
        assert "restore a backup" in done.out
