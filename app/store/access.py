"""SQL for users, tokens, logins, the set-up code, the audit log and repeated requests."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.exc import IntegrityError

from app.clock import DAY, MINUTE
from app.db.engine import ReadSession, Session
from app.errors import Conflict, Invalid
from app.models.access import Audit, Idempotency, KeyMark, LoginSession, SetupCode, Token, User


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether anyone was ever let in. The disabled and the revoked count: taking the last one away opens nothing."""

    users: bool
    tokens: bool


async def presence(session: ReadSession) -> Presence:
    found = await session.execute(select(exists(select(User.id)), exists(select(Token.id))))
    users, tokens = found.one()
    return Presence(bool(users), bool(tokens))


# Users and their logins


async def add_user(session: Session, name: str, folded: str, password_hash: str, now: int) -> User:
    user = User(name=name, folded=folded, password_hash=password_hash, created_at=now)
    session.add(user)
    try:
        await session.flush()
    except IntegrityError:
        raise Conflict(f"there is a user {name!r} already") from None
    return user


async def user_by_name(session: ReadSession, folded: str) -> User | None:
    return (await session.execute(select(User).where(User.folded == folded))).scalar_one_or_none()


async def users(session: ReadSession) -> Sequence[User]:
    return (await session.execute(select(User).order_by(User.id))).scalars().all()


async def user(session: ReadSession, user_id: int) -> User | None:
    return await session.get(User, user_id)


async def set_password(session: Session, user_id: int, password_hash: str) -> None:
    """Every login of the user ends with it."""
    await session.execute(update(User).where(User.id == user_id).values(password_hash=password_hash))
    await drop_logins(session, user_id)


async def disable_user(session: Session, user_id: int, now: int) -> None:
    await session.execute(update(User).where(User.id == user_id, User.disabled_at.is_(None)).values(disabled_at=now))
    await drop_logins(session, user_id)


async def add_login(session: Session, mac: str, user_id: int, now: int) -> None:
    session.add(LoginSession(mac=mac, user_id=user_id, created_at=now, used_at=now))
    await session.flush()


async def login(session: ReadSession, mac: str) -> tuple[LoginSession, User] | None:
    query = select(LoginSession, User).join(User, User.id == LoginSession.user_id).where(LoginSession.mac == mac)
    row = (await session.execute(query)).one_or_none()
    return None if row is None else (row[0], row[1])


async def touch_login(session: Session, mac: str, now: int) -> None:
    await session.execute(update(LoginSession).where(LoginSession.mac == mac).values(used_at=now))


async def drop_login(session: Session, mac: str) -> None:
    await session.execute(delete(LoginSession).where(LoginSession.mac == mac))


async def drop_logins(session: Session, user_id: int) -> None:
    await session.execute(delete(LoginSession).where(LoginSession.user_id == user_id))


async def drop_old_logins(session: Session, created_before: int, used_before: int) -> None:
    old = or_(LoginSession.created_at <= created_before, LoginSession.used_at <= used_before)
    await session.execute(delete(LoginSession).where(old))


# Tokens


async def add_token(
    session: Session, token_id: str, name: str, mac: str, scopes: str, now: int, expires_at: int
) -> None:
    session.add(Token(id=token_id, name=name, mac=mac, scopes=scopes, created_at=now, expires_at=expires_at))
    await session.flush()


async def token(session: ReadSession, token_id: str) -> Token | None:
    return await session.get(Token, token_id)


async def tokens(session: ReadSession) -> Sequence[Token]:
    return (await session.execute(select(Token).order_by(Token.created_at, Token.id))).scalars().all()


async def revoke_token(session: Session, token_id: str, now: int) -> None:
    await session.execute(update(Token).where(Token.id == token_id, Token.revoked_at.is_(None)).values(revoked_at=now))


async def touch_token(session: Session, token_id: str, now: int) -> None:
    await session.execute(update(Token).where(Token.id == token_id).values(last_used_at=now))


# The set-up code and the key's mark


async def put_setup_code(session: Session, mac: str, now: int) -> None:
    await session.execute(delete(SetupCode))
    session.add(SetupCode(id=1, mac=mac, created_at=now))
    await session.flush()


async def burn_setup_code(session: Session, mac: str) -> bool:
    """Whether this was the code. Of two at once one wins: the row goes with the first."""
    burnt = await session.execute(delete(SetupCode).where(SetupCode.mac == mac).returning(SetupCode.id))
    return burnt.first() is not None


async def key_mark(session: ReadSession) -> str | None:
    return (await session.execute(select(KeyMark.mark))).scalar_one_or_none()


async def set_key_mark(session: Session, mark: str) -> None:
    session.add(KeyMark(id=1, mark=mark))
    await session.flush()


# What was done


async def add_audit(
    session: Session,
    now: int,
    actor: str,
    action: str,
    subject: str | None,
    ip: str | None,
    change: tuple[str | None, str | None],
) -> None:
    """`change` is the hash of what was there before and of what is there now."""
    before, after = change
    session.add(Audit(at=now, actor=actor, action=action, subject=subject, ip=ip, before=before, after=after))
    await session.flush()


@dataclass(frozen=True, slots=True)
class Answered:
    """What a POST with this key was answered before."""

    status: int
    answer: str | None


async def claim_key(session: Session, actor: str, key: str, request_hash: str, now: int) -> Answered | None:
    """None: the key is ours; do the work, then call `answer_key`. Kept for 24 hours, an abandoned claim for a minute.

    Conflict where the same request is being worked on, Invalid where the key came with another request.
    """
    mine = (Idempotency.actor == actor, Idempotency.key == key)
    stale = or_(
        Idempotency.created_at <= now - DAY,
        Idempotency.status.is_(None) & (Idempotency.created_at <= now - MINUTE),
    )
    await session.execute(delete(Idempotency).where(*mine, stale))
    try:
        async with session.begin_nested():
            session.add(Idempotency(actor=actor, key=key, request_hash=request_hash, created_at=now))
        return None
    except IntegrityError:
        found = (await session.execute(select(Idempotency).where(*mine))).scalar_one()
    if found.request_hash != request_hash:
        raise Invalid("Idempotency-Key", key, "this key came with another request before: use a new one")
    if found.status is None:
        raise Conflict("a request with this Idempotency-Key is being worked on: try again in a moment")
    return Answered(found.status, found.answer)


async def answer_key(session: Session, actor: str, key: str, status: int, answer: str | None) -> None:
    where = (Idempotency.actor == actor, Idempotency.key == key)
    await session.execute(update(Idempotency).where(*where).values(status=status, answer=answer))


async def free_key(session: Session, actor: str, key: str) -> None:
    """The request failed and changed nothing: the same key may try again."""
    await session.execute(delete(Idempotency).where(Idempotency.actor == actor, Idempotency.key == key))


async def drop_old_keys(session: Session, now: int) -> None:
    await session.execute(delete(Idempotency).where(Idempotency.created_at <= now - DAY))
