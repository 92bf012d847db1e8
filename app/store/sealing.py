"""Facts are taken out and their sums stay: what a rebuild would miss is kept beside the rollups, as their seal.

A rollup is always a rebuild from the facts that are left, plus its seal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, select, update

from app.analysis.contribution import COLUMNS, METRICS, UNKNOWN, Looks
from app.analysis.sums import QUARTER
from app.clock import rfc3339
from app.db.dialect import among, put
from app.db.engine import ReadSession, Session
from app.errors import Invalid
from app.models import (
    Account,
    AccountLook,
    Debut,
    InfluencerAccount,
    Member,
    Post,
    PostText,
    Rollup,
    Seal,
    Snapshot,
    Subject,
    Tagging,
)
from app.store import facts, hold, looks, rollups, tombstones
from app.store.facts import Facts
from app.store.hold import Ground
from app.store.rollups import Ledger

Key = tuple[str, int]
Row = tuple[int, ...]
_SUMS = [getattr(Seal, name) for name in COLUMNS]


async def sums(session: ReadSession, subject: int) -> dict[tuple[int, str, int], Row]:
    """By grain, platform and bucket."""
    rows = await session.execute(
        select(Seal.grain, Seal.platform, Seal.bucket, *_SUMS).where(Seal.subject_id == subject)
    )
    return {(row[0], row[1], row[2]): tuple(row[3:]) for row in rows}


def plus(
    want: dict[Key, Row], sealed: Mapping[tuple[int, str, int], Row], grain: int, since: int | None
) -> dict[Key, Row]:
    """What a rollup should be; a row of nothing is none."""
    for (of, platform, bucket), row in sealed.items():
        if of == grain and (since is None or bucket >= since):
            there = want.get((platform, bucket), (0,) * len(row))
            want[platform, bucket] = tuple(a + b for a, b in zip(there, row, strict=True))
    return want


async def put_back(session: Session, subject: int) -> None:
    """After a rebuild from the facts."""
    rows = [(subject, *key, *row) for key, row in (await sums(session, subject)).items()]
    names = ("subject_id", "grain", "platform", "bucket", *COLUMNS)
    await put(session, Rollup, dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}, "add")


async def refuse_before(session: ReadSession, subject: int, instant: int) -> None:
    """What was known before facts were taken out cannot be told any more."""
    at = (await session.execute(select(Subject.sealed_at).where(Subject.id == subject))).scalar()
    if at is not None and instant < at:
        raise Invalid("as_of", rfc3339(instant), f"facts were taken out at {rfc3339(at)}: ask for that or later")


async def tell(session: ReadSession, subject: int, ledger: Ledger) -> None:
    """Sealed sums beside those of the facts, to a quarter of an hour."""
    for (grain, platform, bucket), row in (await sums(session, subject)).items():
        for name, amount in zip(COLUMNS, row, strict=True) if grain == QUARTER else ():
            ledger.add(subject, platform, bucket, name, amount)


@dataclass(frozen=True, slots=True)
class _Held:
    """Posts that are ours until the commit, with all that is counted of them."""

    ground: Ground
    posts: dict[int, Facts]
    looks: Looks

    @property
    def listed(self) -> list[Facts]:
        return list(self.posts.values())


async def _hold(session: Session, ids: Sequence[int]) -> _Held:
    ground = await hold.hold(session, ids, {}, ())
    posts = await facts.known(session, ids)
    seen = await facts.looks_of(session, list(posts), {key: place for place, key in enumerate(posts)})
    return _Held(ground, posts, seen)


async def _write(session: Session, ledger: Ledger, now: int) -> None:
    await rollups.write(session, ledger, now, Seal)
    mine = among(session, Subject.id, list(ledger.subjects))
    await session.execute(update(Subject).where(mine).values(sealed_at=now))


async def drop_looks(session: Session, ids: Sequence[int], before: int, now: int) -> int:
    """Looks from before an instant, but for the last that gave each metric: what came after hangs on it."""
    held = await _hold(session, ids)
    stay = _lasting(held.looks, before)
    ledger = Ledger()
    looks.count(held.listed, held.looks, held.ground.places, ledger)
    looks.count(held.listed, held.looks.take(stay), held.ground.places, ledger, -1)
    gone, keys = held.looks.take(~stay), list(held.posts)
    for post, at, source in zip(gone.post.tolist(), gone.at.tolist(), gone.source.tolist(), strict=True):
        mine = (Snapshot.post_id == keys[post], Snapshot.observed_at == at, Snapshot.source_id == source)
        await session.execute(delete(Snapshot).where(*mine))
    old = (among(session, Snapshot.post_id, keys), Snapshot.observed_at < before, Snapshot.witness.is_(True))
    witnesses = await session.execute(delete(Snapshot).where(*old))
    if len(gone.post):
        await _write(session, ledger, now)
    return len(gone.post) + int(witnesses.rowcount)  # type: ignore[attr-defined]


def _lasting(seen: Looks, before: int) -> NDArray[np.bool_]:
    stay = seen.at >= before
    order = seen.order()
    for metric in range(len(METRICS)):
        last: dict[int, int] = {}
        for place in order.tolist():
            if seen.at[place] < before and seen.levels[place, metric] != UNKNOWN:
                last[int(seen.post[place])] = place
        stay[list(last.values())] = True
    # A post that was looked at last then, and showed nothing: when that was is known from this look alone.
    latest = {int(seen.post[place]): place for place in order.tolist()}
    stay[list(latest.values())] = True
    return stay


async def drop_posts(session: Session, ids: Sequence[int], now: int) -> int:
    """Posts with all that hangs on them, and authors of whom nothing is left."""
    held = await _hold(session, ids)
    ledger = Ledger()
    for place in held.ground.places:
        ledger.birth(place, held.posts[place.post])
    looks.count(held.listed, held.looks, held.ground.places, ledger)
    keys = list(held.posts)
    await tombstones.add(session, keys, tombstones.PURGED, now)
    for column in (PostText.post_id, Snapshot.post_id, Tagging.post_id, Member.post_id, Post.id):
        await session.execute(delete(column.class_).where(among(session, column, keys)))
    await _debuts(session, held, ledger)
    await _write(session, ledger, now)
    await _drop_authors(session, sorted({post.author_id for post in held.listed if post.author_id is not None}))
    return len(keys)


async def _debuts(session: Session, held: _Held, ledger: Ledger) -> None:
    """An author's first post that is left is their debut now; the one before goes into the seal."""
    pairs = {(place.subject, who) for place in held.ground.places
             if (who := held.posts[place.post].author_id) is not None}  # fmt: skip
    subjects, authors = sorted({pair[0] for pair in pairs}), sorted({pair[1] for pair in pairs})
    where = (among(session, Debut.subject_id, subjects), among(session, Debut.account_id, authors))
    query = select(Debut).where(*where).execution_options(populate_existing=True)
    before = [row for row in (await session.execute(query)).scalars() if (row.subject_id, row.account_id) in pairs]
    left = await _first_left(session, subjects, authors)
    for row in before:
        _count(ledger, row.subject_id, row.platform, row.born_at, row.followers, 1)
        mine = (Debut.subject_id == row.subject_id, Debut.account_id == row.account_id)
        await session.execute(delete(Debut).where(*mine))
    rows = [(*pair, *left[pair]) for pair in sorted(pairs) if pair in left]
    for subject, _, _, platform, born, followers, _ in rows:
        _count(ledger, subject, platform, born, followers, -1)
    names = ("subject_id", "account_id", "post_id", "platform", "born_at", "followers", "posts")
    await put(session, Debut, dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {})


