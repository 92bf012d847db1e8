"""Alerts: what fires now, what fired, and one episode on its curve with what carried it and what was said."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from app.access.principal import Principal
from app.alerts import payload
from app.alerts.telling import SOURCES
from app.dashboard import forms, named, render, told, windows
from app.dashboard.asked import Asked
from app.dashboard.chart import Line
from app.dashboard.named import Name
from app.dashboard.panels import Panel
from app.dashboard.posts import Card, card
from app.dashboard.render import now_of, words_of
from app.dashboard.words import Words
from app.db.engine import ReadSession
from app.store import deliveries, episodes, overview
from app.store.episodes import Episode, Turn
from app.store.rules import Subject

router = APIRouter(route_class=render.Page)
MOST_OPEN, MOST_PAST, MOST_EVIDENCE = 100, 25, 10


@dataclass(frozen=True, slots=True)
class Row:
    it: Episode
    name: Name
    says: str
    lasted: str
    since: str


def subject(one: Episode) -> Subject:
    kind, _, ref = one.subject.partition(":")
    return kind, ref


async def rows(session: ReadSession, found: Sequence[Episode], it: Asked, w: Words, now: int) -> list[Row]:
    names = await named.names(session, [subject(one) for one in found], w)
    return [
        Row(
            one, names[subject(one)], told.alert(one, names[subject(one)].text, w), told.lasted(one, now, w),
            w.moment(one.started_at, it.tz),
        )
        for one in found
    ]  # fmt: skip


@router.get("/alerts")
async def show_alerts(request: Request) -> Response:
    render.check_may(request, "stats:read")
    it, w, now = render.asked_of(request, "all"), words_of(request), now_of(request)
    after = forms.before(request)
    async with render.reading(request) as session:
        open_now = await episodes.listed(session, episodes.Ask("firing"), None, MOST_OPEN)
        past = await episodes.listed(session, episodes.Ask("resolved"), after, MOST_PAST)
        shown = await rows(session, open_now[:MOST_OPEN], it, w, now)
        earlier = await rows(session, past[:MOST_PAST], it, w, now)
    last = past[MOST_PAST - 1] if len(past) > MOST_PAST else None
    return render.watched(
        request, "alerts.html", it, now, 0 if after else render.EVERY_S, rows=shown, past=earlier,
        more=f"{last.started_at}.{last.id}" if last else "", most=MOST_OPEN, more_open=len(open_now) > MOST_OPEN,
        later=bool(after),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was said of an episode; `reached` tells who took it."""

    turn: Turn
    time: str
    value: str
    reached: str
    event: str


@router.get("/alerts/{id}")
async def show_alert(id: str, request: Request) -> Response:  # noqa: A002 - the name that the address has
    render.check_may(request, "stats:read")
    it, w, now = render.asked_of(request, "all"), words_of(request), now_of(request)
    async with render.reading(request) as session:
        one = await episodes.by_id(session, id)
        (row,) = await rows(session, [one], it, w, now)
        turns = await episodes.turns(session, id)
        said = [await _said(session, one, turn, it, w) for turn in turns]
        drawn = await _panel(session, one, turns, it, w, now)
        carriers = await _carriers(session, one, render.who_of(request), w)
    every = render.EVERY_S if one.status == "firing" else 0
    return render.watched(
        request, "alert.html", it, now, every, row=row, one=one, said=said, panel=drawn, facts=_facts(one, it, w),
        carriers=carriers, has_rule=one.rule_id != SOURCES, hush=row.name.choice,
    )  # fmt: skip


async def _panel(
    session: ReadSession, one: Episode, turns: Sequence[Turn], it: Asked, w: Words, now: int
) -> Panel | None:
    kind, ref = subject(one)
    if kind == "source":
        return None
    start, end = windows.around(one.started_at, one.ends_at or now, one.window_s, now)
    lines = [
        Line(value, w(name, n=w.number(round(value))))
        for name, value in (("line.usual", one.baseline), ("line.takes", one.threshold)) if value is not None
    ]  # fmt: skip
    marks = [(turn.at, w(f"turn.{turn.type}")) for turn in turns if turn.type in ("firing", "resolved")]
    view = windows.View(kind, ref, one.metric or "posts", one.window_s, start, end)
    return await windows.panel(session, view, lines, marks, it.tz, w, now)


async def _said(session: ReadSession, one: Episode, turn: Turn, it: Asked, w: Words) -> Said:
    event = payload.message_id(f"{one.rule_id}:{one.subject}:{one.episode}", turn.sequence)
    found = await deliveries.listed(session, deliveries.Which(event=event), None, 50)
    value = told.amount(one.metric, turn.value, w) if turn.value is not None and one.metric else "–"
    if turn.told != "sent":
        reached = w(f"told.{turn.told}")
    elif found:
        taken = sum(each.state == "delivered" for each in found)
        reached = w("told.taken", n=w.number(taken), all=w.number(len(found)))
    else:
        reached = w("told.nobody")
    return Said(turn, w.moment(turn.at, it.tz), value, reached, event if found else "")


def _facts(one: Episode, it: Asked, w: Words) -> list[tuple[str, str]]:
    found = [
        (w("fact.began"), w.moment(one.started_at, it.tz)),
        (w("fact.ended"), w.moment(one.ends_at, it.tz) if one.ends_at is not None else w("fact.open")),
        (w("fact.severity"), w(f"severity.{one.severity}")),
    ]
    numbers = (("fact.now", one.value), ("fact.peak", one.peak), ("line.usual.short", one.baseline),
               ("line.takes.short", one.threshold))  # fmt: skip
    if one.metric:
        found += [(w(name), told.amount(one.metric, value, w)) for name, value in numbers if value is not None]
    return found


@dataclass(frozen=True, slots=True)
class Carrier:
    """A post that carried it. `card` None: it is forgotten, or this reader may not read posts."""

    post: str
    url: str | None
    gained: str
    card: Card | None


async def _carriers(session: ReadSession, one: Episode, who: Principal, w: Words) -> list[Carrier]:
    ids = [int(each["post_id"]) for each in one.evidence] if who.may("posts:read") else []
    found = await overview.with_ids(session, ids)
    return [
        Carrier(
            post := str(each["post_id"]), each.get("url"),
            w.number(gained) if (gained := each.get("interactions")) is not None else "",
            card(found[int(post)], who) if int(post) in found else None,
        )
        for each in one.evidence[:MOST_EVIDENCE]
    ]  # fmt: skip
