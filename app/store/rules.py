"""What is to be told: rules, and whether what they name is there."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from app.analysis.tags import normal
from app.db.dialect import among
from app.db.engine import ReadSession, Session
from app.errors import Conflict, Invalid, NotFound
from app.models import AlertRule, Campaign, Endpoint, Hashtag, Influencer, Source
from app.store import paging
from app.store.subjects import hashtag_key

BUILT_IN = "rul_spikes"
EVERY = "*"
Subject = tuple[str, str]
"""(kind, ref): a hashtag's normal form or `*`, else an id."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What a rule says. `endpoints` None: all of them. `zone`: of a report, where its months begin."""

    name: str
    kind: str
    subject: Subject
    metric: str | None
    above: int | None
    window_s: int
    severity: str
    endpoints: tuple[str, ...] | None
    enabled: bool
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is kept. `label`: what its subject is called at the doors."""

    id: str
    version: int
    created_at: int
    changed_at: int
    deleted: bool
    label: str
    it: Watched

    @property
    def live(self) -> bool:
        return self.it.enabled and not self.deleted


async def enabled(session: ReadSession) -> list[Rule]:
    live = select(AlertRule).where(AlertRule.enabled, AlertRule.deleted_at.is_(None)).order_by(AlertRule.id)
    return await _rules(session, (await session.execute(live)).scalars().all())


async def with_ids(session: ReadSession, ids: Sequence[str]) -> dict[str, Rule]:
    """Deleted ones too."""
    query = select(AlertRule).where(among(session, AlertRule.id, list(ids)))
    return {rule.id: rule for rule in await _rules(session, (await session.execute(query)).scalars().all())}


async def listed(session: ReadSession, after: Sequence[object] | None, limit: int) -> list[Rule]:
    query = select(AlertRule).where(AlertRule.deleted_at.is_(None))
    query = paging.page(query, [AlertRule.created_at, AlertRule.id], after, limit)
    return await _rules(session, (await session.execute(query)).scalars().all())


async def by_id(session: ReadSession, rule_id: str) -> Rule:
    row = await session.get(AlertRule, rule_id, populate_existing=True)
    if row is None or row.deleted_at is not None:
        raise NotFound(f"there is no rule {rule_id!r}")
    return (await _rules(session, [row]))[0]


async def _rules(session: ReadSession, rows: Sequence[AlertRule]) -> list[Rule]:
    labels = await called(session, [(row.subject_kind, row.subject_ref) for row in rows])
    return [
        Rule(
            row.id, row.version, row.created_at, row.changed_at, row.deleted_at is not None,
            labels[row.subject_kind, row.subject_ref],
            Watched(
                row.name, row.kind, (row.subject_kind, row.subject_ref), row.metric, row.above, row.window_s,
                row.severity, None if row.endpoints is None else tuple(json.loads(row.endpoints)), row.enabled,
                row.zone,
            ),
        )
        for row in rows
    ]  # fmt: skip


async def called(session: ReadSession, subjects: Sequence[Subject]) -> dict[Subject, str]:
    """What subjects are called at the doors: campaigns by slug, sources by name; what is gone, by its id."""
    found = {subject: subject[1] for subject in subjects}
    campaigns = [ref for kind, ref in subjects if kind == "campaign"]
    if campaigns:
        slugs = select(Campaign.id, Campaign.slug).where(among(session, Campaign.id, campaigns))
        found |= {("campaign", key): slug for key, slug in await session.execute(slugs)}
    sources = [int(ref) for kind, ref in subjects if kind == "source"]
    if sources:
        names = select(Source.id, Source.name).where(among(session, Source.id, sources))
        found |= {("source", str(key)): name for key, name in await session.execute(names)}
    return found


async def subject_of(session: ReadSession, field: str, named: Mapping[str, str]) -> Subject:
    """The one that is named at the doors, or Invalid with what would be right."""
    ((kind, name),) = named.items()
    if kind == "hashtag":
        return kind, EVERY if name == EVERY else await _followed(session, f"{field}.hashtag", name)
    queries: dict[str, Any] = {
        "campaign": select(Campaign.id).where(Campaign.slug == name),
        "influencer": select(Influencer.id).where(Influencer.id == name),
        "source": select(Source.id).where(Source.name == name, Source.kind == "live", Source.removed_at.is_(None)),
    }
    ref = (await session.execute(queries[kind])).scalar()
    if ref is None:
        raise Invalid(f"{field}.{kind}", name, f"there is none: GET /{kind}s lists those that there are")
    return kind, str(ref)


async def _followed(session: ReadSession, field: str, name: str) -> str:
    row = await session.get(Hashtag, hashtag_key(name), populate_existing=True)
    if row is None or row.followed_at is None or row.unfollowed_at is not None:
        raise Invalid(field, name, "is not followed: POST /hashtags follows it; * stands for all that are")
    return normal(name)


async def check_endpoints(session: ReadSession, ids: Sequence[str] | None) -> None:
    if not ids:
        return
    there = set((await session.execute(select(Endpoint.id).where(among(session, Endpoint.id, list(ids))))).scalars())
    if missing := [one for one in ids if one not in there]:
        raise Invalid("endpoints", missing[0], "there is no endpoint of that id: GET /endpoints lists them")


async def create(session: Session, watched: Watched, now: int) -> Rule:
    row = AlertRule(
        id=f"rul_{secrets.token_hex(8)}", created_at=now, changed_at=now, version=1, **_columns(watched)
    )  # fmt: skip
    session.add(row)
    await session.flush()
    return await by_id(session, row.id)


async def change(session: Session, old: Rule, new: Watched, now: int) -> Rule:
    """Conflict where someone else has changed it since `old` was read."""
    await _update(session, old, {**_columns(new), "changed_at": now})
    return await by_id(session, old.id)


async def remove(session: Session, old: Rule, now: int) -> None:
    """What it has told is taken back by the next watch."""
    if old.id == BUILT_IN:
        raise Conflict('this rule is there from the beginning: PATCH {"enabled": false} stops it')
    await _update(session, old, {"deleted_at": now})


async def _update(session: Session, old: Rule, values: Mapping[str, Any]) -> None:
    mine = (AlertRule.id == old.id, AlertRule.version == old.version, AlertRule.deleted_at.is_(None))
    done = await session.execute(update(AlertRule).where(*mine).values(**values, version=old.version + 1))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("it was changed at this very moment: read it again")
    session.expire_all()


def _columns(watched: Watched) -> dict[str, Any]:
    return {
        "name": watched.name, "kind": watched.kind, "subject_kind": watched.subject[0],
        "subject_ref": watched.subject[1], "metric": watched.metric, "above": watched.above,
        "window_s": watched.window_s, "severity": watched.severity, "enabled": watched.enabled,
        "zone": watched.zone,
        "endpoints": None if watched.endpoints is None else json.dumps(list(watched.endpoints)),
    }  # fmt: skip
