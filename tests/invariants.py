"""What must hold after every scenario, whatever went wrong in it: one checker, with the world's ledger for the truth.

The numbers are those of the invariants: I1 no lost post, I2 no duplicate, I3 readings as seen, I4 no checkpoint ahead
of its data, I7 every slot one final state, I10 budgets kept, I12 healed in time, I13 the database sound.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlalchemy import select, text

from app.clock import DAY, MINUTE
from app.db.dialect import is_file
from app.db.engine import Database, ReadSession
from app.models import Coverage, Hashtag, Pass, Post, Snapshot, Source, Subject, Tagging, Track
from app.store import rebuild
from sandbox.faults import Asked
from sandbox.ids import fold
from sandbox.script import Record, Script

PAGING = ("max_id=", "min_id=", "since_id=", "page=")
REWALK = 7 * DAY


@dataclass(frozen=True)
class Limit:
    """A budget as the platform counts it: windows begin at multiples of their length."""

    counts: Callable[[Asked], bool]
    most: int
    window: int


@dataclass(frozen=True)
class Truth:
    """What the checker may know beyond the database. `now` is the instant of the check; times in milliseconds."""

    script: Script
    network: str
    now: int
    asked: Sequence[Asked] = ()
    limits: Sequence[Limit] = ()
    healed_at: int | None = None
    listed: Callable[[Record], bool] = lambda _: True  # what this kind of server shows in a tag's timeline
    slack: int = 2 * MINUTE  # between the platform's answer and our writing it down
    limited: bool = False  # the platform was told to answer 429


@dataclass(frozen=True)
class Followed:
    track: Track
    tag: str
    passes: list[Pass]
    coverage: list[Coverage]
    known: set[str]

    @property
    def step(self) -> int:
        return self.track.interval_s * 1_000


def mastodon_limits(calls: int, paging: int) -> list[Limit]:
    def pages(one: Asked) -> bool:
        return any(word in one.query for word in PAGING)

    return [Limit(lambda _: True, calls, 5 * MINUTE), Limit(pages, paging, 15 * MINUTE)]


def bluesky_limits(calls: int) -> list[Limit]:
    return [Limit(lambda one: one.path.endswith(("searchPosts", "refreshSession")), calls, 5 * MINUTE)]


async def check(db: Database, truth: Truth) -> None:
    found = await violations(db, truth)
    assert not found, "\n".join(found)


async def violations(db: Database, truth: Truth) -> list[str]:
    async with db.read() as session:
        return await seen_in(session, truth)


async def seen_in(session: ReadSession, truth: Truth) -> list[str]:
    found: list[str] = []
    for followed in await _followed(session, truth):
        for rule in (_i1_no_lost_post, _i1_gaps_are_said, _i1_nothing_else, _i4_no_checkpoint_ahead, _i7_slots):
            found += rule(followed, truth)
        found += _i12_healed(followed, truth)
    found += [word async for word in _i2_no_duplicate(session)]
    found += [word async for word in _i3_readings(session, truth)]
    found += _i10_budgets(truth)
    found += [word async for word in _i12_sources(session, truth)]
    found += [word async for word in _i13_sound(session, truth.now)]
    return found


async def _followed(session: ReadSession, truth: Truth) -> list[Followed]:
    found = []
    query = select(Track, Hashtag.tag).join(Hashtag, Hashtag.id == Track.hashtag_id)
    query = query.join(Source, Source.id == Track.source_id).where(Source.platform == truth.network)
    for track, tag in (await session.execute(query.where(Source.kind == "live"))).all():
        passes = select(Pass).where(Pass.track_id == track.id).order_by(Pass.due_at)
        rows = select(Coverage).where(Coverage.track_id == track.id).order_by(Coverage.from_at)
        known = select(Post.native_id).join(Tagging, Tagging.post_id == Post.id)
        found.append(
            Followed(
                track, tag, list((await session.execute(passes)).scalars()),
                list((await session.execute(rows)).scalars()),
                set((await session.execute(known.where(Tagging.hashtag_id == track.hashtag_id))).scalars()),
            )
        )  # fmt: skip
    return found


def _stories(truth: Truth) -> Iterator[tuple[str, Record]]:
    for name, record in truth.script.records.items():
        first = record.shows[0][1]
        if first and first.network == truth.network and truth.listed(record):
            yield name, record


def _public(record: Record, tag: str, start: int, end: int) -> bool:
    """Under this tag at every instant of [start, end]."""
    return all(post and fold(tag) in map(fold, post.tags) for post in record.versions(start, end))


def _born(record: Record) -> tuple[int, int]:
    """When it says that it was written, and when it could first be seen."""
    at, post = record.shows[0]
    assert post
    return min(post.created_at, at), at


def _i1_no_lost_post(one: Followed, truth: Truth) -> Iterator[str]:
    """Whoever was public from its first instant through a whole pass is kept, or its time said to be a gap; so is all
    in the time that we claim.
    """
    gaps = [(row.from_at, row.to_at) for row in one.coverage if row.state != "complete"]
    proved = [(row.from_at, row.to_at) for row in one.coverage if row.state == "complete"]
    good = sorted((p.started_at, p.ended_at) for p in one.passes if p.state == "ok" and p.ended_at)
    lag = 2 * one.step
    for name, record in _stories(truth):
        created, seen = _born(record)
        deep = one.track.deep_at is not None and one.track.deep_at >= seen and created >= one.track.deep_at - REWALK
        if name in one.known or not (seen - created <= lag or (deep and not json.loads(one.track.walks))):
            continue
        if any(start <= created < end for start, end in proved) and _public(record, one.tag, seen, truth.now):
            yield f"I1: {name} is lost: its time is claimed as complete"
        walked = next(((start, end) for start, end in good if start > seen), None)
        said = any(start <= created < end for start, end in gaps)
        if walked and not said and seen >= one.track.since_at and _public(record, one.tag, seen, walked[1]):
            yield f"I1: {name} is lost: a whole pass should have met it"


def _i1_gaps_are_said(one: Followed, truth: Truth) -> Iterator[str]:
    """Coverage and gaps together are the whole tracked time, up to the lag before the last pass."""
    start, end = one.track.since_at, (one.track.walked_to or 0) - 2 * one.step
    if any(p.state == "running" for p in one.passes) or end <= start:
        return
    reached = start
    for row in one.coverage:
        if row.from_at > reached:
            break
        reached = max(reached, row.to_at)
    if reached < end:
        yield f"I1: nothing is said of {reached} to {end}"
    for before, after in pairwise(one.coverage):
        if after.from_at < before.to_at:
            yield f"I1: two words for {after.from_at}"


def _i1_nothing_else(one: Followed, truth: Truth) -> Iterator[str]:
    for name in one.known - truth.script.ever_visible(truth.network, one.tag, 0, truth.now):
        yield f"I1: {name} never was public under #{one.tag}"


async def _i2_no_duplicate(session: ReadSession) -> AsyncIterator[str]:
    rows = [(p.platform, p.native_id, p.source_id, p.local_id) for p in (await session.execute(select(Post))).scalars()]
    for key, count in Counter((row[0], row[1]) for row in rows).items():
        if count > 1:
            yield f"I2: {key} is there {count} times"
    for local, count in Counter((row[2], row[3]) for row in rows if row[3]).items():
        if count > 1:
            yield f"I2: the source's {local} is there {count} times"


async def _i3_readings(session: ReadSession, truth: Truth) -> AsyncIterator[str]:
    """Each reading is what the public could see then; the last one is the post's level; none is of the future."""
    names = ("likes", "reposts", "replies", "quotes")
    posts = {p.id: p for p in (await session.execute(select(Post).where(Post.platform == truth.network))).scalars()}
    last: dict[int, Snapshot] = {}
    for look in (await session.execute(select(Snapshot).order_by(Snapshot.observed_at))).scalars():
        post = posts.get(look.post_id)
        if post is None or post.native_id not in truth.script.records:
            continue
        if look.observed_at > truth.now or look.observed_at < post.born_at:
            yield f"I3: {post.native_id} was looked at {look.observed_at}, born {post.born_at}, now {truth.now}"
        shown = tuple(getattr(look, name) for name in names)
        true = truth.script.levels_between(post.native_id, look.observed_at - truth.slack, look.observed_at)
        if not any(all(v is None or v == t for v, t in zip(shown, levels, strict=True)) for levels in true):
            yield f"I3: {post.native_id} at {look.observed_at}: {shown}, in truth {sorted(true)}"
        if not look.witness:
            last[post.id] = look
    for key, look in last.items():
        for name in names:
            if getattr(look, name) is not None and getattr(look, name) != getattr(posts[key], name):
                yield f"I3: {posts[key].native_id}: {name} is not what the last look saw"


