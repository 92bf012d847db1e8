"""The sums: what is added to them when facts change. A row is written by adding, never by setting."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.analysis.contribution import COLUMN, COLUMNS, CURVE_METRICS, Gains
from app.analysis.shape import FIVE_MINUTES, Ints
from app.analysis.sums import FINE_FOR, GRAINS, HOUR, Amounts, fold, join
from app.clock import bucket_of
from app.db.dialect import put
from app.db.engine import Session
from app.models import Rollup
from app.store import news
from app.store.facts import Facts

GAVE = tuple(COLUMN[f"gave_{metric}"] for metric in CURVE_METRICS)


@dataclass(frozen=True, slots=True)
class Belongs:
    """A post's place under a subject: from when it counts there, and whether an edit put it there."""

    subject: int
    post: int
    born_at: int
    late: bool


@dataclass(slots=True)
class Ledger:
    """Collects what to add, then writes it once."""

    subjects: dict[int, int] = field(default_factory=dict)
    platforms: dict[str, int] = field(default_factory=dict)
    entries: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    parts: list[Amounts] = field(default_factory=list)

    def add(self, subject: int, platform: str, at: int, name: str | int, amount: int) -> None:
        if amount:
            place = self.subjects.setdefault(subject, len(self.subjects))
            where = self.platforms.setdefault(platform, len(self.platforms))
            column = COLUMN[name] if isinstance(name, str) else name
            self.entries.append((place, where, bucket_of(at, FIVE_MINUTES), column, amount))

    def birth(self, place: Belongs, post: Facts, sign: int = 1) -> None:
        """A post counts from its birth bucket on: itself, its author's followers, and which metrics it ever gave."""
        columns = [("posts", 1), ("authored", int(post.author_id is not None))]
        columns += [("followed", int(post.followers is not None)), ("impressions", post.followers or 0)]
        for name, amount in columns:
            self.add(place.subject, post.platform, place.born_at, name, sign * amount)
        for column, level in zip(GAVE, post.levels, strict=False):
            self.add(place.subject, post.platform, place.born_at, column, sign * int(level is not None))

    def gains(self, posts: Sequence[Facts], gains: Gains, places: Iterable[Belongs], index: dict[int, int]) -> None:
        """Gains of posts (by their place in `posts`) go to every subject that they belong to."""
        rows = [(index[p.post], p.subject, p.born_at if p.late else -(2**62)) for p in places if p.post in index]
        if not rows or not len(gains.post):
            return
        for _, key, _ in rows:
            self.subjects.setdefault(key, len(self.subjects))
        for post in posts:
            self.platforms.setdefault(post.platform, len(self.platforms))
        rows.sort(key=lambda row: row[0])
        member = np.array([row[0] for row in rows], dtype=np.int64)
        subject = np.array([self.subjects[row[1]] for row in rows], dtype=np.int64)
        since = np.array([bucket_of(row[2], FIVE_MINUTES) for row in rows], dtype=np.int64)
        platform = np.array([self.platforms[post.platform] for post in posts], dtype=np.int64)
        which, who = _meet(gains.post, member)
        # An edit added the tag: what was gained before it belongs to another time.
        counted = gains.bucket[which] >= since[who]
        which, who = which[counted], who[counted]
        self.parts.append(Amounts(
            subject[who], platform[gains.post[which]], gains.bucket[which], gains.column[which], gains.amount[which],
        ))  # fmt: skip

    def amounts(self) -> Amounts:
        entries = np.array(self.entries, dtype=np.int64).reshape(len(self.entries), 5)
        return join([Amounts(*entries.T), *self.parts])


def _meet(posts: Ints, members: Ints) -> tuple[Ints, Ints]:
    """Pairs of (index into posts, index into the sorted members) that name the same post."""
    low = np.searchsorted(members, posts, "left")
    count = np.searchsorted(members, posts, "right") - low
    which = np.repeat(np.arange(len(posts)), count)
    begins = np.cumsum(count) - count
    return which, low[which] + np.arange(len(which)) - begins[which]


def fine_since(now: int) -> int:
    """Five-minute rows are kept from here on."""
    return bucket_of(now - FINE_FOR, HOUR)


async def write(session: Session, ledger: Ledger, now: int, into: Any = Rollup) -> None:
    """Add all that was collected, at every grain, in the order of the keys. `into`: the rollups, or their seals."""
    amounts = ledger.amounts()
    subjects = np.array(list(ledger.subjects), dtype=np.int64)
    news.note(session, news.POINTS, subjects[np.unique(amounts.subject)].tolist(), now)
    platforms = list(ledger.platforms)
    for grain in GRAINS:
        if grain == FIVE_MINUTES:
            recent = amounts.bucket >= fine_since(now)
            rows = fold(Amounts(*(getattr(amounts, name)[recent] for name in Amounts.__slots__)), grain)
        else:
            rows = fold(amounts, grain)
        sums = {name: rows.sums[:, index].tolist() for index, name in enumerate(COLUMNS)}
        await put(session, into, {
            "subject_id": subjects[rows.subject].tolist(), "grain": [grain] * len(rows.bucket),
            "platform": [platforms[place] for place in rows.platform.tolist()], "bucket": rows.bucket.tolist(), **sums,
        }, "add")  # fmt: skip
