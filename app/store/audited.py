"""SQL to read the audit log: by who, what and when, the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from app.db.engine import ReadSession
from app.models import Audit


@dataclass(frozen=True, slots=True)
class Sought:
    """None asks for any. The span is half-open: `since` is in, `until` is not."""

    actor: str | None = None
    action: str | None = None
    since: int | None = None
    until: int | None = None

    def where(self) -> list[ColumnElement[bool]]:
        wanted = (
            (self.actor, Audit.actor == self.actor), (self.action, Audit.action == self.action),
            (self.since, Audit.at >= (self.since or 0)), (self.until, Audit.at < (self.until or 0)),
        )  # fmt: skip
        return [each for given, each in wanted if given is not None]


async def found(session: ReadSession, sought: Sought, before: int | None, limit: int) -> Sequence[Audit]:
    """From before the row of that id."""
    query = select(Audit).where(*sought.where()).order_by(Audit.id.desc()).limit(limit)
    return (await session.execute(query if before is None else query.where(Audit.id < before))).scalars().all()


async def those_who(session: ReadSession) -> Sequence[str]:
    """Everyone who ever did something."""
    return (await session.execute(select(Audit.actor).distinct().order_by(Audit.actor))).scalars().all()


async def what_was_done(session: ReadSession) -> Sequence[str]:
    return (await session.execute(select(Audit.action).distinct().order_by(Audit.action))).scalars().all()
