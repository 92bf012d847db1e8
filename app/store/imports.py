"""What an import adds around the facts: its source, the hashtags that it brings a curve to, tracks and coverage."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import delete, select

from app.db.dialect import among, change, put
from app.db.engine import ReadSession, Session
from app.models import (
    AccountLook,
    Coverage,
    Source,
    Track,
)
from app.store import coverage

BY_ROWS = "the span of the imported rows"
"""The reason of coverage that nobody stated: it gives way to a coverage file."""

Span = tuple[int, int]


async def source(session: Session, name: str, platform: str, now: int) -> tuple[int, str]:
    """The import source of that name, made when missing: its id and its platform (which may be another)."""
    await put(session, Source, {
        "name": [name], "platform": [platform], "kind": ["import"], "state": ["ok"], "state_at": [now],
        "failures": [0], "refresh_term": [0], "created_at": [now],
    })  # fmt: skip
    row = (await session.execute(select(Source.id, Source.platform, Source.kind).where(Source.name == name))).one()
    return row.id, row.platform if row.kind == "import" else row.kind


async def tracks(session: Session, source_id: int, spans: Mapping[int, Span]) -> dict[int, int]:
    """Tracks that are never polled, by hashtag, each widened to its span."""
    found = await _tracks(session, source_id, list(spans))
    fresh = {key: span for key, span in spans.items() if key not in found}
    await put(session, Track, {
        "hashtag_id": list(fresh), "source_id": [source_id] * len(fresh),
        "since_at": [start for start, _ in fresh.values()], "until_at": [end for _, end in fresh.values()],
        "interval_s": [0] * len(fresh), "term": [0] * len(fresh), "failures": [0] * len(fresh),
        "walks": ["[]"] * len(fresh),
    })  # fmt: skip
    wide = [
        (track, min(since, spans[key][0]), max(until or 0, spans[key][1]))
        for key, (track, since, until) in found.items()
        if since > spans[key][0] or (until or 0) < spans[key][1]
    ]
    ids, starts, ends = zip(*wide, strict=True) if wide else ((), (), ())
    await change(session, Track, "id", {"id": ids, "since_at": starts, "until_at": ends})
    if fresh:
        found |= await _tracks(session, source_id, list(fresh))
    return {key: track for key, (track, _, _) in found.items()}


async def _tracks(session: ReadSession, source_id: int, hashtags: Sequence[int]) -> dict[int, tuple[int, int, int]]:
    query = select(Track.hashtag_id, Track.id, Track.since_at, Track.until_at)
    rows = await session.execute(query.where(Track.source_id == source_id, among(session, Track.hashtag_id, hashtags)))
    return {row.hashtag_id: (row.id, row.since_at, row.until_at) for row in rows}


async def cover_rows(session: Session, platform: str, source_id: int, spans: Mapping[int, Span], now: int) -> None:
    """By hashtag: the rows' own span is covered, but where a coverage file or --from and --to speak of it."""
    own = await tracks(session, source_id, spans)
    said = await _stated(session, platform, list(spans))
    near = await _stretches(session, list(own.values()))
    rows: list[tuple[int, coverage.Stretch]] = []
    gone: list[int] = []
    for key, track in own.items():
        there = near.get(track, [])
        merged = there
        for start, end in outside(spans[key], said.get(key)):
            merged = coverage.merge(merged, coverage.Stretch(start, end, "imported", BY_ROWS, now))
        if merged != there:
            gone.append(track)
            rows += [(track, stretch) for stretch in merged]
    await session.execute(delete(Coverage).where(among(session, Coverage.track_id, gone)))
    await coverage.insert(session, rows)


def outside(span: Span, said: Span | None) -> list[Span]:
    """What of `span` lies before and after `said`."""
    if said is None:
        return [span]
    parts = [(span[0], min(span[1], said[0])), (max(span[0], said[1]), span[1])]
    return [(start, end) for start, end in parts if start < end]


async def _stated(session: ReadSession, platform: str, hashtags: Sequence[int]) -> dict[int, Span]:
    """By hashtag: from the first to the last instant of which somebody stated what an import covers."""
    query = (
        select(Track.hashtag_id, Coverage.from_at, Coverage.to_at)
        .join(Track, Track.id == Coverage.track_id)
        .join(Source, Source.id == Track.source_id)
        .where(Source.kind == "import", Source.platform == platform, among(session, Track.hashtag_id, hashtags))
        .where(Coverage.reason.is_distinct_from(BY_ROWS))
    )
    found: dict[int, Span] = {}
    for key, start, end in await session.execute(query):
        low, high = found.get(key, (start, end))
        found[key] = min(low, start), max(high, end)
    return found


async def _stretches(session: ReadSession, track_ids: Sequence[int]) -> dict[int, list[coverage.Stretch]]:
    query = select(Coverage).where(among(session, Coverage.track_id, track_ids))
    found: dict[int, list[coverage.Stretch]] = {}
    for row in (await session.execute(query.order_by(Coverage.track_id, Coverage.from_at))).scalars():
        found.setdefault(row.track_id, []).append(coverage.stretch_of(row))
    return found


async def unstate(session: Session, platform: str, hashtag: int, span: Span) -> None:
    """Somebody states what was covered in `span`: what the rows' own span said there is withdrawn."""
    query = (
        select(Coverage.track_id, Coverage.from_at, Coverage.to_at, Coverage.recorded_at)
        .join(Track, Track.id == Coverage.track_id)
        .join(Source, Source.id == Track.source_id)
        .where(Source.kind == "import", Source.platform == platform, Track.hashtag_id == hashtag)
        .where(Coverage.reason == BY_ROWS, Coverage.from_at < span[1], Coverage.to_at > span[0])
    )
    for track, start, end, recorded in (await session.execute(query)).all():
        mine = (Coverage.track_id == track, Coverage.from_at == start)
        await session.execute(delete(Coverage).where(*mine))
        for low, high in outside((start, end), span):
            await coverage.write(session, track, low, high, "imported", BY_ROWS, recorded)


async def state(session: Session, track: int, one: coverage.Stretch, now: int) -> bool:
    """Write what a coverage file states; False where it was stated before."""
    there = (await _stretches(session, [track])).get(track, [])
    if coverage.merge(there, replace(one, recorded=now)) == there:
        return False
    await coverage.write(session, track, one.start, one.end, one.state, one.reason, now)
    return True


async def known_looks(session: ReadSession, accounts: Sequence[int]) -> dict[Span, tuple[int | None, int | None]]:
    """By (account, instant): followers and posts that were read."""
    query = select(AccountLook).where(among(session, AccountLook.account_id, accounts))
    rows = (await session.execute(query)).scalars()
    return {(row.account_id, row.observed_at): (row.followers, row.posts) for row in rows}


async def put_looks(session: Session, rows: Sequence[tuple[int, int, int | None, int | None]], now: int) -> None:
    """Every reading of accounts (account, instant, followers, posts): a file's are all kept, unlike a poll's."""
    ids, times, followers, posts = zip(*rows, strict=True) if rows else ((), (), (), ())
    await put(session, AccountLook, {
        "account_id": ids, "observed_at": times, "followers": followers, "posts": posts,
        "recorded_at": [now] * len(ids),
    })  # fmt: skip
