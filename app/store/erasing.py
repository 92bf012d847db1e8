"""A person is erased: numbers stay, under new ids that lead nowhere; text, names, ids and addresses go."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, exists, or_, select, update

from app.db.dialect import among, change, lock_rows
from app.db.engine import ReadSession, Session
from app.models import (
    Account,
    AccountLook,
    CampaignHashtag,
    Debut,
    Hashtag,
    Idempotency,
    InfluencerAccount,
    Member,
    Post,
    PostText,
    Snapshot,
    Subject,
    Tagging,
    Track,
)
from app.store import hold, news, redaction, tombstones
from app.store.redaction import Away

_POSTS = (Snapshot.post_id, Tagging.post_id, Member.post_id, Debut.post_id)
_NAMED = ("in_reply_to", "repost_of", "quote_of")


@dataclass(frozen=True, slots=True)
class Counted:
    """What an erasure took: so many posts, and messages that named them."""

    posts: int = 0
    messages: int = 0


async def erase_account(session: Session, account: int, now: int, influencer: str | None = None) -> Counted:
    """One account with all of its posts, in the caller's one transaction. Nothing there: nothing done."""
    await lock_rows(session, Account, [account], "redefine")
    row = await session.get(Account, account, populate_existing=True)
    if row is None:
        return Counted()
    posts = await _posts(session, account)
    ground = await hold.hold(session, list(posts), {}, ())
    await tombstones.add(session, [account, *posts], tombstones.ERASED, now)
    parts = [text for native, local, _ in posts.values() for text in (native, local) if text and len(text) > _SHORT]
    away = Away(
        set(posts), True, {text for text in (row.handle, row.name) if text},
        {row.native_id, *parts}, influencer,
    )  # fmt: skip
    messages = await redaction.redact(session, away, now)
    await forget_answers(session, [*away.names, *away.parts])
    fresh = _fresh_ids(sorted(posts))
    await _rename_links(session, row.native_id, posts, fresh)
    await _drop_words(session, list(posts))
    anonymous = await _anonymous(session, row, now)
    await _move(session, posts, fresh, account, anonymous, now)
    news.note(session, news.POINTS, sorted(ground.subjects()), now)
    return Counted(len(posts), messages)


_SHORT = 8
"""Ids of so few characters stand in many texts by chance."""


async def _posts(session: ReadSession, account: int) -> dict[int, tuple[str, str | None, int | None]]:
    query = select(Post.id, Post.native_id, Post.local_id, Post.source_id).where(Post.author_id == account)
    return {row[0]: (row[1], row[2], row[3]) for row in await session.execute(query)}


def _fresh_ids(old: Sequence[int]) -> dict[int, int]:
    """By lot, and in the same order: which of two posts of one instant came first is decided by it."""
    fresh: set[int] = set()
    while len(fresh) < len(old):
        fresh.add(secrets.randbits(63))
    return dict(zip(old, sorted(fresh), strict=True))


def _nobody(key: int) -> str:
    return f"erased:{key:x}"


async def _rename_links(
    session: Session, account: str, posts: Mapping[int, tuple[str, str | None, int | None]], fresh: Mapping[int, int]
) -> None:
    """Where other posts answer, repeat or quote these, or posts of theirs that were never met: it names nobody now."""
    by_native = {native: _nobody(fresh[key]) for key, (native, _, _) in posts.items()}
    by_local = {(source, local): _nobody(fresh[key]) for key, (_, local, source) in posts.items() if local}
    names = sorted({*by_native, *(local for _, local in by_local)})
    columns = [getattr(Post, name) for name in _NAMED]
    # On federated networks a post's id holds its author's.
    holds = [each.contains(account, autoescape=True) for each in columns if ":" in account]
    these = or_(*(among(session, each, names) for each in columns), *holds)
    rows = (await session.execute(select(Post.id, Post.source_id, *columns).where(these))).all()
    unmet: dict[str, str] = {}

    def renamed(said: str, source: int | None) -> str | None:
        known = by_native.get(said) or by_local.get((source, said))
        if known or not (holds and account in said):
            return known
        return unmet.setdefault(said, _nobody(secrets.randbits(63)))

    for place, name in enumerate(_NAMED):
        changed = {row.id: to for row in rows if row[2 + place] and (to := renamed(row[2 + place], row.source_id))}
        await change(session, Post, "id", {"id": list(changed), name: list(changed.values())})