def _count(ledger: Ledger, subject: int, platform: str, born: int, followers: int | None, sign: int) -> None:
    ledger.add(subject, platform, born, "authors_new", sign)
    ledger.add(subject, platform, born, "followers", sign * (followers or 0))


async def _first_left(
    session: ReadSession, subjects: Sequence[int], authors: Sequence[int]
) -> dict[tuple[int, int], tuple[int, str, int, int | None, int]]:
    """By subject and author: the first post that is left (id, platform, counts from, followers), and how many are."""
    query = (
        select(Member.subject_id, Post.author_id, Post.id, Post.platform, Member.born_at, Post.followers)
        .join(Post, Post.id == Member.post_id)
        .where(among(session, Member.subject_id, subjects), among(session, Post.author_id, authors))
        .order_by(Member.born_at.desc(), Post.id.desc())
    )
    found: dict[tuple[int, int], tuple[int, str, int, int | None, int]] = {}
    for subject, author, post, platform, born, followers in await session.execute(query):
        assert author is not None  # noqa: S101 - it is one of those asked for
        many = found[subject, author][4] if (subject, author) in found else 0
        found[subject, author] = (post, platform, born, followers, many + 1)
    return found


async def _drop_authors(session: Session, authors: Sequence[int]) -> None:
    """Those whom nobody claimed and of whom no post is left."""
    claimed = select(InfluencerAccount.account_id).where(InfluencerAccount.account_id.is_not(None))
    busy = select(Post.author_id).where(among(session, Post.author_id, authors))
    alone = (among(session, Account.id, authors), Account.id.not_in(busy), Account.id.not_in(claimed))
    idle = list((await session.execute(select(Account.id).where(*alone))).scalars())
    for column in (AccountLook.account_id, Account.id):
        await session.execute(delete(column.class_).where(among(session, column, idle)))
