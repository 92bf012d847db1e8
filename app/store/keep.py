"""Keeps a page, or a file's batch, in the caller's one transaction: accounts, posts, hashtags, members, looks, rollups.

What is kept twice is counted once: a crash before the commit repeats the page, and nothing doubles.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from sqlalchemy import select

from app.analysis.contribution import METRICS
from app.analysis.tags import normal, spelling
from app.clock import to_ms
from app.db.dialect import among, change, lock_rows, put
from app.db.engine import Session
from app.db.types import hash_id
from app.models import Post, PostText, Subject, Tagging
from app.store import accounts, facts, looks, members, rollups, subjects
from app.store.facts import Facts
from app.store.looks import Plan, Readings
from app.store.rollups import Belongs, Ledger
from app.store.subjects import Carried, hashtag_key
from collectors import posts as values


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Posts that a source showed at `at` (milliseconds). `looked`: their counters were read, so each is a look.

    `live` is False for an import, which has no home source and is never looked at again.
    """

    platform: str
    posts: Sequence[values.Post]
    at: int
    source_id: int
    live: bool = True
    looked: bool = True
    plan: Plan | None = None
    account_plan: int | None = None  # when the authors are to be looked at again


@dataclass(frozen=True, slots=True)
class Kept:
    """What a page brought: posts that are new, and looks that are."""

    posts_new: int = 0
    looks_new: int = 0
    influencers: tuple[str, ...] = ()  # recognised just now: their curves are to be rebuilt
    conflicts: tuple[int, ...] = ()


@dataclass(slots=True)
class _Work:
    """One page on its way through the steps below."""

    arrivals: Arrivals
    values: dict[int, values.Post]
    facts: dict[int, Facts] = field(default_factory=dict)
    new: list[int] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)


def post_key(platform: str, native_id: str) -> int:
    return hash_id(platform, native_id)


async def keep(session: Session, arrivals: Arrivals, now: int) -> Kept:
    """The whole page or nothing: the caller's transaction decides."""
    work = _Work(arrivals, {post_key(arrivals.platform, post.native_id): post for post in arrivals.posts})
    if not work.values:
        return Kept()
    recognised = await _keep_accounts(session, work)
    spellings = await _keep_hashtags(session, work, now)
    scope = await _scope_and_lock(session, work, spellings)
    await _read_facts(session, work)
    await _keep_posts(session, work, now)
    carried = await _keep_taggings(session, work, spellings)
    await _keep_members(session, work, scope, carried)
    kept = await _keep_looks(session, work) if arrivals.looked else looks.LooksKept(0, 0, ())
    await rollups.write(session, work.ledger, now)
    return Kept(len(work.new), kept.new, tuple(recognised), kept.conflicts)


async def _keep_accounts(session: Session, work: _Work) -> list[str]:
    arrivals = work.arrivals
    seen = []
    for post in arrivals.posts:
        # What a file says of an author is of the post's time, not of the import's.
        at = arrivals.at if arrivals.looked else to_ms(post.created_at)
        if post.author:
            seen.append(accounts.Seen(arrivals.platform, post.author, at, arrivals.account_plan))
    return await accounts.keep(session, seen, arrivals.source_id if arrivals.live else None)


async def _keep_hashtags(session: Session, work: _Work, now: int) -> dict[int, dict[int, str]]:
    """By post: the hashtags that it carries, each with its spelling."""
    await subjects.ensure_hashtags(session, (tag for post in work.values.values() for tag in post.tags), now)
    carried: dict[int, dict[int, str]] = {}
    for key, post in work.values.items():
        spellings = carried.setdefault(key, {})
        for tag in post.tags:
            if normal(tag):
                spellings.setdefault(hashtag_key(tag), spelling(tag))
    return carried


async def _scope_and_lock(session: Session, work: _Work, carried: dict[int, dict[int, str]]) -> subjects.Scope:
    names = {key: normal(text) for spellings in carried.values() for key, text in spellings.items()}
    authors = [key for post in work.values.values() if (key := _author_key(work, post)) is not None]
    scope = await subjects.scope(session, names, authors)
    await looks.lock_subjects(session, list(work.values), scope.subjects())
    await lock_rows(session, Subject, scope.subjects())
    return scope


