"""One pass over a track: claim, walk back from the newest post, keep each page in a transaction, give the track back.

The collector does not know why it is asked to stop; no session is open while it waits for an answer.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from app import sources
from app.analysis.tags import normal
from app.clock import Clock, from_ms, to_ms
from app.db.engine import Database, Session
from app.errors import Busy, Fenced
from app.polling import cadence, native, visits, walks
from app.polling.failpoints import reached
from app.polling.outcome import believed
from app.polling.patience import alive
from app.polling.visits import How, Visit
from app.polling.walks import Walk
from app.settings import Settings
from app.store import coverage, keep, refreshing, tracks
from app.store.keep import Arrivals, Kept
from collectors.contract import Collector, Searches
from collectors.errors import CollectorError, Malformed, RateLimited, Refused
from collectors.posts import Page, Post

SUSPECT_FROM = 10
"""Of so many known posts that a walk should show again, fewer than half is suspect: results were held back."""


async def visit(db: Database, settings: Settings, clock: Clock, track_id: int, how: How | None = None) -> Visit | None:
    """None: the track was not to be had. A platform's failure is told in the summary, never raised."""
    ours = await visits.claim(db, settings, clock, track_id, how or How())
    if ours is None:
        return None
    try:
        async with alive(ours.beat):
            error = await _tried(ours)
        await visits.finish(ours, error)
    except asyncio.CancelledError:
        with suppress(Busy, Fenced):
            await visits.let_go(ours)
        raise
    return ours


async def _tried(ours: Visit) -> CollectorError | None:
    try:
        if ours.waits_until is not None and ours.waits_until > ours.now:
            told = RateLimited("the server asked to wait", from_ms(ours.waits_until))
            await ours.patience.after(told)
        async with sources.opened(ours.db, ours.settings, ours.clock, ours.claimed.source_id) as collector:
            await _walk_all(ours, collector)
            await native.read(ours, collector)
    except CollectorError as error:
        return error
    except (Busy, Fenced):
        raise
    except Exception as error:
        # A page that breaks us must not keep its slot for ever: it is closed with the error's name. The log has the
        # rest, which may hold a statement with its values: nothing to show.
        await visits.finish(ours, Malformed(type(error).__name__))
        raise
    return None


async def _walk_all(ours: Visit, collector: Collector) -> None:
    """Newest first: what is new matters more than an old gap, which is taken up with the pages that are left."""
    if not isinstance(collector, Searches):
        return
    if collector.offer.look_back is not None:
        ours.reach = to_ms(ours.clock.now() - collector.offer.look_back)
    for walk in list(ours.walks):
        if ours.summary.pages < ours.page_limit:
            await _walk_or_lose_cursor(ours, collector, walk)
    if ours.walks and ours.summary.pages >= ours.page_limit:
        ours.summary.worse("partial", f"page limit of {ours.page_limit} reached; the next pass goes on")


async def _walk_or_lose_cursor(ours: Visit, collector: Searches, walk: Walk) -> None:
    """A cursor of an earlier pass may have run out: the walk then goes on by time, from the next pass on."""
    try:
        await _walk(ours, collector, walk)
    except (Malformed, Refused) as error:
        current = next((one for one in ours.walks if one.top == walk.top), walk)
        if current.cursor is None:
            raise
        await _replace_walk(ours, walks.without_cursor(current))
        if walk.cursor is None:
            raise  # it was a cursor of this very pass: the platform is at fault
        ours.summary.worse("partial", f"a kept cursor was not taken: {error}"[:300])


async def _replace_walk(ours: Visit, walk: Walk) -> None:
    changed = [walk if one.top == walk.top else one for one in ours.walks]
    async with ours.db.write() as session:
        await tracks.hold(session, ours.claimed, ours.now, walks=walks.dump(changed))
    ours.walks = changed


