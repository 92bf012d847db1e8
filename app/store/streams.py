"""Streams: which sources have one, who holds it, how far it was heard, and what that proves of the hashtags."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select, update

from app.clock import SECOND
from app.db.dialect import among, change, lock_rows, put
from app.db.engine import ReadSession, Session
from app.errors import Fenced
from app.models import Hashtag, Source, Stream, Track
from app.store import coverage
from app.store.coverage import Stretch

LEASE_MS = 30_000
OFF = "off"
LATE = "the stream was cut off: what came late may be missing"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A source whose stream nobody holds. `url`: where its owner says that it is; None: where the platform has one."""

    source_id: int
    platform: str
    base_url: str | None
    with_credential: bool
    url: str | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A stream that is ours until `term` moves on. Milliseconds."""

    source_id: int
    name: str
    platform: str
    term: int
    url: str | None
    cursor: str | None
    reached: int | None
    failures: int


async def free(session: ReadSession, now: int) -> list[Candidate]:
    """Live sources with a hashtag to follow, whose stream is nobody's now and may be tried."""
    tracked = select(Track.id).where(Track.source_id == Source.id, Track.until_at.is_(None))
    query = (
        select(
            Source.id, Source.platform, Source.base_url,
            or_(Source.credential_file.is_not(None), Source.credential_sealed.is_not(None)), Stream.url,
        )
        .outerjoin(Stream, Stream.source_id == Source.id)
        .where(Source.kind == "live", Source.removed_at.is_(None), Source.state != "stopped", tracked.exists())
        .where(
            or_(Stream.url.is_(None), Stream.url != OFF), or_(Stream.state.is_(None), Stream.state != "stopped"),
            or_(Stream.due_at.is_(None), Stream.due_at <= now),
            or_(Stream.claimed_until.is_(None), Stream.claimed_until < now),
        )
        .order_by(Source.id)
    )  # fmt: skip
    return [Candidate(row[0], row[1], row[2], bool(row[3]), row[4]) for row in await session.execute(query)]


async def set_url(session: Session, source_id: int, url: str | None, now: int) -> None:
    """Where the stream is, or `off`; None: where the platform has one by itself."""
    await _ensure(session, source_id, now)
    await session.execute(update(Stream).where(Stream.source_id == source_id).values(url=url))


async def url(session: ReadSession, source_id: int) -> str | None:
    return (await session.execute(select(Stream.url).where(Stream.source_id == source_id))).scalar()


async def again(session: Session, source_id: int, now: int) -> None:
    """What stopped it is mended, says whoever asks: it is tried at once."""
    mine = (Stream.source_id == source_id, Stream.claimed_until.is_(None))
    await session.execute(update(Stream).where(*mine).values(state="cut", due_at=now, failures=0))


async def _ensure(session: Session, source_id: int, now: int) -> None:
    await put(session, Stream, {
        "source_id": [source_id], "url": [None], "state": ["cut"], "reason": [None], "state_at": [now], "term": [0],
        "claimed_until": [None], "due_at": [None], "failures": [0], "cursor": [None], "reached": [None],
    })  # fmt: skip


