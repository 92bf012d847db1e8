"""A request's way in: look up what it carries, then let the gate decide."""

from app.access import sessions, tokens
from app.access.asked import Asked, is_loopback
from app.access.gate import Refusal, Shown, State, decide, shown
from app.access.principal import Principal
from app.access.seal import Keyring
from app.db.engine import ReadSession, Session
from app.store import access as rows


async def admit(session: ReadSession, keys: Keyring, asked: Asked, listens_on: str, now: int) -> Principal | Refusal:
    """`listens_on` is the host that the service was told to listen on."""
    there = await rows.presence(session)
    state = State(there.users, there.tokens, is_loopback(listens_on))
    carried = shown(asked)
    found, csrf = await _found(session, keys, carried, now)
    return decide(asked, state, carried, found, csrf)


async def _found(
    session: ReadSession, keys: Keyring, carried: Shown | Refusal, now: int
) -> tuple[Principal | None, str]:
    if isinstance(carried, Refusal) or carried.kind == "nothing":
        return None, ""
    if carried.kind == "token":
        return await tokens.authenticate(session, keys, carried.text, now), ""
    found = await sessions.authenticate(session, keys, carried.text, now)
    return found, sessions.csrf_token(keys, carried.text)


async def touch(session: Session, who: Principal, now: int) -> None:
    """Writes down the last use. To be called where `who.touch` is not None; the request does not wait for it."""
    if who.touch and who.kind == "token":
        await rows.touch_token(session, who.touch, now)
    elif who.touch:
        await rows.touch_login(session, who.touch, now)
