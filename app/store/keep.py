"""Keeps a page, or a file's batch, in the caller's one transaction: accounts, posts, hashtags, members, looks, rollups.

What is kept twice is counted once: a crash before the commit repeats the page, and nothing doubles.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from app.analysis.contribution import METRICS
from app.analysis.tags import normal, spelling
from app.clock import to_ms
from app.db.dialect import put
from app.db.engine import Session
from app.models import Tagging
from app.store import accounts, facts, hold, looks, members, rollups, subjects, tombstones, watching
from app.store.arrivals import FUTURE_DATED, NOTHING, Arrivals, Work, author_key, is_witness, keep_posts, post_key
from app.store.hold import Ground
from app.store.looks import Readings
from app.store.rollups import Belongs, Ledger
from app.store.subjects import Carried, hashtag_key
from collectors.posts import Post

__all__ = ["FUTURE_DATED", "Arrivals", "Kept", "keep", "keep_readings", "post_key"]
_LINKS = ("in_reply_to", "repost_of", "quote_of")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a page brought: posts that are new, and looks that are."""

    posts_new: int = 0
    looks_new: int = 0
    influencers: tuple[str, ...] = ()  # recognised just now: their curves are to be rebuilt
    conflicts: tuple[int, ...] = ()


async def keep(session: Session, arrivals: Arrivals, now: int) -> Kept:
    """The whole page or nothing: the caller's transaction decides."""
    arrivals = await _without_erased(session, arrivals)
    work = Work(arrivals, {post_key(arrivals.platform, post.native_id): post for post in arrivals.posts})
    if not work.values:
        return Kept()
    recognised = await _keep_accounts(session, work, now)
    names, spellings = await _keep_hashtags(session, work, now)
    ground = await hold.hold(session, list(work.values), names, _authors(work))
    await _read_facts(session, work)
    await keep_posts(session, work, ground, now)
    carried = await _keep_taggings(session, work, ground, spellings, now)
    await _keep_members(session, work, ground, carried)
    seen = arrivals.looked and arrivals.counted
    kept = await _keep_looks(session, work, now) if seen else looks.LooksKept(0, 0, ())
    await rollups.write(session, work.ledger, now)
    if not arrivals.live:
        await watching.forget(session, work.ledger.subjects)
    return Kept(len(work.new), kept.new, tuple(recognised), kept.conflicts)


async def _without_erased(session: Session, arrivals: Arrivals) -> Arrivals:
    """A post that was erased or purged stays away, all others of somebody who was erased, and what names them."""
    keys = [
        (post, post_key(arrivals.platform, post.native_id),
         accounts.account_key(arrivals.platform, post.author.native_id) if post.author else None)
        for post in arrivals.posts
    ]  # fmt: skip
    named = {said: _whose(arrivals.platform, said) for post in arrivals.posts for said in _links(post)}
    wanted = {key for _, *pair in keys for key in pair if key is not None}
    away = await tombstones.among_them(session, wanted.union(*named.values()))
    if not away:
        return arrivals
    erased = {key for key, why in away.items() if why == tombstones.ERASED}
    nobody = {said: f"erased:{secrets.randbits(63):x}" for said, whose in named.items() if whose & erased}
    left = [_unlinked(post, nobody) for post, *pair in keys if not any(key in away for key in pair)]
    return replace(arrivals, posts=left)


def _links(post: Post) -> list[str]:
    return [said for name in _LINKS if (said := getattr(post, name))]


def _whose(platform: str, said: str) -> set[int]:
    """Of the post that is named, and of whom it may be: on federated networks a post's id begins with its author's."""
    parts = said.removeprefix("at://").split("/", 8)
    begun = ("/".join(parts[:many]) for many in range(1, len(parts)))
    return {post_key(platform, said), *(accounts.account_key(platform, one) for one in begun)}


def _unlinked(post: Post, nobody: Mapping[str, str]) -> Post:
    gone = {name: nobody[said] for name in _LINKS if (said := getattr(post, name)) in nobody}
    return msgspec.structs.replace(post, **gone) if gone else post


