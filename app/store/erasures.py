"""Whom somebody means, what is there of them, and the erasures that were asked for: begun, gone on with, done."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select, update

from app.db.dialect import among
from app.db.engine import ReadSession, Session
from app.errors import Invalid, NotFound
from app.models import (
    Account,
    AccountLook,
    Annotation,
    Campaign,
    Erasure,
    Influencer,
    InfluencerAccount,
    Outcome,
    Post,
    PostText,
    Silence,
)
from app.models import AlertRule as Rule
from app.store import erasing, paging, people, rebuild, redaction, tombstones
from app.store.accounts import account_key
from app.store.erasing import Counted
from app.store.subjects import subject_key

MOST = 50
Row = Erasure


@dataclass(frozen=True, slots=True)
class There:
    """An account, and what is there of it. `influencer`: whose it was said to be. `texts`: posts with words."""

    id: str
    platform: str
    native_id: str
    handle: str | None
    name: str | None
    influencer: str | None
    posts: int
    texts: int
    looks: int
    messages: int
    first_at: int | None
    last_at: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """Accounts, influencers (id and name), and where the owner's own words name them: for a person to look at."""

    accounts: tuple[There, ...]
    influencers: tuple[tuple[str, str], ...]
    mentions: tuple[str, ...]


async def find(session: ReadSession, who: str) -> Found:
    """By handle, by name, by an account's id on its platform, by an influencer's id or name."""
    text = who.strip().removeprefix("@")
    if not text or not text.isprintable():
        raise Invalid("who", who, "name a handle, an account's id on its platform, or an influencer")
    persons = await _persons(session, text)
    claims = select(InfluencerAccount.account_id).where(
        among(session, InfluencerAccount.influencer_id, [key for key, _ in persons]),
        InfluencerAccount.account_id.is_not(None),
    )
    named = or_(
        Account.handle == text, func.lower(Account.handle) == text.lower(), Account.native_id == who.strip(),
        Account.name == text, Account.id.in_(claims),
    )  # fmt: skip
    query = select(Account).where(named, Account.erased_at.is_(None)).order_by(Account.platform, Account.id).limit(MOST)
    rows = (await session.execute(query)).scalars().all()
    there = [await _there(session, row) for row in rows]
    names = {text, *(name for _, name in persons)}
    return Found(tuple(there), tuple(persons), tuple(await _mentions(session, names)))


async def _persons(session: ReadSession, text: str) -> list[tuple[str, str]]:
    claim = InfluencerAccount
    mine = select(claim.influencer_id).where(or_(claim.handle == text, claim.native_id == text))
    named = or_(Influencer.id == text, func.lower(Influencer.name) == text.lower(), Influencer.name == text)
    query = select(Influencer.id, Influencer.name).where(or_(named, Influencer.id.in_(mine))).order_by(Influencer.id)
    return [(row.id, row.name) for row in await session.execute(query.limit(MOST))]


async def _there(session: ReadSession, row: Account) -> There:
    counts = select(func.count(), func.min(Post.created_at), func.max(Post.created_at)).where(Post.author_id == row.id)
    posts, first, last = (await session.execute(counts)).one()
    ids = list((await session.execute(select(Post.id).where(Post.author_id == row.id))).scalars())
    texts = select(func.count()).select_from(PostText).where(among(session, PostText.post_id, ids))
    looks = select(func.count()).select_from(AccountLook).where(AccountLook.account_id == row.id)
    owner = select(InfluencerAccount.influencer_id).where(InfluencerAccount.account_id == row.id).limit(1)
    return There(
        str(row.id), row.platform, row.native_id, row.handle, row.name, (await session.execute(owner)).scalar(), posts,
        (await session.execute(texts)).scalar_one(), (await session.execute(looks)).scalar_one(),
        await redaction.told(session, ids), first, last,
    )  # fmt: skip


async def _mentions(session: ReadSession, names: set[str]) -> list[str]:
    """What people wrote themselves is not taken out for them: it may mean somebody else."""
    wanted = sorted(name.lower() for name in names if len(name) > 2)
    found = []
    for kind, key, columns in (
        ("campaign", Campaign.slug, (Campaign.name,)), ("annotation", Annotation.id, (Annotation.text, Annotation.url)),
        ("alert rule", Rule.id, (Rule.name,)), ("silence", Silence.id, (Silence.comment,)),
    ):  # fmt: skip
        rows = await session.execute(select(key, *columns))
        found += [f"{kind} {row[0]}" for row in rows if any(w in (t or "").lower() for t in row[1:] for w in wanted)]
    return found


