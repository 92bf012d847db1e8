"""`groundswell sources`: the servers that are looked at."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands import show
from app.commands.frame import OneLine, database, now, run, settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.planning import Planned

app = typer.Typer(cls=OneLine, no_args_is_help=True, help="The servers that are looked at.")
Name = Annotated[str, typer.Argument(help="the source's name")]
LIMIT = "at most so much in the platform's window: searches=50, money=25.00 (dollars)"
Limits = Annotated[list[str] | None, typer.Option("--limit", metavar="NAME=VALUE", help=f"{LIMIT}; may be repeated")]
AsJson = Annotated[bool, typer.Option("--json", help="for programs")]


@app.command(epilog="Example: groundswell sources add mastodon --name home --url https://mastodon.example")
def add(
    platform: Annotated[str, typer.Argument(help="mastodon (and all who speak its API), bluesky, youtube, x, …")],
    name: Annotated[str, typer.Option(help="what to call it: a to z, 0 to 9, dot, dash, underscore")],
    url: Annotated[str | None, typer.Option(help="the server's base URL")] = None,
    token_file: Annotated[Path | None, typer.Option(help="a file with the token, key or app password")] = None,
    identifier: Annotated[str | None, typer.Option(help="whose token it is, where the platform asks")] = None,
    limit: Limits = None,
    shares_with: Annotated[str | None, typer.Option(help="a source whose work this credential is to share")] = None,
    unchecked: Annotated[bool, typer.Option("--unchecked", help="save it without asking the server")] = False,
    json: AsJson = False,
) -> None:
    """Add a server: it is asked once, and saved if it answers as it should."""
    from app.commands import asking

    given = settings()
    file = str(token_file.absolute()) if token_file else None
    with asking.by_option():
        new, secret = asking.filled(platform, name, url, identifier, file, limit or [], shared=shares_with is not None)

    async def work() -> dict[str, str]:
        from app import joining
        from app.clock import SystemClock

        async with database(given) as db:
            joined = joining.join(db, given, SystemClock(), new, secret, unchecked=unchecked, shares_with=shares_with)
            return dict(await joined)

    with asking.by_option():
        facts = run(work())
    if json:
        show.as_json({"name": name, "platform": platform, "url": url, "facts": facts})
    elif unchecked:
        show.say(f"added {name}; try it: groundswell sources check {name}")
    else:
        show.say(f"{_answers(name, facts)}; added")


def _answers(name: str, facts: "Mapping[str, str]") -> str:
    return f"{name} answers: " + ", ".join(f"{key} {value}" for key, value in facts.items())


@app.command("list", epilog="Example: groundswell sources list")
def list_(json: AsJson = False) -> None:
    """The sources, with their states, what is left to spend, and what they cost."""
    given = settings()

    async def work() -> list[dict[str, Any]]:
        from app.commands import spent

        async with database(given) as db, db.read() as session:
            return await spent.listed(session, now())

    found = run(work())
    if json:
        show.as_json({"items": found})
    elif found:
        from app.commands import spent

        names = ("name", "platform", "url", "state", "since", "reason")
        rows = [
            [
                *(row[name] for name in names),
                (row["stream"] or {}).get("state"),
                spent.left(row),
                row["cost_this_month"],
            ]
            for row in found
        ]
        show.columns((*names, "stream", "left", "cost this month"), rows)
    else:
        show.say("no sources yet: groundswell sources add mastodon --name home --url https://mastodon.example")


@app.command(epilog="Example: groundswell sources limit x money=25.00")
def limit(name: Name, limits: Annotated[list[str], typer.Argument(metavar="NAME=VALUE…", help=LIMIT)]) -> None:
    """Say how much a source may spend at most."""
    given = settings()

    async def work() -> dict[str, int]:
        from app import joining
        from app.store import sources

        async with database(given) as db, db.write() as session:
            row = await sources.named(session, name)
            return await sources.set_limits(session, name, joining.limits(row.platform, limits))

    run(work())
    show.say(f"{name} may spend at most {', '.join(limits)}; from its next call on")


@app.command(epilog="Example: groundswell sources check home")
def check(name: Name, json: AsJson = False) -> None:
    """Make one real call, say who answered, and what such a source promises."""
    given = settings()

    async def work() -> "tuple[dict[str, str], str]":
        from app import sources
        from app.clock import SystemClock
        from app.store import sources as rows

        async with database(given) as db:
            facts = dict(await sources.check(db, given, SystemClock(), name))
            async with db.read() as session:
                return facts, (await rows.named(session, name)).platform

    facts, platform = run(work())
    from app.commands import plans

    if json:
        show.as_json({"name": name, "facts": facts, "promises": plans.promised(platform)})
    else:
        show.say("\n".join([_answers(name, facts), *(f"  {word:9} {line}" for word, line in plans.promises(platform))]))


@app.command(epilog="Example: groundswell sources plan '#farm' --source home")
def plan(
    tag: Annotated[str, typer.Argument(metavar="TAG", help="the hashtag; quote it, or leave the # out")],
    source: Annotated[list[str] | None, typer.Option(help="a source's name; may be repeated. Default: all")] = None,
    json: AsJson = False,
) -> None:
    """Before following: what a hashtag will cost a day on each source, and what will be missed."""
    from app.commands import plans

    given = settings()

    async def work() -> "list[Planned]":
        from app import planning
        from app.clock import SystemClock

        async with database(given) as db:
            return await planning.planned(db, given, SystemClock(), tag, source)

    found = run(work())
    if json:
        show.as_json({"tag": tag, "sources": [plans.told(one) for one in found]})
    else:
        for one in found:
            show.say(plans.words(one))


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
