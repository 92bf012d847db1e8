"""Each rule of the checker fails on what breaks it: one that never failed proves nothing."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from app.db.engine import Database, Session
from app.models import Alert, AlertState, AlertTransition, Delivery, Event
from tests.alerts.field import Field
from tests.alerts.watched import check, violations


async def lose_an_event(session: Session) -> None:
    await session.execute(delete(Event))


async def say_it_twice(session: Session) -> None:
    row = dict((await session.execute(select(Event.__table__))).mappings().first() or {})
    await session.execute(insert(Event).values(**{**row, "id": "msg_again"}))


async def open_a_second(session: Session) -> None:
    row = dict((await session.execute(select(Alert.__table__))).mappings().first() or {})
    await session.execute(insert(Alert).values(**{**row, "id": "alr_2", "episode": 2, "sequence": 0}))


async def lose_a_transition(session: Session) -> None:
    await session.execute(delete(AlertTransition).where(AlertTransition.sequence == 1))


async def end_what_had_not_begun(session: Session) -> None:
    await session.execute(update(AlertTransition).values(type="resolved"))


async def send_what_was_held_back(session: Session) -> None:
    await session.execute(update(AlertTransition).values(told="silenced"))
    event = (await session.execute(select(Event.id))).scalar_one()
    await session.execute(
        insert(Delivery).values(
            id="dlv_1", event_id=event, endpoint_id="end_1", state="waiting", created_at=0, due_at=0, tries=0,
            attempts=0, term=0,
        )
    )  # fmt: skip


async def forget_the_state(session: Session) -> None:
    await session.execute(delete(AlertState))


BREAKS: list[tuple[Callable[[Session], Awaitable[Any]], str]] = [
    (lose_an_event, "no event says so"),
    (say_it_twice, "is of no transition"),
    (open_a_second, "are open"),
    (lose_a_transition, "says 1 things"),
    (end_what_had_not_begun, "had not begun"),
    (send_what_was_held_back, "was silenced, and sent"),
    (forget_the_state, "its state is ok"),
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_is_broken_is_found(db: Database) -> None:
    field = Field(db)
    await field.follow()
    await field.usual()
    await field.poll()
    await field.watch.run()
    await field.pass_by([120, 150])
    await check(db)
    for spoil, word in BREAKS:
        async with db.write() as session:
            kept = {table: (await session.execute(select(table))).mappings().all() for table in _TABLES}
        async with db.write() as session:
            await spoil(session)
        assert any(word in found for found in await violations(db)), spoil.__name__
        async with db.write() as session:
            for table, rows in kept.items():
                await session.execute(delete(table))
                for row in rows:
                    await session.execute(insert(table).values(**row))
        await check(db)


_TABLES: list[Any] = [table.__table__ for table in (Alert, AlertState, AlertTransition, Delivery, Event)]
