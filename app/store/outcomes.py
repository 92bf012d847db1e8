"""What campaigns brought in: kept once by the sender's id, summed by kind and currency, never across currencies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from babel.numbers import is_currency
from sqlalchemy import func, select

from app.analysis.money import decimal, micros
from app.analysis.shape import Ints
from app.db.dialect import among, put
from app.db.engine import ReadSession, Session
from app.errors import Conflict, Invalid
from app.models import InfluencerCode, Outcome


@dataclass(frozen=True, slots=True)
class Gift:
    """An outcome as it came in, times in milliseconds."""

    id: str
    occurred_at: int
    kind: str
    amount: str | None = None
    currency: str | None = None
    code: str | None = None
    donors: int | None = None


@dataclass(frozen=True, slots=True)
class GiftsKept:
    """`conflicts`: places of gifts whose id is known with other words."""

    new: int
    repeated: int
    conflicts: tuple[int, ...]


def checked(gift: Gift) -> Gift:
    """The gift, or Invalid naming the field."""
    if (gift.amount is None) != (gift.currency is None):
        field = "currency" if gift.currency is None else "amount"
        raise Invalid(field, None, "an amount and its currency go together")
    if gift.amount is not None:
        try:
            micros(gift.amount)
        except ValueError as error:
            raise Invalid("amount", gift.amount, str(error)) from None
    if gift.currency is not None and not is_currency(gift.currency):
        raise Invalid("currency", gift.currency, "must be an ISO 4217 code such as EUR or USD")
    return gift


def normal_code(code: str) -> str:
    return code.strip().casefold()


async def keep(session: Session, campaign_id: str, gifts: Sequence[Gift], now: int) -> GiftsKept:
    """The same id twice counts once, the first time."""
    there = await _there(session, campaign_id, [gift.id for gift in gifts])
    fresh: dict[str, Gift] = {}
    conflicts: list[int] = []
    for place, gift in enumerate(gifts):
        known = there.get(gift.id) or fresh.get(gift.id)
        if known is None:
            fresh[gift.id] = checked(gift)
        elif known != gift:
            conflicts.append(place)
    rows = list(fresh.values())
    await put(session, Outcome, {
        "campaign_id": [campaign_id] * len(rows), "id": [row.id for row in rows],
        "occurred_at": [row.occurred_at for row in rows], "recorded_at": [now] * len(rows),
        "kind": [row.kind for row in rows], "amount": [row.amount for row in rows],
        "micros": [None if row.amount is None else micros(row.amount) for row in rows],
        "currency": [row.currency for row in rows], "code": [row.code for row in rows],
        "code_key": [normal_code(row.code) if row.code else None for row in rows],
        "donors": [row.donors for row in rows], "version": [1] * len(rows),
    })  # fmt: skip
    return GiftsKept(len(rows), len(gifts) - len(rows) - len(conflicts), tuple(conflicts))


async def _there(session: ReadSession, campaign_id: str, ids: Sequence[str]) -> dict[str, Gift]:
    mine = (Outcome.campaign_id == campaign_id, among(session, Outcome.id, ids))
    return {row.id: gift_of(row) for row in (await session.execute(select(Outcome).where(*mine))).scalars()}


def gift_of(row: Outcome) -> Gift:
    return Gift(row.id, row.occurred_at, row.kind, row.amount, row.currency, row.code, row.donors)


async def claim_codes(session: Session, influencer_id: str, codes: Sequence[str]) -> None:
    """The codes by which gifts are put down to an influencer; one that is another's is a Conflict."""
    wanted = {normal_code(code) for code in codes}
    query = select(InfluencerCode).where(among(session, InfluencerCode.code, sorted(wanted))) if wanted else None
    taken = (await session.execute(query)).scalars().all() if query is not None else []
    for row in taken:
        if row.influencer_id != influencer_id:
            raise Conflict(f"the code {row.code!r} belongs to another influencer: take it from them first")
    mine = select(InfluencerCode).where(InfluencerCode.influencer_id == influencer_id)
    for row in (await session.execute(mine)).scalars():
        if row.code not in wanted:
            await session.delete(row)
    await put(session, InfluencerCode, {"code": sorted(wanted), "influencer_id": [influencer_id] * len(wanted)})


async def series(session: ReadSession, campaign_id: str, edges: Ints, as_of: int | None = None) -> dict[str, Any]:
    """By kind and currency (`none` where there is no money): count and amount of each bucket, amounts as decimals."""
    query = select(Outcome.kind, Outcome.currency, Outcome.occurred_at, Outcome.micros).where(
        Outcome.campaign_id == campaign_id, Outcome.occurred_at >= int(edges[0]), Outcome.occurred_at < int(edges[-1])
    )
    if as_of is not None:
        query = query.where(Outcome.recorded_at <= as_of)
    found: dict[tuple[str, str], tuple[Ints, Ints]] = {}
    for kind, currency, at, amount in await session.execute(query):
        nothing = (np.zeros(len(edges) - 1, dtype=np.int64), np.zeros(len(edges) - 1, dtype=np.int64))
        counts, amounts = found.setdefault((kind, currency or "none"), nothing)
        place = int(np.searchsorted(edges, at, "right")) - 1
        counts[place] += 1
        amounts[place] += amount or 0
    result: dict[str, Any] = {}
    for (kind, currency), (counts, amounts) in sorted(found.items()):
        shown = [decimal(value) for value in amounts.tolist()] if currency != "none" else [None] * len(counts)
        result.setdefault(kind, {})[currency] = {"count": counts.tolist(), "amount": shown}
    return result


@dataclass(frozen=True, slots=True)
class Brought:
    """What came in of one kind and currency, and what of it is put down to an influencer (None: to nobody)."""

    kind: str
    currency: str | None
    influencer_id: str | None
    count: int
    micros: int
    donors: int | None


async def totals(
    session: ReadSession, campaign_id: str, start: int | None = None, end: int | None = None, as_of: int | None = None
) -> list[Brought]:
    """Sums by kind, currency and the influencer whose code it bears."""
    query = (
        select(
            Outcome.kind, Outcome.currency, InfluencerCode.influencer_id, func.count(), func.sum(Outcome.micros),
            func.sum(Outcome.donors),
        )
        .outerjoin(InfluencerCode, InfluencerCode.code == Outcome.code_key)
        .where(Outcome.campaign_id == campaign_id)
        .group_by(Outcome.kind, Outcome.currency, InfluencerCode.influencer_id)
        .order_by(Outcome.kind, Outcome.currency, InfluencerCode.influencer_id)
    )  # fmt: skip
    if start is not None:
        query = query.where(Outcome.occurred_at >= start)
    if end is not None:
        query = query.where(Outcome.occurred_at < end)
    if as_of is not None:
        query = query.where(Outcome.recorded_at <= as_of)
    rows = await session.execute(query)
    return [Brought(k, c, who, n, int(m or 0), None if d is None else int(d)) for k, c, who, n, m, d in rows]
