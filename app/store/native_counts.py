"""A platform's own counts of a hashtag: kept as they are told, shown beside ours, never summed with them."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from sqlalchemy import select

from app.analysis import native
from app.analysis.shape import Ints
from app.db.dialect import among, put
from app.db.engine import ReadSession, Session
from app.models import NativeCount
from app.store.coverage import Observed

Native = tuple[int, int, int, int, int | None, int | None, int | None]
"""track, start, step, posts, authors, views, engagement"""
_COLUMNS = (
    NativeCount.track_id, NativeCount.start_at, NativeCount.step, NativeCount.posts, NativeCount.authors,
    NativeCount.views, NativeCount.engagement,
)  # fmt: skip


async def keep(session: Session, rows: Sequence[Native], now: int) -> int:
    """What is told later has the last word. Returns how many said something new."""
    query = select(*_COLUMNS).where(among(session, NativeCount.track_id, sorted({row[0] for row in rows})))
    there = {tuple(row) for row in await session.execute(query)}
    fresh = list({row[:3]: row for row in rows if row not in there}.values())
    columns = {
        column.name: values for column, values in zip(_COLUMNS, zip(*fresh, strict=True), strict=True)
    } if fresh else {}  # fmt: skip
    await put(session, NativeCount, {**columns, "observed_at": [now] * len(fresh)} if fresh else {}, "replace")
    return len(fresh)


async def by_platform(
    session: ReadSession, tracks: Iterable[Observed], edges: Ints, as_of: int | None = None
) -> Mapping[str, dict[str, list[int | None]]]:
    """`native_posts` and the like of each platform that told some which nest in the buckets."""
    of = {track.track_id: track.platform for track in tracks}
    query = select(*_COLUMNS).where(
        among(session, NativeCount.track_id, list(of)), NativeCount.start_at >= int(edges[0]),
        NativeCount.start_at < int(edges[-1]),
    )  # fmt: skip
    if as_of is not None:
        query = query.where(NativeCount.observed_at <= as_of)
    counts: dict[str, dict[tuple[int, int], list[native.Count]]] = {}
    for track, start, step, *told in await session.execute(query.order_by(*_COLUMNS[:3])):
        counts.setdefault(of[track], {}).setdefault((track, step), []).append(native.Count(start, start + step, told))
    found = {platform: native.nested(np.asarray(edges), list(each.values())) for platform, each in counts.items()}
    return {platform: columns for platform, columns in found.items() if columns}
