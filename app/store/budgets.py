"""Budgets as rows: they outlast restarts and are shared by all workers."""

import json

from sqlalchemy import select, update

from app.analysis.budget import Spent
from app.db.dialect import put
from app.db.engine import ReadSession, Session
from app.models import Budget


async def read(session: ReadSession, source_id: int) -> dict[str, Spent]:
    """By allowance."""
    rows = await session.execute(select(Budget).where(Budget.source_id == source_id))
    return {row.name: _spent(row) for row in rows.scalars()}


async def held(session: Session, source_id: int, name: str) -> Spent:
    """One allowance's state, its row locked until the commit."""
    await put(session, Budget, {"source_id": [source_id], "name": [name], "slices": ["{}"]})
    query = select(Budget).where(Budget.source_id == source_id, Budget.name == name).with_for_update()
    return _spent((await session.execute(query)).scalar_one())


def _spent(row: Budget) -> Spent:
    slices = {int(number): used for number, used in json.loads(row.slices).items()}
    return Spent(slices, row.told_limit, row.told_remaining, row.told_resets_at)


async def write(session: Session, source_id: int, name: str, spent: Spent) -> None:
    await session.execute(
        update(Budget)
        .where(Budget.source_id == source_id, Budget.name == name)
        .values(
            slices=json.dumps(dict(spent.slices)), told_limit=spent.told_limit,
            told_remaining=spent.told_remaining, told_resets_at=spent.told_resets_at,
        )
    )  # fmt: skip
