"""A checker that never failed proves nothing: each invariant is broken on purpose, in the database or in the build."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from app.alerts import deliver, letters
from app.alerts.schedule import Outcome
from app.clock import MINUTE
from app.db.engine import Database
from app.store.sending import Claimed
from tests.alerts.invariants import Ledger, violations
from tests.alerts.outbox import Office, office
from tests.alerts.receiver import Receiver, answering, receiver
from tests.clocks import FakeClock

# One statement each, on an outbox in which all is well; and the invariant that must notice.
BROKEN = {
    "I5 an end without a reason": "UPDATE delivery SET state = 'exhausted', reason = NULL",
    "I5 given up too early": "UPDATE delivery SET state = 'exhausted', reason = 'so'",
    "I5 ended, and due": "UPDATE delivery SET due_at = 1",
    "I5 a state that nobody knows": "UPDATE delivery SET state = 'sent'",
    "I5 other bytes": "UPDATE event SET body = replace(body, '412', '413')",
    "I5 an endpoint was left out": "DELETE FROM delivery",
    "I5 no try went well": "UPDATE attempt SET problem = 'no connection'",
    "I6 one transition under two ids": "INSERT INTO event (id, type, at, body)"
    " SELECT 'msg_2', type, at, body FROM event LIMIT 1",
    "I6 what came is not in the outbox": "DELETE FROM event",
    "I12 still due": "UPDATE delivery SET state = 'waiting', due_at = 1",
}


async def seen(ours: Office, theirs: Receiver, name: str, **more: Any) -> list[str]:
    ledger = Ledger(theirs.came, [ours.secrets[name]])
    return await violations(ours.db, {name: ledger}, ours.now, more.get("healed_at"))


async def test_each_broken_outbox_is_noticed(db: Database, clock: FakeClock) -> None:
    async with office(db, clock) as ours, receiver() as theirs:
        name = await ours.add(theirs.url)
        await ours.say()
        await ours.tick()
        clock.advance(120)
        healed_at = ours.now - MINUTE
        assert await seen(ours, theirs, name, healed_at=healed_at) == []
        for case, statement in BROKEN.items():
            found = await _broken(ours, theirs, name, statement, healed_at)
            assert any(word.startswith(case.split(" ")[0] + ":") for word in found), (case, found)


async def _broken(ours: Office, theirs: Receiver, name: str, statement: str, healed_at: int) -> list[str]:
    """What is found in it; the rows are then put back as they were."""
    tables = ("event", "delivery", "attempt")
    async with ours.db.write() as session:
        kept = {table: (await session.execute(text(f"SELECT * FROM {table}"))).mappings().all() for table in tables}
        await session.execute(text(statement))
    found = await seen(ours, theirs, name, healed_at=healed_at)
    async with ours.db.write() as session:
        for table, rows in kept.items():
            await session.execute(text(f"DELETE FROM {table}"))
            for row in rows:
                marks = ", ".join(f":{column}" for column in row)
                await session.execute(
                    text(f"INSERT INTO {table} ({', '.join(row.keys())}) VALUES ({marks})"), dict(row)
                )
    return found


async def test_a_build_that_marks_before_it_sends_is_noticed(
    db: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def marked(*_given: Any) -> Outcome:
        return Outcome(200)

    monkeypatch.setattr(deliver, "post", marked)
    async with office(db, clock) as ours, receiver() as theirs:
        name = await ours.add(theirs.url)
        await ours.say()
        await ours.tick()
        assert any("never came" in word for word in await seen(ours, theirs, name))


async def test_a_build_that_makes_a_new_id_for_each_try_is_noticed(
    db: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def renamed(claimed: Claimed, *more: Any) -> letters.Letter:
        return letters.webhook(replace(claimed, event_id=f"{claimed.event_id}{claimed.tries}"), *more[:2])

    monkeypatch.setattr(deliver, "letter_of", renamed)
    async with office(db, clock) as ours, receiver(answering(500)) as theirs:
        name = await ours.add(theirs.url)
        await ours.say()
        await ours.tick()
        assert any(word.startswith("I6:") for word in await seen(ours, theirs, name))
