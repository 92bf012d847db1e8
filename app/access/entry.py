"""Logging in, out, and setting up, whichever door asks: the API's JSON or the pages' forms."""

from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from app.access import audit, halfway, sessions, totp, users
from app.access.asked import Asked, sender
from app.access.gate import Refusal, cookie_name, shown
from app.access.halfway import CodeNeeded
from app.access.principal import ALL, Principal
from app.access.throttle import Throttle
from app.access.users import Person
from app.clock import to_ms
from app.db.engine import Session
from app.errors import Forbidden, Unauthenticated


class Cookie(TypedDict):
    key: str
    value: str
    max_age: int
    path: str
    httponly: bool
    samesite: Literal["lax"]
    secure: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """A login that was just made. `text` goes into the cookie and is kept nowhere else."""

    person: Person
    text: str

    def cookie(self, asked: Asked) -> Cookie:
        name = cookie_name(asked)
        return {
            "key": name, "value": self.text, "max_age": sessions.ABSOLUTE // 1_000, "path": "/", "httponly": True,
            "samesite": "lax", "secure": name.startswith("__Host-"),
        }  # fmt: skip


async def set_up(state: Any, asked: Asked, code: str, name: str, password: str) -> Opened:
    """The first user, logged in. `state` is the web side's: db, keys, throttle, clock."""
    await slow_down(state, asked, "")
    now = to_ms(state.clock.now())
    try:
        async with state.db.write() as session:
            person = await users.set_up(session, state.keys, code, name, password, now)
            return Opened(person, await opened(session, state.keys, asked, person, "setup", now))
    except Forbidden:
        guessed_wrong(state, asked, "")
        raise


async def log_in(state: Any, asked: Asked, name: str, password: str) -> Opened:
    """CodeNeeded where the user has a second factor: there is no login before `second.finish`."""
    await slow_down(state, asked, name)
    async with state.db.read() as session:
        person = await users.check_password(session, name, password)
    if person is None:
        guessed_wrong(state, asked, name)
        raise Unauthenticated("name and password do not belong together")
    await _ask_for_code(state, person)
    state.throttle.succeeded(name)
    async with state.db.write() as session:
        text = await opened(session, state.keys, asked, person, "login", to_ms(state.clock.now()))
    return Opened(person, text)


async def _ask_for_code(state: Any, person: Person) -> None:
    async with state.db.read() as session:
        if await totp.standing(session, person.id):
            raise CodeNeeded(await halfway.word_for(session, state.keys, person.id, to_ms(state.clock.now())))


async def change_password(state: Any, asked: Asked, who: Principal, old: str, new: str) -> Opened:
    """Ends every login of the user and opens this one anew. Guessing the old one is as slow as at the login."""
    await slow_down(state, asked, who.name)
    now = to_ms(state.clock.now())
    try:
        async with state.db.write() as session:
            person = await users.change_password(session, int(who.id), old, new)
            return Opened(person, await opened(session, state.keys, asked, person, "user.password", now))
    except Forbidden:
        guessed_wrong(state, asked, who.name)
        raise


async def log_out(state: Any, asked: Asked, who: Principal) -> bool:
    """Whether there was a login to end."""
    carried = shown(asked)
    if isinstance(carried, Refusal) or carried.kind != "login":
        return False
    async with state.db.write() as session:
        await sessions.log_out(session, state.keys, carried.text)
        await audit.record(session, who, "logout", to_ms(state.clock.now()), ip=asked.peer)
    return True


async def opened(session: Session, keys: Any, asked: Asked, person: Person, action: str, now: int) -> str:
    carried = shown(asked)
    replaces = carried.text if not isinstance(carried, Refusal) and carried.kind == "login" else None
    who = Principal("user", str(person.id), person.name, ALL)
    await audit.record(session, who, action, now, ip=asked.peer)
    return await sessions.log_in(session, keys, person.id, now, replaces)


async def slow_down(state: Any, asked: Asked, name: str) -> None:
    throttle: Throttle = state.throttle
    await state.clock.sleep(throttle.wait(_address(state, asked), name, state.clock.monotonic()))


def guessed_wrong(state: Any, asked: Asked, name: str) -> None:
    state.throttle.failed(_address(state, asked), name, state.clock.monotonic())


def _address(state: Any, asked: Asked) -> str | None:
    return sender(asked, state.settings.trusted_proxies)
