"""What was observed of a hashtag and what was not, stretch by stretch: owed and never said is a gap too."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.analysis.tags import normal
from app.clock import parse_time
from app.db.engine import ReadSession
from app.errors import NotFound
from app.models import Hashtag
from app.store import coverage, curves
from app.store.coverage import COVERED, Observed
from app.store.subjects import hashtag_key


@dataclass(frozen=True, slots=True)
class Said:
    """[start, end) of a track in milliseconds. `key` is its place in the list."""

    start: int
    end: int
    state: str
    reason: str | None
    hashtag: str
    source: str
    platform: str

    @property
    def key(self) -> tuple[int, str, int]:
        return self.start, self.source, self.end


async def listed(
    session: ReadSession, tag: str, start: int | None, end: int | None, now: int,
    after: Sequence[object] | None, limit: int,
) -> list[Said]:  # fmt: skip
    row = await session.get(Hashtag, hashtag_key(tag))
    if row is None or row.followed_at is None:
        raise NotFound(f"#{normal(tag)} is not followed: POST /hashtags follows it")
    tracks = await coverage.of_hashtags(session, [row.id])
    low = min([begin for track in tracks for begin, _ in track.owed(now)], default=now)
    found = said(tracks, low if start is None else start, now if end is None else min(end, now), now)
    return [one for one in found if after is None or one.key > tuple(after)][: limit + 1]


def said(tracks: Sequence[Observed], start: int, end: int, now: int) -> list[Said]:
    """Everything in [start, end), in the order of time."""
    proved = [
        Said(
            max(one.start, start), min(one.end, end), one.state, one.reason, track.hashtag, track.source, track.platform
        )
        for track in tracks
        for one in track.stretches
        if one.state in COVERED and one.start < end and one.end > start
    ]
    missing = [
        Said(
            parse_time(gap["from"]), parse_time(gap["to"]), gap["state"], gap["reason"], gap["hashtag"],
            gap["source"], gap["platform"],
        )
        for gap in curves.gaps(tracks, start, end, now)
    ]  # fmt: skip
    return sorted([*proved, *missing], key=lambda one: one.key)
