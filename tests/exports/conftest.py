"""A second service, for what the first one exports."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.db.engine import Database
from app.db.migrate import upgrade


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Database]:
    """Another service, with nothing in it yet."""
    url = f"sqlite:///{tmp_path / 'other.db'}"
    await upgrade(url)
    database = Database(url)
    yield database
    await database.close()
