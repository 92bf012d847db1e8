"""Where a database lives and how it does: version, integrity, file system, disk space, the server's clock."""

import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from app.db import backup, ready
from app.db.engine import Database
from app.errors import Problem

NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph", "glusterfs", "ncpfs"})
OLDEST_SQLITE = (3, 38, 0)
OLDEST_POSTGRES = 140_000


@dataclass(frozen=True, slots=True)
class Engine:
    """`old`: too old for what we ask of it. `server_now` in milliseconds, None for a file."""

    name: str
    old: bool
    server_now: int | None


async def engine(db: Database) -> Engine:
    if db.is_file:
        return Engine(f"SQLite {sqlite3.sqlite_version}", sqlite3.sqlite_version_info < OLDEST_SQLITE, None)
    async with db.read() as session:
        query = text("SELECT current_setting('server_version_num')::int, extract(epoch FROM clock_timestamp()) * 1000")
        number, clock = (await session.execute(query)).one()
    return Engine(f"PostgreSQL {number // 10_000}.{number % 10_000}", number < OLDEST_POSTGRES, int(clock))


def damage(url: str) -> str | None:
    """What is wrong with the file's pages; None where nothing is, or where the server sees to it."""
    path = ready.file_of(url)
    try:
        if path is not None:
            backup.check_file(path, live=True)
    except Problem as problem:
        return problem.detail
    return None


def folder(url: str) -> Path:
    """Where the database's file lies; the working folder where it is a server."""
    path = ready.file_of(url)
    return (path.parent if path else Path()).resolve()


def network_disk(where: Path) -> str | None:
    """The kind of file system if it is one over a network, whose locks SQLite cannot rely on."""
    mounts = Path("/proc/self/mounts")
    if not mounts.exists():
        return None
    found = [line.split()[1:3] for line in mounts.read_text("utf-8", "replace").splitlines()]
    above = [(len(point), kind) for point, kind in found if where.is_relative_to(point.replace("\\040", " "))]
    kind = max(above, default=(0, ""))[1]
    return kind if kind in NETWORK else None


def free_bytes(where: Path) -> int:
    return shutil.disk_usage(where).free
