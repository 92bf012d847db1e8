"""What is swept: fine rollups past their days, the logs of old passes and deliveries. Facts are never swept here."""

from sqlalchemy import delete

from app.analysis.shape import FIVE_MINUTES
from app.clock import DAY
from app.db.engine import Session
from app.models import Pass, Rollup, Seal
from app.store import access, deliveries
from app.store.rollups import fine_since

PASSES_KEPT = DELIVERIES_KEPT = 90 * DAY


async def drop_old(session: Session, now: int) -> None:
    for table in (Rollup, Seal):
        await session.execute(delete(table).where(table.grain == FIVE_MINUTES, table.bucket < fine_since(now)))
    await session.execute(delete(Pass).where(Pass.due_at < now - PASSES_KEPT))
    await deliveries.sweep(session, now - DELIVERIES_KEPT, now)
    await access.drop_old_keys(session, now)