def _author_key(work: _Work, post: values.Post) -> int | None:
    return accounts.account_key(work.arrivals.platform, post.author.native_id) if post.author else None


async def _read_facts(session: Session, work: _Work) -> None:
    work.facts = await facts.known(session, list(work.values))
    named = {key: (work.arrivals.platform, post.native_id) for key, post in work.values.items()}
    facts.refuse_collisions(work.facts, named)


async def _keep_posts(session: Session, work: _Work, now: int) -> None:
    there = [key for key in work.values if key in work.facts]
    work.new = [key for key in work.values if key not in work.facts]
    for key in work.new:
        work.facts[key] = _fresh(work, key)
    await _insert(session, work, now)
    if there:
        await _update(session, work, there)
    await _keep_texts(session, work)


def _fresh(work: _Work, key: int) -> Facts:
    post, arrivals = work.values[key], work.arrivals
    created = to_ms(post.created_at)
    return Facts(
        id=key, platform=arrivals.platform, native_id=post.native_id, author_id=_author_key(work, post),
        followers=post.author.followers if post.author else None, created_at=created,
        born_at=min(created, arrivals.at) if arrivals.looked else created,
        source_id=arrivals.source_id if arrivals.live else None, local_id=post.local_id, looked_at=None, ragged=False,
        edited_at=to_ms(post.edited_at) if post.edited_at else None, levels=(None,) * len(METRICS),
    )  # fmt: skip


async def _insert(session: Session, work: _Work, now: int) -> None:
    rows = [(work.facts[key], work.values[key]) for key in work.new]
    plan = work.arrivals.plan
    await put(session, Post, {
        "id": [row.id for row, _ in rows], "platform": [row.platform for row, _ in rows],
        "native_id": [row.native_id for row, _ in rows], "author_id": [row.author_id for row, _ in rows],
        "followers": [row.followers for row, _ in rows], "created_at": [row.created_at for row, _ in rows],
        "born_at": [row.born_at for row, _ in rows], "found_at": [now] * len(rows),
        "edited_at": [row.edited_at for row, _ in rows], "in_reply_to": [post.in_reply_to for _, post in rows],
        "repost_of": [post.repost_of for _, post in rows], "quote_of": [post.quote_of for _, post in rows],
        "labels": [" ".join(post.labels) or None for _, post in rows], "source_id": [row.source_id for row, _ in rows],
        "local_id": [row.local_id for row, _ in rows], "ragged": [False] * len(rows), "state": ["live"] * len(rows),
        "absences": [0] * len(rows), "next_look_at": [plan(row.born_at) if plan else None for row, _ in rows],
    })  # fmt: skip


async def _update(session: Session, work: _Work, there: list[int]) -> None:
    """A post met again: it is there, perhaps edited; a live source takes in what an import brought."""
    before = {key: replace(work.facts[key]) for key in there}
    for key in there:
        post, fact = work.values[key], work.facts[key]
        if fact.author_id is None:
            fact.author_id = _author_key(work, post)
        if fact.followers is None and fact.looked_at is None and post.author:
            fact.followers = post.author.followers
        if fact.source_id is None and work.arrivals.live:
            fact.source_id, fact.local_id = work.arrivals.source_id, post.local_id
        if post.edited_at:
            fact.edited_at = max(fact.edited_at or 0, to_ms(post.edited_at))
    now = [work.facts[key] for key in there]
    columns: dict[str, Sequence[object]] = {
        "id": there, "author_id": [fact.author_id for fact in now], "followers": [fact.followers for fact in now],
        "source_id": [fact.source_id for fact in now], "local_id": [fact.local_id for fact in now],
        "edited_at": [fact.edited_at for fact in now],
    }  # fmt: skip
    if work.arrivals.live:
        columns |= {"state": ["live"] * len(there), "absences": [0] * len(there)}
        columns["labels"] = [" ".join(work.values[key].labels) or None for key in there]
    await change(session, Post, "id", columns)
    changed = [
        (before[key], work.facts[key])
        for key in there
        if (before[key].author_id, before[key].followers) != (work.facts[key].author_id, work.facts[key].followers)
    ]
    if changed:
        belongs = await looks.places(session, [old.id for old, _ in changed])
        await members.restate(session, changed, belongs, work.ledger)


