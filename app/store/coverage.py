"""What was observed of each track: half-open stretches, disjoint, merged when written. A gap is a gap, never a zero."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import and_, delete, select

from app.db.dialect import among, put
from app.db.engine import ReadSession, Session
from app.models import Coverage, Hashtag, Source, Track

STATES = ("complete", "partial", "missed", "imported")
COVERED = ("complete", "imported")
# What was once proved stays proved: a later, weaker word does not take it back.
_STRENGTH = {"missed": 0, "partial": 1, "imported": 2, "complete": 3}


@dataclass(frozen=True, slots=True)
class Stretch:
    """[start, end) in milliseconds."""

    start: int
    end: int
    state: str
    reason: str | None = None


async def write(session: Session, track_id: int, start: int, end: int, state: str, reason: str | None = None) -> None:
    """Say what was observed in [start, end). Stronger words already there stay; equal neighbours become one."""
    if end <= start:
        return
    near = and_(Coverage.track_id == track_id, Coverage.from_at <= end, Coverage.to_at >= start)
    rows = (await session.execute(select(Coverage).where(near).order_by(Coverage.from_at))).scalars().all()
    there = [Stretch(row.from_at, row.to_at, row.state, row.reason) for row in rows]
    await session.execute(delete(Coverage).where(near))
    merged = merge(there, Stretch(start, end, state, reason))
    await put(session, Coverage, {
        "track_id": [track_id] * len(merged), "from_at": [one.start for one in merged],
        "to_at": [one.end for one in merged], "state": [one.state for one in merged],
        "reason": [one.reason for one in merged],
    })  # fmt: skip


def merge(there: Sequence[Stretch], new: Stretch) -> list[Stretch]:
    """`there` is disjoint and sorted; so is what comes back."""
    edges = sorted({new.start, new.end, *(e for one in there for e in (one.start, one.end))})
    found: list[Stretch] = []
    for start, end in pairwise(edges):
        over = [one for one in [*there, new] if one.start <= start and end <= one.end]
        if not over:
            continue
        # Of equals the newer word counts: it knows the later reason.
        best = max(enumerate(over), key=lambda pair: (_STRENGTH[pair[1].state], pair[0]))[1]
        last = found[-1] if found else None
        if last and last.end == start and (last.state, last.reason) == (best.state, best.reason):
            found[-1] = Stretch(last.start, end, last.state, last.reason)
        else:
            found.append(Stretch(start, end, best.state, best.reason))
    return found


@dataclass(frozen=True, slots=True)
class Observed:
    """A track with all that is known of its coverage."""

    track_id: int
    hashtag: str
    source: str
    platform: str
    kind: str
    since: int
    until: int | None
    stretches: tuple[Stretch, ...]

    def owed(self, now: int) -> list[tuple[int, int]]:
        """An import owes the span of its rows; a live track from when it was followed, or first covered, until now."""
        if self.kind == "import":
            return _union([(one.start, one.end) for one in self.stretches])
        covered = [one.start for one in self.stretches if one.state in COVERED]
        start, end = min([self.since, *covered]), self.until if self.until is not None else now
        return [(start, end)] if start < end else []

    def covered(self) -> list[tuple[int, int]]:
        return _union([(one.start, one.end) for one in self.stretches if one.state in COVERED])


def _union(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


async def of_hashtags(session: ReadSession, hashtags: Sequence[int]) -> list[Observed]:
    """Every track of the hashtags, with its coverage."""
    query = (
        select(Track.id, Hashtag.tag, Source.name, Source.platform, Source.kind, Track.since_at, Track.until_at)
        .join(Hashtag, Hashtag.id == Track.hashtag_id)
        .join(Source, Source.id == Track.source_id)
        .where(among(session, Track.hashtag_id, hashtags))
        .order_by(Track.id)
    )
    tracks = (await session.execute(query)).all()
    rows = select(Coverage).where(among(session, Coverage.track_id, [track.id for track in tracks]))
    by_track: dict[int, list[Stretch]] = {}
    for row in (await session.execute(rows.order_by(Coverage.track_id, Coverage.from_at))).scalars():
        by_track.setdefault(row.track_id, []).append(Stretch(row.from_at, row.to_at, row.state, row.reason))
    return [Observed(*track, stretches=tuple(by_track.get(track.id, ()))) for track in tracks]
