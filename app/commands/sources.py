"""`groundswell sources`: the servers that are looked at."""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands import show
from app.commands.frame import OneLine, database, now, run, settings

app = typer.Typer(cls=OneLine, no_args_is_help=True, help="The servers that are looked at.")
Name = Annotated[str, typer.Argument(help="the source's name")]
AsJson = Annotated[bool, typer.Option("--json", help="for programs")]


@app.command(epilog="Example: groundswell sources add mastodon --name home --url https://mastodon.example")
def add(
    platform: Annotated[str, typer.Argument(help="mastodon (and all who speak its API) or bluesky")],
    name: Annotated[str, typer.Option(help="what to call it: a to z, 0 to 9, dot, dash, underscore")],
    url: Annotated[str | None, typer.Option(help="the server's base URL")] = None,
    token_file: Annotated[Path | None, typer.Option(help="a file with the token or app password")] = None,
    identifier: Annotated[str | None, typer.Option(help="whose token it is, where the platform asks")] = None,
    json: AsJson = False,
) -> None:
    """Add a server, with its token in a file if it needs one."""
    given = settings()

    async def work() -> int:
        from app import sources
        from app.store.sources import NewSource

        secret = str(token_file.absolute()) if token_file else None
        async with database(given) as db:
            return await sources.add(db, given, NewSource(platform, name, url, identifier, secret), now())

    run(work())
    if json:
        show.as_json({"name": name, "platform": platform, "url": url})
    else:
        show.say(f"added {name}; try it: groundswell sources check {name}")


@app.command("list", epilog="Example: groundswell sources list")
def list_(json: AsJson = False) -> None:
    """The sources, with their states."""
    given = settings()

    async def work() -> list[dict[str, Any]]:
        from app.clock import rfc3339
        from app.store import sources

        async with database(given) as db, db.read() as session:
            return [
                {
                    "name": row.name, "platform": row.platform, "url": row.base_url, "state": row.state,
                    "reason": row.reason, "since": rfc3339(row.state_at),
                    "waits_until": rfc3339(row.waits_until) if row.waits_until else None,
                    "credential_file": row.credential_file,
                }
                for row in await sources.live(session)
            ]  # fmt: skip

    found = run(work())
    if json:
        show.as_json({"items": found})
    elif found:
        names = ("name", "platform", "url", "state", "since", "reason")
        show.columns(names, [[row[name] for name in names] for row in found])
    else:
        show.say("no sources yet: groundswell sources add mastodon --name home --url https://mastodon.example")


@app.command(epilog="Example: groundswell sources check home")
def check(name: Name, json: AsJson = False) -> None:
    """Make one real call, and say who answered."""
    given = settings()

    async def work() -> dict[str, str]:
        from app import sources
        from app.clock import SystemClock

        async with database(given) as db:
            return dict(await sources.check(db, given, SystemClock(), name))

    facts = run(work())
    if json:
        show.as_json({"name": name, "facts": facts})
    else:
        show.say(f"{name} answers: " + ", ".join(f"{key} {value}" for key, value in facts.items()))


@app.command(epilog="Example: groundswell sources remove home")
def remove(name: Name) -> None:
    """Stop using a source. What it saw stays."""
    given = settings()

    async def work() -> None:
        from app.store import sources

        async with database(given) as db, db.write() as session:
            await sources.remove(session, name, now())

    run(work())
    show.say(f"removed {name}; what it saw stays")
