"""Sources as they are shown: their state, what is left of their budgets, and how late they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import func, select

from app.analysis import dollars
from app.analysis.budget import Spent, left, used
from app.db.dialect import among
from app.db.engine import ReadSession
from app.models import Source, Track
from app.store import budgets, paging, streams
from app.store.sources import own_limits, payer
from app.store.streams import Shown


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a platform lets one source spend in a window."""

    name: str
    limit: int
    window_ms: int
    unit: str


@dataclass(frozen=True, slots=True)
class Left:
    """An allowance and what is left of it. `resets_at` (milliseconds) where the platform said so."""

    name: str
    limit: int
    window_ms: int
    unit: str
    remaining: int
    resets_at: int | None
    spent: int


@dataclass(frozen=True, slots=True)
class SourceState:
    """`late_ms`: how long its most overdue track has been due, 0 when none is; None for one that is never asked."""

    name: str
    platform: str
    kind: str
    base_url: str | None
    state: str
    reason: str | None
    state_at: int
    waits_until: int | None
    tracks: int
    late_ms: int | None
    budgets: tuple[Left, ...]
    stream: Shown | None = None


def cost(source: SourceState) -> str | None:
    """Dollars that were spent in the last 31 days; None where the platform bills nothing."""
    bills = [one.spent for one in source.budgets if one.unit == dollars.MICRO]
    return dollars.told(sum(bills)) if bills else None


async def listed(
    session: ReadSession, after: Sequence[object] | None, limit: int, now: int, allowed: Mapping[str, Sequence[Allowed]]
) -> list[SourceState]:
    """By name. `allowed`: the budgets by platform."""
    query = paging.page(select(Source).where(Source.removed_at.is_(None)), [Source.name], after, limit)
    rows = (await session.execute(query)).scalars().all()
    ids = [row.id for row in rows]
    tracks = await _tracks(session, ids)
    left_of = await _budgets(session, rows, allowed, now)
    heard = await streams.shown(session, ids, now)
    return [
        SourceState(
            row.name, row.platform, row.kind, row.base_url, row.state, row.reason, row.state_at, row.waits_until,
            tracks.get(row.id, (0, None))[0],
            max(0, now - (tracks.get(row.id, (0, None))[1] or now)) if row.kind == "live" else None,
            tuple(left_of.get(row.id, ())), heard.get(row.id),
        )
        for row in rows
    ]  # fmt: skip


async def _tracks(session: ReadSession, ids: Sequence[int]) -> dict[int, tuple[int, int | None]]:
    """By source: how many hashtags it is asked for, and when the first of them was due."""
    query = select(Track.source_id, func.count(), func.min(Track.due_at)).group_by(Track.source_id)
    query = query.where(among(session, Track.source_id, ids), Track.until_at.is_(None))
    return {row[0]: (row[1], row[2]) for row in await session.execute(query)}


async def _budgets(
    session: ReadSession, sources: Sequence[Source], allowed: Mapping[str, Sequence[Allowed]], now: int
) -> dict[int, list[Left]]:
    found = {}
    for source in sources:
        spent = await budgets.read(session, await payer(session, source)) if source.kind == "live" else {}
        limits = await own_limits(session, source) if source.kind == "live" else {}
        found[source.id] = [
            _left(replace(one, limit=limits.get(one.name, one.limit)), spent.get(one.name, Spent({})), now)
            for one in (allowed.get(source.platform, ()) if source.kind == "live" else ())
        ]
    return found


def _left(allowed: Allowed, spent: Spent, now: int) -> Left:
    resets = spent.told_resets_at
    return Left(
        allowed.name, min(allowed.limit, spent.told_limit or allowed.limit), allowed.window_ms, allowed.unit,
        left(spent, allowed.limit, allowed.window_ms, now), resets if resets is not None and resets > now else None,
        used(spent, allowed.window_ms, now),
    )  # fmt: skip
