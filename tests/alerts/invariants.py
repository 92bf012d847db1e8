"""What must hold of deliveries after every scenario, with the receivers' ledgers for the truth.

I5 every transition is delivered under its id or ends in a state that says why; I6 no alert twice; I12 healed in time.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.clock import MINUTE
from app.db.engine import Database
from app.models import Attempt, Delivery, Event
from tests.alerts.receiver import Came

ENDED = {"delivered", "failed", "exhausted", "disabled", "deleted"}


@dataclass(frozen=True)
class Ledger:
    """What came at an endpoint, and the secrets by which it may be signed."""

    came: Sequence[Came]
    secrets: Sequence[str]
    types: Sequence[str] | None = None


@dataclass(frozen=True)
class Outbox:
    events: Mapping[str, Event]
    deliveries: Sequence[Delivery]
    attempts: Mapping[str, Sequence[Attempt]]


async def check(db: Database, ledgers: Mapping[str, Ledger], now: int, healed_at: int | None = None) -> None:
    found = await violations(db, ledgers, now, healed_at)
    assert not found, "\n".join(found)


async def violations(db: Database, ledgers: Mapping[str, Ledger], now: int, healed_at: int | None = None) -> list[str]:
    async with db.read() as session:
        events = {row.id: row for row in (await session.execute(select(Event))).scalars()}
        rows = list((await session.execute(select(Delivery))).scalars())
        tries: dict[str, list[Attempt]] = defaultdict(list)
        for attempt in (await session.execute(select(Attempt).order_by(Attempt.number))).scalars():
            tries[attempt.delivery_id].append(attempt)
    box = Outbox(events, rows, tries)
    found = [*_i5_ends(box, ledgers), *_i5_same_bytes(box, ledgers), *_i5_everyone(box, ledgers), *_i6_once(box)]
    found += [*_i6_nothing_else(box, ledgers)]
    if healed_at is not None:
        found += _i12_healed(box, now, healed_at)
    return found


def _i5_ends(box: Outbox, ledgers: Mapping[str, Ledger]) -> Iterator[str]:
    for one in box.deliveries:
        tries = box.attempts.get(one.id, [])
        if one.state not in {"waiting", *ENDED} or (one.state in ENDED) != (one.due_at is None):
            yield f"I5: {one.id} is {one.state}, due {one.due_at}"
        if one.state in ENDED - {"delivered"} and not one.reason:
            yield f"I5: {one.id} is {one.state} and does not say why"
        if one.state == "exhausted" and len(tries) < 10:
            yield f"I5: {one.id} was given up after {len(tries)} tries"
        ledger = ledgers.get(one.endpoint_id)
        came = ledger is None or any(each.id == one.event_id for each in ledger.came)
        if one.state == "delivered" and not (came and any(each.problem is None for each in tries)):
            yield f"I5: {one.id} is said to be delivered, and never came"


def _i5_same_bytes(box: Outbox, ledgers: Mapping[str, Ledger]) -> Iterator[str]:
    for name, ledger in ledgers.items():
        for came in ledger.came:
            event = box.events.get(came.id)
            if event is not None and came.digest != hashlib.sha256(event.body.encode()).hexdigest():
                yield f"I5: {came.id} came at {name} with other bytes"
            if not any(came.signed_by(secret) for secret in ledger.secrets):
                yield f"I5: {came.id} came at {name} with a signature that is not right"


def _i5_everyone(box: Outbox, ledgers: Mapping[str, Ledger]) -> Iterator[str]:
    there = {(one.event_id, one.endpoint_id) for one in box.deliveries}
    for event in box.events.values():
        for name, ledger in ledgers.items():
            wanted = event.type.startswith("alert.") and (ledger.types is None or event.type in ledger.types)
            if wanted and (event.id, name) not in there:
                yield f"I5: {event.id} is not on its way to {name}"


def _i6_once(box: Outbox) -> Iterator[str]:
    """One id for each rule, subject, episode and sequence; one row for each endpoint."""
    ids: dict[str, set[str]] = defaultdict(set)
    for event in box.events.values():
        data = json.loads(event.body)["data"]
        if "sequence" in data:
            key = [data["rule"]["id"], data["subject"], data["episode"], data["sequence"]]
            ids[json.dumps(key, sort_keys=True)].add(event.id)
    for transition, names in ids.items():
        if len(names) > 1:
            yield f"I6: {transition} was said under {len(names)} ids"
    pairs = [(one.event_id, one.endpoint_id) for one in box.deliveries]
    if len(pairs) > len(set(pairs)):
        yield "I6: an endpoint has two rows for one event"


def _i6_nothing_else(box: Outbox, ledgers: Mapping[str, Ledger]) -> Iterator[str]:
    for name, ledger in ledgers.items():
        for strange in {came.id for came in ledger.came} - box.events.keys():
            yield f"I6: {strange} came at {name}, and is not in the outbox"


def _i12_healed(box: Outbox, now: int, healed_at: int) -> Iterator[str]:
    """A minute after the fault nothing is overdue, and nobody is held by a worker that is gone."""
    if now - healed_at < MINUTE and all(one.state != "waiting" for one in box.deliveries):
        return
    for one in box.deliveries:
        if one.due_at is not None and one.due_at <= min(healed_at, now - MINUTE):
            yield f"I12: {one.id} has been due since {one.due_at}"
