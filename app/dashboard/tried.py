"""What a rule would have said over what is known: the answer, the curve with each time on it, and what to beware of."""

from dataclasses import dataclass

from app.alerts import dry_run
from app.alerts.dry_run import Fired, Outcome
from app.alerts.judge import FLOOR
from app.dashboard import told, windows
from app.dashboard.asked import Asked
from app.dashboard.chart import Line
from app.dashboard.panels import Panel
from app.dashboard.words import Words
from app.db.engine import Database, ReadSession
from app.store.rules import EVERY, Watched

MOST_CHARTS, MOST_ROWS = 3, 50


@dataclass(frozen=True, slots=True)
class Time:
    """One time that it would have fired. `what` is said where there is more than one subject."""

    what: str
    at: str
    until: str
    peak: str


@dataclass(frozen=True, slots=True)
class Tried:
    says: str
    beware: tuple[str, ...]
    panels: tuple[tuple[str, Panel], ...] = ()
    times: tuple[Time, ...] = ()
    more: int = 0


async def over_the_past(db: Database, it: Watched, asked: Asked, w: Words, now: int) -> Tried:
    if it.subject[0] == "source":
        return Tried(w("try.source"), ())
    start = dry_run.earliest(now)
    outcome = await dry_run.run(db, it, start, now, now)
    async with db.read() as session:
        panels = await _panels(session, it, outcome, asked, w, start, now)
    times = tuple(_time(one, it, asked, w) for one in outcome.fired[:MOST_ROWS])
    says = _says(outcome, now - start, w)
    return Tried(says, tuple(_beware(outcome, it, w)), panels, times, max(0, len(outcome.fired) - MOST_ROWS))


def _says(outcome: Outcome, span: int, w: Words) -> str:
    if not outcome.subjects:
        return w("try.nobody")
    if not outcome.evaluations:
        return w("try.unknown")
    if not outcome.fired:
        return w("try.never", span=w.span(span))
    return w(
        "try.fired", times=w.count("times", len(outcome.fired)), span=w.span(span),
        month=w.number(round(outcome.per_month(span) or 0, 1)),
    )  # fmt: skip


def _beware(outcome: Outcome, it: Watched, w: Words) -> list[str]:
    found = []
    if outcome.left_out:
        found.append(w("try.left_out", n=w.number(outcome.subjects), all=w.number(outcome.subjects + outcome.left_out)))
    if not outcome.evaluations:
        return found
    most, least = outcome.most or 0, outcome.least or 0
    if it.kind == "threshold" and most < (it.above or 0):
        found.append(w("try.most", value=told.amount(it.metric, most, w)))
    if it.kind == "spike" and most < FLOOR[it.metric or "posts"]:
        floor = told.amount(it.metric, FLOOR[it.metric or "posts"], w)
        found.append(w("try.floor", value=told.amount(it.metric, most, w), floor=floor))
    if it.kind == "quiet" and not outcome.always:
        found.append(w("try.never_quiet"))
    if it.kind != "spike" and outcome.always == outcome.evaluations:
        found.append(w("try.always", value=told.amount(it.metric, least, w)))
    return found


async def _panels(
    session: ReadSession, it: Watched, outcome: Outcome, asked: Asked, w: Words, start: int, now: int
) -> tuple[tuple[str, Panel], ...]:
    """The subjects that it would have fired for first; one that never would, where it is the only one."""
    kind, ref = it.subject
    every = ref == EVERY
    refs = list(dict.fromkeys(one.subject[1] for one in outcome.fired)) if every else [ref]
    floor = float(it.above if it.above is not None else FLOOR[it.metric or "posts"])
    lines = [] if it.kind == "quiet" else [Line(floor, w("line.takes", n=w.number(round(floor))))]
    found = []
    for number, one in enumerate(refs[:MOST_CHARTS]):
        marks = [(each.at, w("turn.firing")) for each in outcome.fired if not every or each.subject[1] == one]
        view = windows.View(kind, one, it.metric or "posts", it.window_s, start, now)
        drawn = await windows.panel(session, view, lines, marks, asked.tz, w, now, f"tried-{number}")
        if drawn is not None:
            found.append((f"#{one}" if every else "", drawn))
    return tuple(found)


def _time(one: Fired, it: Watched, asked: Asked, w: Words) -> Time:
    label = one.subject[1]
    return Time(
        f"#{label}" if it.subject[1] == EVERY else "", w.moment(one.at, asked.tz),
        w.moment(one.ends_at, asked.tz) if one.ends_at is not None else w("fact.open"),
        told.amount(it.metric, one.peak, w) if one.peak is not None else "–",
    )  # fmt: skip
