"""Keeps looks at posts that are known: the snapshots, the posts' last levels, and what the rollups gain by them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from app.analysis.contribution import METRICS, UNKNOWN, Gains, Looks, gains, no_looks
from app.analysis.shape import Ints
from app.db.dialect import among, change, put
from app.db.engine import Session
from app.models import Post, Snapshot
from app.store import hold, members, remembered, rollups
from app.store.facts import Facts, column, looks_of, matrix
from app.store.rollups import Belongs, Ledger

Plan = Callable[[int], int | None]
"""From a post's birth to when it is to be looked at again."""


@dataclass(frozen=True, slots=True)
class Readings:
    """Looks to keep, by column. `post` is the post's id; `levels` (n, 6), UNKNOWN where the platform did not say."""

    post: Ints
    at: Ints
    levels: Ints
    source_id: int
    witness: NDArray[np.bool_]
    recorded: int | None = None  # None: they were kept when they were read

    def take(self, which: Ints | NDArray[np.bool_]) -> "Readings":
        return replace(
            self, post=self.post[which], at=self.at[which], levels=self.levels[which], witness=self.witness[which]
        )

    def __len__(self) -> int:
        return len(self.post)


@dataclass(frozen=True, slots=True)
class LooksKept:
    """How many looks are new, how many were known already, and which (by place) say otherwise at a known instant."""

    new: int
    repeated: int
    conflicts: tuple[int, ...]


def count(posts: Sequence[Facts], seen: Looks, belongs: Sequence[Belongs], ledger: Ledger, sign: int = 1) -> None:
    """What all looks at the posts gained goes to subjects that did not have it, or (sign -1) is taken back."""
    births = np.array([post.born_at for post in posts], dtype=np.int64)
    whole = gains(births, no_looks(), seen)
    signed = Gains(whole.post, whole.bucket, whole.column, sign * whole.amount)
    ledger.gains(posts, signed, belongs, {post.id: place for place, post in enumerate(posts)})


async def keep(
    session: Session, posts: dict[int, Facts], readings: Readings, ledger: Ledger, plan: Plan | None = None
) -> LooksKept:
    """Keep readings of `posts` (all of which are known). Call with the subjects locked; write the ledger afterwards."""
    ids = [key for key in np.unique(readings.post).tolist() if key in posts]
    index = {key: place for place, key in enumerate(ids)}
    facts = [posts[key] for key in ids]
    fresh, kept = await _new_ones(session, facts, index, readings)
    if not len(fresh):
        return kept
    counted = fresh.take(~fresh.witness)
    if len(counted):
        await _contribute(session, facts, index, counted, ledger, plan)
    await _insert(session, fresh)  # last: what was known before is read from the same table
    return kept


async def _new_ones(
    session: Session, facts: list[Facts], index: dict[int, int], readings: Readings
) -> tuple[Readings, LooksKept]:
    """The readings whose (post, instant, source) is not known yet, first come first kept."""
    order = np.lexsort((np.arange(len(readings)), readings.at, readings.post))
    ordered = readings.take(order)
    again = np.zeros(len(order), dtype=bool)
    again[1:] = (ordered.post[1:] == ordered.post[:-1]) & (ordered.at[1:] == ordered.at[:-1])
    first = np.maximum.accumulate(np.where(again, 0, np.arange(len(order))))
    differs = again & (ordered.levels != ordered.levels[first]).any(axis=1)
    latest = np.array([post.looked_at if post.looked_at is not None else -(2**62) for post in facts], dtype=np.int64)
    place = np.array([index[key] for key in ordered.post.tolist()], dtype=np.int64)
    # Only a look that is not later than the last counted one, or a witness's, can be there already.
    doubtful = np.unique(ordered.post[(ordered.at <= latest[place]) | ordered.witness]).tolist() if len(place) else []
    if doubtful:
        there = await _levels_at(session, doubtful, readings.source_id)
        for i in np.flatnonzero(~again).tolist():
            levels = there.get((int(ordered.post[i]), int(ordered.at[i])))
            if levels is not None:
                again[i] = True
                differs[i] = levels != tuple(ordered.levels[i].tolist())
    conflicts = tuple(order[differs].tolist())
    fresh = ordered.take(~again)
    return fresh, LooksKept(len(fresh), int(again.sum()) - len(conflicts), conflicts)


async def _levels_at(session: Session, posts: Sequence[int], source_id: int) -> dict[tuple[int, int], tuple[int, ...]]:
    query = select(Snapshot.post_id, Snapshot.observed_at, *(getattr(Snapshot, metric) for metric in METRICS))
    rows = await session.execute(query.where(among(session, Snapshot.post_id, posts), Snapshot.source_id == source_id))
    return {(row[0], row[1]): tuple(UNKNOWN if v is None else v for v in row[2:]) for row in rows}


