"""One pass over a track: claim, walk back from the newest post, keep each page in a transaction, give the track back.

The collector does not know why it is asked to stop; no session is open while it waits for an answer.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from msgspec.structs import replace

from app import sources
from app.analysis.tags import normal
from app.clock import Clock, from_ms, to_ms
from app.db.engine import Database
from app.errors import Busy, Fenced
from app.failpoints import reached
from app.polling import cadence, native, proof, terms, visits, walks
from app.polling.patience import alive
from app.polling.visits import How, Visit
from app.polling.walks import Walk
from app.settings import Settings
from app.store import keep, tracks
from app.store.keep import Arrivals, Kept
from collectors.contract import Collector, Searches, StopsAt
from collectors.errors import CollectorError, Malformed, RateLimited, Refused
from collectors.posts import Page, Post


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
        async with sources.opened(
            ours.db, ours.settings, ours.clock, ours.claimed.source_id, taken=ours.taken, evenly=not ours.asked
        ) as collector:
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
    if not isinstance(collector, Searches) or not collector.offer.page_size:
        ours.summary.reason = "this source cannot be searched: its stream alone finds posts"
        return
    if collector.offer.look_back is not None:
        ours.reach = to_ms(ours.clock.now() - collector.offer.look_back)
    for walk in list(ours.walks):
        if ours.summary.pages < ours.page_limit:
            await _walk_or_bear(ours, collector, walk)
    if ours.walks and ours.summary.pages >= ours.page_limit:
        ours.summary.worse("partial", f"page limit of {ours.page_limit} reached; the next pass goes on")


async def _walk_or_bear(ours: Visit, collector: Searches, walk: Walk) -> None:
    """A cursor of an earlier pass may have run out: the walk then goes on by time, from the next pass on.

    What fails pass after pass, while other pages are read well, is given up.
    """
    try:
        await _walk(ours, collector, walk)
    except (Malformed, Refused) as error:
        current = next((one for one in ours.walks if one.top == walk.top), walk)
        after = walks.after_failure(current, answering=ours.summary.pages > 0)
        given_up = after.failures > walks.BEARS
        await _replace_walk(ours, after, f"given up: {error}"[:300] if given_up else None)
        if given_up:
            return
        if walk.cursor is None or current.cursor is None:
            raise  # if it was a cursor, it was of this very pass: the platform is at fault
        ours.summary.worse("partial", f"a kept cursor was not taken: {error}"[:300])


async def _replace_walk(ours: Visit, walk: Walk, given_up: str | None) -> None:
    changed = [walk if one.top == walk.top else one for one in ours.walks if not (given_up and one.top == walk.top)]
    async with ours.db.write() as session:
        await tracks.hold(session, ours.claimed, ours.now, walks=walks.dump(changed))
        if given_up:
            await proof.give_up(session, ours, walk, given_up)
    ours.walks = changed


async def _walk(ours: Visit, collector: Searches, walk: Walk) -> None:
    resumed, empty = walk.begun, 0
    ours.before = await proof.before(ours, walk)
    async with aclosing(_pages(ours, collector, walk)) as pages:
        async for page in pages:
            walk = await _keep_page(ours, page, walk, resumed=resumed)
            empty = 0 if page.posts else empty + 1
            if walk not in ours.walks:
                return
            if empty >= 3:
                ours.summary.worse("partial", "three empty pages in a row")
            if empty >= 3 or ours.summary.pages >= ours.page_limit:
                break
    async with ours.db.write() as session:
        await tracks.hold(session, ours.claimed, ours.now)
        await proof.judge(session, ours, walk, ended=False)


async def _pages(ours: Visit, collector: Searches, walk: Walk) -> AsyncGenerator[Page, None]:
    """The walk's pages; one that fails is asked for again from its own cursor."""
    cursor = walk.cursor
    until = from_ms(walk.low) if walk.low is not None else None
    if isinstance(collector, StopsAt):
        collector.since = from_ms(walk.goal) if walk.goal is not None else None
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
    return terms.posts(ours.claimed.platform, fresh.values(), ours.now)


def _key(ours: Visit, post: Post) -> int:
    return keep.post_key(ours.claimed.network, post.native_id)


async def _keep_page(ours: Visit, page: Page, before: Walk, *, resumed: bool) -> Walk:
    """Rows, watermark and coverage of one page in one transaction: a crash before the commit repeats the page."""
    now, claimed, posts = ours.now, ours.claimed, _ours(ours, page)
    births = [min(to_ms(post.created_at), now) for post in page.posts]
    after = walks.after_page(before, page.cursor, births, proof.unread(page), cut=page.cut)
    if resumed and after.low != before.low:
        after = replace(after, failures=0)
    plan = terms.plan(claimed.platform, now, cadence.plan(now, claimed.interval_ms))
    arrivals = Arrivals(
        claimed.network, posts, now, claimed.source_id, plan=plan, account_plan=now + cadence.ACCOUNTS_AGAIN
    )
    async with ours.db.write() as session:
        await tracks.hold(session, claimed, now)
        kept = await keep.keep(session, arrivals, now)
        await visits.rebuild_curves(session, kept.influencers, now)
        ours.seen |= {_key(ours, post) for post in posts}
        ended = walks.is_done(after, all_new=bool(posts) and kept.posts_new == len(posts))
        left = [one if one.top != after.top else after for one in ours.walks if not (ended and one.top == after.top)]
        await tracks.hold(session, claimed, now, walks=walks.dump(left))
        await proof.cover(session, ours, before, after, ended=ended)
        if ended:
            await proof.judge(session, ours, after, ended=True)
        reached("keeping a page")
    reached("kept a page")
    ours.walks = left
    _count(ours, kept, len(posts), len(page.skipped))
    return after


def _count(ours: Visit, kept: Kept, posts: int, unreadable: int) -> None:
    summary = ours.summary
    summary.unreadable += unreadable
    summary.pages += 1
    summary.posts += posts
    summary.posts_new += kept.posts_new
    summary.looks_new += kept.looks_new
    ours.progress(summary)
