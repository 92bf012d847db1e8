"""What was erased or purged must not come back: its mark is a keyed hash, so that the database alone names nobody."""

from collections.abc import Iterable, Sequence

from sqlalchemy import exists, select

from app.db.dialect import among, put
from app.db.engine import ReadSession, Session
from app.errors import Problem
from app.models import Tombstone

ERASED, PURGED = "erased", "purged"


def _marks(session: ReadSession, keys: Iterable[int]) -> dict[str, int]:
    keyed = session.info.get("keyed")
    if keyed is None:
        raise Problem("something was erased here, and the key that knows it again was not given: start with the key")
    return {keyed(f"tombstone:{key}")[:32]: key for key in keys}


async def add(session: Session, keys: Sequence[int], why: str, now: int) -> None:
    """`keys`: of posts (store.arrivals.post_key) and of accounts (store.accounts.account_key)."""
    marks = list(_marks(session, keys)) if keys else []
    await put(session, Tombstone, {"mark": marks, "why": [why] * len(marks), "at": [now] * len(marks)})


async def among_them(session: ReadSession, keys: Iterable[int]) -> dict[int, str]:
    """Those that are not to be kept again, and why. Without any tombstone no key is asked for."""
    if not (await session.execute(select(exists(select(Tombstone.mark))))).scalar():
        return {}
    marks = _marks(session, keys)
    query = select(Tombstone.mark, Tombstone.why).where(among(session, Tombstone.mark, list(marks)))
    return {marks[row.mark]: row.why for row in await session.execute(query)}