def _i4_no_checkpoint_ahead(one: Followed, truth: Truth) -> Iterator[str]:
    """All that a walk says to have passed is kept."""
    for walk in json.loads(one.track.walks):
        for name, record in _stories(truth):
            created, seen = _born(record)
            passed = walk.get("low") is not None and walk["low"] < created and seen <= walk["top"]
            shown = seen - created <= 2 * one.step and _public(record, one.tag, seen, truth.now)
            if passed and shown and name not in one.known:
                yield f"I4: {name} is not kept, and a cursor is past it"


def _i7_slots(one: Followed, truth: Truth) -> Iterator[str]:
    """From its first due time on, each due time is stood for by one row, which says how it ended."""
    at_work = (one.track.claimed_until or 0) >= truth.now
    for row in one.passes:
        if row.state not in ("ok", "partial", "failed", "skipped", "coalesced") and not at_work:
            yield f"I7: the slot of {row.due_at} is {row.state}"
        if row.state in ("partial", "failed") and not row.reason:
            yield f"I7: the slot of {row.due_at} does not say why it is {row.state}"
    slots = [row for row in one.passes if row.slots]
    if not slots:
        if (one.track.due_at or truth.now) < truth.now - max(2 * one.step, MINUTE):
            yield "I7: due, and never visited"
        return
    ends = [*(row.due_at for row in slots[1:]), one.track.due_at]
    for place, (row, then) in enumerate(zip(slots, ends, strict=True)):
        if row.state == "running" or then is None:
            continue
        # The first pass is at once; after it the track has a phase of its own.
        fits = row.due_at < then if place == 0 else row.due_at + row.slots * one.step == then
        if not fits:
            yield f"I7: {row.slots} slots from {row.due_at} do not lead to {then}"


