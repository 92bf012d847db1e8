"""Logins of the dashboard: a random text in a cookie, its keyed hash in the database, an end to each."""

import secrets

from app.access.principal import ALL, Principal
from app.access.seal import Keyring
from app.clock import DAY, HOUR, MINUTE
from app.db.engine import ReadSession, Session
from app.store import access as rows

IDLE = 12 * HOUR
ABSOLUTE = 7 * DAY


async def log_in(session: Session, keys: Keyring, user_id: int, now: int, replaces: str | None = None) -> str:
    """The text for the cookie: always a new one, and the one that came with the request (`replaces`) ends."""
    if replaces:
        await rows.drop_login(session, keys.mac(replaces))
    await rows.drop_old_logins(session, now - ABSOLUTE, now - IDLE)
    text = secrets.token_urlsafe(32)
    await rows.add_login(session, keys.mac(text), user_id, now)
    return text


async def log_out(session: Session, keys: Keyring, text: str) -> None:
    await rows.drop_login(session, keys.mac(text))


async def authenticate(session: ReadSession, keys: Keyring, text: str, now: int) -> Principal | None:
    found = await rows.login(session, keys.mac(text))
    if found is None:
        return None
    login, user = found
    ended = now - login.created_at >= ABSOLUTE or now - login.used_at >= IDLE
    if ended or user.disabled_at is not None:
        return None
    touch = login.mac if now - login.used_at >= 5 * MINUTE else None
    return Principal("user", str(user.id), user.name, ALL, touch)


def csrf_token(keys: Keyring, text: str) -> str:
    """What a page of this login puts into its requests, and no other page can know."""
    return keys.mac(f"csrf {text}")