async def claim(session: Session, source_id: int, now: int) -> Claimed | None:
    """None: someone else holds it, or it is not to be tried yet."""
    await _ensure(session, source_id, now)
    idle = (
        or_(Stream.claimed_until.is_(None), Stream.claimed_until < now),
        or_(Stream.due_at.is_(None), Stream.due_at <= now),
    )
    taken = await session.execute(
        update(Stream)
        .where(Stream.source_id == source_id, *idle)
        .values(claimed_until=now + LEASE_MS, term=Stream.term + 1)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        return None
    query = select(
        Stream.source_id, Source.name, Source.platform, Stream.term, Stream.url, Stream.cursor, Stream.reached,
        Stream.failures,
    ).join(Source, Source.id == Stream.source_id).where(Stream.source_id == source_id)  # fmt: skip
    return Claimed(*(await session.execute(query)).one())


async def hold(session: Session, claimed: Claimed, now: int, **values: object) -> None:
    """Write to the stream's row and lengthen the claim; Fenced if another worker has taken over."""
    await _if_ours(session, claimed, claimed_until=now + LEASE_MS, **values)


async def live(session: Session, claimed: Claimed, now: int) -> None:
    await _if_ours(session, claimed, state="live", reason=None, state_at=now, failures=0)


async def release(
    session: Session, claimed: Claimed, now: int, state: str, reason: str | None, due_at: int, failures: int
) -> None:
    """`cut` is tried again at `due_at`; `off` cannot be had, and is asked for rarely; `stopped` needs a person."""
    values = {"state": state, "reason": reason, "state_at": now, "due_at": due_at, "failures": failures}
    await _if_ours(session, claimed, claimed_until=None, **values)


async def _if_ours(session: Session, claimed: Claimed, **values: object) -> None:
    mine = (Stream.source_id == claimed.source_id, Stream.term == claimed.term)
    done = await session.execute(update(Stream).where(*mine).values(**values))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Fenced(f"the stream of source {claimed.source_id} was taken over")


@dataclass(frozen=True, slots=True)
class Listened:
    """A hashtag that the stream is sought through for. `heard_from`: since when, less what coverage says already."""

    track_id: int
    tag: str
    lag: int
    until: int | None
    heard_from: int | None


async def listened(session: ReadSession, source_id: int) -> list[Listened]:
    """Those that are followed, and those that were until just now."""
    query = (
        select(Track.id, Hashtag.tag, Track.interval_s * 2 * SECOND, Track.until_at, Track.heard_from)
        .join(Hashtag, Hashtag.id == Track.hashtag_id)
        .where(Track.source_id == source_id, or_(Track.until_at.is_(None), Track.heard_from.is_not(None)))
        .order_by(Track.id)
    )
    return [Listened(*row) for row in await session.execute(query)]


async def prove(session: Session, tracks: Sequence[Listened], reached: int, begin: int) -> None:
    """All up to `reached` was heard: that covers it, less the lag in which posts may still come late.

    A track that is new to the stream is heard from `begin` on; one that was unfollowed is heard no more.
    """
    await lock_rows(session, Track, [one.track_id for one in tracks])
    said, marks = {}, {}
    for one in tracks:
        start = begin if one.heard_from is None else one.heard_from
        end = min(reached, one.until if one.until is not None else reached) - one.lag
        if start < end:
            said[one.track_id] = [Stretch(start, end, "complete")]
        marks[one.track_id] = None if one.until is not None else max(start, end)
    await coverage.write_all(session, said)
    await _mark(session, tracks, marks)


async def break_off(session: Session, tracks: Sequence[Listened], reached: int | None, begins: int, why: str) -> None:
    """Nothing was heard from `reached` to `begins`: a gap, until a pass has walked through it."""
    await lock_rows(session, Track, [one.track_id for one in tracks])
    said = {}
    for one in tracks:
        if reached is None or one.heard_from is None:
            continue
        sure = max(one.heard_from, reached - one.lag)
        said[one.track_id] = [
            stretch
            for stretch in (
                Stretch(one.heard_from, reached - one.lag, "complete"), Stretch(sure, reached, "partial", LATE),
                Stretch(max(reached, one.heard_from), begins, "missed", why),
            )
            if stretch.start < stretch.end
        ]  # fmt: skip
    await coverage.write_all(session, said)
    await _mark(session, tracks, {one.track_id: None if one.until is not None else begins for one in tracks})


async def _mark(session: Session, tracks: Sequence[Listened], marks: Mapping[int, int | None]) -> None:
    moved = [one.track_id for one in tracks if marks[one.track_id] != one.heard_from]
    await change(session, Track, "id", {"id": moved, "heard_from": [marks[track] for track in moved]})


@dataclass(frozen=True, slots=True)
class Shown:
    """How a stream does. `reached`: up to when all was heard, by its own clock (milliseconds)."""

    state: str
    reason: str | None
    state_at: int
    url: str | None
    reached: int | None


async def shown(session: ReadSession, sources: Sequence[int], now: int) -> dict[int, Shown]:
    """By source. One that nobody holds any more is cut, whatever its last holder wrote."""
    found = {}
    for row in (await session.execute(select(Stream).where(among(session, Stream.source_id, sources)))).scalars():
        state, reason = (OFF, None) if row.url == OFF else (row.state, row.reason)
        held = (row.claimed_until or 0) >= now
        if state == "live" and not held:
            state, reason = "cut", "no worker holds it"
        elif state == "cut" and held:
            reason = "opened, and nothing was said yet"
        url = None if row.url == OFF else row.url
        found[row.source_id] = Shown(state, reason, row.state_at, url, row.reached)
    return found
