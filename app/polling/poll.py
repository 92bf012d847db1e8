"""One pass over a track: claim, walk back from the newest post, keep each page in a transaction, give the track back.

The collector does not know why it is asked to stop; no session is open while it waits for an answer.
"""

import random
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import msgspec
import structlog

from app import sources
from app.analysis.tags import normal
from app.clock import DAY, HOUR, MINUTE, SECOND, Clock, from_ms, to_ms
from app.db.engine import Database, Session
from app.polling import cadence, walks
from app.polling.outcome import PassSummary, backoff, judge
from app.polling.walks import Walk
from app.settings import Settings
from app.store import coverage, following, keep, rebuild, refreshing, tracks
from app.store import sources as source_rows
from app.store.keep import Arrivals
from app.store.subjects import subject_key
from app.store.tracks import Claimed
from collectors.contract import Collector, Searches
from collectors.errors import CollectorError, Unavailable
from collectors.posts import Page, Post

TRIES = 5
DEEP_EVERY = 6 * HOUR
SKEW = 5 * MINUTE
"""A creation time further in the future than this is not believed."""
ACCOUNTS_AGAIN = DAY
SUSPECT_FROM = 10
"""Of so many known posts that a walk should show again, fewer than half is suspect: results were held back."""

log = structlog.get_logger()
Progress = Callable[[PassSummary], None]


def _silent(_summary: PassSummary) -> None:
    pass


@dataclass(slots=True)
class Visit:
    """A pass under way."""

    db: Database
    settings: Settings
    clock: Clock
    claimed: Claimed
    summary: PassSummary
    walks: list[Walk]
    lag: int
    page_limit: int
    progress: Progress = _silent
    seen: set[int] = field(default_factory=set)
    recognised: set[str] = field(default_factory=set)

    @property
    def now(self) -> int:
        return to_ms(self.clock.now())


@dataclass(frozen=True, slots=True)
class How:
    """How a pass is made: `deep` walks the whole re-walk window, `early` does not wait for the due time."""

    page_limit: int | None = None  # None: the setting's
    early: bool = False
    deep: bool = False
    since: int | None = None
    progress: Progress = _silent


async def visit(db: Database, settings: Settings, clock: Clock, track_id: int, how: How | None = None) -> Visit | None:
    """None: the track was not to be had. A platform's failure is told in the summary, never raised."""
    ours = await _claim(db, settings, clock, track_id, how or How())
    if ours is None:
        return None
    error: CollectorError | None = None
    try:
        async with sources.opened(db, settings, clock, ours.claimed.source_id) as collector:
            await _walk_all(ours, collector)
    except CollectorError as caught:
        error = caught
    await _finish(ours, error)
    return ours


async def _claim(db: Database, settings: Settings, clock: Clock, track_id: int, how: How) -> Visit | None:
    now = to_ms(clock.now())
    async with db.write() as session:
        claimed = await tracks.claim(session, track_id, now, even_if_early=how.early)
        if claimed is None:
            return None
        source = await source_rows.by_id(session, claimed.source_id)
        await tracks.begin_pass(session, claimed, now)
        lag = 2 * claimed.interval_ms
        limit = how.page_limit or settings.page_limit
        deep = how.deep or claimed.deep_at is None or now - claimed.deep_at >= DEEP_EVERY
        rewalk = int(settings.rewalk_days * DAY) if deep else None
        walk = walks.begin(walks.Window(now, claimed.walked_to, claimed.look_back_to, lag, rewalk), how.since)
        kept, given_up = walks.push(walks.load(claimed.walks), walk)
        for lost in given_up:
            await _missed(session, claimed.id, lost, "given up: newer posts came faster than they could be read")
        await tracks.hold(
            session, claimed, now, walks=walks.dump(kept), walked_to=now, **({"deep_at": now} if deep else {})
        )
    return Visit(db, settings, clock, claimed, PassSummary(claimed.tag, source.name), kept, lag, limit, how.progress)


