"""Where a curve's sums come from: the rollup rows, read at the coarsest grain that tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from sqlalchemy import func, select

from app.analysis.contribution import COLUMNS
from app.analysis.shape import FIVE_MINUTES, Ints
from app.analysis.sums import HOUR, QUARTER
from app.db.engine import ReadSession
from app.models import Debut, Member, Rollup, Seal
from app.store import news
from app.store.memory import Memory

# Columns of the table: rows of mapped attributes cost twice as much to read.
_TABLE = Rollup.__table__.c
_SUMS = [_TABLE[name] for name in COLUMNS]


@dataclass(frozen=True, slots=True)
class Sums:
    """One platform's sums: (buckets, columns), and those of all that came before."""

    within: Ints
    before: Ints


def nothing(edges: Ints) -> Sums:
    return Sums(np.zeros((len(edges) - 1, len(COLUMNS)), dtype=np.int64), np.zeros(len(COLUMNS), dtype=np.int64))


class Source(Protocol):
    """A subject's sums: as they are (`Rollups`), or as they were known at an instant (`app.store.as_of`)."""

    async def first(self) -> int | None:
        """When the first post began to count."""

    async def read(self, edges: Ints, step: str, platform: str | None) -> dict[str, Sums]:
        """By platform."""

    async def authors(self, edges: Ints, platform: str | None) -> "Authors":
        """Who posted between the first edge and the last."""


@dataclass(frozen=True, slots=True)
class Authors:
    """How many posts each has in the range; the most followers of one, as at the first post here (None: none known)."""

    posts: tuple[int, ...]
    largest: int | None


def _weigh(sums: Mapping[str, Sums]) -> int:
    return sum(one.within.nbytes + one.before.nbytes for one in sums.values())


_HELD: Memory[dict[str, Sums]] = Memory(8 << 20, _weigh)
"""Some twenty-five curves of ninety days by the hour."""
_AUTHORS: Memory[Authors] = Memory(4 << 20, lambda authors: 200 + 8 * len(authors.posts))


class Rollups:
    def __init__(self, session: ReadSession, subject: int) -> None:
        self._session, self._subject = session, subject
        self._number: tuple[int, int] | None = None

    async def first(self) -> int | None:
        """Of those that were taken out, the hour."""
        there = select(func.min(Member.born_at)).where(Member.subject_id == self._subject).scalar_subquery()
        sealed = (Seal.subject_id == self._subject, Seal.grain == HOUR, Seal.posts > 0)
        gone = select(func.min(Seal.bucket)).where(*sealed).scalar_subquery()
        found = (await self._session.execute(select(there, gone))).one()
        return min((at for at in found if at is not None), default=None)

    async def read(self, edges: Ints, step: str, platform: str | None) -> dict[str, Sums]:
        number = await self.number()
        key = self._subject, grain_of(edges, step), platform, edges.tobytes()
        found = _HELD.get(self._session, key, number)
        if found is None:
            found = await self._read(edges, step, platform)
            for sums in found.values():  # who is handed them again must find them as they were
                sums.within.flags.writeable = sums.before.flags.writeable = False
            _HELD.put(self._session, key, number, found)
        return dict(found)

    async def number(self) -> tuple[int, int] | None:
        """While it is the same, so is all that is read here. A reader sees one moment: it is asked for once."""
        if self._number is None:
            self._number = await news.number(self._session, self._subject)
        return self._number

    async def _read(self, edges: Ints, step: str, platform: str | None) -> dict[str, Sums]:
        start, end = int(edges[0]), int(edges[-1])
        mine: list[Any] = [_TABLE.subject_id == self._subject]
        if platform:
            mine.append(_TABLE.platform == platform)
        query = select(_TABLE.platform, _TABLE.bucket, *_SUMS).where(
            *mine, _TABLE.grain == grain_of(edges, step), _TABLE.bucket >= start, _TABLE.bucket < end
        )
        rows = (await self._session.execute(query)).all()
        found: dict[str, Sums] = {}
        for name, before in (await self._before(mine, start)).items():
            found[name] = Sums(nothing(edges).within, before)
        names = np.array([row[0] for row in rows])
        numbers = np.array([row[1:] for row in rows], dtype=np.int64).reshape(len(rows), 1 + len(COLUMNS))
        place = np.searchsorted(edges, numbers[:, 0], "right") - 1
        for name in dict.fromkeys(names.tolist()):
            these = names == name
            sums = found.setdefault(name, nothing(edges))
            np.add.at(sums.within, place[these], numbers[these, 1:])
        return found

    async def authors(self, edges: Ints, platform: str | None) -> Authors:
        key, number = (self._subject, platform, int(edges[0]), int(edges[-1])), await self.number()
        found = _AUTHORS.get(self._session, key, number)
        if found is None:
            found = await self._authors(edges, platform)
            _AUTHORS.put(self._session, key, number, found)
        return found

    async def _authors(self, edges: Ints, platform: str | None) -> Authors:
        mine = (
            select(Member.author_id, func.count().label("posts"))
            .where(Member.subject_id == self._subject, Member.author_id.is_not(None))
            .where(Member.born_at >= int(edges[0]), Member.born_at < int(edges[-1]))
            .group_by(Member.author_id)
            .subquery()
        )
        first = (Debut.account_id == mine.c.author_id) & (Debut.subject_id == self._subject)
        query = select(mine.c.posts, func.count(), func.max(Debut.followers)).join(Debut, first)
        if platform:
            query = query.where(Debut.platform == platform)
        rows = (await self._session.execute(query.group_by(mine.c.posts))).all()
        posts = tuple(int(row[0]) for row in rows for _ in range(int(row[1])))
        return Authors(posts, max((int(row[2] or 0) for row in rows), default=0) or None)

    async def _before(self, mine: Sequence[Any], start: int) -> dict[str, Ints]:
        """Sums by platform of all buckets before `start`: whole hours first, then what is left of the last hour."""
        found: dict[str, Ints] = {}
        hour, quarter = start - start % HOUR, start - start % QUARTER
        for grain, low, high in ((HOUR, None, hour), (QUARTER, hour, quarter), (FIVE_MINUTES, quarter, start)):
            if low == high:
                continue
            query = select(_TABLE.platform, *(func.sum(col) for col in _SUMS)).where(*mine, _TABLE.grain == grain)
            query = query.where(_TABLE.bucket < high) if low is None else query.where(
                _TABLE.bucket >= low, _TABLE.bucket < high
            )  # fmt: skip
            for row in await self._session.execute(query.group_by(_TABLE.platform)):
                sums = np.array([int(value) for value in row[1:]], dtype=np.int64)
                found[row[0]] = found.get(row[0], 0) + sums
        return found


def grain_of(edges: Ints, step: str) -> int:
    if step == "5m":
        return FIVE_MINUTES
    return HOUR if step != "15m" and not (edges % HOUR).any() else QUARTER
