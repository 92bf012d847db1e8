"""Files of outcomes: what a campaign brought in. No donor's name has a column."""

import re
from decimal import Decimal
from typing import Any

from app.db.engine import Session
from app.errors import Invalid
from app.imports import cells
from app.imports.batch import Raw
from app.imports.cells import known
from app.imports.kind import Run
from app.store import outcomes
from app.store.outcomes import Gift, checked

LONGEST = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Outcomes:
    """The campaign is the run's."""

    batch = 10_000

    def read(self, raw: Raw) -> list[tuple[int, Gift]]:
        ids, at = _lines(raw, "id", cells.texts(raw, "id", True)), cells.times(raw, "occurred_at")
        kinds, amounts = cells.texts(raw, "kind", True), _amounts(raw)
        currencies, donors = cells.texts(raw, "currency"), cells.counts(raw, "donors")
        codes = _lines(raw, "code", cells.texts(raw, "code", holds="free"))
        found = []
        for place in raw.good().tolist():
            gift = Gift(
                str(ids[place]), int(at[place]), str(kinds[place]).strip(), amounts[place],
                (currencies[place] or "").strip() or None, codes[place], known(donors[place]),
            )  # fmt: skip
            try:
                found.append((place, checked(gift)))
            except Invalid as error:
                raw.fault(place, error.detail)
        return found

    def tags(self, _read: object) -> set[str]:
        return set()

    async def keep(self, session: Session, raw: Raw, read: list[tuple[int, Gift]], run: Run) -> int:
        kept = await outcomes.keep(session, run.campaign, [gift for _, gift in read], run.now)
        for conflict in kept.conflicts:
            place, gift = read[conflict]
            raw.fault(place, f"id: {gift.id!r} is known with other words")
        return kept.new


def _lines(raw: Raw, name: str, texts: list[str | None]) -> list[str | None]:
    """One line each, as the API takes them."""
    for place, text in enumerate(texts):
        if text is not None and (len(text) > LONGEST or _CONTROL.search(text)):
            raw.fault(place, f"{name}: must be one line of at most {LONGEST} characters")
    return [(text or "").strip() or None for text in texts]


def _amounts(raw: Raw) -> list[str | None]:
    """Decimals as text; numbers too, where the format has them."""
    return [None if cell is None else _decimal(cell).strip() or None for cell in raw.of("amount")]


def _decimal(cell: Any) -> str:
    if isinstance(cell, float):
        cell = Decimal(repr(cell))
    if isinstance(cell, Decimal) and cell.is_finite():
        return format(cell.normalize(), "f")
    return str(cell)
