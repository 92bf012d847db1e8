"""Influencers: people, and the accounts that are theirs, each account claimed by one person only."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from app.db.dialect import among
from app.db.engine import ReadSession, Session
from app.errors import Conflict, Invalid, NotFound
from app.models import Account, Audit, CampaignInfluencer, Influencer, InfluencerAccount, InfluencerCode
from app.store import codes as donation_codes
from app.store import paging, rebuild, subjects
from app.store.accounts import account_key
from app.store.campaigns import drop_subject
from app.store.subjects import subject_key

MERGED = "influencer.merge"
MOST_MERGES = 10


@dataclass(frozen=True, slots=True)
class Claim:
    """An account as someone names it: a handle, a native id, or both."""

    platform: str
    handle: str | None
    native_id: str | None


@dataclass(frozen=True, slots=True)
class Owned:
    """An account of an influencer, with what is known of it. `account_id` None: not met yet."""

    claim: Claim
    account_id: int | None
    name: str | None = None
    followers: int | None = None
    followers_at: int | None = None


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    version: int
    created_at: int
    name: str
    kind: str | None
    accounts: tuple[Owned, ...]
    codes: tuple[str, ...] = ()


async def listed(session: ReadSession, after: Sequence[object] | None, limit: int) -> list[Person]:
    query = paging.page(select(Influencer), [Influencer.id], after, limit)
    return await _persons(session, (await session.execute(query)).scalars().all())


async def by_id(session: ReadSession, person: str) -> Person:
    row = await session.get(Influencer, person)
    if row is None:
        into = await _merged_into(session, person)
        told = f"it was merged into {into}, which is to be named now" if into else "GET /api/v1/influencers lists all"
        raise NotFound(f"there is no influencer {person!r}: {told}")
    return (await _persons(session, [row]))[0]


async def to_change(session: ReadSession, person: str) -> Person:
    """One that is to be merged or split. Conflict where that was merged away already."""
    if await session.get(Influencer, person) is None and (into := await _merged_into(session, person)):
        raise Conflict(f"{person} was merged into {into} already: name {into}")
    return await by_id(session, person)


async def _merged_into(session: ReadSession, person: str) -> str | None:
    """Who has what was theirs, as the audit log says; whoever was merged away again is followed on."""
    found = None
    for _ in range(MOST_MERGES):
        query = select(Audit.subject).where(
            Audit.action == MERGED, Audit.subject.startswith(merged(person, ""), autoescape=True)
        )
        subject = (await session.execute(query.order_by(Audit.id.desc()).limit(1))).scalar()
        if subject is None:
            break
        found = person = subject.rpartition(" ")[2]
    return found


def merged(old: str, into: str) -> str:
    """The subject of the audit log's entry."""
    return f"influencer {old} into {into}"


async def names(session: ReadSession, ids: Sequence[str]) -> dict[str, str]:
    query = select(Influencer.id, Influencer.name).where(among(session, Influencer.id, ids))
    return {row.id: row.name for row in await session.execute(query)}


async def _persons(session: ReadSession, rows: Sequence[Influencer]) -> list[Person]:
    claim = InfluencerAccount
    query = select(claim, Account).outerjoin(Account, Account.id == claim.account_id)
    query = query.where(among(session, claim.influencer_id, [row.id for row in rows])).order_by(claim.id)
    owned: dict[str, list[Owned]] = {}
    for mine, account in await session.execute(query):
        owned.setdefault(mine.influencer_id, []).append(_owned(mine, account))
    theirs = await donation_codes.of(session, [row.id for row in rows])
    return [
        Person(
            row.id, row.version, row.created_at, row.name, row.kind, tuple(owned.get(row.id, ())),
            theirs.get(row.id, ()),
        )
        for row in rows
    ]  # fmt: skip


def _owned(claim: InfluencerAccount, account: Account | None) -> Owned:
    if account is None:
        return Owned(Claim(claim.platform, claim.handle, claim.native_id), None)
    named = Claim(claim.platform, account.handle or claim.handle, account.native_id)
    return Owned(named, account.id, account.name, account.followers, account.followers_at)


