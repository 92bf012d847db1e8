"""Takes out what is past its time, a few posts a transaction: killed anywhere, the next sweep goes on where it was."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from app.clock import DAY
from app.db.engine import Database, ReadSession, Session
from app.failpoints import reached
from app.privacy import limits
from app.store import compliance, erasures, jobs, purging, retention, sealing
from app.store.purging import How, Over
from app.store.retention import START
from collectors.policy import USUAL

JOB = "privacy"
CHUNK = 200
REMOVED, REWRITTEN, KEPT = "removed", "rewritten", "retention"
log = structlog.get_logger()
Step = Callable[[Session, Sequence[int]], Awaitable[int]]


@dataclass(slots=True)
class Swept:
    """What one sweep took out. `busy`: another worker is at it, or has been a moment ago."""

    erased: int = 0
    deleted: int = 0
    expired: int = 0
    texts: int = 0
    snapshots: int = 0
    posts: int = 0
    rewritten: bool = False
    busy: bool = False
    over: list[Over] = field(default_factory=list)

    @property
    def removed(self) -> int:
        return self.erased + self.deleted + self.expired + self.texts + self.snapshots + self.posts


@dataclass(slots=True)
class _Sweep:
    db: Database
    now: int
    term: int
    swept: Swept = field(default_factory=Swept)
    began: float = field(default_factory=time.monotonic)

    def running(self) -> int:
        """The lease goes by the time that has passed; what is past its limit was judged at the beginning."""
        return self.now + int((time.monotonic() - self.began) * 1_000)

    async def each(self, ids: Sequence[int], step: Step) -> int:
        """In transactions of a few posts each, every one of which checks that the lease is still ours."""
        count = 0
        for start in range(0, len(ids), CHUNK):
            async with self.db.write() as session:
                await jobs.hold(session, JOB, self.term, self.running())
                count += await step(session, ids[start : start + CHUNK])
                reached("purging")
            reached("purged")
        return count


async def sweep(db: Database, now: int, anew: bool | None = None) -> Swept:
    """`anew`: make the file anew now; None: once a day, where something was taken out of it."""
    async with db.write() as session:
        term = await jobs.claim(session, JOB, now)
    if term is None:
        return Swept(busy=True)
    ours = _Sweep(db, now, term)
    swept = ours.swept
    swept.erased = await erase_all(db, now)
    swept.deleted = await _until_none(ours, lambda s: purging.gone(s, CHUNK), How())
    asked = limits.limits()
    swept.expired = await _until_none(ours, lambda s: purging.stale(s, asked, now, CHUNK), How(mark=False))
    by_jobs = limits.with_jobs()
    swept.expired += await _until_none(ours, lambda s: compliance.orphans(s, by_jobs, CHUNK), How(mark=False))
    await _retain(ours)
    async with db.write() as session:
        if swept.removed:
            await retention.note(session, REMOVED, now)
        await jobs.hold(session, JOB, term, None)
    swept.rewritten = await rewrite(db, now, anew)
    async with db.read() as session:
        swept.over = await over(session, now)
    for one in swept.over:
        log.warning("over its limit", platform=one.platform, rule=one.rule, posts=one.posts)
    if swept.removed:
        log.info("privacy", erased=swept.erased, deleted=swept.deleted, expired=swept.expired, texts=swept.texts)
    return swept


async def over(session: ReadSession, now: int) -> list[Over]:
    asked = limits.limits()
    found = await purging.over(session, asked, limits.of(USUAL), now)
    late = [await compliance.late(session, name, now - asked[name].purge_within) for name in limits.with_jobs()]
    return found + [one for one in late if one.posts]


async def erase_all(db: Database, now: int) -> int:
    """Erasures that were asked for, those of a process that died half-way too."""
    async with db.read() as session:
        keys = await erasures.unfinished(session)
    for key in keys:
        await erase(db, key, now)
    return len(keys)


async def erase(db: Database, key: str, now: int) -> None:
    more = True
    while more:
        async with db.write() as session:
            more = await erasures.go_on(session, key, now)
            await retention.note(session, REMOVED, now)
            reached("erasing")
        reached("erased")


Found = Callable[[ReadSession], Awaitable[list[int]]]


async def _until_none(ours: _Sweep, find: Found, how: How) -> int:
    async def step(session: Session, ids: Sequence[int]) -> int:
        await purging.purge(session, ids, ours.now, how)
        return len(ids)

    count = 0
    while True:
        async with ours.db.read() as session:
            ids = await find(session)
        if not ids:
            return count
        count += await ours.each(ids, step)


async def _retain(ours: _Sweep) -> None:
    """Once a day: what the owner does not want any longer. Posts first, for what goes whole needs no other step."""
    async with ours.db.read() as session:
        kept, last = await retention.days(session), await retention.done_at(session, KEPT)
    if not kept or (last is not None and ours.now - last < DAY and ours.now >= last):
        return
    now = ours.now
    if (before := retention.before(kept, "posts", now)) is not None:
        ours.swept.posts = await _walk(ours, before, None, lambda s, ids: sealing.drop_posts(s, ids, now))
    if (read := retention.before(kept, "snapshots", now)) is not None:
        ours.swept.snapshots = await _walk(ours, read, "looks", lambda s, ids: sealing.drop_looks(s, ids, read, now))
    if (before := retention.before(kept, "text", now)) is not None:
        ours.swept.texts = await _walk(ours, before, "words", _words(now))
    async with ours.db.write() as session:
        await retention.note(session, KEPT, now)


def _words(now: int) -> Step:
    async def step(session: Session, ids: Sequence[int]) -> int:
        await purging.purge(session, ids, now, How(tell=False, names=False))
        return len(ids)

    return step


async def _walk(ours: _Sweep, before: int, holding: str | None, step: Step) -> int:
    """Over all posts from before an instant, the oldest first; those alone that still hold what is to go."""
    after, count = START, 0
    while True:
        async with ours.db.read() as session:
            places = await retention.old_posts(session, before, after, 5 * CHUNK)
            ids = sorted(key for _, key in places)
            if holding == "words":
                ids = await retention.with_words(session, ids)
            elif holding == "looks":
                ids = await retention.with_looks(session, ids, before)
        if not places:
            return count
        after = places[-1]
        count += await ours.each(ids, step)


async def rewrite(db: Database, now: int, asked: bool | None) -> bool:
    """Whether it was: what was taken out may stand in the file, unseen, until then."""
    async with db.read() as session:
        removed = await retention.done_at(session, REMOVED)
        last = await retention.done_at(session, REWRITTEN)
    owed = removed is not None and (last is None or last < removed)
    due = owed and (last is None or now - last >= DAY - DAY // 24 or now < last)
    if not (due if asked is None else asked):
        return False
    done = await db.rewrite()
    reached("rewritten")
    if done:
        async with db.write() as session:
            await retention.note(session, REWRITTEN, now)
    return done