async def _keep_accounts(session: Session, work: Work, now: int) -> list[str]:
    arrivals = work.arrivals
    seen, recorded = [], None if arrivals.looked else now
    for post in arrivals.posts:
        # What a file says of an author is of the post's time, not of the import's.
        said = arrivals.beside.get(post.native_id, NOTHING).followers_at
        at = arrivals.at if arrivals.looked else to_ms(post.created_at) if said is None else said
        if post.author:
            seen.append(accounts.Seen(arrivals.platform, post.author, at, arrivals.account_plan, recorded))
    return await accounts.keep(session, seen, arrivals.source_id if arrivals.live else None)


async def _keep_hashtags(session: Session, work: Work, now: int) -> tuple[dict[int, str], dict[int, dict[int, str]]]:
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


def _authors(work: Work) -> set[int]:
    return {key for post in work.values.values() if (key := author_key(work, post)) is not None}


async def _read_facts(session: Session, work: Work) -> None:
    work.facts = await facts.known(session, list(work.values))
    named = {key: (work.arrivals.platform, post.native_id) for key, post in work.values.items()}
    facts.refuse_collisions(work.facts, named)


async def _keep_taggings(
    session: Session, work: Work, ground: Ground, spellings: Mapping[int, Mapping[int, str]], now: int
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
        told = work.arrivals.beside.get(work.values[key].native_id, NOTHING).since
        known = {hashtag_key(name): at for name, at in told.items()}
        fresh += [
            (key, tag, text, known.get(tag, since)) for tag, text in texts.items() if (key, tag) not in ground.tagged
        ]
    for key, tag, _, since in fresh:
        found[key].append(Carried(tag, since))
    posts, tags, words, sinces = zip(*fresh, strict=True) if fresh else ((), (), (), ())
    await put(session, Tagging, {
        "post_id": posts, "hashtag_id": tags, "spelling": words, "since_at": sinces,
        "recorded_at": [None if key in new else now for key in posts],
    })  # fmt: skip
    return found


def _edit_time(work: Work, key: int) -> int | None:
    """When a tag that is new on a known post was added. None: an import had not said it, the post had it from birth."""
    fact = work.facts[key]
    if fact.edited_at:
        return max(fact.edited_at, fact.born_at)
    watched = fact.source_id is not None and key not in work.homed
    return max(work.arrivals.at, fact.born_at) if watched and work.arrivals.live else None


async def _keep_members(session: Session, work: Work, ground: Ground, carried: Mapping[int, Sequence[Carried]]) -> None:
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


async def _count_seen(session: Session, work: Work, places: Sequence[Belongs], sign: int) -> None:
    """What earlier looks at known posts gained counts where the posts do."""
    posts = {place.post: work.facts[place.post] for place in places}
    known = [post for post in posts.values() if post.looked_at is not None]
    if known:
        index = {post.id: place for place, post in enumerate(known)}
        looks.count(known, await facts.looks_of(session, list(index), index), places, work.ledger, sign)


async def _keep_looks(session: Session, work: Work, now: int) -> looks.LooksKept:
    keys = list(work.values)
    levels = facts.matrix([
        [getattr(work.values[key].engagement, metric) for metric in METRICS] for key in keys
    ])  # fmt: skip
    source = work.arrivals.source_id
    witness = [is_witness(work, key) for key in keys]
    readings = Readings(
        np.array(keys, dtype=np.int64), np.full(len(keys), work.arrivals.at), levels, source, np.array(witness),
        None if work.arrivals.live else now,
    )  # fmt: skip
    return await looks.keep(session, work.facts, readings, work.ledger, work.arrivals.plan)


async def keep_readings(session: Session, readings: Readings, now: int) -> tuple[looks.LooksKept, list[int]]:
    """Looks at known posts, from a file. Returns also the places of readings whose post is not known: not kept."""
    ids = np.unique(readings.post).tolist()
    await hold.hold(session, ids, {}, ())
    there = await facts.known(session, ids)
    known = np.isin(readings.post, list(there))
    places = np.flatnonzero(known)
    ledger = Ledger()
    kept = await looks.keep(session, there, replace(readings.take(places), recorded=now), ledger)
    await rollups.write(session, ledger, now)
    await watching.forget(session, ledger.subjects)
    conflicts = tuple(int(places[i]) for i in kept.conflicts)
    return replace(kept, conflicts=conflicts), np.flatnonzero(~known).tolist()
