"""Who logs in: names, passwords (argon2id), and the one-time set-up code that makes the first user."""

import asyncio
import base64
import secrets
import unicodedata
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from app.access.seal import Keyring
from app.db.engine import ReadSession, Session
from app.errors import Forbidden, Invalid, NotFound
from app.store import access as rows

SHORTEST, LONGEST = 8, 256
# OWASP's figures for argon2id: a few logins at once must not cost more memory than the rest of the service.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_NOBODYS = _HASHER.hash(secrets.token_hex(16))


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    name: str
    created_at: int
    disabled_at: int | None


async def create(session: Session, name: str, password: str, now: int) -> Person:
    """Conflict where the name is taken, Invalid where name or password will not do."""
    shown = _name(name)
    made = await rows.add_user(session, shown, _folded(shown), await _hash(shown, password), now)
    return Person(made.id, made.name, made.created_at, made.disabled_at)


async def everyone(session: ReadSession) -> list[Person]:
    return [Person(row.id, row.name, row.created_at, row.disabled_at) for row in await rows.users(session)]


async def by_name(session: ReadSession, name: str) -> Person | None:
    found = await rows.user_by_name(session, _folded(name))
    return None if found is None else Person(found.id, found.name, found.created_at, found.disabled_at)


async def disable(session: Session, name: str, now: int) -> None:
    """The user's logins end at once."""
    found = await rows.user_by_name(session, _folded(name))
    if found is None:
        raise NotFound(f"there is no user {name!r}")
    await rows.disable_user(session, found.id, now)


async def check_password(session: ReadSession, name: str, password: str) -> Person | None:
    """None for an unknown name, a wrong password and a disabled user alike, and after the same work."""
    found = await rows.user_by_name(session, _folded(name))
    right = await asyncio.to_thread(_verify, found.password_hash if found else _NOBODYS, password)
    if found is None or not right or found.disabled_at is not None:
        return None
    return Person(found.id, found.name, found.created_at, None)


async def change_password(session: Session, user_id: int, old: str, new: str) -> Person:
    """Forbidden where `old` is not the password, Invalid where `new` will not do. Every login of the user ends."""
    found = await rows.user(session, user_id)
    if found is None or not await asyncio.to_thread(_verify, found.password_hash, old):
        raise Forbidden("this is not the password that you have now")
    await rows.set_password(session, user_id, await _hash(found.name, new))
    return Person(found.id, found.name, found.created_at, found.disabled_at)


async def new_setup_code(session: Session, keys: Keyring, now: int) -> str | None:
    """At each start: a fresh code for the log, in place of an older one. None once there is a user."""
    if (await rows.presence(session)).users:
        return None
    text = base64.b32encode(secrets.token_bytes(15)).decode().lower()
    await rows.put_setup_code(session, keys.mac(text), now)
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


async def set_up(session: Session, keys: Keyring, code: str, name: str, password: str, now: int) -> Person:
    """Makes the first user. Forbidden where the code is wrong or used, or where there is a user already."""
    text = code.strip().lower().replace("-", "").replace(" ", "")
    if not await rows.burn_setup_code(session, keys.mac(text)) or (await rows.presence(session)).users:
        raise Forbidden("this is not the set-up code: the newest one is in the log of the last start")
    return await create(session, name, password, now)


def _name(name: str) -> str:
    shown = unicodedata.normalize("NFC", name).strip()
    if not 1 <= len(shown) <= 64 or not shown.isprintable():
        raise Invalid("name", name, "a user's name has 1 to 64 characters that can be shown")
    return shown


def _folded(name: str) -> str:
    """Names that look alike are one: compared by NFKC and casefold."""
    text = name.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()


async def _hash(name: str, password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid("password", "…", f"a password has {SHORTEST} to {LONGEST} characters")
    if _folded(password) == _folded(name):
        raise Invalid("password", "…", "a password is not the user's name")
    return await asyncio.to_thread(_HASHER.hash, password.encode("utf-8", "surrogatepass"))


def _verify(password_hash: str, password: str) -> bool:
    try:
        return len(password) <= LONGEST and _HASHER.verify(password_hash, password.encode("utf-8", "surrogatepass"))
    except VerificationError:
        return False
