"""`backup`, `restore`, `copy` and `doctor`: the database as a whole, and what is wrong with this machine."""

from pathlib import Path
from typing import Annotated

import typer

from app.commands import show
from app.commands.frame import now, run, settings
from app.errors import Invalid, Problem

AsJson = Annotated[bool, typer.Option("--json", help="for programs")]


def backup(file: Annotated[Path, typer.Argument(help="where to; must not exist")], json: AsJson = False) -> None:
    """Write a whole copy of the database into one file, while it is in use."""
    from app.db import backup as files
    from app.db import ready

    given = settings()
    run(ready.check(given.database_url))
    files.backup(given.database_url, file)
    size = file.stat().st_size
    if json:
        show.as_json({"file": str(file), "bytes": size})
    else:
        show.say(f"{file}: {size:,} bytes. The key file is not in it: keep a copy of that apart.")


def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="a backup")],
    force: Annotated[bool, typer.Option("--force", help="replace the database that is there")] = False,
) -> None:
    """Put a backup in the place of the database. Nothing is replaced before the backup was checked."""
    from app.db import backup as files
    from app.db import ready

    given = settings()
    revision = files.restore(given.database_url, file, force)
    older = "" if revision == ready.revisions()[-1] else "; it is older: run groundswell migrate"
    show.say(f"{ready.shown(given.database_url)} is now what {file} holds, at revision {revision}{older}")


def copy(
    to: Annotated[str, typer.Option(help="the other database's URL, sqlite:///… or postgresql://…; must be empty")],
    json: AsJson = False,
) -> None:
    """Copy all tables into another database, of the other kind too, and prove that nothing was lost."""
    given = settings()
    if not to.startswith(("sqlite:///", "postgresql://")):
        raise Invalid("to", to, "must begin with sqlite:/// or postgresql://")
    rows = run(_copy(given.database_url, to))
    if json:
        show.as_json({"rows": rows})
    else:
        show.say(f"copied {sum(rows.values()):,} rows of {len(rows)} tables; all are equal, and the rollups hold")


async def _copy(source: str, target: str) -> dict[str, int]:
    from app import models
    from app.db import move
    from app.db.engine import Database
    from app.store import checkup, rebuild

    with show.progress("copying rows") as bar:
        rows = await move.copy(source, target, models.Base.metadata, bar)
    db = Database(target)
    try:
        with show.progress("verifying rollups") as bar:
            async with db.read() as session:
                subjects = await checkup.subjects(session)
                for place, subject in enumerate(subjects):
                    async for one in rebuild.verify(session, subject, now()):
                        raise Problem(f"copied, but {one.subject} differs: groundswell rollups rebuild on the copy")
                    bar(place + 1, len(subjects))
    finally:
        await db.close()
    return rows


def doctor(json: AsJson = False) -> None:
    """Look at the database, the disk, the clock, the key and the sources, and say what is wrong."""
    from dataclasses import asdict

    from app.commands import doctor as checks

    found = run(checks.all_of(settings()))
    if json:
        show.as_json({"ok": not checks.failed(found), "checks": [asdict(one) for one in found]})
    else:
        show.columns(("", "what", "found"), [(one.state, one.what, one.found) for one in found])
    if checks.failed(found):
        raise typer.Exit(1)