async def _insert(session: Session, fresh: Readings) -> None:
    await put(session, Snapshot, {
        "post_id": fresh.post.tolist(), "observed_at": fresh.at.tolist(), "source_id": [fresh.source_id] * len(fresh),
        "witness": fresh.witness.tolist(), "recorded_at": [fresh.recorded] * len(fresh),
        **{metric: column(fresh.levels, i) for i, metric in enumerate(METRICS)},
    })  # fmt: skip


async def _contribute(
    session: Session, facts: list[Facts], index: dict[int, int], counted: Readings, ledger: Ledger, plan: Plan | None
) -> None:
    place = np.array([index[key] for key in counted.post.tolist()], dtype=np.int64)
    new = Looks(place, counted.at, np.full(len(place), counted.source_id), counted.levels)
    touched = [facts[i] for i in np.unique(place).tolist()]
    belongs = await hold.places(session, [post.id for post in touched])
    first = _first_look(place, counted.at)
    old = await _old_looks(session, touched, index, first)
    births = np.array([post.born_at for post in facts], dtype=np.int64)
    earlier = {i: at for i, at in first.items() if at < facts[i].born_at}
    if earlier:
        _move_births(facts, births, earlier, belongs, old, new, ledger, index)
    still = ~np.isin(new.post, list(earlier))
    ledger.gains(facts, gains(births, old, new.take(still)), belongs, index)
    await _remember(session, facts, old + new, belongs, ledger, plan)
    before = [replace(facts[i]) for i in earlier]
    for i, at in earlier.items():
        facts[i].born_at = at
    await change(session, Post, "id", {"id": [post.id for post in before], "born_at": list(earlier.values())})
    await members.restate(session, [(post, facts[i]) for post, i in zip(before, earlier, strict=True)], belongs, ledger)


def _first_look(place: Ints, at: Ints) -> dict[int, int]:
    order = np.lexsort((at, place))
    posts, starts = np.unique(place[order], return_index=True)
    return dict(zip(posts.tolist(), at[order][starts].tolist(), strict=True))


async def _old_looks(session: Session, touched: list[Facts], index: dict[int, int], first: dict[int, int]) -> Looks:
    """All looks of posts that something is put between or before; of the others only the last, carried on the post."""
    seen = [post for post in touched if post.looked_at is not None]
    whole = {p.id for p in seen if p.ragged or first[index[p.id]] <= (p.looked_at or 0)}
    last = [post for post in seen if post.id not in whole]
    carried = Looks(
        np.array([index[post.id] for post in last], dtype=np.int64),
        np.array([post.looked_at for post in last], dtype=np.int64),
        np.zeros(len(last), dtype=np.int64),
        matrix([post.levels for post in last]),
    )
    return carried + await looks_of(session, sorted(whole), index) if whole else carried


def _move_births(
    facts: list[Facts], births: Ints, earlier: dict[int, int], belongs: list[Belongs], old: Looks, new: Looks,
    ledger: Ledger, index: dict[int, int],
) -> None:  # fmt: skip
    """A look before the birth moves the birth, and with it the age at every other look: take all back, put all anew."""
    these = list(earlier)
    whole = gains(births, no_looks(), old.take(np.isin(old.post, these)))
    ledger.gains(facts, Gains(whole.post, whole.bucket, whole.column, -whole.amount), belongs, index)
    for place, at in earlier.items():
        births[place] = at
    both = old.take(np.isin(old.post, these)) + new.take(np.isin(new.post, these))
    ledger.gains(facts, gains(births, no_looks(), both), belongs, index)


async def _remember(
    session: Session, facts: list[Facts], looks: Looks, belongs: list[Belongs], ledger: Ledger, plan: Plan | None
) -> None:
    """The posts' last levels, and the metrics that were given for the first time."""
    latest = remembered.latest(looks, len(facts))
    places, levels = latest.place, latest.levels
    _note_first_given(facts, places, levels, belongs, ledger)
    columns: dict[str, list[object]] = {
        "id": [facts[i].id for i in places.tolist()], "looked_at": latest.at.tolist(),
        "ragged": latest.ragged.tolist(),
        **{metric: list(column(levels[places], i)) for i, metric in enumerate(METRICS)},
    }  # fmt: skip
    if plan:
        columns["next_look_at"] = [plan(facts[i].born_at) for i in places.tolist()]
    await change(session, Post, "id", columns)


def _note_first_given(facts: list[Facts], places: Ints, levels: Ints, belongs: list[Belongs], ledger: Ledger) -> None:
    by_post: dict[int, list[Belongs]] = {}
    for place in belongs:
        by_post.setdefault(place.post, []).append(place)
    for i in places.tolist():
        post, now = facts[i], remembered.said(levels[i])
        for at, (before, after) in enumerate(zip(post.levels, now, strict=True)):
            if before is None and after is not None and at < len(rollups.GAVE):
                for place in by_post.get(post.id, ()):
                    ledger.add(place.subject, post.platform, place.born_at, rollups.GAVE[at], 1)
        post.levels = now
