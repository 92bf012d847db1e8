"""`import`: history in from files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from app.commands import show
from app.commands.frame import database, instant, now, run, settings
from app.errors import Invalid, Problem

if TYPE_CHECKING:
    from app.imports.run import Summary

Format = Literal["csv", "jsonl", "parquet"]
Start = Annotated[str | None, typer.Option("--from", help="RFC 3339 or unix seconds")]
End = Annotated[str | None, typer.Option("--to", help="likewise")]


def import_(
    kind: Annotated[
        Literal["posts", "snapshots", "accounts", "counts", "coverage", "outcomes"],
        typer.Argument(help="what the rows are"),
    ],
    file: Annotated[Path, typer.Argument(help="CSV with a header, JSONL or Parquet, gzipped or not")],
    campaign: Annotated[str | None, typer.Option(help="whose outcomes they are (its slug)")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="one bad row refuses the whole file")] = False,
    start: Start = None,
    end: End = None,
    form: Annotated[Format | None, typer.Option("--format", help="where the file's name does not tell")] = None,
    json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Bring history in. Bad rows are named and kept in a rejects file beside the file; the rest goes in.

    --from and --to say what the posts of the file cover; without them it is the span of its rows.
    """
    span = _span(instant("from", start), instant("to", end))
    if not file.is_file():
        raise Invalid("file", str(file), f"there is no file {file}")
    given = settings()

    async def work() -> "Summary":
        from app.imports.run import run as bring_in

        with show.progress(f"importing {kind}") as bar:
            async with database(given) as db:
                return await bring_in(
                    db,
                    kind,
                    file,
                    strict=strict,
                    span=span,
                    now=now(),
                    progress=bar,
                    file_format=form,
                    campaign=campaign,
                )

    try:
        _tell(run(work()), kind, json)
    except Invalid as error:
        if error.errors and error.errors[0].field in ("format", "campaign"):
            raise
        raise Problem(error.detail) from error  # the file is wrong, the command was not


def _span(start: int | None, end: int | None) -> tuple[int, int] | None:
    if start is None and end is None:
        return None
    if start is None or end is None:
        raise Invalid("from", None, "--from and --to go together")
    if start >= end:
        raise Invalid("from", start, "must lie before to")
    return start, end


def _tell(summary: "Summary", kind: str, json: bool) -> None:
    for line, why in summary.first_rejects:
        typer.echo(f"line {line}: {why}", err=True)
    if json:
        show.as_json({
            "kind": kind, "rows": summary.rows, "kept": summary.kept, "repeated": summary.repeated,
            "rejected": summary.rejected, "rejects_file": str(summary.rejects_path) if summary.rejects_path else None,
            "rejects": [{"line": line, "reason": why} for line, why in summary.first_rejects],
            "seconds": round(summary.seconds, 3),
        })  # fmt: skip
        return
    bad = f"; {summary.rejected:,} bad, all of them in {summary.rejects_path}" if summary.rejected else ""
    show.say(
        f"{summary.rows:,} rows in {summary.seconds:.1f} s: "
        f"{summary.kept:,} new, {summary.repeated:,} known already{bad}"
    )
