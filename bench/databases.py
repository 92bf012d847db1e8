"""Fresh databases to measure on: a file, and a PostgreSQL of the tests' kind with its safety switched on."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.db.migrate import upgrade
from tests import postgres

KINDS = ("SQLite", "PostgreSQL")


# The tests' server forgets on a power cut, which is quicker: here it keeps its word.
SAFE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


@contextmanager
def fresh(kind: str) -> Iterator[str]:
    """The URL of a migrated database that is gone afterwards."""
    if kind == "SQLite":
        with tempfile.TemporaryDirectory(prefix="groundswell-bench-") as folder:
            yield _migrated(f"sqlite:///{folder}/bench.db")
    else:
        postgres.OPTIONS.update(SAFE)
        with postgres.server() as server:
            assert server is not None, "no PostgreSQL to measure on"
            yield _migrated(server.database())


def _migrated(url: str) -> str:
    asyncio.run(upgrade(url))
    return url


def bare_file(folder: Path) -> sqlite3.Connection:
    """SQLite as careful as ours, with nothing around it."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection
