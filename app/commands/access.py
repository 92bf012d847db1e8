"""`groundswell users` and `groundswell tokens`: who may come in."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands import show
from app.commands.frame import OneLine, database, now, run, settings
from app.errors import Invalid

if TYPE_CHECKING:
    from app.access.principal import Principal
    from app.access.tokens import Minted
    from app.access.users import Person

users = typer.Typer(cls=OneLine, no_args_is_help=True, help="Who logs in. From the first one on a login is needed.")
tokens = typer.Typer(cls=OneLine, no_args_is_help=True, help="Bearer tokens for programs.")
AsJson = Annotated[bool, typer.Option("--json", help="for programs")]


@users.command(
    "create", epilog="Example: groundswell users create ana    (or: groundswell users create ana < password.txt)"
)
def create_user(name: Annotated[str, typer.Argument(help="the name to log in with")]) -> None:
    """Make a user. The password is asked for, or is the first line of standard input."""
    given = settings()
    password = _password()

    async def work() -> "Person":
        from app.access import audit
        from app.access import users as people

        async with database(given) as db, db.write() as session:
            made = await people.create(session, name, password, now())
            await audit.record(session, _whoever(), "user.create", now(), subject=made.name)
            return made

    show.say(f"made the user {run(work()).name}; log in at /login")


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = str(typer.prompt("Password", hide_input=True))
    if password != typer.prompt("Again", hide_input=True):
        raise Invalid("password", "…", "the two are not the same")
    return password


def _whoever() -> "Principal":
    from app.access.principal import LOCAL

    return LOCAL


@users.command("list", epilog="Example: groundswell users list")
def list_users(json: AsJson = False) -> None:
    """Everyone who logs in."""
    given = settings()

    async def work() -> list[dict[str, Any]]:
        from app.access import users as people
        from app.store.totp import those_with

        async with database(given) as db, db.read() as session:
            twice = await those_with(session)
            return [
                {
                    "name": one.name, "created_at": _time(one.created_at), "disabled_at": _time(one.disabled_at),
                    "second_factor": one.id in twice,
                }
                for one in await people.everyone(session)
            ]  # fmt: skip

    rows = run(work())
    _print(rows, json, "no users: whoever is on this machine may read and write, over loopback")


@users.command("disable", epilog="Example: groundswell users disable ana")
def disable_user(name: Annotated[str, typer.Argument(help="the user's name")]) -> None:
    """Let a user in no longer; the logins end at once."""
    given = settings()

    async def work() -> None:
        from app.access import audit
        from app.access import users as people

        async with database(given) as db, db.write() as session:
            await people.disable(session, name, now())
            await audit.record(session, _whoever(), "user.disable", now(), subject=name)

    run(work())
    show.say(f"disabled {name}")


@users.command("reset-totp", epilog="Example: groundswell users reset-totp ana")
def reset_totp(name: Annotated[str, typer.Argument(help="the user's name")]) -> None:
    """Ask a user for the password alone again, where phone and recovery codes are lost."""
    given = settings()

    async def work() -> None:
        from app.access import audit, second

        async with database(given) as db, db.write() as session:
            await second.reset(session, name)
            await audit.record(session, _whoever(), "user.totp.reset", now(), subject=name)

    run(work())
    show.say(f"{name} logs in with the password alone; a second factor is set up again in the settings")


@tokens.command("create", epilog="Example: groundswell tokens create --scopes 'stats:read posts:read' --name dashboard")
def create_token(
    scopes: Annotated[str, typer.Option(help="what it may do, separated by spaces or commas")],
    name: Annotated[str, typer.Option(help="what it is for")] = "token",
    days: Annotated[float, typer.Option(help="how long it lives")] = 90,
    json: AsJson = False,
) -> None:
    """Make a token and print it: it is shown this once."""
    given = settings()

    async def work() -> "Minted":
        from app.access import audit, keyfile
        from app.access import tokens as made
        from app.access.principal import parse_scopes

        wanted, keys = parse_scopes(scopes), None
        async with database(given) as db:
            keys = keyfile.keyring(given)
            async with db.write() as session:
                await keyfile.check_mark(session, keys)
                minted = await made.create(session, keys, name, wanted, now(), days)
                await audit.record(session, _whoever(), "token.create", now(), subject=minted.facts.id)
                return minted

    minted = run(work())
    if json:
        facts = minted.facts
        show.as_json(
            {
                "token": minted.text,
                "id": facts.id,
                "name": facts.name,
                "scopes": sorted(facts.scopes),
                "expires_at": _time(facts.expires_at),
            }
        )
        return
    show.say(minted.text)
    typer.echo(f"shown this once; it ends on {_time(minted.facts.expires_at)}", err=True)


@tokens.command("list", epilog="Example: groundswell tokens list")
def list_tokens(json: AsJson = False) -> None:
    """The tokens, without their secrets."""
    given = settings()

    async def work() -> list[dict[str, Any]]:
        from app.access import tokens as made

        async with database(given) as db, db.read() as session:
            return [
                {
                    "id": one.id, "name": one.name, "scopes": " ".join(sorted(one.scopes)),
                    "created_at": _time(one.created_at), "expires_at": _time(one.expires_at),
                    "last_used_at": _time(one.last_used_at), "revoked_at": _time(one.revoked_at),
                }
                for one in await made.everything(session)
            ]  # fmt: skip

    _print(run(work()), json, "no tokens: groundswell tokens create --scopes stats:read")


@tokens.command("revoke", epilog="Example: groundswell tokens revoke 3kTzQ9aB")
def revoke_token(token: Annotated[str, typer.Argument(help="its id, or the token itself")]) -> None:
    """End a token at once."""
    given = settings()

    async def work() -> None:
        from app.access import audit
        from app.access import tokens as made

        async with database(given) as db, db.write() as session:
            await made.revoke(session, token, now())
            await audit.record(session, _whoever(), "token.revoke", now(), subject=made.read_id(token) or token)

    run(work())
    show.say("revoked")


def _time(ms: int | None) -> str | None:
    from app.clock import rfc3339

    return None if ms is None else rfc3339(ms)


def _print(rows: list[dict[str, Any]], json: bool, none: str) -> None:
    if json:
        show.as_json({"items": rows})
    elif rows:
        show.columns(list(rows[0]), [list(row.values()) for row in rows])
    else:
        show.say(none)
