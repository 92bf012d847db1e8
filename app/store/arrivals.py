"""A page on its way in: what it shows, what is known of its posts, and the rows that are the posts' own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.analysis.contribution import METRICS
from app.clock import MINUTE, to_ms
from app.db.dialect import Conflict, change, put
from app.db.engine import Session
from app.db.types import hash_id
from app.errors import Busy
from app.models import Post, PostText
from app.store import accounts, members
from app.store.columns import LARGEST
from app.store.facts import Facts
from app.store.hold import Ground
from app.store.looks import Plan
from app.store.rollups import Ledger
from collectors import posts as values

FUTURE_DATED = "future-dated"
"""The label of a post whose time lay ahead when it was met."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What a file says of a post that no platform does: another service has watched it.

    `since`: by normal form, from when on it counts under hashtags that an edit added.
    """

    since: Mapping[str, int] = field(default_factory=dict)
    followers_at: int | None = None
    gone: bool = False


NOTHING = Beside()


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Posts that a source showed at `at` (milliseconds). `looked`: their counters were read, so each is a look.

    `live` is False for an import, which has no home source and is never looked at again. `counted` is False where no
    counters are shown at all, as by a stream: that is no look.
    """

    platform: str
    posts: Sequence[values.Post]
    at: int
    source_id: int
    live: bool = True
    looked: bool = True
    counted: bool = True
    plan: Plan | None = None
    account_plan: int | None = None  # when the authors are to be looked at again
    beside: Mapping[str, Beside] = field(default_factory=dict)  # by native id


@dataclass(slots=True)
class Work:
    """One page on its way through the steps below."""

    arrivals: Arrivals
    values: dict[int, values.Post]
    facts: dict[int, Facts] = field(default_factory=dict)
    new: list[int] = field(default_factory=list)
    homed: set[int] = field(default_factory=set)  # known from imports alone until this page
    ledger: Ledger = field(default_factory=Ledger)


def post_key(platform: str, native_id: str) -> int:
    return hash_id(platform, native_id)


def author_key(work: Work, post: values.Post) -> int | None:
    return accounts.account_key(work.arrivals.platform, post.author.native_id) if post.author else None


async def keep_posts(session: Session, work: Work, ground: Ground, now: int) -> None:
    there = [key for key in work.values if key in work.facts]
    work.new = [key for key in work.values if key not in work.facts]
    for key in work.new:
        work.facts[key] = _fresh(work, key)
    await _insert(session, work, now)
    if there:
        await _update(session, work, ground, there)
    await _keep_texts(session, work)


def _fresh(work: Work, key: int) -> Facts:
    post, arrivals = work.values[key], work.arrivals
    created, followers = to_ms(post.created_at), _followers(post)
    told = arrivals.at if arrivals.looked else arrivals.beside.get(post.native_id, NOTHING).followers_at
    return Facts(
        id=key, platform=arrivals.platform, native_id=post.native_id, author_id=author_key(work, post),
        followers=followers, followers_at=told if followers is not None else None,
        created_at=created,
        born_at=min(created, arrivals.at) if arrivals.looked else created,
        source_id=arrivals.source_id if arrivals.live else None, local_id=post.local_id, looked_at=None, ragged=False,
        edited_at=to_ms(post.edited_at) if post.edited_at else None,
        state="gone" if _gone(work, post) else "live", purged_at=None, levels=(None,) * len(METRICS),
    )  # fmt: skip


def _followers(post: values.Post) -> int | None:
    shown = post.author.followers if post.author else None
    return None if shown is None or shown > LARGEST else shown


async def _insert(session: Session, work: Work, now: int) -> None:
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
        "local_id": [row.local_id for row, _ in rows], "ragged": [False] * len(rows),
        "state": ["gone" if _gone(work, post) else "live" for _, post in rows],
        "absences": [2 if _gone(work, post) else 0 for _, post in rows],
        "next_look_at": [plan(row.born_at) if plan else None for row, _ in rows],
    })  # fmt: skip
    if written < len(rows):
        raise Busy("another writer kept one of these posts at the same moment: try again")


def _gone(work: Work, post: values.Post) -> bool:
    return work.arrivals.beside.get(post.native_id, NOTHING).gone


async def _update(session: Session, work: Work, ground: Ground, there: list[int]) -> None:
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
    back = {key for key in latest if work.facts[key].state != "live"}  # what was deleted, and is there again
    await change(session, Post, "id", {
        "id": latest, "state": ["live"] * len(latest), "absences": [0] * len(latest), "gone_at": [None] * len(latest),
        "purged_at": [None if key in back else work.facts[key].purged_at for key in latest],
        "labels": [_labels(work.values[key], work.facts[key]) for key in latest],
    })  # fmt: skip
    restated = [(a, b) for a, b in changed if (a.author_id, a.followers) != (b.author_id, b.followers)]
    await members.restate(session, restated, ground.places, work.ledger)


def _labels(post: values.Post, fact: Facts) -> str | None:
    """Where its time was not believed when it was met first, the post goes on saying so when that time has come."""
    unbelieved = to_ms(post.created_at) > fact.created_at + 5 * MINUTE and FUTURE_DATED not in post.labels
    return " ".join([*post.labels, *([FUTURE_DATED] if unbelieved else [])]) or None


def _take_in(work: Work, key: int) -> None:
    post, fact, arrivals = work.values[key], work.facts[key], work.arrivals
    if fact.author_id is None:
        fact.author_id = author_key(work, post)
    if fact.source_id is None and arrivals.live:
        fact.source_id, fact.local_id = arrivals.source_id, post.local_id
        work.homed.add(key)
    if post.edited_at:
        fact.edited_at = max(fact.edited_at or 0, to_ms(post.edited_at))
    shown = _followers(post)
    if shown is None or is_witness(work, key):
        return
    # In any order of arrival: as the earliest look showed them, or as a file said where none did.
    if not arrivals.looked:
        fact.followers = shown if fact.followers is None else fact.followers
    elif fact.followers_at is None or arrivals.at < fact.followers_at:
        fact.followers, fact.followers_at = shown, arrivals.at


def is_witness(work: Work, key: int) -> bool:
    return work.arrivals.live and work.facts[key].source_id != work.arrivals.source_id


def _is_latest(work: Work, key: int) -> bool:
    """Whether the page shows the post as it is now: a late page, or another server's copy, brings back no old words."""
    looked = work.facts[key].looked_at
    return work.arrivals.live and not is_witness(work, key) and (looked is None or work.arrivals.at >= looked)


async def _keep_texts(session: Session, work: Work) -> None:
    new = set(work.new)
    # Another server's copy says nothing: what its home has deleted must not come back from there.
    ours = [(key, post) for key, post in work.values.items() if key in new or not is_witness(work, key)]
    said = [(key, post) for key, post in ours if (post.text is not None or post.url is not None) and _open(work, key)]
    latest = [(key, post) for key, post in said if key in new or _is_latest(work, key)]
    await _put_texts(session, latest, "replace")
    await _put_texts(session, [pair for pair in said if pair not in latest], "ignore")


def _open(work: Work, key: int) -> bool:
    """Whether its words are to be kept: those that were kept for as long as the owner wants do not come back."""
    return work.facts[key].purged_at is None or work.facts[key].state != "live"


async def _put_texts(session: Session, said: Sequence[tuple[int, values.Post]], conflict: Conflict) -> None:
    await put(session, PostText, {
        "post_id": [key for key, _ in said], "text": [post.text for _, post in said],
        "url": [post.url for _, post in said], "lang": [post.lang for _, post in said],
    }, conflict)  # fmt: skip
