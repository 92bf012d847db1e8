"""Reports: how a campaign's month went, told once when it is over. The event's id is made of the rule and the month.

The event holds the numbers; people's mail gets the pages that go with them (`letters.Writer`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from app.alerts import digest, payload
from app.alerts.digest import Period
from app.alerts.plan import Plan
from app.alerts.wanted import REPORT
from app.analysis import calendar
from app.analysis.money import decimal, micros
from app.clock import from_ms
from app.db.engine import ReadSession, Session
from app.errors import NotFound
from app.store import campaigns, curves, episodes, outbox
from app.store.campaigns import Kept
from app.store.curves import Ask
from app.store.episodes import Stand
from app.store.outbox import Event
from app.store.rules import Rule

TYPE = REPORT
MOST_MISSED = 3
"""Months that are made up for, where nothing was sent for longer: a board has read of the older ones elsewhere."""
_STAND = "month"
"""Where a report stands is kept of the rule alone: what is changed in it makes no month come again."""
STEP = "6h"
"""The one that the page chooses for a month: it is seen as it was."""
NUMBERS = ("posts", "authors", "engagement", "potential_impressions", "at_least")


@dataclass(frozen=True, slots=True)
class Month(Period):
    name: str  # 2026-10


def over(zone: str, now: int) -> list[Month]:
    """The last that are over, the oldest first."""
    tz, found, at = calendar.zone(zone), [], now
    for _ in range(MOST_MISSED):
        start, end = calendar.month_before(at, tz)
        found.append(Month(start, end, f"{from_ms(start).astimezone(tz):%Y-%m}"))
        at = start
    return found[::-1]


async def due(session: ReadSession, plan: Plan, now: int) -> list[tuple[Rule, Month]]:
    told = await episodes.judged_to(session, [rule.id for rule in plan.reports])
    return [
        (rule, month)
        for rule in plan.reports
        for month in over(rule.it.zone or "UTC", now)
        if month.end > max(told.get((rule.id, _STAND), 0), rule.created_at) and digest.ready(plan, rule, month, now)
    ]


async def made(session: ReadSession, rule: Rule, month: Month, now: int, base_url: str) -> Event | None:
    """None: the campaign is gone."""
    zone = rule.it.zone or "UTC"
    earlier = Period(*calendar.month_before(month.start, calendar.zone(zone)))
    try:
        kept = await campaigns.by_slug(session, rule.label)
        gained, outcomes = await _gained(session, kept, month, zone, now)
        before, _ = await _gained(session, kept, earlier, zone, now)
    except NotFound:
        return None
    said = body(rule, kept, month, (gained, before), outcomes, now, base_url)
    return Event(payload.message_id(f"{TYPE}:{rule.id}:{month.name}", 1), TYPE, now, said.decode(), None, rule.id)


async def tell(session: Session, rule: Rule, month: Month, event: Event | None, now: int) -> None:
    if event is not None:
        await outbox.put(session, event, rule.it.endpoints, now)
    await episodes.keep_stands(session, [Stand(rule.id, _STAND, month.end, "ok", "{}")])


async def _gained(
    session: ReadSession, kept: Kept, period: Period, zone: str, now: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The page's own numbers of it, and what it brought in."""
    ask = Ask(period.start, period.end, STEP, zone)
    curve = await curves.growth(session, "campaign", kept.id, ask, now, kept.it.slug)
    covered = [value or 0 for value in curve["series"]["coverage"]]
    sums = {name: curve["totals"][name] for name in NUMBERS} | {"coverage": round(sum(covered) / len(covered), 6)}
    return sums, [
        _brought(kind, currency, columns)
        for kind, currencies in curve["outcomes"].items()
        for currency, columns in currencies.items()
        if any(columns["count"])
    ]


def _brought(kind: str, currency: str, columns: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    counted = currency == "none"
    amount = None if counted else decimal(sum(micros(one) for one in columns["amount"]))
    return {
        "kind": kind, "currency": None if counted else currency, "count": sum(columns["count"]), "amount": amount,
    }  # fmt: skip


def body(
    rule: Rule, kept: Kept, month: Month, sums: tuple[Mapping[str, Any], Mapping[str, Any]],
    outcomes: Sequence[Mapping[str, Any]], now: int, base_url: str,
) -> bytes:  # fmt: skip
    """Of very many kinds of outcomes the last are cut until it fits; `truncated` counts them."""
    zone, count = rule.it.zone or "UTC", len(outcomes)
    page = f"{payload.page({'campaign': kept.it.slug}, base_url)}/report"
    start, end = payload.instant(month.start), payload.instant(month.end)
    asked = f"from={start}&to={end}&tz={quote(zone, safe='')}"
    while True:
        said = payload.written(TYPE, now, {
            "rule": {"id": rule.id, "name": rule.it.name, "version": rule.version},
            "subject": {"campaign": kept.it.slug}, "name": kept.it.name, "month": month.name, "timezone": zone,
            "period": {"from": start, "to": end}, "gained": sums[0], "before": sums[1],
            "outcomes": outcomes[:count], "truncated": len(outcomes) - count,
            "links": {
                "dashboard": f"{page}?{asked}",
                "api": f"{base_url}/api/v1/campaigns/{quote(kept.it.slug, safe='')}/growth?{asked}",
            },
        })  # fmt: skip
        if len(said) <= payload.LARGEST or not count:
            return said
        count -= 1
