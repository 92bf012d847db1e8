"""Sources as they are shown: their state, what is left of their budgets, and how late they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from app.db.dialect import among
from app.db.engine import ReadSession
from app.models import Budget, Source, Track
from app.store import paging


@dataclass(frozen=True, slots=True)
class Allowance:
    """As the platform last told it; None: it did not say. `resets_at` in milliseconds."""

    name: str
    limit: int | None
    remaining: int | None
    resets_at: int | None


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
    budgets: tuple[Allowance, ...]


async def listed(session: ReadSession, after: Sequence[object] | None, limit: int, now: int) -> list[SourceState]:
    query = paging.page(select(Source).where(Source.removed_at.is_(None)), [Source.name], after, limit)
    rows = (await session.execute(query)).scalars().all()
    ids = [row.id for row in rows]
    tracks = await _tracks(session, ids)
    budgets = await _budgets(session, ids, now)
    return [
        SourceState(
            row.name, row.platform, row.kind, row.base_url, row.state, row.reason, row.state_at, row.waits_until,
            tracks.get(row.id, (0, None))[0],
            max(0, now - (tracks.get(row.id, (0, None))[1] or now)) if row.kind == "live" else None,
            tuple(budgets.get(row.id, ())),
        )
        for row in rows
    ]  # fmt: skip


async def _tracks(session: ReadSession, ids: Sequence[int]) -> dict[int, tuple[int, int | None]]:
    """By source: how many hashtags it is asked for, and when the first of them was due."""
    query = select(Track.source_id, func.count(), func.min(Track.due_at)).group_by(Track.source_id)
    query = query.where(among(session, Track.source_id, ids), Track.until_at.is_(None))
    return {row[0]: (row[1], row[2]) for row in await session.execute(query)}


async def _budgets(session: ReadSession, ids: Sequence[int], now: int) -> dict[int, list[Allowance]]:
    query = select(Budget).where(among(session, Budget.source_id, ids)).order_by(Budget.name)
    found: dict[int, list[Allowance]] = {}
    for row in (await session.execute(query)).scalars():
        over = row.told_resets_at is not None and row.told_resets_at <= now
        # After the reset the old figure says nothing but the limit.
        remaining = row.told_limit if over else row.told_remaining
        found.setdefault(row.source_id, []).append(
            Allowance(row.name, row.told_limit, remaining, None if over else row.told_resets_at)
        )
    return found
