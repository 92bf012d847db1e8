"""A database that a test hands on to the next one holds nothing of it."""

import asyncio
from typing import Any

import asyncpg
import pytest

from tests.reused import Reused


def said(url: str, *statements: str) -> Any:
    """What the last one finds."""

    async def run() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return [await connection.fetchval(statement) for statement in statements][-1]
        finally:
            await connection.close()

    return asyncio.run(run())


def test_rows_are_gone_numbers_begin_anew_and_what_migrations_put_in_is_there(postgres_clones: Reused) -> None:
    url = postgres_clones.take()
    add = "INSERT INTO \"user\" (name, folded, password_hash, created_at) VALUES ('a', 'a', 'a', 1) RETURNING id"
    assert said(url, "DELETE FROM alert_rule", add) == 1
    postgres_clones.give_back(url)
    assert postgres_clones.take() == url
    assert said(url, "SELECT count(*) FROM alert_rule WHERE id = 'rul_spikes'") == 1
    assert said(url, 'SELECT count(*) FROM "user"') == 0
    assert said(url, add) == 1
    postgres_clones.give_back(url)


@pytest.mark.parametrize(
    "change", ["CREATE INDEX odd ON post (created_at)", "ALTER TABLE post ADD COLUMN odd int", "DROP TABLE silence"]
)
def test_one_that_was_built_otherwise_is_not_used_again(postgres_clones: Reused, change: str) -> None:
    url = postgres_clones.take()
    said(url, change)
    postgres_clones.give_back(url)
    other = postgres_clones.take()
    assert other != url
    postgres_clones.give_back(other)
