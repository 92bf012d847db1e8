"""PostgreSQL databases that are used again: to clone one takes a quarter of a second, to empty one ten milliseconds."""

import asyncio
import io
from dataclasses import dataclass, field

import asyncpg

from tests.postgres import Postgres

# Whatever a test may have changed but rows: then, or where somebody is still connected, the database is thrown away.
_SHAPE = """
SELECT md5(string_agg(line, E'\\n' ORDER BY line)) FROM (
    SELECT c.relkind::text || c.relname::text || coalesce(a.attname::text, '') || coalesce(a.atttypid::text, '')
        || coalesce(a.attnotnull::text, '') AS line
    FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'constraint' || conname::text FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'trigger' || tgname::text FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'setting' || setconfig::text FROM pg_db_role_setting
    UNION ALL SELECT 'connected' || count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend'
) AS lines
"""
_SEQUENCES = "SELECT format('ALTER SEQUENCE %I RESTART', sequencename) FROM pg_sequences WHERE schemaname = 'public'"
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"


@dataclass(frozen=True, slots=True)
class _Fresh:
    """What a migrated database is, and how another becomes like it. `rows` are what the migrations put in."""

    shape: str
    emptying: str
    rows: dict[str, bytes]


@dataclass(slots=True)
class Reused:
    """Clones of the database at `template`."""

    server: Postgres
    template: str
    _fresh: _Fresh = field(init=False)
    _free: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._fresh = asyncio.run(_read(self.template))

    def take(self) -> str:
        return self._free.pop() if self._free else self.server.database(self.template)

    def give_back(self, url: str) -> None:
        if asyncio.run(_emptied(url, self._fresh)):
            self._free.append(url)
        else:
            self.server.drop(url)

    def end(self) -> None:
        for url in self._free:
            self.server.drop(url)


async def _read(url: str) -> _Fresh:
    connection = await asyncpg.connect(url)
    try:
        tables = [row[0] for row in await connection.fetch(_TABLES)]
        rows = {}
        for table in tables:
            out = io.BytesIO()
            await connection.copy_from_table(table, output=out, format="binary")
            if await connection.fetchval(f'SELECT EXISTS (SELECT 1 FROM "{table}")'):
                rows[table] = out.getvalue()
        emptying = [f'DELETE FROM "{table}"' for table in tables]
        emptying += [row[0] for row in await connection.fetch(_SEQUENCES)]
        return _Fresh(await connection.fetchval(_SHAPE), "; ".join(emptying), rows)
    finally:
        await connection.close()


async def _emptied(url: str, fresh: _Fresh) -> bool:
    try:
        connection = await asyncpg.connect(url)
    except (asyncpg.PostgresError, OSError):
        return False
    try:
        if await connection.fetchval(_SHAPE) != fresh.shape:
            return False
        async with connection.transaction():
            await connection.execute(fresh.emptying)
            for table, rows in fresh.rows.items():
                await connection.copy_to_table(table, source=io.BytesIO(rows), format="binary")
        return True
    except (asyncpg.PostgresError, OSError):
        return False
    finally:
        await connection.close()
