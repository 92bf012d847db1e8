"""Rows of sources: what they are, how they do, and who refreshes them now."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import aliased

from app.db.engine import ReadSession, Session
from app.errors import Conflict, Fenced, NotFound
from app.models import Account, Post, Source, Track
from app.store import news
from app.store.subjects import hashtag_key

LEASE_MS = 30_000
Row = Source


@dataclass(frozen=True, slots=True)
class NewSource:
    platform: str
    name: str
    url: str | None
    identifier: str | None
    credential_file: str | None
    credential_sealed: str | None = field(default=None, repr=False)
    limits: Mapping[str, int] = field(default_factory=dict)
    lends_to: int | None = None
    network: str | None = None


@dataclass(frozen=True, slots=True)
class Live:
    """A source as a worker found it when it began: rows themselves stay in the store."""

    id: int
    name: str
    platform: str
    network: str

    @classmethod
    def of(cls, row: Source) -> "Live":
        return cls(row.id, row.name, row.platform, row.network or row.platform)


async def payer(session: ReadSession, row: Source) -> int:
    """A budget belongs to a credential: sources that share one spend from the budget of the oldest.

    A sealed one is not compared: each has its own.
    """
    if row.credential_sealed is not None:
        return row.id
    return (await session.execute(select(func.min(Source.id)).where(*_same(row)))).scalar_one()


def _same(row: Source) -> list[ColumnElement[bool]]:
    pairs = (
        (Source.base_url, row.base_url), (Source.identifier, row.identifier),
        (Source.credential_file, row.credential_file), (Source.credential_sealed, None),
        (Source.kind, "live"), (Source.platform, row.platform),
    )  # fmt: skip
    return [column.is_not_distinct_from(value) for column, value in pairs]


def limits_of(row: Source) -> dict[str, int]:
    return {str(name): int(units) for name, units in json.loads(row.limits or "{}").items()}


async def own_limits(session: ReadSession, row: Source) -> dict[str, int]:
    """What its owner allows; where a source says nothing, what the one says whose budget it spends."""
    if row.limits is None and (first := await payer(session, row)) != row.id:
        return limits_of(await by_id(session, first))
    return limits_of(row)


async def set_limits(session: Session, name: str, limits: Mapping[str, int]) -> dict[str, int]:
    """Those that are named change. Returns all."""
    row = await named(session, name)
    row.limits = _limits({**limits_of(row), **limits})
    return limits_of(row)


def _limits(limits: Mapping[str, int]) -> str | None:
    return json.dumps(dict(limits), sort_keys=True) if limits else None


async def polled(session: ReadSession, row: Source) -> int:
    """How many hashtags are looked for out of the same budget."""
    first = await payer(session, row)
    mine = Source.id == row.id if row.credential_sealed is not None else and_(*_same(row))
    query = select(func.count()).select_from(Track).join(Source, Source.id == Track.source_id)
    query = query.where(Track.until_at.is_(None), or_(mine, Source.id == first))
    return (await session.execute(query)).scalar_one()


async def follows(session: ReadSession, source_id: int, tag: str) -> bool:
    """Whether a hashtag (its normal form) is looked for there."""
    query = select(Track.id).where(
        Track.source_id == source_id, Track.hashtag_id == hashtag_key(tag), Track.until_at.is_(None)
    )
    return (await session.execute(query)).scalar() is not None


async def credentials(session: ReadSession, row: Source) -> list[Source]:
    """Whose credentials do the source's work: its own, and those that are lent to it, unless they are stopped.

    Where all are stopped, its own: it says so.
    """
    lent = select(Source).where(Source.lends_to == row.id, Source.removed_at.is_(None)).order_by(Source.id)
    every = [row, *(await session.execute(lent)).scalars()]
    return [one for one in every if one.state != "stopped"] or [row]


def at_work() -> ColumnElement[bool]:
    """Not stopped, or others do its work. For a query on sources."""
    lender = aliased(Source)
    lent = select(lender.id).where(lender.lends_to == Source.id, lender.removed_at.is_(None), lender.state != "stopped")
    return or_(Source.state != "stopped", lent.exists())


async def live(session: ReadSession) -> Sequence[Source]:
    query = select(Source).where(Source.kind == "live", Source.removed_at.is_(None)).order_by(Source.id)
    return (await session.execute(query)).scalars().all()


async def named(session: ReadSession, name: str) -> Source:
    row = (await session.execute(select(Source).where(Source.name == name, Source.removed_at.is_(None)))).scalar()
    if row is None:
        raise NotFound(f"no source {name!r}: see groundswell sources list")
    return row


async def by_id(session: ReadSession, source_id: int) -> Source:
    row = await session.get(Source, source_id, populate_existing=True)
    if row is None:
        raise NotFound(f"no source {source_id}")
    return row


async def check_free(session: ReadSession, name: str) -> None:
    """Conflict where a source has the name, or had it."""
    there = (await session.execute(select(Source).where(Source.name == name))).scalar()
    if there is not None:
        word = "was removed; its history keeps the name" if there.removed_at else "exists"
        raise Conflict(f"a source named {name!r} {word}: choose another name")


async def insert(session: Session, new: NewSource, now: int) -> int:
    await check_free(session, new.name)
    row = Source(
        name=new.name, platform=new.platform, kind="live", base_url=new.url, identifier=new.identifier,
        credential_file=new.credential_file, credential_sealed=new.credential_sealed, state="ok", state_at=now,
        failures=0, refresh_term=0, created_at=now, limits=_limits(new.limits), lends_to=new.lends_to,
        network=new.network,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    return row.id


async def remove(session: Session, name: str, now: int) -> None:
    """Stop using it. What it saw stays, and so does its name on it; its tracks end."""
    row = await named(session, name)
    row.removed_at, row.credential_sealed, row.session_sealed = now, None, None
    await session.execute(update(Source).where(Source.lends_to == row.id).values(lends_to=None))
    await session.execute(
        update(Track).where(Track.source_id == row.id, Track.until_at.is_(None)).values(until_at=now, due_at=None)
    )
    # The next source that shows them takes them in: without a home nobody would read their counters again.
    await session.execute(update(Post).where(Post.source_id == row.id).values(source_id=None, next_look_at=None))
    await session.execute(update(Account).where(Account.source_id == row.id).values(source_id=None, next_look_at=None))


async def set_state(
    session: Session, source_id: int, state: str, reason: str | None, now: int, waits_until: int | None = None, *,
    own: bool = False,
) -> None:  # fmt: skip
    """`waiting` has a time; `stopped` needs a person.

    What others' credentials do for a source that is stopped does not take that back: only its `own` does.
    """
    row = await by_id(session, source_id)
    if not own and row.state == "stopped" and (await credentials(session, row))[0].id != row.id:
        return
    values = {"state": state, "reason": reason, "waits_until": waits_until}
    mine = update(Source).where(Source.id == source_id)
    changed = await session.execute(mine.where(Source.state != state).values(state_at=now))
    if changed.rowcount:  # type: ignore[attr-defined]
        news.note(session, news.SOURCE, [source_id], now)
    await session.execute(mine.values(**values, failures=0 if state == "ok" else Source.failures + 1))


async def to_refresh(session: ReadSession, now: int) -> list[int]:
    """Live sources that are not waiting and have a post or an account that is to be looked at again."""
    posts = select(Post.id).where(Post.source_id == Source.id, Post.next_look_at <= now)
    accounts = select(Account.id).where(Account.source_id == Source.id, Account.next_look_at <= now)
    query = select(Source.id).where(
        Source.kind == "live", Source.removed_at.is_(None), at_work(),
        *(or_(time.is_(None), time <= now) for time in (Source.waits_until, Source.refresh_at, Source.refresh_until)),
        or_(posts.exists(), accounts.exists()),
    )  # fmt: skip
    return list((await session.execute(query.order_by(Source.id))).scalars())


async def claim_refresh(session: Session, source_id: int, now: int) -> int | None:
    """The term of the lease, or None: someone else refreshes this source now."""
    free = or_(Source.refresh_until.is_(None), Source.refresh_until < now)
    taken = await session.execute(
        update(Source)
        .where(Source.id == source_id, free)
        .values(refresh_until=now + LEASE_MS, refresh_term=Source.refresh_term + 1)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        return None
    return (await session.execute(select(Source.refresh_term).where(Source.id == source_id))).scalar_one()


async def hold_refresh(session: Session, source_id: int, term: int, now: int) -> None:
    await _if_ours(session, source_id, term, refresh_until=now + LEASE_MS)


async def release_refresh(session: Session, source_id: int, term: int, again_at: int | None) -> None:
    """Give the lease back. `again_at`: not before then, though posts are due."""
    await _if_ours(session, source_id, term, refresh_until=None, refresh_at=again_at)


async def _if_ours(session: Session, source_id: int, term: int, **values: int | None) -> None:
    done = await session.execute(
        update(Source).where(Source.id == source_id, Source.refresh_term == term).values(**values)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Fenced(f"the refresh of source {source_id} was taken over")


async def save_session(session: Session, source_id: int, sealed: str) -> None:
    await session.execute(update(Source).where(Source.id == source_id).values(session_sealed=sealed))