async def ask(session: Session, accounts: Sequence[int], influencer: str | None, now: int) -> str:
    """Written down first, so that a crash half-way is gone on with: `go_on` does it."""
    if influencer is not None:
        person = await people.by_id(session, influencer)
        accounts = [*accounts, *(one.account_id for one in person.accounts if one.account_id is not None)]
    elif not accounts:
        raise Invalid("accounts", None, "name an account or an influencer")
    there = set(await still_there(session, accounts))
    if missing := [key for key in accounts if key not in there]:
        raise NotFound(f"there is no account {missing[0]}: search again, or it was erased already")
    key = f"era_{secrets.token_hex(8)}"
    names = json.dumps(sorted(set(accounts)))
    session.add(Erasure(id=key, at=now, accounts=names, influencer=influencer, posts=0, messages=0))
    await session.flush()
    return key


async def still_there(session: ReadSession, accounts: Sequence[int]) -> list[int]:
    query = select(Account.id).where(among(session, Account.id, accounts))
    return sorted((await session.execute(query)).scalars())


async def unfinished(session: ReadSession) -> list[str]:
    query = select(Erasure.id).where(Erasure.done_at.is_(None)).order_by(Erasure.at, Erasure.id)
    return list((await session.execute(query)).scalars())


async def go_on(session: Session, key: str, now: int) -> bool:
    """One step in the caller's transaction: the influencer, then each account, then that it is done. False: it is."""
    query = select(Erasure).where(Erasure.id == key, Erasure.done_at.is_(None)).with_for_update()
    row = (await session.execute(query)).scalar_one_or_none()
    if row is None:
        return False
    left: list[int] = json.loads(row.accounts or "[]")
    if row.influencer is not None:
        counted = await _drop_person(session, row.influencer, left, now)
        row.influencer = None
    elif left:
        counted = await _drop_account(session, left.pop(0), now)
        row.accounts = json.dumps(left)
    else:
        row.accounts, row.done_at, counted = None, now, Counted()
    row.posts, row.messages = row.posts + counted.posts, row.messages + counted.messages
    await session.flush()
    return row.done_at is None


async def _drop_account(session: Session, account: int, now: int) -> Counted:
    """Whoever it was said to be loses it, and is gone with their last account."""
    row = await session.get(Account, account)
    names = [(row.platform, text) for text in (row.native_id, row.handle) if text] if row else []
    for owner in await erasing.forget_claims(session, [account], names):
        person = await people.by_id(session, owner)
        if person.accounts:
            await rebuild.rebuild(session, subject_key("influencer", owner), now)
        else:
            await _drop_person(session, owner, [], now)
    return await erasing.erase_account(session, account, now)


async def _drop_person(session: Session, influencer: str, accounts: Sequence[int], now: int) -> Counted:
    """The influencer with their name, claims, codes and curve; also an account that was claimed and never met."""
    try:
        person = await people.by_id(session, influencer)
    except NotFound:
        return Counted()
    unmet = [one.claim for one in person.accounts if one.account_id is None and one.claim.native_id]
    keys = [account_key(claim.platform, str(claim.native_id)) for claim in unmet]
    await tombstones.add(session, [*accounts, *keys], tombstones.ERASED, now)
    told = {text for one in person.accounts for text in (one.claim.handle, one.claim.native_id) if text}
    away = redaction.Away(wholly=True, names={person.name, *told}, influencer=person.id)
    messages = await redaction.redact(session, away, now)
    await erasing.forget_answers(session, sorted(away.names))
    if person.codes:
        await session.execute(update(Outcome).where(among(session, Outcome.code, person.codes)).values(code=None))
    await people.remove(session, person)
    return Counted(0, messages)


async def by_id(session: ReadSession, key: str) -> Erasure:
    row = await session.get(Erasure, key, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no erasure {key!r}")
    return row


async def listed(session: ReadSession, after: Sequence[object] | None, limit: int) -> list[Erasure]:
    """The newest first; one more than `limit` where there are more."""
    query = paging.page(select(Erasure), [Erasure.at, Erasure.id], after, limit, descending=True)
    return list((await session.execute(query)).scalars())
