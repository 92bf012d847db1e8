"""Keys, and a database with the tables of access."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Table

from app.access.seal import Keyring
from app.db.engine import Database
from app.models import access as models
from app.models.base import Base

NOW = 1_772_366_400_000
"""2026-03-01T12:00:00Z"""


@pytest.fixture
def keys() -> Keyring:
    return Keyring.of(b"a master key of thirty-two bytes")


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    tables = [
        each.__table__
        for each in vars(models).values()
        if isinstance(each, type) and issubclass(each, Base) and each is not Base
    ]
    async with database.engine.execution_options(writer=True).begin() as connection:
        found = [table for table in tables if isinstance(table, Table)]
        await connection.run_sync(lambda sync: Base.metadata.create_all(sync, tables=found))
    yield database
    await database.close()
