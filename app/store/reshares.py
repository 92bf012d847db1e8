"""Who brought a campaign's reposts: credited event by event, by the additive rule, where a platform shows them."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, case, select

from app.analysis.cascade import Credits, additive, together
from app.analysis.statistics.measured import Measured, exactly, unknown
from app.db.dialect import among
from app.db.engine import ReadSession
from app.models import Member, Post
from app.store.as_of import AsOf
from app.store.lives import Life
from app.store.subjects import subject_key

UNIT = "reposts"
UNSEEN, NAMELESS = "reposts unseen", "followers unseen"
UNTOLD = unknown(UNIT, UNSEEN)
MOST_PAIRS = 50_000_000
"""Each event is weighed against all before it: so many pairs take about a second."""
CROWDED = "too many reposts to credit one by one"
SOME = 0.5


@dataclass(frozen=True, slots=True)
class Event:
    """A repost, or the post that was reposted (`original`): of one cascade, by an account, with their followers."""

    platform: str
    of: str
    at: int
    author: int | None
    followers: int | None
    original: bool


@dataclass(frozen=True, slots=True)
class Reshares:
    """`seen` reposts, `outside` of which nothing explains that was seen (None: not all are credited).

    `told`: the platforms whose reposts are credited; `why`: those with reposts that are not.
    """

    seen: int = 0
    outside: float | None = 0.0
    credits: Credits = field(default_factory=lambda: Credits({}, {}, 0.0))
    why: Mapping[str, str] = field(default_factory=dict)
    told: frozenset[str] = frozenset()

    def credit(self, accounts: Iterable[tuple[str, int]]) -> tuple[Measured, float | None]:
        """Of the accounts (platform and id) together: others' reposts, and their own."""
        there = [(platform, str(account)) for platform, account in accounts]
        names = [name for platform, name in there if platform in self.told]
        if not names:
            reasons = [self.why.get(platform, UNSEEN) for platform, _ in there]
            return unknown(UNIT, max(reasons, key=lambda reason: reason != UNSEEN, default=UNSEEN)), None
        given, own = (sum(part.get(name, 0.0) for name in names) for part in (self.credits.others, self.credits.own))
        return exactly(given, UNIT), own


async def of_life(session: ReadSession, life: Life, most_pairs: int = MOST_PAIRS) -> Reshares:
    """By platform: told where it shows reposts, and how many follow those who made at least half of them."""
    events = await _events(session, life)
    seen = sum(not one.original for one in events)
    why = {name: NAMELESS for name, these in _by_platform(events).items() if _nameless(these)}
    fit = [one for one in events if one.platform not in why]
    cascades = [_columns(each) for each in _by_cascade(fit)]
    if sum(len(at) ** 2 // 2 for at, _, _ in cascades) > most_pairs:
        return Reshares(seen, None, why=dict.fromkeys({one.platform for one in fit}, CROWDED) | why)
    found = await asyncio.to_thread(lambda: together(additive(*each) for each in cascades))
    outside = None if why else max(0.0, found.exogenous - sum(one.original for one in fit))
    return Reshares(seen, outside, found, why, frozenset(one.platform for one in fit))


def _by_platform(events: Iterable[Event]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for one in events:
        found.setdefault(one.platform, []).append(one)
    return found


def _nameless(events: Sequence[Event]) -> bool:
    return sum(one.followers is not None for one in events) < SOME * len(events)


async def _events(session: ReadSession, life: Life) -> list[Event]:
    mine = await _mine(session, life)
    kept = (Post.platform, Post.created_at, Post.author_id, _followers(life.as_of), Post.repost_of, Post.native_id)
    reposts = (await session.execute(select(*kept).where(mine, Post.repost_of.is_not(None)))).all()
    if not reposts:
        return []
    of = {(row[0], row[4]) for row in reposts}
    named = among(session, Post.native_id, sorted({name for _, name in of}))
    originals = [
        row for row in await session.execute(select(*kept).where(mine, named)) if (row[0], row[5]) in of and not row[4]
    ]
    return [_event(row, original=False) for row in reposts] + [_event(row, original=True) for row in originals]


def _event(row: Sequence[Any], *, original: bool) -> Event:
    platform, at, author, followers, repost_of, native_id = row
    return Event(platform, native_id if original else repost_of, at, author, followers, original)


async def _mine(session: ReadSession, life: Life) -> ColumnElement[bool]:
    """Posts that count under the campaign, or did so then."""
    if isinstance(life.sums, AsOf):
        return among(session, Post.id, [one.post for one in await life.sums.posts()])
    subject = subject_key("campaign", life.kept.id)
    return Post.id.in_(select(Member.post_id).where(Member.subject_id == subject))


def _followers(as_of: int | None) -> ColumnElement[Any]:
    return Post.followers.expression if as_of is None else case((Post.followers_at > as_of, None), else_=Post.followers)


def _by_cascade(events: Sequence[Event]) -> list[list[Event]]:
    order = sorted(events, key=lambda one: (one.platform, one.of, not one.original, one.at))
    return [list(group) for _, group in groupby(order, lambda one: (one.platform, one.of))]


def _columns(events: Sequence[Event]) -> tuple[Any, list[str], Any]:
    """As `additive` takes them. Who is not named owns their events alone; unknown followers weigh 1."""
    order = sorted(events, key=lambda one: one.at)
    owners = [str(one.author) if one.author is not None else f"?{place}" for place, one in enumerate(order)]
    weights = np.array([max(1.0, float(one.followers or 1)) for one in order])
    return np.array([one.at for one in order], dtype=np.int64), owners, weights