async def _walk(ours: Visit, collector: Searches, walk: Walk) -> None:
    whole, empty = not walk.begun, 0
    async with aclosing(_pages(ours, collector, walk)) as pages:
        async for page in pages:
            walk = await _keep_page(ours, page, walk, whole=whole)
            empty = 0 if page.posts else empty + 1
            if walk not in ours.walks or ours.summary.pages >= ours.page_limit:
                return
            if empty >= 3:
                ours.summary.worse("partial", "three empty pages in a row")
                return


async def _pages(ours: Visit, collector: Searches, walk: Walk) -> AsyncGenerator[Page, None]:
    """The walk's pages; one that fails is asked for again from its own cursor."""
    cursor = walk.cursor
    until = from_ms(walk.low) if walk.low is not None else None
    while True:
        try:
            async with aclosing(collector.search(ours.claimed.tag, cursor=cursor, until=until)) as pages:  # type: ignore[type-var]
                async for page in pages:
                    ours.patience.answered()
                    cursor = page.cursor
                    yield page
            return
        except CollectorError as error:
            await ours.patience.after(error)


def _ours(ours: Visit, page: Page) -> list[Post]:
    """The page's posts that carry the hashtag itself, with times that can be: no near-misses, and each once a visit."""
    wanted = normal(ours.claimed.tag)
    found = [post for post in page.posts if any(normal(tag) == wanted for tag in post.tags)]
    ours.summary.near_misses += len(page.posts) - len(found)
    fresh = {_key(ours, post): post for post in found if _key(ours, post) not in ours.seen}
    return [believed(post, ours.now) for post in fresh.values()]


def _key(ours: Visit, post: Post) -> int:
    return keep.post_key(ours.claimed.platform, post.native_id)


async def _keep_page(ours: Visit, page: Page, before: Walk, *, whole: bool) -> Walk:
    """Rows, watermark and coverage of one page in one transaction: a crash before the commit repeats the page."""
    now, claimed, posts = ours.now, ours.claimed, _ours(ours, page)
    after = walks.after_page(before, page.cursor, [min(to_ms(post.created_at), now) for post in page.posts])
    plan = cadence.plan(now, claimed.interval_ms)
    arrivals = Arrivals(
        claimed.platform, posts, now, claimed.source_id, plan=plan, account_plan=now + cadence.ACCOUNTS_AGAIN
    )
    async with ours.db.write() as session:
        await tracks.hold(session, claimed, now)
        kept = await keep.keep(session, arrivals, now)
        await visits.rebuild_curves(session, kept.influencers, now)
        ours.seen |= {_key(ours, post) for post in posts}
        ended = walks.is_done(after, all_new=bool(posts) and kept.posts_new == len(posts))
        left = [one if one.top != after.top else after for one in ours.walks if not (ended and one.top == after.top)]
        await tracks.hold(session, claimed, now, walks=walks.dump(left))
        await _cover(session, ours, page, after, ended=ended, whole=whole)
        reached("keeping a page")
    reached("kept a page")
    ours.walks = left
    _count(ours, kept, len(posts))
    return after


def _count(ours: Visit, kept: Kept, posts: int) -> None:
    summary = ours.summary
    summary.pages += 1
    summary.posts += posts
    summary.posts_new += kept.posts_new
    summary.looks_new += kept.looks_new
    ours.progress(summary)


async def _cover(session: Session, ours: Visit, page: Page, walk: Walk, *, ended: bool, whole: bool) -> None:
    state, reason = await _judge_walk(session, ours, page, walk, ended=ended, whole=whole)
    if stretch := walks.proved(walk, ours.lag, ended=ended, reach=ours.reach):
        await coverage.write(session, ours.claimed.id, *stretch, state, reason)
    if ended and ours.reach is not None and walk.goal is not None and walk.goal < ours.reach:
        words = "older than what the platform shows"
        await coverage.write(session, ours.claimed.id, walk.goal, ours.reach, "missed", words)


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
