"""Keeps a page, or a file's batch, in the caller's one transaction: accounts, posts, hashtags, members, looks, rollups.

What is kept twice is counted once: a crash before the commit repeats the page, and nothing doubles.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from app.analysis.contribution import METRICS
from app.analysis.tags import normal, spelling
from app.clock import to_ms
from app.db.dialect import Conflict, change, put
from app.db.engine import Session
from app.db.types import hash_id
from app.errors import Busy
from app.models import Post, PostText, Tagging
from app.store import accounts, facts, hold, looks, members, rollups, subjects
from app.store.facts import Facts
from app.store.hold import Ground
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
    homed: set[int] = field(default_factory=set)  # known from imports alone until this page
    ledger: Ledger = field(default_factory=Ledger)


def post_key(platform: str, native_id: str) -> int:
    return hash_id(platform, native_id)


async def keep(session: Session, arrivals: Arrivals, now: int) -> Kept:
    """The whole page or nothing: the caller's transaction decides."""
    work = _Work(arrivals, {post_key(arrivals.platform, post.native_id): post for post in arrivals.posts})
    if not work.values:
        return Kept()
    recognised = await _keep_accounts(session, work)
    names, spellings = await _keep_hashtags(session, work, now)
    ground = await hold.hold(session, list(work.values), names, _authors(work))
    await _read_facts(session, work)
    await _keep_posts(session, work, ground, now)
    carried = await _keep_taggings(session, work, ground, spellings)
    await _keep_members(session, work, ground, carried)
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


async def _keep_hashtags(session: Session, work: _Work, now: int) -> tuple[dict[int, str], dict[int, dict[int, str]]]:
    """The hashtags that the page shows (normal forms), and by post the spelling of each that it carries."""
    await subjects.ensure_hashtags(session, (tag for post in work.values.values() for tag in post.tags), now)
    names: dict[int, str] = {}
    carried: dict[int, dict[int, str]] = {key: {} for key in work.values}
    for key, post in work.values.items():
        for tag in post.tags:
            if name := normal(tag):
                names[hashtag_key(name)] = name
                carried[key].setdefault(hashtag_key(name), spelling(tag))
    return names, carried


def _authors(work: _Work) -> set[int]:
    return {key for post in work.values.values() if (key := _author_key(work, post)) is not None}


def _author_key(work: _Work, post: values.Post) -> int | None:
    return accounts.account_key(work.arrivals.platform, post.author.native_id) if post.author else None


async def _read_facts(session: Session, work: _Work) -> None:
    work.facts = await facts.known(session, list(work.values))
    named = {key: (work.arrivals.platform, post.native_id) for key, post in work.values.items()}
    facts.refuse_collisions(work.facts, named)


async def _keep_posts(session: Session, work: _Work, ground: Ground, now: int) -> None:
    there = [key for key in work.values if key in work.facts]
    work.new = [key for key in work.values if key not in work.facts]
    for key in work.new:
        work.facts[key] = _fresh(work, key)
    await _insert(session, work, now)
    if there:
        await _update(session, work, ground, there)
    await _keep_texts(session, work)


def _fresh(work: _Work, key: int) -> Facts:
    post, arrivals = work.values[key], work.arrivals
    created = to_ms(post.created_at)
    return Facts(
        id=key, platform=arrivals.platform, native_id=post.native_id, author_id=_author_key(work, post),
        followers=post.author.followers if post.author else None,
        followers_at=arrivals.at if arrivals.looked and post.author and post.author.followers is not None else None,
        created_at=created,
        born_at=min(created, arrivals.at) if arrivals.looked else created,
        source_id=arrivals.source_id if arrivals.live else None, local_id=post.local_id, looked_at=None, ragged=False,
        edited_at=to_ms(post.edited_at) if post.edited_at else None, levels=(None,) * len(METRICS),
    )  # fmt: skip


