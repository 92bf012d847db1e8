"""What is swept: fine rollups past their days, and the log of old passes. Facts are never swept here."""

from sqlalchemy import delete

from app.analysis.shape import FIVE_MINUTES
from app.clock import DAY
from app.db.engine import Session
from app.models import Pass, Rollup
from app.store import access
from app.store.rollups import fine_since

PASSES_KEPT = 90 * DAY


async def drop_old(session: Session, now: int) -> None:
    await session.execute(delete(Rollup).where(Rollup.grain == FIVE_MINUTES, Rollup.bucket < fine_since(now)))
    await session.execute(delete(Pass).where(Pass.due_at < now - PASSES_KEPT))
    await access.drop_old_keys(session, now)
