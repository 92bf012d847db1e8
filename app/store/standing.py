"""How alerts and deliveries stand, for the metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, case, func, or_, select

from app.clock import HOUR
from app.db.engine import ReadSession
from app.models import Alert, Attempt, Delivery, Endpoint

MOST_ALERTS = 200
"""That are named one by one: a label for each of more would be a burden to whoever scrapes."""


@dataclass(frozen=True, slots=True)
class Open:
    """An alert that is firing. `subject` as it is kept: kind:reference."""

    rule: str
    subject: str
    severity: str


@dataclass(frozen=True, slots=True)
class Standing:
    """`late_ms`: how long the most overdue delivery has been due, endpoints that are left alone apart.

    `tried`: the attempts of the last hour, by how they ended; `alerts`: all that are firing, by severity.
    """

    states: Mapping[str, int]
    late_ms: int
    tried: Mapping[str, int]
    failing: int
    disabled: int
    alerts: Mapping[str, int]
    firing: Sequence[Open]


async def read(session: ReadSession, now: int) -> Standing:
    outcome = case((Attempt.problem.is_(None), "taken"), else_="failed")
    ill, off = func.count().filter(Endpoint.failures > 0), func.count().filter(Endpoint.disabled_at.is_not(None))
    failing, disabled = (await session.execute(select(ill, off).select_from(Endpoint))).one()
    open_now = select(Alert.rule_name, Alert.subject, Alert.severity).where(Alert.status == "firing")
    rows = await session.execute(open_now.order_by(Alert.started_at, Alert.id).limit(MOST_ALERTS))
    return Standing(
        await _counts(session, select(Delivery.state, func.count()).group_by(Delivery.state)),
        await _late(session, now),
        await _counts(session, select(outcome, func.count()).where(Attempt.at > now - HOUR).group_by(outcome)),
        failing, disabled,
        await _counts(
            session, select(Alert.severity, func.count()).where(Alert.status == "firing").group_by(Alert.severity)
        ),
        [Open(*row) for row in rows],
    )  # fmt: skip


async def _counts(session: ReadSession, query: Select[str, int]) -> dict[str, int]:
    return {row[0]: row[1] for row in await session.execute(query)}


async def _late(session: ReadSession, now: int) -> int:
    overdue = (
        select(func.min(Delivery.due_at)).join(Endpoint, Endpoint.id == Delivery.endpoint_id)
        .where(Delivery.due_at <= now, Endpoint.disabled_at.is_(None))
        .where(or_(Endpoint.waits_until.is_(None), Endpoint.waits_until <= now))
    )  # fmt: skip
    oldest = (await session.execute(overdue)).scalar()
    return 0 if oldest is None else now - oldest