async def _keep_texts(session: Session, work: _Work) -> None:
    said = [(key, post) for key, post in work.values.items() if post.text is not None or post.url is not None]
    await put(session, PostText, {
        "post_id": [key for key, _ in said], "text": [post.text for _, post in said],
        "url": [post.url for _, post in said], "lang": [post.lang for _, post in said],
    }, "replace")  # fmt: skip


async def _keep_taggings(
    session: Session, work: _Work, carried: Mapping[int, Mapping[int, str]]
) -> dict[int, list[Carried]]:
    """Tags that a known post did not carry before were added by an edit: it counts under them from the edit on."""
    query = select(Tagging.post_id, Tagging.hashtag_id, Tagging.since_at)
    rows = await session.execute(query.where(among(session, Tagging.post_id, list(work.values))))
    there = {(row.post_id, row.hashtag_id): row.since_at for row in rows}
    found: dict[int, list[Carried]] = {key: [] for key in work.values}
    fresh: list[tuple[int, int, str, int | None]] = []
    new = set(work.new)
    for key, spellings in carried.items():
        since = None if key in new else _edit_time(work, key)
        for tag, text in spellings.items():
            if (key, tag) not in there:
                fresh.append((key, tag, text, since))
            found[key].append(Carried(tag, there.get((key, tag), since)))
    posts, tags, texts, sinces = zip(*fresh, strict=True) if fresh else ((), (), (), ())
    await put(session, Tagging, {"post_id": posts, "hashtag_id": tags, "spelling": texts, "since_at": sinces})
    return found


def _edit_time(work: _Work, key: int) -> int | None:
    """When a tag that is new on a known post was added. None: an import had not said it, the post had it from birth."""
    fact = work.facts[key]
    if fact.edited_at:
        return max(fact.edited_at, fact.born_at)
    watched = fact.source_id is not None and fact.looked_at is not None
    return max(work.arrivals.at, fact.born_at) if watched and work.arrivals.live else None


async def _keep_members(
    session: Session, work: _Work, scope: subjects.Scope, carried: Mapping[int, Sequence[Carried]]
) -> None:
    there = {(place.subject, place.post) for place in await looks.places(session, list(work.values))}
    fresh = []
    for key, tags in carried.items():
        fact = work.facts[key]
        for subject, since in subjects.memberships(scope, tags, fact.author_id).items():
            if (subject, key) not in there:
                fresh.append(Belongs(subject, key, fact.born_at if since is None else since, since is not None))
    await members.add(session, work.facts, fresh, work.ledger)


async def _keep_looks(session: Session, work: _Work) -> looks.LooksKept:
    keys = list(work.values)
    levels = facts.matrix([
        [getattr(work.values[key].engagement, metric) for metric in METRICS] for key in keys
    ])  # fmt: skip
    source = work.arrivals.source_id
    witness = [work.arrivals.live and work.facts[key].source_id != source for key in keys]
    readings = Readings(
        np.array(keys, dtype=np.int64), np.full(len(keys), work.arrivals.at), levels, source, np.array(witness)
    )
    return await looks.keep(session, work.facts, readings, work.ledger, work.arrivals.plan)


async def keep_readings(session: Session, readings: Readings, now: int) -> tuple[looks.LooksKept, list[int]]:
    """Looks at known posts, from a file. Returns also the places of readings whose post is not known: not kept."""
    ids = np.unique(readings.post).tolist()
    await looks.lock_subjects(session, ids)
    there = await facts.known(session, ids)
    known = np.isin(readings.post, list(there))
    places = np.flatnonzero(known)
    ledger = Ledger()
    kept = await looks.keep(session, there, readings.take(places), ledger)
    await rollups.write(session, ledger, now)
    conflicts = tuple(int(places[i]) for i in kept.conflicts)
    return replace(kept, conflicts=conflicts), np.flatnonzero(~known).tolist()
