"""What is known of posts before a page or a file's batch is kept, and how a level array becomes columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, func, or_, select

from app.analysis.contribution import METRICS, UNKNOWN, Looks
from app.analysis.shape import Ints
from app.db.dialect import among
from app.db.engine import ReadSession
from app.errors import Collision
from app.models import AccountLook, Post, Snapshot, Tagging
from app.store.columns import LARGEST

Levels = tuple[int | None, ...]


@dataclass(slots=True)
class Facts:
    """A post as the database has it now: what its numbers are made from."""

    id: int
    platform: str
    native_id: str
    author_id: int | None
    followers: int | None
    followers_at: int | None
    created_at: int
    born_at: int
    source_id: int | None
    local_id: str | None
    looked_at: int | None
    ragged: bool
    edited_at: int | None
    state: str
    purged_at: int | None
    levels: Levels


_COLUMNS = (
    Post.id, Post.platform, Post.native_id, Post.author_id, Post.followers, Post.followers_at,
    Post.created_at, Post.born_at,
    Post.source_id, Post.local_id, Post.looked_at, Post.ragged, Post.edited_at, Post.state, Post.purged_at,
    *(getattr(Post, metric) for metric in METRICS),
)  # fmt: skip


async def known(session: ReadSession, ids: Sequence[int]) -> dict[int, Facts]:
    rows = await session.execute(select(*_COLUMNS).where(among(session, Post.id, ids)))
    return {row[0]: _facts(tuple(row)) for row in rows}


def _facts(row: tuple[Any, ...]) -> Facts:
    make: Any = Facts
    return make(*row[:15], row[15:])  # type: ignore[no-any-return]


def refuse_collisions(facts: dict[int, Facts], named: dict[int, tuple[str, str]]) -> None:
    """`named`: (platform, native id) by hash. Two posts with one hash stop the page, with both names."""
    for key, name in named.items():
        there = facts.get(key)
        if there and (there.platform, there.native_id) != name:
            raise Collision(f"{name} and {(there.platform, there.native_id)} share the id {key}: report this")


def matrix(rows: Sequence[Sequence[Any]]) -> Ints:
    """Levels with None, to integers with UNKNOWN: shape (rows, 6). What no count can be is as good as not said."""
    flat = [[UNKNOWN if level is None or level > LARGEST else level for level in row] for row in rows]
    return np.array(flat, dtype=np.int64).reshape(len(rows), len(METRICS))


def column(levels: Ints, index: int) -> list[int | None]:
    return [None if level == UNKNOWN else level for level in levels[:, index].tolist()]


def look_known(as_of: int) -> ColumnElement[bool]:
    return func.coalesce(Snapshot.recorded_at, Snapshot.observed_at) <= as_of


def account_look_known(as_of: int) -> ColumnElement[bool]:
    return func.coalesce(AccountLook.recorded_at, AccountLook.observed_at) <= as_of


def tag_known(as_of: int) -> ColumnElement[bool]:
    """Of a post's hashtag, where the post is known itself."""
    return or_(Tagging.recorded_at.is_(None), Tagging.recorded_at <= as_of)


_LOOK = (Snapshot.post_id, Snapshot.observed_at, Snapshot.source_id, *(getattr(Snapshot, m) for m in METRICS))


async def looks_of(session: ReadSession, ids: Sequence[int], index: dict[int, int], as_of: int | None = None) -> Looks:
    """All contributing looks at the posts (that were known at `as_of`), `post` being their place in `index`."""
    query = select(*_LOOK).where(among(session, Snapshot.post_id, ids), Snapshot.witness.is_(False))
    if as_of is not None:
        query = query.where(look_known(as_of))
    rows = (await session.execute(query)).all()
    head = np.array([row[:3] for row in rows], dtype=np.int64).reshape(len(rows), 3)
    place = np.array([index[row[0]] for row in rows], dtype=np.int64)
    return Looks(place, head[:, 1], head[:, 2], matrix([row[3:] for row in rows]))
