"""What was observed of each track: half-open stretches, disjoint, merged when written. A gap is a gap, never a zero."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise

from sqlalchemy import and_, delete, func, select

from app.db.dialect import among, put
from app.db.engine import ReadSession, Session
from app.models import NETWORK, Coverage, Hashtag, Source, Track

STATES = ("complete", "partial", "missed", "imported")
COVERED = ("complete", "imported")
# What was once proved stays proved: a later, weaker word does not take it back.
_TABLE = Coverage.__table__.c
_ROW = (_TABLE.track_id, _TABLE.from_at, _TABLE.to_at, _TABLE.state, _TABLE.reason, _TABLE.recorded_at)
_STRENGTH = {"missed": 0, "partial": 1, "imported": 2, "complete": 3}


@dataclass(frozen=True, slots=True)
class Stretch:
    """[start, end) in milliseconds. `recorded`: when an import said so; None: a pass did, as it happened."""

    start: int
    end: int
    state: str
    reason: str | None = None
    recorded: int | None = None

    @property
    def words(self) -> tuple[str, str | None]:
        return self.state, self.reason


async def write(
    session: Session, track_id: int, start: int, end: int, state: str, reason: str | None = None,
    recorded: int | None = None,
) -> None:  # fmt: skip
    """Say what was observed in [start, end). Stronger words already there stay; equal neighbours become one."""
    if end <= start:
        return
    near = and_(Coverage.track_id == track_id, Coverage.from_at <= end, Coverage.to_at >= start)
    rows = (await session.execute(select(Coverage).where(near).order_by(Coverage.from_at))).scalars().all()
    there = [stretch_of(row) for row in rows]
    await session.execute(delete(Coverage).where(near))
    await insert(session, [(track_id, one) for one in merge(there, Stretch(start, end, state, reason, recorded))])


async def write_all(session: Session, said: Mapping[int, Sequence[Stretch]]) -> None:
    """As `write`, for many tracks (which the caller has locked) in a few statements."""
    every = [one for stretches in said.values() for one in stretches]
    if not every:
        return
    low, high = min(one.start for one in every), max(one.end for one in every)
    near = and_(among(session, Coverage.track_id, list(said)), Coverage.from_at <= high, Coverage.to_at >= low)
    there: dict[int, list[Stretch]] = {track: [] for track in said}
    for row in (await session.execute(select(Coverage).where(near).order_by(Coverage.from_at))).scalars():
        there[row.track_id].append(stretch_of(row))
    after = {track: reduce(merge, said[track], there[track]) for track in said}
    changed = [track for track in said if list(after[track]) != there[track]]
    await session.execute(delete(Coverage).where(near, among(session, Coverage.track_id, changed)))
    await insert(session, [(track, one) for track in changed for one in after[track]])


async def between(session: ReadSession, track_id: int, start: int, end: int) -> list[Stretch]:
    """What is said of [start, end), cut to it."""
    near = and_(Coverage.track_id == track_id, Coverage.from_at < end, Coverage.to_at > start)
    rows = (await session.execute(select(Coverage).where(near).order_by(Coverage.from_at))).scalars()
    return _cut([stretch_of(row) for row in rows], start, end)


async def take_back(
    session: Session, track_id: int, start: int, end: int, before: Sequence[Stretch], reason: str
) -> None:
    """What was said of [start, end) since `before` is partial instead; what had been proved by then stays proved."""
    near = and_(Coverage.track_id == track_id, Coverage.from_at <= end, Coverage.to_at >= start)
    rows = (await session.execute(select(Coverage).where(near).order_by(Coverage.from_at))).scalars().all()
    there = [stretch_of(row) for row in rows]
    anew = merge(_cut(before, start, end), Stretch(start, end, "partial", reason))
    first, last = min([start, *(one.start for one in there)]), max([end, *(one.end for one in there)])
    await session.execute(delete(Coverage).where(near))
    whole = _joined([*_cut(there, first, start), *anew, *_cut(there, end, last)], apart=True)
    await insert(session, [(track_id, one) for one in whole])


def _cut(stretches: Sequence[Stretch], start: int, end: int) -> list[Stretch]:
    cut = [replace(one, start=max(one.start, start), end=min(one.end, end)) for one in stretches]
    return [one for one in cut if one.start < one.end]


def stretch_of(row: Coverage) -> Stretch:
    return Stretch(row.from_at, row.to_at, row.state, row.reason, row.recorded_at)


async def insert(session: Session, rows: Sequence[tuple[int, Stretch]]) -> None:
    """By track: stretches where there are none."""
    await put(session, Coverage, {
        "track_id": [track for track, _ in rows], "from_at": [one.start for _, one in rows],
        "to_at": [one.end for _, one in rows], "state": [one.state for _, one in rows],
        "reason": [one.reason for _, one in rows], "recorded_at": [one.recorded for _, one in rows],
    })  # fmt: skip


async def first_complete(session: ReadSession, track_id: int) -> int | None:
    """From when on a track was proved complete, gaps after it aside."""
    query = select(func.min(Coverage.from_at)).where(Coverage.track_id == track_id, Coverage.state == "complete")
    return (await session.execute(query)).scalar()


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
        # What is said again was known already.
        recorded = next(one.recorded for one in over if one.words == best.words)
        found.append(Stretch(start, end, best.state, best.reason, recorded))
    return _joined(found, apart=True)


def _joined(stretches: Sequence[Stretch], *, apart: bool) -> list[Stretch]:
    """Equal neighbours become one. `apart`: not those that became known at different times."""
    found: list[Stretch] = []
    for one in stretches:
        last = found[-1] if found else None
        same = last is not None and last.end == one.start and last.words == one.words
        if last is not None and same and not (apart and last.recorded != one.recorded):
            found[-1] = replace(last, end=one.end)
        else:
            found.append(one)
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


async def of_hashtags(session: ReadSession, hashtags: Sequence[int], as_of: int | None = None) -> list[Observed]:
    """Every track of the hashtags, with its coverage; as far as can be told as it was known at `as_of`."""
    query = (
        select(Track.id, Hashtag.tag, Source.name, NETWORK, Source.kind, Track.since_at, Track.until_at)
        .join(Hashtag, Hashtag.id == Track.hashtag_id)
        .join(Source, Source.id == Track.source_id)
        .where(among(session, Track.hashtag_id, hashtags))
        .order_by(Track.id)
    )
    tracks = (await session.execute(query)).all()
    rows = select(*_ROW).where(among(session, _TABLE.track_id, [track.id for track in tracks]))
    by_track: dict[int, list[Stretch]] = {}
    for track_id, *said in await session.execute(rows.order_by(_TABLE.track_id, _TABLE.from_at)):
        by_track.setdefault(track_id, []).append(Stretch(*said))
    found = [Observed(*track, stretches=tuple(by_track.get(track.id, ()))) for track in tracks]
    if as_of is not None:
        found = [known for track in found if (known := _known(track, as_of))]
    return [replace(track, stretches=tuple(_joined(track.stretches, apart=False))) for track in found]


def _known(track: Observed, as_of: int) -> Observed | None:
    """What was known of it at `as_of`. A pass says what it covered at about the end of the stretch."""
    live = track.kind != "import"
    known = [
        one if one.recorded is not None else replace(one, end=min(one.end, as_of))
        for one in track.stretches
        if (one.start if one.recorded is None else one.recorded) <= as_of
    ]
    known = [one for one in known if one.start < one.end]
    if (live and track.since > as_of) or (not live and track.stretches and not known):
        return None
    until = track.until if track.until is None or not live or track.until <= as_of else None
    return replace(track, stretches=tuple(known), until=until)
