"""What a campaign was given, as columns beside its curve."""

from typing import Any

import numpy as np
from sqlalchemy import func, select

from app.analysis.money import decimal
from app.analysis.shape import Ints
from app.analysis.sums import HOUR
from app.db.engine import ReadSession
from app.models import Outcome
from app.store import news
from app.store.memory import Memory
from app.store.outcomes import SUM, Which, summed
from app.store.subjects import subject_key

Series = dict[str, dict[str, dict[str, list[Any]]]]
_MEMORY: Memory[Series] = Memory(
    4 << 20, lambda series: 64 * sum(len(each["count"]) for kind in series.values() for each in kind.values())
)


async def read(session: ReadSession, campaign_id: str, edges: Ints, as_of: int | None = None) -> Series:
    """By kind and currency (`none` where there is no money): count and amount of each bucket, amounts as decimals."""
    if as_of is not None:
        return await _read(session, campaign_id, edges, as_of)
    key = campaign_id, edges.tobytes()
    number = await news.number(session, subject_key("campaign", campaign_id))
    found = _MEMORY.get(session, key, number)
    if found is None:
        found = await _read(session, campaign_id, edges, None)
        _MEMORY.put(session, key, number, found)
    return found


async def _read(session: ReadSession, campaign_id: str, edges: Ints, as_of: int | None) -> Series:
    start, grain = int(edges[0]), int(np.gcd.reduce(np.append(edges, HOUR)))
    slot = ((Outcome.occurred_at - start) // grain).label("slot")
    query = Which(start, int(edges[-1]), None, as_of).of(
        select(slot, Outcome.kind, Outcome.currency, func.count(), *SUM), campaign_id
    )
    # The index gives them in the order of time: grouped by it first, there is little left to sort.
    rows = (await session.execute(query.group_by("slot", Outcome.kind, Outcome.currency))).all()
    at = np.array([row[0] for row in rows], dtype=np.int64) * grain + start
    buckets = (np.searchsorted(edges, at, "right") - 1).tolist()
    found: dict[tuple[str, str], tuple[list[int], list[int]]] = {}
    for bucket, (_, kind, currency, count, whole, part) in zip(buckets, rows, strict=True):
        if (key := (kind, currency or "none")) not in found:
            found[key] = [0] * (len(edges) - 1), [0] * (len(edges) - 1)
        counts, amounts = found[key]
        counts[bucket] += count
        amounts[bucket] += summed(whole, part)
    result: Series = {}
    for (kind, currency), (counts, amounts) in sorted(found.items()):
        shown = [decimal(value) if currency != "none" else None for value in amounts]
        result.setdefault(kind, {})[currency] = {"count": counts, "amount": shown}
    return result
