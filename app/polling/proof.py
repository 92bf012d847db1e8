"""What a walk may claim of the time it went through: complete, unless something was not read or was held back."""

from app.db.engine import Session
from app.polling import walks
from app.polling.visits import Visit
from app.polling.walks import Walk
from app.store import coverage, refreshing
from app.store.coverage import Stretch
from collectors.posts import Page

HIDDEN = "older than what the platform shows"
SUSPECT_FROM = 10
"""Of so many known posts that a walk should show again, fewer than half is suspect: results were held back."""


def unread(page: Page) -> str | None:
    if not page.skipped:
        return None
    return f"{len(page.skipped)} items could not be read: {page.skipped[0]}"[:300]


async def before(ours: Visit, walk: Walk) -> list[Stretch] | None:
    """What had been said of the time that a new walk goes through again. None: it is not judged as a whole."""
    if walk.begun or walk.goal is None:
        return None
    async with ours.db.read() as session:
        return await coverage.between(session, ours.claimed.id, walk.goal, walk.top)


async def cover(session: Session, ours: Visit, earlier: Walk, walk: Walk, *, ended: bool) -> None:
    """The stretch of one page alone: a good page says nothing of the items that another one could not show."""
    reason = walk.flaw or earlier.flaw
    if reason:
        ours.summary.worse("partial", reason)
    if stretch := walks.proved(earlier, walk, ours.lag, ended=ended, reach=ours.reach):
        await coverage.write(session, ours.claimed.id, *stretch, "partial" if reason else "complete", reason)
    if ended and ours.reach is not None and walk.goal is not None and walk.goal < ours.reach:
        await coverage.write(session, ours.claimed.id, walk.goal, ours.reach, "missed", HIDDEN)
    if ended and walk.cut and walk.goal is None:  # nothing older was owed: it is told, and is no gap
        ours.summary.worse("partial", HIDDEN)
    if ended and (hidden := walks.hidden_below(walk)):
        ours.summary.worse("partial", HIDDEN)
        await coverage.write(session, ours.claimed.id, *hidden, "missed", HIDDEN)


async def judge(session: Session, ours: Visit, walk: Walk, *, ended: bool) -> None:
    """Where posts that were shown before are held back, all that this walk claimed is taken back."""
    stretch = walks.proved(Walk(walk.top), walk, ours.lag, ended=ended, reach=ours.reach)
    if ours.before is None or stretch is None:
        return
    known = await refreshing.shown_before(session, ours.claimed.hashtag_id, ours.claimed.source_id, *stretch)
    hidden = len(known - ours.seen)
    if len(known) >= SUSPECT_FROM and hidden * 2 > len(known):
        reason = f"suspect: {hidden} of {len(known)} posts that it had shown before were not shown"
        ours.summary.worse("partial", reason)
        await coverage.take_back(session, ours.claimed.id, *stretch, ours.before, reason)


async def give_up(session: Session, ours: Visit, walk: Walk, reason: str) -> None:
    """What lies behind a page that fails again and again is a gap for good, and said so."""
    ours.summary.worse("partial", reason)
    if stretch := walks.owed(walk, ours.lag, ours.claimed.since):
        await coverage.write(session, ours.claimed.id, *stretch, "missed", reason)
        ours.summary.missed.append((*stretch, reason))
