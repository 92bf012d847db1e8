"""PostgreSQL's own tools, found on the machine: pg_dump and pg_restore."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from sqlalchemy.engine import make_url

from app.db import ready
from app.errors import Conflict, Problem

HEAD = b"PGDMP"
_VERSION = re.compile(r"^COPY \S*alembic_version .*\n(\S+)$", re.MULTILINE)
_OCCUPIED = "select count(*) from information_schema.tables where table_schema = current_schema()"


def write(url: str, part: Path) -> None:
    _run("pg_dump", url, ["--format=custom", "--no-owner", "--no-privileges", f"--file={part}"])


def restore(url: str, source: Path, force: bool) -> str:
    """In one transaction: all of it or nothing."""
    revision = revision_of(source)
    ready.check_known(str(source), revision)
    if not force and int(_run("psql", url, ["--no-psqlrc", "--tuples-only", "--command", _OCCUPIED]) or 0):
        raise Conflict(f"{ready.shown(url)} is not empty: --force replaces what is there")
    clean = ["--clean", "--if-exists"] if force else []
    _run("pg_restore", url, ["--single-transaction", "--exit-on-error", "--no-owner", *clean, str(source)])
    return revision


def revision_of(source: Path) -> str:
    words = ["--data-only", "--table=alembic_version", "--file=-", str(source)]
    found = _VERSION.search(_call("pg_restore", words, {}))
    if found is None:
        raise Problem(f"{source} is a PostgreSQL dump, but not one of Groundswell's")
    return found[1]


def _run(tool: str, url: str, words: list[str]) -> str:
    """The password goes through the environment: whoever lists the processes sees the arguments."""
    parsed = make_url(url).set(drivername="postgresql")
    secret = {"PGPASSWORD": str(parsed.password)} if parsed.password else {}
    place = parsed.set(password=None).render_as_string()
    return _call(tool, [f"--dbname={place}", *words], secret)


def _call(tool: str, words: list[str], more: dict[str, str]) -> str:
    program = shutil.which(tool)
    if program is None:
        raise Problem(f"{tool} is not installed: on Debian and Ubuntu, apt install postgresql-client")
    done = subprocess.run(  # noqa: S603 - the program was looked up, the words are ours
        [program, *words], env={**os.environ, **more}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"{tool} ended with {done.returncode}"]
        raise Problem(next((line for line in lines if "error" in line.lower()), lines[0]))
    return done.stdout.strip()
