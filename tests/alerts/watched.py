"""What must hold of alerts after every scenario.

I5 every transition is an event under its id, with nothing sent of what was held back; I6 one number for each thing
said, and no two open episodes of one rule on one subject.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import select

from app.alerts import payload
from app.alerts.episode import State
from app.db.engine import Database
from app.models import Alert, AlertState, AlertTransition, Delivery, Event


@dataclass(frozen=True)
class Told:
    alerts: Sequence[Alert]
    turns: Mapping[str, Sequence[AlertTransition]]
    states: Mapping[tuple[str, str], State]
    events: Mapping[str, Event]
    delivered: frozenset[str]


async def check(db: Database) -> None:
    found = await violations(db)
    assert not found, "\n".join(found)


async def violations(db: Database) -> list[str]:
    async with db.read() as session:
        turns: dict[str, list[AlertTransition]] = defaultdict(list)
        for turn in (await session.execute(select(AlertTransition).order_by(AlertTransition.sequence))).scalars():
            turns[turn.alert_id].append(turn)
        states = {
            (row.rule_id, row.subject): msgspec.json.decode(row.state, type=State)
            for row in (await session.execute(select(AlertState))).scalars()
        }
        events = {row.id: row for row in (await session.execute(select(Event))).scalars()}
        sent = frozenset((await session.execute(select(Delivery.event_id))).scalars())
        told = Told(list((await session.execute(select(Alert))).scalars()), turns, states, events, sent)
    return [*_i5_events(told), *_i6_numbers(told), *_i6_open(told), *_i6_states(told)]


def _i5_events(told: Told) -> Iterator[str]:
    expected = set()
    for alert in told.alerts:
        for turn in told.turns.get(alert.id, ()):
            key = payload.message_id(f"{alert.rule_id}:{alert.subject}:{alert.episode}", turn.sequence)
            expected.add(key)
            event = told.events.get(key)
            if event is None:
                yield f"I5: {alert.id} was {turn.type} ({turn.sequence}), and no event says so"
            elif event.alert_id != alert.id or event.at != turn.at:
                yield f"I5: the event of {alert.id} ({turn.sequence}) is of something else"
            if turn.told != "sent" and key in told.delivered:
                yield f"I5: {alert.id} ({turn.sequence}) was {turn.told}, and sent"
    for key, event in told.events.items():
        if event.alert_id and key not in expected and event.type.split(".")[0] in ("alert", "source"):
            yield f"I6: the event {key} is of no transition"


def _i6_numbers(told: Told) -> Iterator[str]:
    for alert in told.alerts:
        turns = told.turns.get(alert.id, [])
        if [turn.sequence for turn in turns] != list(range(1, alert.sequence + 1)):
            yield f"I6: {alert.id} says {alert.sequence} things and has {[turn.sequence for turn in turns]}"
        fires = False
        for turn in turns:
            if turn.type == "resolved" and not fires:
                yield f"I6: {alert.id} ended ({turn.sequence}) and had not begun"
            fires = turn.type == "firing" or (fires and turn.type != "resolved")


def _i6_open(told: Told) -> Iterator[str]:
    open_: dict[tuple[str, str], int] = defaultdict(int)
    for alert in told.alerts:
        open_[alert.rule_id, alert.subject] += alert.status == "firing"
    for (rule, subject), count in open_.items():
        if count > 1:
            yield f"I6: {count} episodes of {rule} on {subject} are open"


def _i6_states(told: Told) -> Iterator[str]:
    """The state machine and what is shown say the same."""
    for alert in told.alerts:
        state = told.states.get((alert.rule_id, alert.subject), State())
        open_ = state.status == "firing" and state.episode == alert.episode
        if open_ != (alert.status == "firing"):
            yield f"I6: {alert.id} is {alert.status}, and its state is {state.status} in episode {state.episode}"
        if state.episode == alert.episode and state.sequence != alert.sequence:
            yield f"I6: {alert.id} has {alert.sequence} numbers, and its state {state.sequence}"
