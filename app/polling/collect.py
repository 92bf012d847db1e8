"""One pass now, as `groundswell collect` makes it: find what is new, then read the levels of all that is known."""

from collections.abc import Callable, Sequence

from app.clock import Clock, to_ms
from app.db.engine import Database
from app.errors import NotFound
from app.polling import poll, refresh
from app.polling.outcome import PassSummary
from app.polling.visits import How
from app.settings import Settings
from app.store import following, refreshing, tracks
from app.store.subjects import hashtag_key

MOST_PAGES = 200
"""A pass that a person asks for goes on as long as one may; a cursor that never ends is stopped here."""

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
    return [await _one(db, settings, clock, track.id, how) for track in mine]


async def _one(db: Database, settings: Settings, clock: Clock, track_id: int, how: How) -> PassSummary:
    visit = await poll.visit(db, settings, clock, track_id, how)
    if visit is None:
        return PassSummary("", str(track_id), "skipped", "another worker is at this track now")
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
