"""The past of the demo's world as files for `import`: what someone would have who had been watching all the while."""

import csv
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox import demo, people
from sandbox.births import Born
from sandbox.ids import NETWORKS, fold
from sandbox.posts import DAY, HOUR, MINUTE, followers, rfc3339
from sandbox.process import Process

# Ages at which a post is looked at, give or take; a look now and then is missed, as happens to all who watch.
_LOOKS = (4 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 8 * HOUR, DAY, 2 * DAY, 4 * DAY, 8 * DAY, 16 * DAY, 32 * DAY)

POSTS = [
    "platform", "native_id", "created_at", "hashtags", "author_id", "author",
    "followers", "text", "url", "lang", "in_reply_to", "quote_of",
]  # fmt: skip
SNAPSHOTS = ["platform", "native_id", "observed_at", "likes", "reposts", "replies", "quotes"]
COVERAGE = ["platform", "source", "hashtag", "from", "to", "state", "reason"]
ACCOUNTS = ["platform", "native_id", "observed_at", "followers", "handle", "name"]

_FOLLOWED = {fold(tag) for campaign in demo.CAMPAIGNS for tag in campaign.tags}


@dataclass(frozen=True, slots=True)
class Written:
    """The files, and how many rows each has."""

    posts: Path
    snapshots: Path
    accounts: Path
    coverage: Path
    rows: dict[str, int]


def write(
    folder: Path, now: int, *, seed: int = demo.SEED, began: int | None = None, since: int = 0,
    networks: Sequence[str] = NETWORKS,
) -> Written:  # fmt: skip
    """What a watcher of the hashtags would have seen up to `now`: all of it, or what was new after `since`.

    `coverage` says when they watched.
    """
    start = began if began is not None else demo.began(now)
    folder.mkdir(parents=True, exist_ok=True)
    written = Written(
        folder / "posts.csv", folder / "snapshots.csv", folder / "accounts.csv", folder / "coverage.csv", {}
    )
    seen = (
        (born, looks)
        for born in Process(seed, start).births(start, now)
        if born.post.network in networks and (looks := _looks(born, seed, start, now))
    )
    written.rows["posts"] = _file(written.posts, POSTS, _posts(seen, since, written))
    written.rows["accounts"] = _file(written.accounts, ACCOUNTS, _accounts(max(start, since), now, networks))
    written.rows["coverage"] = _file(written.coverage, COVERAGE, _coverage(start, now, networks))
    return written


def _posts(seen: Iterator[tuple[Born, list[int]]], since: int, written: Written) -> Iterator[Sequence[object]]:
    """And beside them the file of their looks, so that no world has to be held at once."""
    with written.snapshots.open("w", encoding="utf-8", newline="") as file:
        out, count = csv.writer(file), 0
        out.writerow(SNAPSHOTS)
        for born, looks in seen:
            if looks[0] > since:
                yield _post(born, looks[0])
            for at in looks:
                if at > since:
                    out.writerow(_snapshot(born, at))
                    count += 1
    written.rows["snapshots"] = count


def _outage(start: int) -> tuple[int, int]:
    return start + demo.OUTAGE[0], start + demo.OUTAGE[1]


def _looks(born: Born, seed: int, start: int, now: int) -> list[int]:
    """When this post was looked at: not after `now`, not once it was gone, and not while nobody watched.

    One that was written meanwhile was never found.
    """
    off, on = _outage(start)
    if off <= born.post.created_at < on or not any(fold(tag) in _FOLLOWED for tag in born.post.tags):
        return []
    dice = random.Random(f"{seed}/looks/{born.post.position}")
    end = min(now, born.deleted_at - 1 if born.deleted_at is not None else now)
    ages = [int(age * dice.uniform(0.75, 1.3)) for age in _LOOKS]
    kept = [age for index, age in enumerate(ages) if dice.random() > 0.08 or index == 0]
    return [at for age in kept if (at := born.post.created_at + age) <= end and not off <= at < on]


def _post(born: Born, seen: int) -> Sequence[object]:
    post = born.shown(seen) or born.post
    return (
        post.network, post.native_id, rfc3339(post.created_at), " ".join(post.tags),
        post.person.native_id(post.network), post.person.handle(post.network), followers(post.person, seen),
        post.text, post.url, post.lang,
        post.answers.native_id if post.answers else "", post.quotes.native_id if post.quotes else "",
    )  # fmt: skip


def _snapshot(born: Born, at: int) -> Sequence[object]:
    return (born.post.network, born.post.native_id, rfc3339(at), *born.growth.levels(at - born.post.created_at))


def _coverage(start: int, now: int, networks: Sequence[str]) -> Iterator[Sequence[object]]:
    off, on = _outage(start)
    for network in networks:
        for tag in sorted(_FOLLOWED):
            for low, high, state, reason in (
                (start, off, "imported", ""), (off, on, "missed", demo.OUTAGE_REASON), (on, now, "imported", "")
            ):  # fmt: skip
                yield network, network, tag, rfc3339(low), rfc3339(high), state, reason


def _accounts(start: int, now: int, networks: Sequence[str]) -> Iterator[Sequence[object]]:
    """The followers of those who lead, once a day. Everyone else's come with their posts."""
    for network in networks:
        for person in people.LEADING:
            name, shown = person.native_id(network), person.handle(network)
            for at in range(start, now, DAY):
                yield network, name, rfc3339(at), followers(person, at), shown, person.shown


def _file(path: Path, header: Sequence[str], rows: Iterator[Sequence[object]]) -> int:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(header)
        return sum(1 for row in rows if out.writerow(row))
