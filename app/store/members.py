"""Who counts under a subject: members (posts) and debuts (an account's first post), exact in any order of arrival."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from app.db.dialect import Conflict, among, put
from app.db.engine import Session
from app.models import Debut, Member
from app.store.facts import Facts
from app.store.rollups import Belongs, Ledger


@dataclass(frozen=True, slots=True)
class _First:
    """An account's first post under a subject so far, and how many posts stand behind it."""

    subject: int
    account: int
    post: int
    platform: str
    born_at: int
    followers: int | None
    posts: int

    @property
    def key(self) -> tuple[int, int]:
        return self.born_at, self.post


async def add(session: Session, posts: dict[int, Facts], places: Sequence[Belongs], ledger: Ledger) -> None:
    """Posts begin to count under subjects; each (subject, post) is new."""
    for place in places:
        ledger.birth(place, posts[place.post])
    await _write_members(session, posts, places, "ignore")
    firsts = [first for place in places if (first := _first(posts[place.post], place, 1))]
    await _debuts(session, firsts, ledger)


async def restate(
    session: Session, changed: Sequence[tuple[Facts, Facts]], belongs: Iterable[Belongs], ledger: Ledger
) -> None:
    """Facts of posts changed (an earlier birth, an author or followers that became known): (before, after) each."""
    pairs = {before.id: (before, after) for before, after in changed}
    places, firsts = [], []
    for place in belongs:
        if place.post not in pairs:
            continue
        before, after = pairs[place.post]
        moved = place if place.late else replace(place, born_at=after.born_at)
        ledger.birth(place, before, -1)
        ledger.birth(moved, after)
        places.append(moved)
        if first := _first(after, moved, int(before.author_id is None)):
            firsts.append(first)
    await _write_members(session, {key: after for key, (_, after) in pairs.items()}, places, "replace")
    await _debuts(session, firsts, ledger)


async def move(
    session: Session, posts: dict[int, Facts], moved: Sequence[tuple[Belongs, Belongs]], ledger: Ledger
) -> None:
    """Posts turn out to have counted under subjects from earlier on: (before, after) each."""
    for before, after in moved:
        ledger.birth(before, posts[before.post], -1)
        ledger.birth(after, posts[after.post])
    places = [after for _, after in moved]
    await _write_members(session, posts, places, "replace")
    await _debuts(session, [first for place in places if (first := _first(posts[place.post], place, 0))], ledger)


def _first(post: Facts, place: Belongs, posts: int) -> _First | None:
    if post.author_id is None:
        return None
    return _First(place.subject, post.author_id, post.id, post.platform, place.born_at, post.followers, posts)


async def _write_members(
    session: Session, posts: dict[int, Facts], places: Sequence[Belongs], conflict: Conflict
) -> None:
    await put(session, Member, {
        "subject_id": [place.subject for place in places], "post_id": [place.post for place in places],
        "author_id": [posts[place.post].author_id for place in places],
        "born_at": [place.born_at for place in places], "late": [place.late for place in places],
    }, conflict)  # fmt: skip


async def _debuts(session: Session, firsts: Sequence[_First], ledger: Ledger) -> None:
    there = await _known_debuts(session, firsts)
    rows: dict[tuple[int, int], _First] = {}
    for first in firsts:
        key = (first.subject, first.account)
        old = rows.get(key) or there.get(key)
        rows[key] = _earlier(old, first, ledger) if old else first
        if old is None:
            _count(first, ledger, 1)
    kept = list(rows.values())
    await put(session, Debut, {
        "subject_id": [row.subject for row in kept], "account_id": [row.account for row in kept],
        "post_id": [row.post for row in kept], "platform": [row.platform for row in kept],
        "born_at": [row.born_at for row in kept], "followers": [row.followers for row in kept],
        "posts": [row.posts for row in kept],
    }, "replace")  # fmt: skip


def _earlier(old: _First, new: _First, ledger: Ledger) -> _First:
    posts = old.posts + new.posts
    if new.key > old.key and new.post != old.post:
        return replace(old, posts=posts)
    _count(old, ledger, -1)
    _count(new, ledger, 1)
    return replace(new, posts=posts)


def _count(first: _First, ledger: Ledger, sign: int) -> None:
    ledger.add(first.subject, first.platform, first.born_at, "authors_new", sign)
    ledger.add(first.subject, first.platform, first.born_at, "followers", sign * (first.followers or 0))


async def _known_debuts(session: Session, firsts: Sequence[_First]) -> dict[tuple[int, int], _First]:
    subjects = sorted({first.subject for first in firsts})
    accounts = sorted({first.account for first in firsts})
    query = select(Debut).where(among(session, Debut.subject_id, subjects), among(session, Debut.account_id, accounts))
    query = query.execution_options(populate_existing=True)  # rows are written past the session
    return {
        (row.subject_id, row.account_id): _First(
            row.subject_id, row.account_id, row.post_id, row.platform, row.born_at, row.followers, row.posts
        )
        for row in (await session.execute(query)).scalars()
    }
