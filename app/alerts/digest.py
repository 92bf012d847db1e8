"""Digests: how a day or a week went, told once when it is over. The event's id is made of the rule and the period."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.alerts import payload
from app.alerts.plan import Plan
from app.alerts.wanted import PERIODS
from app.clock import DAY, HOUR, SECOND
from app.db.engine import ReadSession, Session
from app.store import curves, digests, episodes, outbox
from app.store.digests import Part
from app.store.episodes import Ask, Stand
from app.store.outbox import Event
from app.store.rules import EVERY, Rule

TYPE = "digest"
MOST = 50
WAITS = HOUR
"""For posts of the period that are still coming in; sources that do not answer are not waited for any longer."""
MONDAY = 4 * DAY
"""The first one after 1970 began."""


@dataclass(frozen=True, slots=True)
class Period:
    start: int
    end: int

    @property
    def before(self) -> "Period":
        return Period(2 * self.start - self.end, self.start)


def last(window_s: int, now: int) -> Period:
    """The last that is over: a day of UTC, or a week from Monday on."""
    width, first = window_s * SECOND, MONDAY if window_s == PERIODS["1w"] else 0
    end = (now - first) // width * width + first
    return Period(end - width, end)


async def due(session: ReadSession, plan: Plan, now: int) -> list[tuple[Rule, Period]]:
    """Of what was missed the last alone: a backlog of digests would be news to nobody."""
    told = await episodes.judged_to(session, [rule.id for rule in plan.digests])
    found = []
    for rule in plan.digests:
        period = last(rule.it.window_s, now)
        if period.end > max(told.get((rule.id, _name(rule)), 0), rule.created_at) and ready(plan, rule, period, now):
            found.append((rule, period))
    return found


def _name(rule: Rule) -> str:
    return ":".join(rule.it.subject)


def ready(plan: Plan, rule: Rule, period: Period, now: int) -> bool:
    """Whether all of the period is known that will be."""
    tracks = [track for target in plan.targets.get(rule.it.subject, ()) for track in target.tracks]
    return now >= period.end + WAITS or all((track.proved_to or 0) >= period.end for track in tracks)


async def made(session: ReadSession, rule: Rule, period: Period, now: int, base_url: str) -> Event:
    every = await digests.parts(session, rule.it.subject)
    shown = (await digests.most_moved(session, every, period.start, period.end))[:MOST]
    rows = [await _row(session, part, period, now) for part in shown]
    said = body(rule, period, rows, len(every) - len(rows), now, base_url)
    key = payload.message_id(f"{TYPE}:{rule.id}:{period.start}:{period.end}", 1)
    return Event(key, TYPE, now, said.decode(), None, rule.id)


async def tell(session: Session, rule: Rule, period: Period, event: Event, now: int) -> None:
    await outbox.put(session, event, rule.it.endpoints, now)
    await episodes.keep_stands(session, [Stand(rule.id, _name(rule), period.end, "ok", "{}")])


async def _row(session: ReadSession, part: Part, period: Period, now: int) -> dict[str, Any]:
    asked = {part.kind: part.label}
    return {
        "subject": asked,
        "gained": await _gained(session, part, period, now),
        "before": await _gained(session, part, period.before, now),
        "spikes": await episodes.spikes(session, Ask(**asked, start=period.start, end=period.end)),
    }


async def _gained(session: ReadSession, part: Part, period: Period, now: int) -> dict[str, Any]:
    sums = await curves.totals(session, part.kind, part.ref, period.start, period.end, now)
    return {name: sums[name] for name in ("posts", "authors", "engagement", "coverage", "at_least")}


def body(
    rule: Rule, period: Period, rows: Sequence[Mapping[str, Any]], left_out: int, now: int, base_url: str
) -> bytes:
    """The least moved are cut until it fits; `truncated` counts them."""
    subject = {rule.it.subject[0]: rule.label}
    page = payload.page({} if rule.it.subject[1] == EVERY else subject, base_url)
    count = len(rows)
    while True:
        said = payload.written(TYPE, now, {
            "rule": {"id": rule.id, "name": rule.it.name, "version": rule.version}, "subject": subject,
            "period": {"from": payload.instant(period.start), "to": payload.instant(period.end)},
            "observed": any(row["gained"]["posts"] is not None for row in rows),
            "subjects": rows[:count], "truncated": left_out + len(rows) - count,
            "links": {"dashboard": page, "api": f"{base_url}/api/v1/alert-rules/{rule.id}"},
        })  # fmt: skip
        if len(said) <= payload.LARGEST or not count:
            return said
        count -= 1
