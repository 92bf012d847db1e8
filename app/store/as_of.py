"""A subject's sums as they were known at an instant, made from the facts that had come by then; nothing is stored.

What no fact tells is taken as it is now: which hashtags a campaign has, whose an account is, who wrote a post.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from app.analysis.contribution import ENGAGEMENT, METRICS, Looks
from app.analysis.shape import FIVE_MINUTES, Ints
from app.analysis.sums import Rows, fold, join, unfold
from app.db.engine import ReadSession
from app.store import facts, looks, rebuild, remembered, sealing
from app.store.facts import Facts
from app.store.rollups import Belongs, Ledger
from app.store.sums import Authors, Rollups, Source, Sums, nothing

_First = tuple[int, int, str, int]
"""An account's first post: when it began to count, its id, its platform, its author's followers."""
_ENGAGEMENT = [METRICS.index(name) for name in ENGAGEMENT]


class Posted(NamedTuple):
    """A post that counts: its author and their followers then, when it began to count, its last known engagement."""

    post: int
    author: int | None
    born_at: int
    followers: int | None
    engagement: int


def sums_of(session: ReadSession, subject: int, as_of: int | None) -> Source:
    return Rollups(session, subject) if as_of is None else AsOf(session, subject, as_of)


class AsOf:
    """Sums from facts known at `instant`. The history is read once, by pieces; what is held follows the curve."""

    def __init__(self, session: ReadSession, subject: int, instant: int) -> None:
        self._session, self._subject, self._instant = session, subject, instant
        self._ledger = Ledger()
        self._firsts: dict[int, _First] = {}
        self._rows: Rows | None = None
        self._began: int | None = None
        self._posts: list[Posted] = []

    async def first(self) -> int | None:
        await self._sum()
        return self._began

    async def posts(self) -> Sequence[Posted]:
        """All that counted then."""
        await self._sum()
        return self._posts

    async def read(self, edges: Ints, step: str, platform: str | None) -> dict[str, Sums]:  # noqa: ARG002 - any step
        rows = await self._sum()
        found: dict[str, Sums] = {}
        for number, name in enumerate(self._ledger.platforms):
            mine = (rows.platform == number) & (rows.bucket < edges[-1])
            if not mine.any() or platform not in (None, name):
                continue
            sums = found[name] = nothing(edges)
            place = np.searchsorted(edges, rows.bucket[mine], "right") - 1
            np.add.at(sums.within, place[place >= 0], rows.sums[mine][place >= 0])
            sums.before[:] = rows.sums[mine][place < 0].sum(axis=0)
        return found

    async def authors(self, edges: Ints, platform: str | None) -> Authors:
        await self._sum()
        inside = Counter(
            one.author for one in self._posts if one.author is not None and edges[0] <= one.born_at < edges[-1]
        )
        firsts = {who: self._firsts[who] for who in inside if platform in (None, self._firsts[who][2])}
        largest = max((followers for _, _, _, followers in firsts.values()), default=0) or None
        return Authors(tuple(inside[who] for who in firsts), largest)

    async def _sum(self) -> Rows:
        if self._rows is not None:
            return self._rows
        await sealing.refuse_before(self._session, self._subject, self._instant)
        belongs = await rebuild.who_belongs(self._session, self._subject, self._instant)
        rows = fold(self._ledger.amounts(), FIVE_MINUTES)
        for start in range(0, len(belongs), rebuild.CHUNK):
            await self._count(belongs[start : start + rebuild.CHUNK])
            rows = fold(join([unfold(rows), self._ledger.amounts()]), FIVE_MINUTES)
            self._ledger.parts, self._ledger.entries = [], []
        for born, _, platform, followers in self._firsts.values():
            self._ledger.add(self._subject, platform, born, "authors_new", 1)
            self._ledger.add(self._subject, platform, born, "followers", followers)
        await sealing.tell(self._session, self._subject, self._ledger)
        self._rows = fold(join([unfold(rows), self._ledger.amounts()]), FIVE_MINUTES)
        return self._rows

    async def _count(self, part: Sequence[Belongs]) -> None:
        posts = await facts.known(self._session, [place.post for place in part])
        index = {key: place for place, key in enumerate(posts)}
        seen = await facts.looks_of(self._session, list(posts), index, self._instant)
        known = [_known(post, self._instant) for post in posts.values()]
        _recall(known, seen)
        places = [
            place if place.late else Belongs(place.subject, place.post, known[index[place.post]].born_at, late=False)
            for place in part
        ]
        for place in places:
            self._born(place, known[index[place.post]])
        looks.count(known, seen, places, self._ledger)

    def _born(self, place: Belongs, post: Facts) -> None:
        self._began = place.born_at if self._began is None else min(self._began, place.born_at)
        self._ledger.birth(place, post)
        engagement = sum(post.levels[at] or 0 for at in _ENGAGEMENT)
        self._posts.append(Posted(post.id, post.author_id, place.born_at, post.followers, engagement))
        if post.author_id is not None:
            mine = (place.born_at, post.id, post.platform, post.followers or 0)
            self._firsts[post.author_id] = min(self._firsts.get(post.author_id, mine), mine)


def _known(post: Facts, instant: int) -> Facts:
    """The post before any look: followers that a later look showed are not known yet."""
    post.born_at = post.created_at
    if post.followers_at is not None and post.followers_at > instant:
        post.followers = post.followers_at = None
    return post


def _recall(posts: Sequence[Facts], seen: Looks) -> None:
    """What these looks say of the posts: the last levels, and a birth that was no later than the first look."""
    levels = remembered.latest(seen, len(posts)).levels
    for place, post in enumerate(posts):
        post.levels = remembered.said(levels[place])
    for place, at in zip(seen.post.tolist(), seen.at.tolist(), strict=True):
        posts[place].born_at = min(posts[place].born_at, at)
