"""`groundswell sources stream`: how a source's stream does, where it is, and whether there is to be one."""

import re
from typing import Annotated, Any

import typer

from app.commands import show
from app.commands.frame import database, now, run, settings
from app.errors import Invalid

Name = Annotated[str, typer.Argument(help="the source's name")]


def stream(
    name: Name,
    url: Annotated[str | None, typer.Option(help="where it is: ws:// or wss://, a Jetstream of your own")] = None,
    off: Annotated[bool, typer.Option("--off", help="no stream: polls alone")] = False,
    by_itself: Annotated[bool, typer.Option("--by-itself", help="where the platform has one, as at first")] = False,
    json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Show a source's stream; or say where it is, or that there is to be none. One that stopped is tried again."""
    given = settings()
    if sum((url is not None, off, by_itself)) > 1:
        raise Invalid("stream", name, "one of --url, --off and --by-itself")

    async def work() -> dict[str, Any]:
        from app import outbound
        from app.store import sources, streams

        if url is not None:
            await outbound.check_url(re.sub("^ws", "http", url), given.allow_networks)
        async with database(given) as db:
            async with db.write() as session:
                row = await sources.named(session, name)
                if url is not None or off or by_itself:
                    await streams.set_url(session, row.id, streams.OFF if off else url, now())
                    await streams.again(session, row.id, now())
            async with db.read() as session:
                return told((await streams.shown(session, [row.id], now())).get(row.id))

    found = run(work())
    if json:
        show.as_json({"name": name, "stream": found or None})
    elif not found:
        show.say(f"{name} has no stream now: a worker opens one where the platform offers it")
    else:
        show.say(f"{name}: {found['state']}" + (f", {found['reason']}" if found["reason"] else ""))


def told(one: Any) -> dict[str, Any]:
    from app.clock import rfc3339

    if one is None:
        return {}
    return {
        "state": one.state, "url": one.url, "reason": one.reason, "since": rfc3339(one.state_at),
        "heard_to": rfc3339(one.reached) if one.reached else None,
    }  # fmt: skip