async def _missed(session: Session, track_id: int, walk: Walk, reason: str) -> None:
    if walk.goal is not None:
        await coverage.write(session, track_id, walk.goal, walk.low or walk.top, "missed", reason)


async def _walk_all(ours: Visit, collector: Collector) -> None:
    """Newest first: what is new matters more than an old gap, which is taken up with the pages that are left."""
    if not isinstance(collector, Searches):
        return
    for walk in list(ours.walks):
        if ours.summary.pages < ours.page_limit:
            await _walk(ours, collector, walk)
    if ours.walks and ours.summary.pages >= ours.page_limit:
        ours.summary.worse("partial", f"page limit of {ours.page_limit} reached; the next pass goes on")


async def _walk(ours: Visit, collector: Searches, walk: Walk) -> None:
    whole, empty = walk.cursor is None, 0
    async with aclosing(_pages(ours, collector, walk)) as pages:
        async for page in pages:
            posts = _ours(ours, page)
            births = [to_ms(post.created_at) for post in page.posts]
            after = walks.after_page(walk, page.cursor, [min(birth, ours.now) for birth in births])
            ended = page.cursor is None or walks.is_done(after)
            await _keep_page(ours, page, posts, walk, after, ended=ended, whole=whole)
            walk, empty = after, 0 if page.posts else empty + 1
            if ended or ours.summary.pages >= ours.page_limit:
                return
            if empty >= 3:
                ours.summary.worse("partial", "three empty pages in a row")
                return


async def _pages(ours: Visit, collector: Searches, walk: Walk) -> AsyncGenerator[Page, None]:
    """The walk's pages; one that fails is asked for again from its own cursor, with full jitter, five times at most."""
    cursor, tries = walk.cursor, 0
    while True:
        until = from_ms(walk.low) if walk.low is not None else None
        try:
            async with aclosing(collector.search(ours.claimed.tag, cursor=cursor, until=until)) as pages:  # type: ignore[type-var]
                async for page in pages:
                    tries, cursor = 0, page.cursor
                    yield page
            return
        except Unavailable:
            tries += 1
            if tries >= TRIES:
                raise
            async with ours.db.write() as session:
                await tracks.hold(session, ours.claimed, ours.now)
            await ours.clock.sleep(random.uniform(0.1, backoff(tries) / SECOND))


def _ours(ours: Visit, page: Page) -> list[Post]:
    """The page's posts that carry the hashtag itself, near-misses left out, with times that can be."""
    wanted = normal(ours.claimed.tag)
    found = [post for post in page.posts if any(normal(tag) == wanted for tag in post.tags)]
    ours.summary.near_misses += len(page.posts) - len(found)
    latest = ours.now + SKEW
    return [_clamped(post, ours.now) if to_ms(post.created_at) > latest else post for post in found]


def _clamped(post: Post, now: int) -> Post:
    """The label says that the platform's own time was not believed."""
    return msgspec.structs.replace(post, created_at=from_ms(now), labels=(*post.labels, "future-dated"))


async def _keep_page(
    ours: Visit, page: Page, posts: Sequence[Post], before: Walk, after: Walk, *, ended: bool, whole: bool
) -> None:
    """Rows, watermark and coverage of one page in one transaction: a crash before the commit repeats the page."""
    now, claimed, summary = ours.now, ours.claimed, ours.summary
    remaining = [walk for walk in ours.walks if walk.top != before.top]
    kept_walks = remaining if ended else sorted([*remaining, after], key=lambda walk: -walk.top)
    arrivals = Arrivals(
        claimed.platform, posts, now, claimed.source_id,
        plan=lambda born: cadence.next_look(born, now, min(cadence.SHORTEST, claimed.interval_ms)),
        account_plan=now + ACCOUNTS_AGAIN,
    )  # fmt: skip
    async with ours.db.write() as session:
        await tracks.hold(session, claimed, now, walks=walks.dump(kept_walks))
        kept = await keep.keep(session, arrivals, now)
        ours.seen |= {keep.post_key(claimed.platform, post.native_id) for post in posts}
        state, reason = await _judge_walk(session, ours, page, after, ended=ended, whole=whole)
        if stretch := walks.proved(after, ours.lag, ended):
            await coverage.write(session, claimed.id, *stretch, state, reason)
    ours.walks = kept_walks
    ours.recognised |= set(kept.influencers)
    summary.pages += 1
    summary.posts += len(posts)
    summary.posts_new += kept.posts_new
    summary.looks_new += kept.looks_new
    ours.progress(summary)


