"""Whether a database may be used: it is there, it is ours, and at the revision that this program wants."""

import re
from importlib.resources import files
from pathlib import Path

from sqlalchemy import URL, inspect, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.engine import async_url, make_engine
from app.errors import Busy, Invalid, Problem


def revisions() -> list[str]:
    """All that this program knows, oldest first: the files of the chain begin with their number."""
    names = (entry.name for entry in (files("migrations") / "versions").iterdir())
    return sorted(name.split("_")[0] for name in names if re.match(r"\d+_\w+\.py$", name))


def file_of(url: str) -> Path | None:
    """The file that the URL names; None where the database is a server."""
    parsed = _parsed(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    if not parsed.database or parsed.database == ":memory:":
        raise Invalid("GROUNDSWELL_DATABASE_URL", url, "name a file, as in sqlite:///data/groundswell.db")
    return Path(parsed.database)


async def revision(url: str) -> str | None:
    """The revision that the database is at; None where it is empty. Busy where it is out of reach."""
    path = file_of(url)
    if path is not None and not path.exists():
        return None
    engine = make_engine(url)
    try:
        return await _revision(engine)
    except (DBAPIError, OSError, TimeoutError) as error:
        raise Busy(f"the database {shown(url)} cannot be used: {_first_line(error)}") from error
    except Exception as error:
        # What PostgreSQL says before a connection stands comes through in the driver's own classes.
        if type(error).__module__.startswith("asyncpg"):
            raise Busy(f"the database {shown(url)} cannot be used: {_first_line(error)}") from error
        raise
    finally:
        await engine.dispose()


async def _revision(engine: AsyncEngine) -> str | None:
    async with engine.connect() as connection:
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        if "alembic_version" not in names:
            return None
        return (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()


async def check(url: str) -> None:
    """A Problem that says what to do where the database is empty, older or newer than this program."""
    found = await revision(url)
    check_known(shown(url), found)
    if found is None:
        raise Problem(f"the database {shown(url)} is empty: run groundswell migrate")
    if found != revisions()[-1]:
        raise Problem(f"the database {shown(url)} is of an older Groundswell ({found}): run groundswell migrate")


def check_known(name: str, found: str | None) -> None:
    """A newer database is not touched: this program does not know what its tables mean."""
    if found is not None and found not in revisions():
        raise Problem(f"{name} was written by a newer Groundswell (revision {found}): install that one")


def shown(url: str) -> str:
    """Without the password."""
    return _parsed(url).render_as_string(hide_password=True)


def _parsed(url: str) -> URL:
    try:
        return async_url(url).set(drivername=async_url(url).get_backend_name())
    except (ArgumentError, ValueError) as error:
        raise Invalid("GROUNDSWELL_DATABASE_URL", "…", f"is not a database's URL: {error}") from None


def _first_line(error: BaseException) -> str:
    origin = getattr(error, "orig", None) or error
    return (str(origin).splitlines() or [type(origin).__name__])[0][:200]
