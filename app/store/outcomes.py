"""What campaigns brought in: kept once by the sender's id, summed by kind and currency, never across currencies."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from babel.numbers import is_currency
from sqlalchemy import ColumnElement, Select, case, delete, func, select, update

from app.analysis.money import MICROS, micros
from app.db.dialect import among, put
from app.db.engine import ReadSession, Session
from app.errors import Conflict, Invalid, NotFound
from app.models import InfluencerCode, Outcome
from app.store import campaigns, news, paging
from app.store.codes import normal_code
from app.store.subjects import subject_key

KIND = "[A-Za-z0-9]([A-Za-z0-9_-]{0,38}[A-Za-z0-9])?"
"""A word, kept in small letters."""
_COLUMNS = (
    Outcome.id, Outcome.occurred_at, Outcome.kind, Outcome.amount, Outcome.currency, Outcome.code, Outcome.donors,
)  # fmt: skip


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
    """The gift with its kind in small and its currency in large letters, or Invalid naming the field."""
    if not re.fullmatch(KIND, gift.kind):
        raise Invalid("kind", gift.kind, "must be a word such as donation or sign-up: a-z, 0-9, - and _")
    if (gift.amount is None) != (gift.currency is None):
        field = "currency" if gift.currency is None else "amount"
        raise Invalid(field, None, "an amount and its currency go together")
    if gift.amount is not None:
        try:
            micros(gift.amount)
        except ValueError as error:
            raise Invalid("amount", gift.amount, str(error)) from None
    try:
        known = currency(gift.currency) if gift.currency else None
    except ValueError as error:
        raise Invalid("currency", gift.currency, str(error)) from None
    return replace(gift, kind=gift.kind.lower(), currency=known)


def currency(text: str) -> str:
    """In large letters; ValueError says what would be right."""
    if not is_currency(text.upper()):
        raise ValueError("must be an ISO 4217 code such as EUR or USD")
    return text.upper()


def _words(gift: Gift) -> tuple[Any, ...]:
    """What a gift says: 12.5 is 12.50, and a code is the same in any letters."""
    amount = None if gift.amount is None else micros(gift.amount)
    code = normal_code(gift.code) if gift.code else None
    return gift.occurred_at, gift.kind, amount, gift.currency, code, gift.donors


async def keep(session: Session, campaign_id: str, gifts: Sequence[Gift], now: int) -> GiftsKept:
    """The same id twice counts once, the first time. `gifts` are checked. NotFound where the campaign is gone."""
    await campaigns.hold(session, campaign_id)
    there = await _there(session, campaign_id, [gift.id for gift in gifts])
    fresh: dict[str, int] = {}
    again: list[int] = []
    for place, gift in enumerate(gifts):
        if gift.id in there or fresh.setdefault(gift.id, place) != place:
            again.append(place)
    new = await _put(session, campaign_id, [gifts[place] for place in fresh.values()], now)
    if new:
        _tell(session, campaign_id, now)
    if new < len(fresh):  # another writer was faster with some of them
        again = [*fresh.values(), *again]
    there = await _there(session, campaign_id, [gifts[place].id for place in again])
    conflicts = sorted(place for place in again if _words(there[gifts[place].id]) != _words(gifts[place]))
    return GiftsKept(new, len(gifts) - new - len(conflicts), tuple(conflicts))


async def _there(session: ReadSession, campaign_id: str, ids: Sequence[str]) -> dict[str, Gift]:
    if not ids:
        return {}
    mine = (Outcome.campaign_id == campaign_id, among(session, Outcome.id, ids))
    rows = await session.execute(select(*_COLUMNS).where(*mine))
    return {row.id: Gift(*row) for row in rows}


async def _put(session: Session, campaign_id: str, rows: Sequence[Gift], now: int) -> int:
    return await put(session, Outcome, {
        "campaign_id": [campaign_id] * len(rows), "id": [row.id for row in rows],
        "occurred_at": [row.occurred_at for row in rows], "recorded_at": [now] * len(rows),
        "kind": [row.kind for row in rows], "amount": [row.amount for row in rows],
        "micros": [None if row.amount is None else micros(row.amount) for row in rows],
        "currency": [row.currency for row in rows], "code": [row.code for row in rows],
        "code_key": [normal_code(row.code) if row.code else None for row in rows],
        "donors": [row.donors for row in rows], "version": [1] * len(rows),
    })  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kept:
    """An outcome as it is kept."""

    campaign_id: str
    version: int
    recorded_at: int
    it: Gift


def _kept(row: Outcome) -> Kept:
    it = Gift(row.id, row.occurred_at, row.kind, row.amount, row.currency, row.code, row.donors)
    return Kept(row.campaign_id, row.version, row.recorded_at, it)


@dataclass(frozen=True, slots=True)
class Which:
    """Which of a campaign's outcomes: in [start, end), of a kind, as they were known at an instant."""

    start: int | None = None
    end: int | None = None
    kind: str | None = None
    as_of: int | None = None

    def of(self, query: Select[*tuple[Any, ...]], campaign_id: str) -> Select[*tuple[Any, ...]]:
        given = (
            (self.start, Outcome.occurred_at.__ge__), (self.end, Outcome.occurred_at.__lt__),
            (self.kind, Outcome.kind.__eq__), (self.as_of, Outcome.recorded_at.__le__),
        )  # fmt: skip
        limits = [limit(value) for value, limit in given if value is not None]
        return query.where(Outcome.campaign_id == campaign_id, *limits)