async def _insert(session: Session, work: _Work, now: int) -> None:
    rows = [(work.facts[key], work.values[key]) for key in sorted(work.new)]
    plan = work.arrivals.plan
    written = await put(session, Post, {
        "id": [row.id for row, _ in rows], "platform": [row.platform for row, _ in rows],
        "native_id": [row.native_id for row, _ in rows], "author_id": [row.author_id for row, _ in rows],
        "followers": [row.followers for row, _ in rows],
        "followers_at": [row.followers_at for row, _ in rows], "created_at": [row.created_at for row, _ in rows],
        "born_at": [row.born_at for row, _ in rows], "found_at": [now] * len(rows),
        "edited_at": [row.edited_at for row, _ in rows], "in_reply_to": [post.in_reply_to for _, post in rows],
        "repost_of": [post.repost_of for _, post in rows], "quote_of": [post.quote_of for _, post in rows],
        "labels": [" ".join(post.labels) or None for _, post in rows], "source_id": [row.source_id for row, _ in rows],
        "local_id": [row.local_id for row, _ in rows], "ragged": [False] * len(rows), "state": ["live"] * len(rows),
        "absences": [0] * len(rows), "next_look_at": [plan(row.born_at) if plan else None for row, _ in rows],
    })  # fmt: skip
    if written < len(rows):
        raise Busy("another writer kept one of these posts at the same moment: try again")


async def _update(session: Session, work: _Work, ground: Ground, there: list[int]) -> None:
    """A post met again: it is there, perhaps edited; a live source takes in what an import brought."""
    before = {key: replace(work.facts[key]) for key in there}
    for key in there:
        _take_in(work, key)
    changed = [(before[key], work.facts[key]) for key in there if before[key] != work.facts[key]]
    now = [fact for _, fact in changed]
    await change(session, Post, "id", {
        "id": [fact.id for fact in now], "author_id": [fact.author_id for fact in now],
        "followers": [fact.followers for fact in now], "followers_at": [fact.followers_at for fact in now],
        "source_id": [fact.source_id for fact in now], "local_id": [fact.local_id for fact in now],
        "edited_at": [fact.edited_at for fact in now],
    })  # fmt: skip
    latest = [key for key in there if _is_latest(work, key)]
    await change(session, Post, "id", {
        "id": latest, "state": ["live"] * len(latest), "absences": [0] * len(latest),
        "labels": [" ".join(work.values[key].labels) or None for key in latest],
    })  # fmt: skip
    restated = [(a, b) for a, b in changed if (a.author_id, a.followers) != (b.author_id, b.followers)]
    await members.restate(session, restated, ground.places, work.ledger)


def _take_in(work: _Work, key: int) -> None:
    post, fact, arrivals = work.values[key], work.facts[key], work.arrivals
    if fact.author_id is None:
        fact.author_id = _author_key(work, post)
    if fact.source_id is None and arrivals.live:
        fact.source_id, fact.local_id = arrivals.source_id, post.local_id
        work.homed.add(key)
    if post.edited_at:
        fact.edited_at = max(fact.edited_at or 0, to_ms(post.edited_at))
    shown = post.author.followers if post.author else None
    if shown is None or _is_witness(work, key):
        return
    # In any order of arrival: as the earliest look showed them, or as a file said where none did.
    if not arrivals.looked:
        fact.followers = shown if fact.followers is None else fact.followers
    elif fact.followers_at is None or arrivals.at < fact.followers_at:
        fact.followers, fact.followers_at = shown, arrivals.at


def _is_witness(work: _Work, key: int) -> bool:
    return work.arrivals.live and work.facts[key].source_id != work.arrivals.source_id


def _is_latest(work: _Work, key: int) -> bool:
    """Whether the page shows the post as it is now: a page that comes late does not bring back old words."""
    looked = work.facts[key].looked_at
    return work.arrivals.live and (looked is None or work.arrivals.at >= looked)


async def _keep_texts(session: Session, work: _Work) -> None:
    said = [(key, post) for key, post in work.values.items() if post.text is not None or post.url is not None]
    new = set(work.new)
    latest = [(key, post) for key, post in said if key in new or _is_latest(work, key)]
    await _put_texts(session, latest, "replace")
    await _put_texts(session, [pair for pair in said if pair not in latest], "ignore")


async def _put_texts(session: Session, said: Sequence[tuple[int, values.Post]], conflict: Conflict) -> None:
    await put(session, PostText, {
        "post_id": [key for key, _ in said], "text": [post.text for _, post in said],
        "url": [post.url for _, post in said], "lang": [post.lang for _, post in said],
    }, conflict)  # fmt: skip