def _i10_budgets(truth: Truth) -> Iterator[str]:
    for limit in truth.limits:
        windows = Counter(one.at // limit.window for one in truth.asked if limit.counts(one))
        for which, count in windows.items():
            if count > limit.most:
                yield f"I10: {count} calls in the window of {which * limit.window}, {limit.most} are allowed"
    if not truth.limited and any(one.status == 429 for one in truth.asked):
        yield "I10: the platform had to say 429"


def _i12_healed(one: Followed, truth: Truth) -> Iterator[str]:
    if truth.healed_at is None or one.track.until_at is not None:
        return
    deadline = truth.healed_at + max(2 * one.step, MINUTE)
    good = [p for p in one.passes if p.state == "ok" and p.ended_at and truth.healed_at <= p.ended_at <= deadline]
    if not good:
        yield f"I12: no good pass between {truth.healed_at} and {deadline}"


async def _i12_sources(session: ReadSession, truth: Truth) -> AsyncIterator[str]:
    if truth.healed_at is None:
        return
    for source in (await session.execute(select(Source).where(Source.kind == "live"))).scalars():
        if source.state != "ok":
            yield f"I12: the source {source.name} is still {source.state}: {source.reason}"


async def _i13_sound(session: ReadSession, now: int) -> AsyncIterator[str]:
    """By the database's own word, and by ours: the sums are what the facts say."""
    for statement, good in _sound_statements(session):
        rows: list[Any] = list((await session.execute(text(statement))).scalars())
        if rows != good:
            yield f"I13: {statement}: {rows[:3]}"
    for subject in (await session.execute(select(Subject.id))).scalars():
        async for difference in rebuild.verify(session, subject, now):
            yield f"I13: {difference}"


def _sound_statements(session: ReadSession) -> list[tuple[str, list[Any]]]:
    if is_file(session):
        return [("PRAGMA integrity_check", ["ok"]), ("PRAGMA foreign_key_check", [])]
    return [("SELECT conname FROM pg_constraint WHERE NOT convalidated", []),
            ("SELECT indexrelid FROM pg_index WHERE NOT indisvalid", [])]  # fmt: skip
