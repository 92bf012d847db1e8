"""Authors: who they are now, and every reading of their followers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select, update

from app.clock import HOUR
from app.db.dialect import among, lock_rows, put
from app.db.engine import ReadSession, Session
from app.db.types import hash_id
from app.errors import Collision
from app.models import Account, AccountLook, InfluencerAccount
from app.store import tombstones
from collectors import posts as values


def account_key(platform: str, native_id: str) -> int:
    return hash_id(platform, "@", native_id)


@dataclass(frozen=True, slots=True)
class Seen:
    """An account as a source showed it at an instant (milliseconds). `recorded`: when a file told of it."""

    platform: str
    account: values.Account
    at: int
    next_look_at: int | None = None
    recorded: int | None = None

    @property
    def id(self) -> int:
        return account_key(self.platform, self.account.native_id)


async def keep(session: Session, seen: Sequence[Seen], source_id: int | None) -> list[str]:
    """Upsert accounts and keep their followers; returns influencers that an account was just recognised for.

    A reading that says the same as the last within the hour is not repeated.
    """
    away = await tombstones.among_them(session, {one.id for one in seen})
    seen = [one for one in seen if one.id not in away]
    # A reading that gave followers says more than a later one that did not.
    latest = {one.id: one for one in sorted(seen, key=lambda one: (one.account.followers is not None, one.at))}
    # In the order of their ids: two writers of the same people take turns instead of waiting for each other.
    latest = dict(sorted(latest.items()))
    await lock_rows(session, Account, latest)
    there = await _there(session, list(latest))
    _refuse_collisions(latest, there)
    rows = [_row(one, there.get(key), source_id) for key, one in latest.items()]
    if rows:
        await put(session, Account, {name: [row[name] for row in rows] for name in rows[0]}, "replace")
    looks = [one for one in seen if _says_something(one, there.get(one.id))]
    await put(session, AccountLook, {
        "account_id": [one.id for one in looks], "observed_at": [one.at for one in looks],
        "followers": [one.account.followers for one in looks], "posts": [one.account.posts for one in looks],
        "recorded_at": [one.recorded for one in looks],
    })  # fmt: skip
    return await _recognise(session, [one for key, one in latest.items() if _is_new(one, there.get(key))])


def _is_new(one: Seen, old: Account | None) -> bool:
    return old is None or one.account.handle not in (None, old.handle)


async def _there(session: ReadSession, ids: Sequence[int]) -> dict[int, Account]:
    query = select(Account).where(among(session, Account.id, ids))
    rows = await session.execute(query.execution_options(populate_existing=True))  # they are written past the session
    return {row.id: row for row in rows.scalars()}


def _refuse_collisions(latest: Mapping[int, Seen], there: Mapping[int, Account]) -> None:
    for key, row in there.items():
        one = latest[key]
        if (row.platform, row.native_id) != (one.platform, one.account.native_id):
            raise Collision(
                f"two accounts share the id {key}: {row.native_id} and {one.account.native_id}; report this"
            )


def _row(one: Seen, old: Account | None, source_id: int | None) -> dict[str, object]:
    account, newer = one.account, old is None or old.followers_at is None or one.at >= old.followers_at
    known = account.followers is not None and newer
    erased = old is not None and old.erased_at is not None
    names: list[str | None] = [account.handle, account.name]
    if old and erased:
        names = [old.handle, old.name]
    elif old:
        pairs = zip(names, (old.handle, old.name), strict=True)
        names = [fresh or before if newer else before or fresh for fresh, before in pairs]
    return {
        "id": one.id, "platform": one.platform, "native_id": account.native_id, "handle": names[0], "name": names[1],
        "followers": account.followers if known else (old.followers if old else None),
        "followers_at": one.at if known else (old.followers_at if old else None),
        "source_id": (old.source_id if old else None) or source_id,
        "local_id": account.local_id or (old.local_id if old else None),
        "next_look_at": _next_look(one, old),
        "erased_at": old.erased_at if old else None,
    }  # fmt: skip


def _next_look(one: Seen, old: Account | None) -> int | None:
    """Who was shown without followers is looked at when it was planned before."""
    planned = old.next_look_at if old else None
    return planned or one.next_look_at if one.account.followers is None else one.next_look_at or planned


def _says_something(one: Seen, old: Account | None) -> bool:
    if one.account.followers is None and one.account.posts is None:
        return False
    same = old is not None and old.followers == one.account.followers
    return not (same and old is not None and old.followers_at is not None and abs(one.at - old.followers_at) < HOUR)


async def _recognise(session: Session, fresh: Sequence[Seen]) -> list[str]:
    """Claims made by handle or native id before the account was known are bound to it."""
    names = [text for one in fresh for text in (one.account.native_id, one.account.handle) if text]
    claim = InfluencerAccount
    by_name = or_(among(session, claim.native_id, names), among(session, claim.handle, names)) if names else None
    if by_name is None:
        return []
    found: list[str] = []
    rows = (await session.execute(select(claim).where(claim.account_id.is_(None), by_name))).scalars().all()
    for row in rows:
        for one in fresh:
            if row.platform == one.platform and (
                row.native_id == one.account.native_id or (row.handle and row.handle == one.account.handle)
            ):
                await session.execute(update(claim).where(claim.id == row.id).values(account_id=one.id))
                found.append(row.influencer_id)
    return found
