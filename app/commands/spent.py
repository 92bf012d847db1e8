"""Sources for `sources list`: their states, what each may still spend, and what it cost."""

from typing import Any

from app import sources
from app.analysis import dollars
from app.clock import rfc3339
from app.commands.streaming import told
from app.db.engine import ReadSession
from app.store import source_reads
from app.store import sources as rows

MOST = 1_000


async def listed(session: ReadSession, now: int) -> list[dict[str, Any]]:
    states = {one.name: one for one in await source_reads.listed(session, None, MOST, now, sources.allowed())}
    every = await rows.live(session)
    names: dict[int | None, str] = {row.id: row.name for row in every}
    return [
        {
            "name": row.name, "platform": row.platform, "url": row.base_url, "state": row.state, "reason": row.reason,
            "since": rfc3339(row.state_at), "waits_until": rfc3339(row.waits_until) if row.waits_until else None,
            "credential_file": row.credential_file, "shares_with": names.get(row.lends_to),
            "cost_this_month": source_reads.cost(states[row.name]),
            "budgets": [_budget(one) for one in states[row.name].budgets],
            "stream": told(states[row.name].stream) or None,
        }
        for row in every
    ]  # fmt: skip


def _budget(one: source_reads.Left) -> dict[str, Any]:
    """Money as text, in dollars with cents; what is left is rounded down."""
    told = {"name": one.name, "unit": one.unit, "window_s": one.window_ms // 1_000}
    if one.unit != dollars.MICRO:
        return {**told, "limit": one.limit, "spent": one.spent, "left": one.remaining}
    left = one.remaining // dollars.CENT * dollars.CENT
    cents = {"limit": one.limit, "spent": one.spent, "left": left}
    return {**told, "unit": "dollar", **{name: dollars.told(units) for name, units in cents.items()}}


def left(row: dict[str, Any]) -> str:
    return ", ".join(f"{one['name']} {one['left']} of {one['limit']}" for one in row["budgets"])
