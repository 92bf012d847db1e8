"""`erase`, `retention` and `privacy`: a person taken out, how long things are kept, and the proof that it is so."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands import show
from app.commands.frame import database, now, run, settings
from app.errors import Invalid, NotFound

if TYPE_CHECKING:
    from app.db.engine import Database
    from app.store.erasures import Found

AsJson = Annotated[bool, typer.Option("--json", help="for programs")]
FOR_GOOD = "forever"


Who = Annotated[
    str, typer.Argument(help="a handle, a name, an account's id, an influencer's id; - reads it from standard input")
]
Only = Annotated[list[str] | None, typer.Option(help="of those found this one alone, by its id on its platform")]
Yes = Annotated[bool, typer.Option("--yes", help="erase without asking")]
ShowOnly = Annotated[bool, typer.Option("--show", help="say what is there, and erase nothing")]


def erase(who: Who, account: Only = None, yes: Yes = False, show_only: ShowOnly = False, json: AsJson = False) -> None:
    """Take a person out: text, names, ids and addresses go, times and counts stay; a re-read brings nothing back."""
    name = sys.stdin.readline().strip() if who == "-" else who
    found = run(_find(name, account or []))
    if not found.accounts and not found.influencers:
        raise NotFound("nobody is known by that: try the handle as the platform writes it, or the account's id")
    if show_only:
        _show(found, json)
        return
    if not yes:
        _show(found, False)
        _ask()
    told = run(_erase(found))
    if json:
        show.as_json(told)
        return
    show.say(
        f"erased {told['posts']:,} posts of {told['accounts']} accounts; {told['messages']} messages were redacted"
    )
    if not told["rewritten"]:
        show.say("the database file still holds what was there before: groundswell privacy --sweep makes it anew")
    _mentions(found)


def _ask() -> None:
    if not sys.stdin.isatty():
        raise Invalid("yes", "…", "nobody is there to be asked: --yes erases, --show says what is there")
    if not typer.confirm("Erase all of it? It cannot be undone."):
        raise typer.Exit(1)


async def _find(who: str, only: list[str]) -> "Found":
    from dataclasses import replace

    from app.store import erasures

    async with database(settings()) as db, db.read() as session:
        found = await erasures.find(session, who)
    if not only:
        return found
    return replace(found, accounts=tuple(one for one in found.accounts if one.native_id in only), influencers=())


async def _erase(found: "Found") -> dict[str, Any]:
    from app.access import audit
    from app.access.principal import LOCAL
    from app.privacy import sweep
    from app.store import erasures

    asked: list[tuple[list[int], str | None]] = [([], key) for key, _ in found.influencers]
    asked += [([int(one.id) for one in found.accounts], None)] if found.accounts else []
    posts = messages = 0
    async with database(settings()) as db:
        for accounts, person in asked:
            async with db.write() as session:
                left = await erasures.still_there(session, accounts)
                if not left and person is None:
                    continue
                key = await erasures.ask(session, left, person, now())
                await audit.record(session, LOCAL, "person.erase", now(), subject=f"erasure {key}")
            with show.progress("erasing"):
                await sweep.erase(db, key, now())
            async with db.read() as session:
                done = await erasures.by_id(session, key)
                posts, messages = posts + done.posts, messages + done.messages
        rewritten = await _rewritten(db)
    return {"accounts": len(found.accounts), "posts": posts, "messages": messages, "rewritten": rewritten}


async def _rewritten(db: "Database") -> bool:
    from app.errors import Busy
    from app.privacy import sweep

    try:
        with show.progress("making the database file anew"):
            return await sweep.rewrite(db, now(), asked=True)
    except Busy:
        return False


def _show(found: "Found", json: bool) -> None:
    from dataclasses import asdict

    if json:
        show.as_json({
            "accounts": [asdict(one) for one in found.accounts],
            "influencers": [{"id": key, "name": name} for key, name in found.influencers],
            "mentions": list(found.mentions),
        })  # fmt: skip
        return
    rows = [
        (one.platform, one.handle, one.native_id, one.posts, one.texts, one.looks, one.messages)
        for one in found.accounts
    ]
    show.columns(("platform", "handle", "id", "posts", "texts", "follower readings", "messages"), rows)
    for key, name in found.influencers:
        show.say(f"influencer {key}: {name}")
    _mentions(found)


def _mentions(found: "Found") -> None:
    if found.mentions:
        show.say("somebody here wrote the name too; that is left to you: " + ", ".join(found.mentions))


def _days(name: str, text: str | None) -> tuple[bool, int | None]:
    if text is None or text == FOR_GOOD:
        return text is not None, None
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise Invalid(name, text, f"a whole number of days, or {FOR_GOOD}")
    return True, int(text)


Days = typer.Option(metavar=f"DAYS|{FOR_GOOD}")


def retention(
    text: Annotated[str | None, Days] = None,
    snapshots: Annotated[str | None, Days] = None,
    posts: Annotated[str | None, Days] = None,
    json: AsJson = False,
) -> None:
    """Show or set for how many days texts, readings and posts are kept. Everything, unless you say so; sums stay."""
    given = {"text": _days("text", text), "snapshots": _days("snapshots", snapshots), "posts": _days("posts", posts)}
    kept = run(_retention({kind: number for kind, (named, number) in given.items() if named}))
    if json:
        show.as_json(kept)
        return
    show.columns(("kind", "days"), [(kind, FOR_GOOD if days is None else days) for kind, days in kept.items()])


async def _retention(wanted: dict[str, int | None]) -> dict[str, int | None]:
    from app.access import audit
    from app.access.principal import LOCAL
    from app.store import retention as rows

    async with database(settings()) as db, db.write() as session:
        before = await rows.days(session)
        if wanted:
            await rows.set_days(session, wanted)
            after = {**before, **wanted}
            await audit.record(session, LOCAL, "retention", now(), subject="retention", before=before, after=after)
        kept = await rows.days(session)
        return {kind: kept.get(kind) for kind in rows.KINDS}


Sweep = Annotated[
    bool, typer.Option("--sweep", help="take out now what is past its time, and make the database file anew")
]


def privacy(sweep: Sweep = False, json: AsJson = False) -> None:
    """What each platform's terms ask, and what is over its limit: nothing, when all is well. Else ends with 1."""
    told = run(_privacy(sweep))
    if json:
        show.as_json(told)
    else:
        _tell(told)
    if told["over"]:
        raise typer.Exit(1)


def _tell(told: dict[str, Any]) -> None:
    rows = [
        (one["platform"], one["purge_hours"], one["reread_days"], one["handed_on"], one["oldest_reading"])
        for one in told["platforms"]
    ]
    show.columns(("platform", "gone within h", "reread within d", "exports hold", "read longest ago"), rows)
    for one in told["over"]:
        show.say(f"{one['platform']}: {one['posts']:,} posts are over the limit ({one['rule']}), since {one['since']}")
    if not told["over"]:
        show.say("0 posts are over a limit")


async def _swept(db: "Database") -> None:
    """A worker may be at it, or have died at it just now: its lease ends within fifteen seconds."""
    import asyncio

    from app.errors import Busy
    from app.privacy import sweep

    for _ in range(20):
        with show.progress("taking out what is past its time"):
            if not (await sweep.sweep(db, now(), anew=True)).busy:
                return
        await asyncio.sleep(1)
    raise Busy("a worker is sweeping just now: try again in a while")


async def _privacy(swept: bool) -> dict[str, Any]:
    from app.privacy import report

    async with database(settings()) as db:
        if swept:
            await _swept(db)
        async with db.read() as session:
            return await report.made(session, now())