async def _keep_taggings(
    session: Session, work: _Work, ground: Ground, spellings: Mapping[int, Mapping[int, str]]
) -> dict[int, list[Carried]]:
    """Tags that a known post did not carry before were added by an edit: it counts under them from the edit on.

    Returns all that each post ever carried: it stays counted under what an edit took away.
    """
    found: dict[int, list[Carried]] = {key: [] for key in work.values}
    for (key, tag), since in ground.tagged.items():
        found[key].append(Carried(tag, since))
    fresh: list[tuple[int, int, str, int | None]] = []
    new = set(work.new)
    for key, texts in spellings.items():
        since = None if key in new else _edit_time(work, key)
        fresh += [(key, tag, text, since) for tag, text in texts.items() if (key, tag) not in ground.tagged]
    for key, tag, _, since in fresh:
        found[key].append(Carried(tag, since))
    posts, tags, words, sinces = zip(*fresh, strict=True) if fresh else ((), (), (), ())
    await put(session, Tagging, {"post_id": posts, "hashtag_id": tags, "spelling": words, "since_at": sinces})
    return found


def _edit_time(work: _Work, key: int) -> int | None:
    """When a tag that is new on a known post was added. None: an import had not said it, the post had it from birth."""
    fact = work.facts[key]
    if fact.edited_at:
        return max(fact.edited_at, fact.born_at)
    watched = fact.source_id is not None and key not in work.homed
    return max(work.arrivals.at, fact.born_at) if watched and work.arrivals.live else None


async def _keep_members(
    session: Session, work: _Work, ground: Ground, carried: Mapping[int, Sequence[Carried]]
) -> None:
    """Posts begin to count where they did not, or turn out to have counted there from earlier on."""
    there = {(place.subject, place.post): place for place in ground.places}
    fresh: list[Belongs] = []
    moved: list[tuple[Belongs, Belongs]] = []
    for key, tags in carried.items():
        fact = work.facts[key]
        for subject, since in subjects.memberships(ground.scope, tags, fact.author_id).items():
            place = Belongs(subject, key, fact.born_at if since is None else since, since is not None)
            old = there.get((subject, key))
            if old is None:
                fresh.append(place)
            elif old != place:
                moved.append((old, place))
    await members.add(session, work.facts, fresh, work.ledger)
    await members.move(session, work.facts, moved, work.ledger)
    await _count_seen(session, work, [place for place, _ in moved], -1)
    await _count_seen(session, work, [*fresh, *(place for _, place in moved)], 1)


async def _count_seen(session: Session, work: _Work, places: Sequence[Belongs], sign: int) -> None:
    """What earlier looks at known posts gained counts where the posts do."""
    posts = {place.post: work.facts[place.post] for place in places}
    await looks.count_all(session, posts, places, work.ledger, sign)


async def _keep_looks(session: Session, work: _Work) -> looks.LooksKept:
    keys = list(work.values)
    levels = facts.matrix([
        [getattr(work.values[key].engagement, metric) for metric in METRICS] for key in keys
    ])  # fmt: skip
    source = work.arrivals.source_id
    witness = [_is_witness(work, key) for key in keys]
    readings = Readings(
        np.array(keys, dtype=np.int64), np.full(len(keys), work.arrivals.at), levels, source, np.array(witness)
    )
    return await looks.keep(session, work.facts, readings, work.ledger, work.arrivals.plan)


async def keep_readings(session: Session, readings: Readings, now: int) -> tuple[looks.LooksKept, list[int]]:
    """Looks at known posts, from a file. Returns also the places of readings whose post is not known: not kept."""
    ids = np.unique(readings.post).tolist()
    await hold.hold(session, ids, {}, ())
    there = await facts.known(session, ids)
    known = np.isin(readings.post, list(there))
    places = np.flatnonzero(known)
    ledger = Ledger()
    kept = await looks.keep(session, there, readings.take(places), ledger)
    await rollups.write(session, ledger, now)
    conflicts = tuple(int(places[i]) for i in kept.conflicts)
    return replace(kept, conflicts=conflicts), np.flatnonzero(~known).tolist()
