"""A database in one file: a backup is complete or absent, and a restore is checked before anything is replaced."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from app.db import dump, ready
from app.errors import Busy, Conflict, Problem

HEAD = b"SQLite format 3\0"


def backup(url: str, target: Path) -> None:
    """Of a running database too: what was committed when it began is in it, whatever is written meanwhile."""
    if target.exists():
        raise Conflict(f"{target} exists: choose another name, or remove it first")
    source = ready.file_of(url)
    with _whole(target) as part:
        if source is None:
            dump.write(url, part)
        else:
            with _told_plainly(source):
                _vacuum(source, part)


def _vacuum(source: Path, part: Path) -> None:
    with closing(sqlite3.connect(f"file:{quote(str(source))}?mode=ro", uri=True, timeout=60)) as connection:
        connection.isolation_level = None
        connection.execute("VACUUM INTO ?", (str(part),))
    check_file(part)


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """A file beside the target, for its owner alone, that takes its name when all of it is on the disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    os.close(handle)
    part = Path(name)
    try:
        yield part
        _to_disk(part)
        part.replace(target)
        _to_disk(target.parent)
    finally:
        part.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def restore(url: str, source: Path, force: bool) -> str:
    """Put the backup in the place of the database. Returns the revision that it is at."""
    with source.open("rb") as file:
        head = file.read(len(HEAD))
    target = ready.file_of(url)
    if target is None:
        if not head.startswith(dump.HEAD):
            raise Problem(f"{source} is no backup of a PostgreSQL database: restore it into a file, then copy --to")
        return dump.restore(url, source, force)
    if head != HEAD:
        raise Problem(f"{source} is not a backup of this kind of database, or is damaged")
    revision = check_file(source)
    ready.check_known(str(source), revision)
    if target.exists() and not force:
        raise Conflict(f"{target} exists: --force replaces it (groundswell backup FILE keeps what is there)")
    with _whole(target) as part:
        shutil.copyfile(source, part)
        check_file(part)
        _retire(target)
    return str(revision)


def _retire(target: Path) -> None:
    """Leave nothing of the old database behind that the new one could take for its own."""
    if target.exists():
        with closing(sqlite3.connect(target, timeout=2)) as connection:
            try:
                # Leaving WAL needs the file for itself: it fails while anyone has it open.
                connection.execute("PRAGMA journal_mode=DELETE")
            except sqlite3.OperationalError:
                raise Busy(f"{target} is in use: stop groundswell first") from None
            except sqlite3.DatabaseError:
                pass  # damaged: that is why it is being replaced
    for end in ("-wal", "-shm", "-journal"):
        target.with_name(target.name + end).unlink(missing_ok=True)


def check_file(path: Path, *, live: bool = False) -> str | None:
    """Every page of a database's file is read. Returns its revision; a Problem says what is wrong."""
    with _told_plainly(path), closing(_read_only(path, live)) as connection:
        said = [row[0] for row in connection.execute("PRAGMA integrity_check(1)")]
        if said != ["ok"]:
            raise Problem(f"{path} is damaged: {said[0]}")
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "alembic_version" not in tables:
            raise Problem(f"{path} is a database, but not one of Groundswell's")
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return row[0] if row else None


def _read_only(path: Path, live: bool) -> sqlite3.Connection:
    # immutable: a backup may lie where nothing can be written, not even SQLite's -shm beside it.
    still = "" if live else "&immutable=1"
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro{still}", uri=True)


@contextmanager
def _told_plainly(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise Problem(f"{path}: {error}") from error
