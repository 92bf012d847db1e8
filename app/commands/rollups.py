"""`groundswell rollups`: prove the derived numbers, or make them again."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.commands import show
from app.commands.frame import OneLine, database, now, run, settings

if TYPE_CHECKING:
    from app.store.rebuild import Difference

app = typer.Typer(cls=OneLine, no_args_is_help=True, help="Prove the derived numbers, or make them again.")
AsJson = Annotated[bool, typer.Option("--json", help="for programs")]
NAMED = 20
"""Differences that are told; the rest is counted."""


@app.command(epilog="Example: groundswell rollups verify")
def verify(json: AsJson = False) -> None:
    """Compare every sum with a rebuild from the facts. Ends with 1 where one differs."""
    from dataclasses import asdict

    subjects, found = run(_verify())
    if json:
        show.as_json({"subjects": subjects, "differences": [asdict(one) for one in found]})
    elif not found:
        show.say(f"the rollups of {subjects} subjects are what the facts say")
    else:
        for one in found[:NAMED]:
            show.say(_in_words(one))
        more = f" ({len(found) - NAMED} more not shown)" if len(found) > NAMED else ""
        show.say(f"{len(found)} sums differ{more}: groundswell rollups rebuild makes them again")
    if found:
        raise typer.Exit(1)


async def _verify() -> "tuple[int, list[Difference]]":
    from app.store import checkup, rebuild

    found: list[Difference] = []
    with show.progress("verifying rollups") as bar:
        async with database(settings()) as db, db.read() as session:
            subjects = await checkup.subjects(session)
            for place, subject in enumerate(subjects):
                found += [one async for one in rebuild.verify(session, subject, now())]
                bar(place + 1, len(subjects))
    return len(subjects), found


def _in_words(one: "Difference") -> str:
    from app.clock import rfc3339

    where = f"{one.platform} {one.grain // 60_000} min " if one.grain else ""
    return f"{one.subject}: {where}{rfc3339(one.bucket)} {one.column} is {one.stored}, the facts say {one.rebuilt}"


@app.command(epilog="Example: groundswell rollups rebuild")
def rebuild(json: AsJson = False) -> None:
    """Make every sum again from the facts, a subject at a time."""

    async def work() -> int:
        from app.store import checkup
        from app.store import rebuild as made

        with show.progress("rebuilding rollups") as bar:
            async with database(settings()) as db:
                async with db.read() as session:
                    subjects = await checkup.subjects(session)
                for place, subject in enumerate(subjects):
                    async with db.write() as session:
                        await made.rebuild(session, subject, now())
                    bar(place + 1, len(subjects))
                return len(subjects)

    subjects = run(work())
    show.as_json({"subjects": subjects}) if json else show.say(f"made the rollups of {subjects} subjects again")
