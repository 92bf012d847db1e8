"""What is asked of the database as a whole: all that has a curve, what is overdue, and the newest that was written."""

from dataclasses import dataclass

from sqlalchemy import func, or_, select

from app.clock import SECOND
from app.db.engine import ReadSession
from app.models import Pass, Source, Subject, Track


async def subjects(session: ReadSession) -> list[int]:
    return list((await session.execute(select(Subject.id).order_by(Subject.kind, Subject.ref))).scalars())


@dataclass(frozen=True, slots=True)
class Overdue:
    """Tracks that should have been visited two of their intervals ago, their sources not waiting; and of how many."""

    late: int
    tracks: int


async def overdue(session: ReadSession, now: int) -> Overdue:
    live = select(func.count()).select_from(Track).join(Source, Source.id == Track.source_id)
    live = live.where(Track.until_at.is_(None), Track.due_at.is_not(None), Source.removed_at.is_(None))
    late = live.where(
        Track.due_at < now - 2 * SECOND * Track.interval_s, or_(Source.waits_until.is_(None), Source.waits_until < now)
    )
    return Overdue((await session.execute(late)).scalar_one(), (await session.execute(live)).scalar_one())


async def newest_pass(session: ReadSession) -> int | None:
    """When the last pass began, by the clock of whoever made it."""
    return (await session.execute(select(func.max(Pass.started_at)))).scalar()
