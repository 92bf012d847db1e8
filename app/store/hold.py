"""Takes the locks that writers of posts share, always in one order, and reads what only then stands still.

The order is accounts, hashtags, subjects, posts. Accounts and hashtags are held so that nobody redefines whose posts
count where (store.rebuild) while we decide by the old definition; subjects because their sums are read and written.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.db.dialect import Lock, among, lock_rows
from app.db.engine import ReadSession, Session
from app.models import Account, Hashtag, Member, Post, Subject, Tagging
from app.store import subjects
from app.store.rollups import Belongs
from app.store.subjects import Scope


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known of posts before anything of them is written: their hashtags, their places, and where both lead.

    `tagged`: since when, by post and hashtag (None: from birth), whether the post still shows the hashtag or not.
    """

    tagged: Mapping[tuple[int, int], int | None]
    places: Sequence[Belongs]
    scope: Scope
    authors: frozenset[int]
    hashtags: frozenset[int]

    def subjects(self) -> set[int]:
        return {*self.scope.subjects(), *(place.subject for place in self.places)}


async def places(session: ReadSession, posts: Sequence[int]) -> list[Belongs]:
    query = select(Member.subject_id, Member.post_id, Member.born_at, Member.late)
    rows = await session.execute(query.where(among(session, Member.post_id, posts)))
    return [Belongs(*row) for row in rows]


async def hold(session: Session, posts: Sequence[int], names: Mapping[int, str], authors: Iterable[int]) -> Ground:
    """`names` and `authors`: the hashtags (id and normal form) and accounts that a page shows beside those known."""
    held: dict[Any, set[int]] = defaultdict(set)
    authors = set(authors)
    while True:
        ground = await _ground(session, posts, names, authors)
        wanted: list[tuple[Any, Iterable[int], Lock]] = [
            (Account, ground.authors, "share"), (Hashtag, ground.hashtags, "share"),
            (Subject, ground.subjects(), "write"),
        ]  # fmt: skip
        waited = False
        for table, ids, strength in wanted:
            waited |= await lock_rows(session, table, set(ids) - held[table], strength)
            held[table].update(ids)
        # Whatever was read before a lock was had may have changed meanwhile.
        if not waited:
            break
    await lock_rows(session, Post, posts)
    return ground


async def _ground(session: ReadSession, posts: Sequence[int], names: Mapping[int, str], authors: set[int]) -> Ground:
    query = select(Post.id, Post.author_id, Tagging.hashtag_id, Tagging.since_at, Hashtag.tag)
    query = query.outerjoin(Tagging, Tagging.post_id == Post.id).outerjoin(Hashtag, Hashtag.id == Tagging.hashtag_id)
    rows = (await session.execute(query.where(among(session, Post.id, posts)))).all()
    everyone = authors.union(row.author_id for row in rows if row.author_id is not None)
    tags = {**names, **{row.hashtag_id: row.tag for row in rows if row.hashtag_id is not None}}
    return Ground(
        {(row.id, row.hashtag_id): row.since_at for row in rows if row.hashtag_id is not None},
        await places(session, posts), await subjects.scope(session, tags, sorted(everyone)),
        frozenset(everyone), frozenset(tags),
    )  # fmt: skip