async def create(
    session: Session, name: str, kind: str | None, claims: Sequence[Claim], now: int, codes: Sequence[str] = ()
) -> Person:
    person = f"inf_{secrets.token_hex(8)}"
    session.add(Influencer(id=person, name=name, kind=kind, created_at=now, version=1))
    await session.flush()
    await subjects.ensure(session, "influencer", [person])
    await donation_codes.claim(session, person, codes)
    await _set_accounts(session, person, claims, now)
    return await by_id(session, person)


async def change(
    session: Session, old: Person, name: str, kind: str | None, claims: Sequence[Claim] | None, now: int,
    codes: Sequence[str] | None = None,
) -> Person:  # fmt: skip
    """`claims` or `codes` None: they stay as they are."""
    mine = (Influencer.id == old.id, Influencer.version == old.version)
    done = await session.execute(update(Influencer).where(*mine).values(name=name, kind=kind, version=old.version + 1))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("it was changed at this very moment: read it again")
    if claims is not None:
        await _set_accounts(session, old.id, claims, now)
    if codes is not None:
        await donation_codes.claim(session, old.id, codes)
    session.expire_all()
    return await by_id(session, old.id)


async def remove(session: Session, old: Person) -> None:
    """The person, their claims and their curve. Accounts and posts stay: they are facts."""
    # The person first: whoever changes or merges them holds that row before their subject's.
    await session.execute(delete(Influencer).where(Influencer.id == old.id))
    for table in (InfluencerAccount, CampaignInfluencer, InfluencerCode):
        await session.execute(delete(table).where(table.influencer_id == old.id))
    await drop_subject(session, "influencer", old.id)


async def _set_accounts(session: Session, person: str, claims: Sequence[Claim], now: int) -> None:
    await session.execute(delete(InfluencerAccount).where(InfluencerAccount.influencer_id == person))
    for place, claim in enumerate(claims):
        row = await _bound(session, person, claim)
        await _refuse_taken(session, row, f"accounts.{place}")
        session.add(row)
        try:
            await session.flush()
        except IntegrityError:
            raise Conflict(
                f"accounts.{place}: was claimed for someone else at this very moment: read it again"
            ) from None
    await rebuild.rebuild(session, subject_key("influencer", person), now)


async def _bound(session: ReadSession, person: str, claim: Claim) -> InfluencerAccount:
    """The claim, bound to the account where that was met already. Handles are the same in any case."""
    handle = claim.handle.strip().removeprefix("@") if claim.handle else None
    account = await _account(session, claim, handle)
    return InfluencerAccount(
        influencer_id=person, platform=claim.platform, native_id=claim.native_id,
        handle=(account.handle if account and handle else None) or handle, account_id=account.id if account else None,
    )  # fmt: skip


async def _account(session: ReadSession, claim: Claim, handle: str | None) -> Account | None:
    if claim.native_id:
        return await session.get(Account, account_key(claim.platform, claim.native_id))
    there = select(Account).where(Account.platform == claim.platform, Account.erased_at.is_(None))
    exact = (await session.execute(there.where(Account.handle == handle).limit(1))).scalar()
    if exact or not handle or handle == handle.lower():
        return exact
    return (await session.execute(there.where(Account.handle == handle.lower()).limit(1))).scalar()


async def _refuse_taken(session: ReadSession, new: InfluencerAccount, field: str) -> None:
    claim = InfluencerAccount
    same = [claim.native_id == new.native_id] if new.native_id else []
    # The databases do not agree on the small letters beyond ASCII: what is the same as it stands is the same anyhow.
    same += [claim.handle == new.handle, func.lower(claim.handle) == new.handle.lower()] if new.handle else []
    same += [claim.account_id == new.account_id] if new.account_id is not None else []
    query = select(claim.influencer_id, Influencer.name).join(Influencer, Influencer.id == claim.influencer_id)
    row = (await session.execute(query.where(claim.platform == new.platform, or_(*same)).limit(1))).first()
    if row is None:
        return
    shown = new.handle or new.native_id
    if row.influencer_id == new.influencer_id:
        raise Invalid(field, shown, "is named twice")
    raise Conflict(
        f"{field}: {shown} on {new.platform} belongs to {row.name} ({row.influencer_id}); take it away there first "
        f"with PATCH /influencers/{row.influencer_id}"
    )
