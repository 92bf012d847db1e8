"""What every command stands in: settings, a migrated database, progress on a terminal, one line for an error.

Only light modules are imported above: `--help` and a misspelt word must be answered at once.
"""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from typer import BadParameter
from typer.core import TyperGroup

from app.errors import Invalid, Problem

if TYPE_CHECKING:
    from app.db.engine import Database
    from app.settings import Settings

T = TypeVar("T")
ClickException: Any = BadParameter.__mro__[2]  # Typer brings its own copy of click: this one is caught, wherever it is
EXPLAINED = Path(__file__).resolve().parents[2] / ".env.example"


class OneLine(TyperGroup):
    """Every error ends here: one line on standard error that says what to do, and 1 (failed) or 2 (misused)."""

    def main(self, *args: Any, **extra: Any) -> Any:
        extra["standalone_mode"] = False
        try:
            code = super().main(*args, **extra)
        except Exception as error:  # noqa: BLE001 - the last catch: a person reads a line, not a traceback
            sys.exit(_told(error))
        sys.exit(code if isinstance(code, int) else 0)


def _told(error: Exception) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error.format_message(), file=sys.stderr)  # type: ignore[attr-defined]  # noqa: T201
        return 2
    if isinstance(error, ClickException):
        hint = f" (see: {error.ctx.command_path} --help)" if getattr(error, "ctx", None) else ""
        complain(f"{error.format_message()}{hint}")
        return int(error.exit_code)
    if isinstance(error, Problem):
        complain(_with_line(error))
        return 2 if isinstance(error, Invalid) else 1
    if isinstance(error, OSError) and error.strerror:
        complain(": ".join(str(part) for part in (error.filename, error.strerror) if part))
        return 1
    complain(_unexpected(error))
    return 1


def _unexpected(error: Exception) -> str:
    collectors = sys.modules.get("collectors.errors")
    if collectors is not None and isinstance(error, collectors.CollectorError):
        return str(error)
    if _debugging():
        sys.excepthook(type(error), error, error.__traceback__)
    return f"{type(error).__name__}: {error} (GROUNDSWELL_LOG_LEVEL=debug shows where)"


def _debugging() -> bool:
    try:
        return settings().log_level == "debug"
    except Problem:
        return False


def complain(text: str) -> None:
    print("groundswell: " + " ".join(text.split()), file=sys.stderr)  # noqa: T201


def _with_line(problem: Problem) -> str:
    """A setting that is wrong is named with the line that explains it."""
    setting = problem.errors[0].field if problem.errors else ""
    return f"{problem.detail} ({explained_at(setting)})" if setting.startswith("GROUNDSWELL_") else problem.detail


def _check_spelling() -> None:
    """One that is misspelt would be passed over in silence."""
    import os

    from pydantic_settings import DotEnvSettingsSource

    from app.settings import Settings, misspelt

    if found := misspelt([*os.environ, *DotEnvSettingsSource(Settings).env_vars]):
        name, nearest = found
        raise Invalid(nearest, name, f"{name} is no setting: {nearest} is the nearest")


def explained_at(setting: str) -> str:
    """Where `.env.example` explains the setting."""
    if EXPLAINED.is_file():
        for number, line in enumerate(EXPLAINED.read_text("utf-8").splitlines(), 1):
            if re.match(rf"#?\s?{setting}=", line):
                return f"explained in .env.example, line {number}"
    return f"explained in .env.example at {setting}="


def settings() -> "Settings":
    """From the environment and `.env`. A wrong or misspelt one is Invalid, named as the user writes it."""
    from pydantic import ValidationError

    from app.settings import Settings

    _check_spelling()
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"GROUNDSWELL_{first['loc'][0]}".upper()
        # What a secret holds is not repeated.
        value = "…" if "KEY" in name else repr(first["input"])
        raise Invalid(name, value, f"{value}: {first['msg'].removeprefix('Value error, ')}") from None


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


@asynccontextmanager
async def database(given: "Settings") -> "AsyncIterator[Database]":
    """The database of the settings, migrated; a Problem says so where it is not there or not migrated."""
    from app.access.marks import Marks
    from app.db import ready
    from app.db.engine import Database

    await ready.check(given.database_url)
    db = Database(given.database_url, Marks(given))
    try:
        yield db
    finally:
        await db.close()


def now() -> int:
    from app.clock import SystemClock, to_ms

    return to_ms(SystemClock().now())


def instant(name: str, text: str | None) -> int | None:
    """A time as the user writes it, in milliseconds."""
    from app.clock import parse_time

    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise Invalid(name, text, str(error)) from None
