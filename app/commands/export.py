"""`export`: what was seen, out into files that others can check."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from app.commands import show
from app.commands.files import End, Format, Start
from app.commands.frame import database, instant, now, run, settings
from app.errors import Invalid

if TYPE_CHECKING:
    from app.db.engine import Database
    from app.exports.rows import Query
    from app.exports.shown import Shown
    from app.settings import Settings


def export(
    kind: Annotated[
        Literal["posts", "snapshots", "accounts", "curves", "coverage", "counts", "outcomes"],
        typer.Argument(help="what the rows are"),
    ],
    tags: Annotated[list[str] | None, typer.Argument(metavar="['#tag' ...]", help="of these hashtags alone")] = None,
    hashtag: Annotated[list[str] | None, typer.Option(help="the same as an option; may be repeated")] = None,
    campaign: Annotated[str | None, typer.Option(help="of this campaign alone (its slug)")] = None,
    start: Start = None,
    end: End = None,
    step: Annotated[str, typer.Option(help="of curves: 5m 15m 1h 6h 1d 1w")] = "1h",
    tz: Annotated[str, typer.Option(help="of curves: an IANA zone, where days begin")] = "UTC",
    metric: Annotated[list[str] | None, typer.Option(help="of curves: columns; may be repeated. Default: all")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="as it was known then")] = None,
    form: Annotated[Format | None, typer.Option("--format", help="default: by the name of --out, else csv")] = None,
    out: Annotated[Path | None, typer.Option(help="a file; what it is is put beside it")] = None,
    identified: Annotated[bool, typer.Option("--identified", help="authors as they are, no pseudonyms")] = False,
    dehydrated: Annotated[bool, typer.Option("--dehydrated", help="of posts: their ids alone")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="go on with an export that was broken off")] = False,
) -> None:
    """Write rows to standard output, or into a file with a manifest, a dictionary and a data package beside it.

    Authors are pseudonyms unless --identified is given.
    """
    from app.exports.rows import Query

    given, names = settings(), tuple(name for one in metric or () for name in one.replace(",", " ").split())
    query = Query(
        (*(tags or ()), *(hashtag or ())), campaign, instant("from", start), instant("to", end), step, tz,
        names or None, instant("as_of", as_of), dehydrated,
    )  # fmt: skip
    form = form or _format_of(out)
    if out is not None:
        run(_to_file(given, kind, query, form, out, identified, resume))
    elif resume:
        raise Invalid("resume", None, "goes with --out: what went to standard output is not there to go on with")
    else:
        run(_to_output(given, kind, query, form, identified))


def _format_of(out: Path | None) -> Format:
    suffixes: dict[str, Format] = {".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
    return suffixes.get(out.suffix.lower(), "csv") if out else "csv"


async def _shown(given: "Settings", db: "Database", kind: str, identified: bool) -> "Shown":
    """The key is made where there is none yet, and only for who needs it; another one would make other pseudonyms."""
    from app.access import keyfile
    from app.exports.shown import AS_IT_IS, Shown

    if identified or kind not in ("posts", "accounts"):
        return AS_IT_IS
    keys = keyfile.keyring(given)
    async with db.write() as session:
        await keyfile.check_mark(session, keys)
    return Shown(keys.pseudonym, keys.naming_mark)


async def _to_output(given: "Settings", kind: str, query: "Query", form: Format, identified: bool) -> None:
    from app.exports.stream import stream

    if form == "parquet" and sys.stdout.isatty():
        raise Invalid("out", None, "parquet is not for a terminal: --out FILE, or send it into a file or a pipe")
    with show.progress(f"exporting {kind}") as bar:
        async with database(given) as db:
            shown = await _shown(given, db, kind, identified)
            async for data in stream(db, kind, query, form, now(), bar, shown=shown):
                sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


async def _to_file(
    given: "Settings", kind: str, query: "Query", form: Format, out: Path, identified: bool, resume: bool
) -> None:
    from app.exports.files import to_file

    with show.progress(f"exporting {kind}") as bar:
        async with database(given) as db:
            shown = await _shown(given, db, kind, identified)
            done = await to_file(db, kind, query, form, out, now(), bar, shown=shown, resume=resume)
    show.say(f"{done.rows:,} rows in {done.path}, what they are in {done.manifest}")
