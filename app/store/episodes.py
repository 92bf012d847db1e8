"""Where rules stand, what they said. A transition goes in with the state that it comes from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from app.db.dialect import among, put
from app.db.engine import ReadSession, Session
from app.errors import NotFound
from app.models import (
    Alert,
    AlertState,
    AlertTransition,
    CampaignHashtag,
    Hashtag,
)
from app.store import news, paging
from app.store.campaigns import by_slug

Pair = tuple[str, str]
"""A rule's id and a subject (`kind:ref`)."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a rule stands on a subject; `state` is JSON that app.alerts.episode understands."""

    rule_id: str
    subject: str
    judged_to: int
    status: str
    state: str


async def stands(session: ReadSession, rules: Sequence[str], subjects: Sequence[str]) -> dict[Pair, Stand]:
    return await _stands(session, AlertState.rule_id.in_(rules), among(session, AlertState.subject, subjects))


async def judged_to(session: ReadSession, rules: Sequence[str]) -> dict[Pair, int]:
    query = select(AlertState.rule_id, AlertState.subject, AlertState.judged_to)
    rows = await session.execute(query.where(AlertState.rule_id.in_(rules)))
    return {(rule, subject): at for rule, subject, at in rows}


async def firing(session: ReadSession) -> dict[Pair, Stand]:
    return await _stands(session, AlertState.status == "firing")


async def _stands(session: ReadSession, *which: ColumnElement[bool]) -> dict[Pair, Stand]:
    query = select(AlertState).where(*which)
    rows = (await session.execute(query.execution_options(populate_existing=True))).scalars()
    return {
        (row.rule_id, row.subject): Stand(row.rule_id, row.subject, row.judged_to, row.status, row.state)
        for row in rows
    }


async def keep_stands(session: Session, rows: Sequence[Stand]) -> None:
    await put(session, AlertState, {name: [getattr(row, name) for row in rows] for name in Stand.__slots__}, "replace")


@dataclass(frozen=True, slots=True)
class Turn:
    """A transition as it is kept."""

    sequence: int
    type: str
    at: int
    value: float | None
    told: str


@dataclass(frozen=True, slots=True)
class Episode:
    """An alert as it is kept; `evidence` is ready for JSON. Addresses stay with the posts, and go with them."""

    id: str
    rule_id: str
    rule_name: str
    rule_version: int
    kind: str
    severity: str
    subject: str
    episode: int
    sequence: int
    status: str
    metric: str | None
    window_s: int
    value: float | None
    peak: float | None
    threshold: float | None
    baseline: float | None
    pending_since: int
    started_at: int
    ends_at: int | None
    evidence: Sequence[Mapping[str, Any]]


_NAMES = tuple(field.name for field in fields(Episode))


def _episode(row: Alert) -> Episode:
    return Episode(**{name: getattr(row, name) for name in _NAMES[:-1]}, evidence=json.loads(row.evidence))


async def keep(session: Session, episode: Episode, turns: Sequence[Turn], now: int) -> None:
    """The episode as it is now, with what was said of it since it was kept last."""
    values = {name: [getattr(episode, name)] for name in _NAMES[:-1]}
    evidence = [{name: value for name, value in one.items() if name != "url"} for one in episode.evidence]
    await put(session, Alert, {**values, "evidence": [json.dumps(evidence)]}, "replace")
    await put(session, AlertTransition, {
        "alert_id": [episode.id] * len(turns),
        **{name: [getattr(turn, name) for turn in turns] for name in Turn.__slots__},
    })  # fmt: skip
    news.note(session, news.ALERT, [episode.id], now)


async def by_id(session: ReadSession, alert_id: str) -> Episode:
    row = await session.get(Alert, alert_id, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no alert {alert_id!r}")
    return _episode(row)


async def turns(session: ReadSession, alert_id: str) -> list[Turn]:
    query = select(AlertTransition).where(AlertTransition.alert_id == alert_id).order_by(AlertTransition.sequence)
    return [
        Turn(row.sequence, row.type, row.at, row.value, row.told) for row in (await session.execute(query)).scalars()
    ]


@dataclass(frozen=True, slots=True)
class Ask:
    """Which alerts. `start` and `end` are of when they began to fire."""

    status: str | None = None
    hashtag: str | None = None
    campaign: str | None = None
    start: int | None = None
    end: int | None = None


async def listed(session: ReadSession, ask: Ask, after: Sequence[object] | None, limit: int) -> list[Episode]:
    """Newest first; one more than `limit` where there are more."""
    query = paging.page(
        await _asked(session, select(Alert), ask), [Alert.started_at, Alert.id], after, limit, descending=True
    )
    return [_episode(row) for row in (await session.execute(query)).scalars()]


async def spikes(session: ReadSession, ask: Ask) -> int:
    """How many there were, told or held back."""
    query = select(func.count()).select_from(Alert).where(Alert.kind == "spike")
    return int((await session.execute(await _asked(session, query, ask))).scalar_one())


async def _asked(session: ReadSession, query: Select[Any], ask: Ask) -> Select[Any]:
    if ask.status is not None:
        query = query.where(Alert.status == ask.status)
    if ask.hashtag is not None:
        query = query.where(Alert.subject == f"hashtag:{ask.hashtag}")
    if ask.campaign is not None:
        query = query.where(await _of_campaign(session, ask.campaign))
    if ask.start is not None:
        query = query.where(Alert.started_at >= ask.start)
    if ask.end is not None:
        query = query.where(Alert.started_at < ask.end)
    return query


async def _of_campaign(session: ReadSession, slug: str) -> Any:
    """Those of the campaign itself, and of its hashtags."""
    campaign = (await by_slug(session, slug)).id
    tags = select(Hashtag.tag).join(CampaignHashtag, CampaignHashtag.hashtag_id == Hashtag.id)
    names = (await session.execute(tags.where(CampaignHashtag.campaign_id == campaign))).scalars()
    return Alert.subject.in_([f"campaign:{campaign}", *(f"hashtag:{tag}" for tag in names)])
