"""The second step of a login, and switching it on and off, whichever door asks."""

from collections.abc import Sequence
from typing import Any

from app.access import audit, halfway, totp, users
from app.access.asked import Asked
from app.access.entry import Opened, guessed_wrong, opened, slow_down
from app.access.principal import Principal
from app.access.users import Person
from app.clock import to_ms
from app.db.engine import Session
from app.errors import Forbidden, NotFound, Unauthenticated
from app.store import access as rows


class TooLate(Unauthenticated):
    """The password is to be given again."""


async def finish(state: Any, asked: Asked, word: str, code: str) -> Opened:
    """`word` is what the first step gave. Unauthenticated where the code is not right, or was used before."""
    now = to_ms(state.clock.now())
    async with state.db.read() as session:
        found = await halfway.whose(session, state.keys, word, now)
    if found is None:
        raise TooLate("that took too long: give name and password again")
    user_id, name = found
    await slow_down(state, asked, name)
    done = None
    async with state.db.write() as session:
        spent = await totp.spend(session, state.keys, user_id, code, now)
        if spent:
            person = await _person(session, user_id)
            action = "login.recovery" if spent == "recovery" else "login"
            done = Opened(person, await opened(session, state.keys, asked, person, action, now))
    if done is None:  # a wrong try is counted: what the transaction wrote stays
        guessed_wrong(state, asked, name)
        raise Unauthenticated("this code is not right, or was used before")
    state.throttle.succeeded(name)
    return done


async def switch_on(state: Any, asked: Asked, who: Principal, code: str) -> tuple[Opened, Sequence[str]]:
    """The recovery codes, this once. Ends every other login of the user: they came in by less."""
    now, user_id = to_ms(state.clock.now()), int(who.id)
    async with state.db.write() as session:
        codes = await totp.confirm(session, state.keys, user_id, code, now)
        if codes is None:
            raise Forbidden("this code is not right")
        await rows.drop_logins(session, user_id)
        person = await _person(session, user_id)
        return Opened(person, await opened(session, state.keys, asked, person, "user.totp.on", now)), codes


async def switch_off(state: Any, asked: Asked, who: Principal, proof: str) -> None:
    """`proof` is the password, a code or a recovery code. Guessing it is as slow as at the login."""
    await slow_down(state, asked, who.name)
    now, user_id = to_ms(state.clock.now()), int(who.id)
    async with state.db.read() as session:
        right = await users.check_password(session, who.name, proof) is not None
    async with state.db.write() as session:
        right = right or await totp.spend(session, state.keys, user_id, proof, now) is not None
        if right and await totp.remove(session, user_id):
            await audit.record(session, who, "user.totp.off", now, subject=who.name, ip=asked.peer)
    if not right:
        guessed_wrong(state, asked, who.name)
        raise Forbidden("this is neither your password nor a code")


async def reset(session: Session, name: str) -> None:
    """For someone who has lost the app and the recovery codes: the password alone is asked for again."""
    found = await users.by_name(session, name)
    if found is None:
        raise NotFound(f"there is no user {name!r}")
    if not await totp.remove(session, found.id):
        raise NotFound(f"{found.name} has no second factor")


async def _person(session: Session, user_id: int) -> Person:
    found = await rows.user(session, user_id)
    if found is None:
        raise Unauthenticated("there is no such user any more")
    return Person(found.id, found.name, found.created_at, found.disabled_at)
