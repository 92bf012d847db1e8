"""SQL for second factors: one secret a user, and recovery codes that are good once."""

from collections.abc import Sequence

from sqlalchemy import case, delete, func, select, update

from app.db.engine import ReadSession, Session
from app.models.access import RecoveryCode, SecondFactor


async def of_user(session: ReadSession, user_id: int) -> SecondFactor | None:
    return await session.get(SecondFactor, user_id)


async def those_with(session: ReadSession) -> set[int]:
    """The users who are asked for a code."""
    query = select(SecondFactor.user_id).where(SecondFactor.confirmed_at.is_not(None))
    return set((await session.execute(query)).scalars())


async def put(session: Session, user_id: int, sealed: str, now: int) -> None:
    await remove(session, user_id)
    session.add(SecondFactor(user_id=user_id, sealed=sealed, created_at=now, last_step=0, tries=0, tried_since=now))
    await session.flush()


async def confirm(session: Session, user_id: int, step: int, now: int) -> None:
    """`step` is spent with it."""
    query = update(SecondFactor).where(SecondFactor.user_id == user_id)
    await session.execute(query.values(confirmed_at=now, last_step=step))


async def count_try(session: Session, user_id: int, now: int, span: int, most: int) -> bool:
    """Whether there is a try left in the span that began with the first one; counted before the code is looked at."""
    over = SecondFactor.tried_since <= now - span
    query = update(SecondFactor).where(SecondFactor.user_id == user_id, over | (SecondFactor.tries < most))
    counted = {
        "tries": case((over, 1), else_=SecondFactor.tries + 1),
        "tried_since": case((over | (SecondFactor.tries == 0), now), else_=SecondFactor.tried_since),
    }
    return (await session.execute(query.values(counted).returning(SecondFactor.user_id))).first() is not None


async def take_step(session: Session, user_id: int, step: int) -> bool:
    """Whether the step is later than every one before. Of two at once one wins."""
    query = update(SecondFactor).where(SecondFactor.user_id == user_id, SecondFactor.last_step < step)
    taken = await session.execute(query.values(last_step=step, tries=0).returning(SecondFactor.user_id))
    return taken.first() is not None


async def put_codes(session: Session, user_id: int, macs: Sequence[str]) -> None:
    session.add_all([RecoveryCode(mac=mac, user_id=user_id) for mac in macs])
    await session.flush()


async def count_codes(session: ReadSession, user_id: int) -> int:
    query = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == user_id)
    return (await session.execute(query)).scalar_one()


async def burn_code(session: Session, user_id: int, mac: str) -> bool:
    where = (RecoveryCode.user_id == user_id, RecoveryCode.mac == mac)
    burnt = await session.execute(delete(RecoveryCode).where(*where).returning(RecoveryCode.mac))
    return burnt.first() is not None


async def remove(session: Session, user_id: int) -> bool:
    """Whether one was there, confirmed or not."""
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    gone = await session.execute(
        delete(SecondFactor).where(SecondFactor.user_id == user_id).returning(SecondFactor.user_id)
    )
    return gone.first() is not None