async def _drop_words(session: Session, posts: Sequence[int]) -> None:
    """What they said, and the hashtags that nobody follows: what a curve counts keeps its usual spelling."""
    await session.execute(delete(PostText).where(among(session, PostText.post_id, posts)))
    followed = or_(
        exists().where(Subject.kind == "hashtag", Subject.ref == Hashtag.tag),
        exists().where(CampaignHashtag.hashtag_id == Hashtag.id),
    )
    mine = among(session, Tagging.post_id, posts)
    query = select(Tagging.hashtag_id, Hashtag.spelling, followed.label("counts")).distinct()
    rows = (await session.execute(query.join(Hashtag, Hashtag.id == Tagging.hashtag_id).where(mine))).all()
    for row in rows:
        here = (mine, Tagging.hashtag_id == row.hashtag_id)
        if row.counts:
            await session.execute(update(Tagging).where(*here).values(spelling=row.spelling))
        else:
            await session.execute(delete(Tagging).where(*here))
    idle = [row.hashtag_id for row in rows if not row.counts]
    used = or_(exists().where(Tagging.hashtag_id == Hashtag.id), exists().where(Track.hashtag_id == Hashtag.id))
    await session.execute(delete(Hashtag).where(among(session, Hashtag.id, idle), ~used))


async def _anonymous(session: Session, old: Account, now: int) -> int:
    """One nobody for all of the account's posts, so that authors are counted as before."""
    key = secrets.randbits(63)
    new = Account(id=key, platform=old.platform, native_id=_nobody(key), erased_at=now)
    session.add(new)
    await session.flush()
    await session.execute(delete(AccountLook).where(AccountLook.account_id == old.id))
    await session.execute(delete(Account).where(Account.id == old.id))
    return key


async def _move(
    session: Session, posts: Mapping[int, object], fresh: Mapping[int, int], account: int, anonymous: int, now: int
) -> None:
    connection = await session.connection()
    mine = among(session, Member.post_id, list(posts))
    await session.execute(update(Member).where(mine).values(author_id=anonymous))
    await session.execute(update(Debut).where(Debut.account_id == account).values(account_id=anonymous))
    bare = {
        "local_id": None, "labels": None, "next_look_at": None, "author_id": anonymous, "state": "gone",
        "gone_at": now, "purged_at": now,
    }  # fmt: skip
    await session.execute(update(Post).where(among(session, Post.id, list(posts))).values(**bare))
    if not fresh:
        return
    pairs = [{"old": old, "new": new, "name": _nobody(new)} for old, new in fresh.items()]
    table: Any = Post.__table__
    renamed = update(table).where(table.c.id == bindparam("old"))
    await connection.execute(renamed.values(id=bindparam("new"), native_id=bindparam("name")), pairs)
    for column in _POSTS:
        table, name = column.class_.__table__, "post_id"
        moved = update(table).where(table.c[name] == bindparam("old")).values({name: bindparam("new")})
        await connection.execute(moved, [{"old": pair["old"], "new": pair["new"]} for pair in pairs])


async def forget_answers(session: Session, texts: Sequence[str]) -> None:
    """Answers to repeated requests are kept for a day: those that name them are not."""
    rows = await session.execute(select(Idempotency.actor, Idempotency.key, Idempotency.answer))
    spelt = {json.dumps(text, ensure_ascii=ascii)[1:-1] for text in texts for ascii in (True, False)}  # noqa: A001
    twice = {json.dumps(text)[1:-1] for text in spelt}
    for actor, key, answer in rows.all():
        if answer and any(text in answer for text in spelt | twice):
            mine = (Idempotency.actor == actor, Idempotency.key == key)
            await session.execute(update(Idempotency).where(*mine).values(answer=None))


async def forget_claims(session: Session, accounts: Sequence[int], names: Sequence[tuple[str, str]]) -> list[str]:
    """Claims of these accounts, also of those not met (platform, and handle or native id). Returns whose they were."""
    claim = InfluencerAccount
    named = [
        (claim.platform == platform) & or_(claim.native_id == name, claim.handle == name) for platform, name in names
    ]
    which = or_(among(session, claim.account_id, accounts), *named)
    owners = list((await session.execute(select(claim.influencer_id).where(which).distinct())).scalars())
    await session.execute(delete(claim).where(which))
    return owners