async def _judge_walk(
    session: Session, ours: Visit, page: Page, walk: Walk, *, ended: bool, whole: bool
) -> tuple[str, str | None]:
    """Complete, unless items could not be read or the platform held back posts that it had shown before."""
    if page.skipped:
        ours.summary.unreadable += len(page.skipped)
        reason = f"{len(page.skipped)} items could not be read: {page.skipped[0]}"[:300]
        ours.summary.worse("partial", reason)
        return "partial", reason
    if not (ended and whole and walk.goal is not None):
        return "complete", None
    known = await refreshing.shown_before(
        session, ours.claimed.hashtag_id, ours.claimed.source_id, walk.goal, walk.top - ours.lag
    )
    shown = len(known & ours.seen)
    if len(known) >= SUSPECT_FROM and shown * 2 < len(known):
        reason = f"suspect: {len(known) - shown} of {len(known)} posts that it had shown before were not shown"
        ours.summary.worse("partial", reason)
        return "partial", reason
    return "complete", None


async def _finish(ours: Visit, error: CollectorError | None) -> None:
    """The slot's final state, the track's next due time, and how the source does."""
    now, claimed, summary = ours.now, ours.claimed, ours.summary
    failures = claimed.failures + 1 if error else 0
    verdict = judge(error, now, failures) if error else None
    if verdict:
        summary.worse("partial" if summary.pages else "failed", verdict.reason)
    async with ours.db.write() as session:
        await _say_gaps(session, ours, summary.reason)
        await tracks.end_pass(
            session, claimed, now, summary.state, reason=summary.reason, pages=summary.pages, posts=summary.posts,
            posts_new=summary.posts_new,
        )  # fmt: skip
        due = _next_due(claimed, now, failures)
        await tracks.release(session, claimed, due, failures=failures)
        if verdict:
            await source_rows.set_state(
                session, claimed.source_id, verdict.state, verdict.reason, now, verdict.waits_until
            )
        else:
            await source_rows.set_state(session, claimed.source_id, "ok", None, now)
        for influencer in ours.recognised:
            await rebuild.rebuild(session, subject_key("influencer", influencer), now)
    log.info("pass", tag=claimed.tag, source=summary.source, state=summary.state, posts_new=summary.posts_new)


def _next_due(claimed: Claimed, now: int, failures: int) -> int:
    """The next slot of the track's own phase; a track that keeps failing is asked less often, an hour at most."""
    step = claimed.interval_ms
    if claimed.walked_to is None:
        return following.first_due(now, step)
    wait = min(step << min(max(0, failures - 1), 6), max(step, HOUR))
    behind = max(0, now - claimed.due_at)
    return claimed.due_at + max(wait, (behind // step + 1) * step)


async def _say_gaps(session: Session, ours: Visit, reason: str | None) -> None:
    """What this pass owed and did not prove. A later pass that walks it takes the word back."""
    for walk in ours.walks:
        goal = walk.goal if walk.goal is not None else ours.claimed.since
        stretch = (goal, (walk.low if walk.low is not None else walk.top) - (0 if walk.low is not None else ours.lag))
        if stretch[0] < stretch[1]:
            await coverage.write(session, ours.claimed.id, *stretch, "missed", reason or "not read yet")
            ours.summary.missed.append((*stretch, reason or "not read yet"))
