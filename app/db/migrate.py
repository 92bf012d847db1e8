"""Brings a database to a revision of the one chain in migrations/, and says which one it is at."""

from collections.abc import Callable
from importlib.resources import files
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from app.db.engine import make_engine


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("migrations")).replace("%", "%%"))
    return config


async def _run(url: str, step: Callable[[Config], None]) -> None:
    def with_connection(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        step(config)

    engine = make_engine(url)
    try:
        async with engine.execution_options(writer=True).begin() as connection:
            await connection.run_sync(with_connection)
    finally:
        await engine.dispose()


async def upgrade(url: str, revision: str = "head") -> None:
    """One transaction: a kill in the middle leaves the database as it was."""
    await _run(url, lambda config: command.upgrade(config, revision))


async def downgrade(url: str, revision: str) -> None:
    await _run(url, lambda config: command.downgrade(config, revision))


async def stand(url: str) -> tuple[str | None, str]:
    """The revision that the database is at (None: empty) and the one that this program wants."""
    engine = make_engine(url)
    found: list[Any] = []
    try:
        async with engine.connect() as connection:
            await connection.run_sync(lambda c: found.append(MigrationContext.configure(c).get_current_revision()))
    finally:
        await engine.dispose()
    head = ScriptDirectory.from_config(_config()).get_current_head()
    return found[0], str(head)