ALL = Which()


async def listed(
    session: ReadSession, campaign_id: str, which: Which, after: Sequence[Any] | None, limit: int
) -> list[Kept]:
    """In the order of time; one more than `limit` where there are more."""
    keys = [Outcome.occurred_at, Outcome.id]
    query = paging.page(which.of(select(Outcome), campaign_id), keys, after, limit)
    return [_kept(row) for row in (await session.execute(query)).scalars()]


async def by_id(session: ReadSession, campaign_id: str, outcome_id: str) -> Kept:
    row = await session.get(Outcome, (campaign_id, outcome_id))
    if row is None:
        raise NotFound(f"no outcome {outcome_id!r} in this campaign")
    return _kept(row)


async def change(session: Session, old: Kept, new: Gift, now: int) -> Kept:
    """Conflict where someone else has changed it since `old` was read."""
    gift = checked(new)
    values = {
        "occurred_at": gift.occurred_at, "kind": gift.kind, "amount": gift.amount, "currency": gift.currency,
        "micros": None if gift.amount is None else micros(gift.amount), "donors": gift.donors, "code": gift.code,
        "code_key": normal_code(gift.code) if gift.code else None, "version": old.version + 1,
    }  # fmt: skip
    done = await session.execute(update(Outcome).where(*_mine(old), Outcome.version == old.version).values(**values))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("it was changed at this very moment: read it again")
    _tell(session, old.campaign_id, now)
    session.expire_all()
    return await by_id(session, old.campaign_id, old.it.id)


async def remove(session: Session, old: Kept, now: int) -> None:
    _tell(session, old.campaign_id, now)
    await session.execute(delete(Outcome).where(*_mine(old)))


def _tell(session: Session, campaign_id: str, now: int) -> None:
    """What was given is a part of the campaign's curve."""
    news.note(session, news.POINTS, [subject_key("campaign", campaign_id)], now)


def _mine(kept: Kept) -> tuple[ColumnElement[bool], ...]:
    return Outcome.campaign_id == kept.campaign_id, Outcome.id == kept.it.id


# Whole units and what is left of them apart: a sum of millionths alone might not fit 63 bits.
SUM = (func.sum(Outcome.micros // MICROS), func.sum(Outcome.micros % MICROS))


def summed(whole: Any, part: Any) -> int:
    """In millionths, of what SUM gave."""
    return int(whole or 0) * MICROS + int(part or 0)


# Whom money is given back to gave it before: a refund adds nobody, whatever it says.
DONORS = case((Outcome.micros < 0, 0), else_=Outcome.donors)
GIVERS = func.coalesce(DONORS, case((Outcome.micros > 0, 1), else_=0))
"""One for each gift that does not say how many."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What came in of one kind and currency, and what of it is put down to an influencer (None: to nobody).

    `donors` is a sum over the `said` outcomes that name a number, None where none does. `givers` counts one for each
    gift that names none as well.
    """

    kind: str
    currency: str | None
    influencer_id: str | None
    count: int
    micros: int
    donors: int | None
    said: int
    givers: int = 0


async def totals(
    session: ReadSession, campaign_id: str, start: int | None = None, end: int | None = None, as_of: int | None = None
) -> list[Brought]:
    """Sums by kind, currency and the influencer whose code it bears."""
    by = (Outcome.kind, Outcome.currency, InfluencerCode.influencer_id)
    sums = (func.count(), *SUM, func.sum(DONORS), func.count(DONORS), func.sum(GIVERS))
    query = Which(start, end, None, as_of).of(select(*by, *sums), campaign_id)
    query = query.outerjoin(InfluencerCode, InfluencerCode.code == Outcome.code_key).group_by(*by).order_by(*by)
    return [
        Brought(
            kind, currency, who, count, summed(whole, part), None if donors is None else int(donors), said, int(givers)
        )
        for kind, currency, who, count, whole, part, donors, said, givers in await session.execute(query)
    ]
