"""One pass now, as `groundswell collect` makes it: find what is new, then read the levels of all that is known."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from app.clock import Clock, to_ms
from app.db.engine import Database
from app.errors import NotFound
from app.polling import poll, refresh
from app.polling.outcome import PassSummary
from app.polling.visits import How
from app.settings import Settings
from app.store import coverage, following, refreshing, tracks
from app.store.subjects import hashtag_key
from app.store.tracks import Place

MOST_PAGES = 200
"""A pass that a person asks for goes on as long as one may; a cursor that never ends is stopped here."""
KNOWN_IN_FULL = 2_000
"""Up to so many known posts are walked whole: a page reads more levels a call than a look-up does."""

Progress = Callable[[PassSummary], None]


async def once(
    db: Database, settings: Settings, clock: Clock, tag: str, names: Sequence[str] | None,
    since: int | None = None, progress: Progress | None = None,
) -> list[PassSummary]:  # fmt: skip
    """A summary for each source. The hashtag is followed from now on if it was not. Times in milliseconds."""
    async with db.write() as session:
        ids = await following.source_ids(session, names) if names else None
        followed = await following.follow(session, tag, ids, to_ms(clock.now()), settings.poll_seconds, look_back=None)
        if not followed.tracks:
            raise NotFound("no source to look at: groundswell sources add mastodon --name NAME --url URL")
        mine = [
            track
            for track in await tracks.of_hashtag(session, hashtag_key(tag))
            if ids is None or track.source_id in ids
        ]
    how = How(MOST_PAGES, asked=True, since=since, **({"progress": progress} if progress else {}))
    return [await _one(db, settings, clock, track, how) for track in mine]


async def _one(db: Database, settings: Settings, clock: Clock, track: Place, how: How) -> PassSummary:
    since = await _as_far_as_known(db, track, how.since)
    visit = await poll.visit(db, settings, clock, track.id, replace(how, since=since))
    if visit is None:
        return PassSummary("", str(track.id), "skipped", "another worker is at this track now")
    claimed, summary = visit.claimed, visit.summary
    if not summary.pages:
        return summary
    async with db.read() as session:
        known = await refreshing.posts_of(session, claimed.hashtag_id, claimed.source_id)
    # Those that the walk showed were read just now.
    again = [post for post in known if post.id not in visit.seen]
    if again and not await refresh.refresh_these(db, settings, clock, claimed.source_id, again, summary):
        summary.worse("partial", "another worker refreshes this source now")
    return summary


async def _as_far_as_known(db: Database, track: Place, since: int | None) -> int | None:
    """Where the history is short, back to where it begins: posts dated back are found however old they say."""
    async with db.read() as session:
        begins = await coverage.first_complete(session, track.id)
        known = await refreshing.count_of(session, track.hashtag_id, track.source_id)
    if begins is None or known > KNOWN_IN_FULL:
        return since
    return begins if since is None else min(begins, since)
