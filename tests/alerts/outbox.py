"""Endpoints, what is said to them, and a sender with a clock in the hand."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select

from app import outbound
from app.access import keyfile
from app.alerts import payload, signing
from app.alerts.deliver import ILL, SOUND, Sender
from app.alerts.letters import Writer
from app.alerts.payload import Evidence, Said
from app.clock import DAY, SystemClock, to_ms
from app.db.engine import Database
from app.models import Attempt, Delivery, Endpoint
from app.models import Event as Row
from app.settings import Settings
from app.store import endpoints, outbox
from app.store.endpoints import Described, Kept
from app.store.outbox import Event
from app.store.sending import Claimed
from tests.alerts import schemas
from tests.clocks import FakeClock

SAID = Said(
    alert_id="alr_1", episode=7, sequence=1, rule_id="rul_spikes", rule_name="Spikes", rule_version=3, status="firing",
    previous_status="pending", severity="high", subject={"platform": "mastodon", "hashtag": "example"}, unit="posts",
    window_s=900, started_at=1_764_000_000_000, value=412.0, threshold=120.0, baseline=31.5, ratio=13.1, rarity=0.2,
    since=1_763_999_000_000, pending_since=1_763_999_700_000, coverage=0.98,
    evidence=(Evidence("1", "https://one.example/1", 9_120, "inf_1"),),
)  # fmt: skip
BASE = "https://watch.example"


def alert(number: int, now: int, said: Said = SAID, kind: str = "alert.firing") -> Event:
    body = payload.body(kind, now, replace(said, episode=number), BASE).decode()
    return Event(payload.message_id(f"rul_1:hashtag:example:{number}", 1), kind, now, body, said.alert_id, said.rule_id)


def claimed(endpoint: str = "end_1") -> Claimed:
    return Claimed(
        "dlv_1", 1, "msg_1", "alert.firing", "{}", endpoint, "ours", "webhook", "en", "https://a.example", None, None,
        None, None, 0, 3, 3,
    )  # fmt: skip


@dataclass
class Office:
    """The outbox and its sender. `wait` lets time go by as the scheduler would: a tick at each due time."""

    db: Database
    settings: Settings
    clock: FakeClock | SystemClock
    sender: Sender
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def now(self) -> int:
        return to_ms(self.clock.now())

    async def add(self, url: str, name: str = "ours", types: Sequence[str] | None = None, **more: Any) -> str:
        name_of = f"end_{len(self.secrets)}"
        keys = signing.new_keys(asymmetric=more.pop("asymmetric", False))
        sealed = keyfile.keyring(self.settings).seal(keys, signing.purpose(name_of))
        it = Described(name, url, None if types is None else tuple(types), **more)
        async with self.db.write() as session:
            await endpoints.create(
                session, Kept(name_of, 1, self.now, it, keys=sealed, public_key=signing.public_key(keys))
            )
        self.secrets[name_of] = signing.secret_of(keys)
        return name_of

    async def say(self, number: int = 0, to: Sequence[str] | None = None) -> str:
        event = alert(number, self.now)
        async with self.db.write() as session:
            await outbox.put(session, event, to, self.now)
        return event.id

    async def tick(self) -> int:
        """All that is due now, carried to its end."""
        count = 0
        for ill, most in ((False, SOUND), (True, ILL)):
            claimed = await self.sender.claim(most, ill=ill)
            count += len(claimed)
            await asyncio.gather(*(self.sender.carry(one) for one in claimed))
        return count

    async def wait(self, days: float, until: str | None = None) -> None:
        """As long as something is due, up to so many days from now; to the first that is in the state `until`."""
        assert isinstance(self.clock, FakeClock)
        end = self.now + int(days * DAY)
        while (due := await self._next_due()) is not None and due <= end:
            if due > self.now:
                self.clock.advance((due - self.now) / 1_000)
            if not await self.tick():
                self.clock.advance(30)  # an endpoint that is left alone
            if until and until in {one.state for one in await self.deliveries()}:
                return
        self.clock.advance((end - self.now) / 1_000)

    async def _next_due(self) -> int | None:
        due = [one.due_at for one in await self.deliveries() if one.due_at is not None]
        return min(due, default=None)

    async def deliveries(self, endpoint: str | None = None) -> list[Delivery]:
        query = select(Delivery).order_by(Delivery.created_at, Delivery.id)
        async with self.db.read() as session:
            rows = (await session.execute(query)).scalars().all()
        return [row for row in rows if endpoint in (None, row.endpoint_id)]

    async def delivery(self, endpoint: str) -> Delivery:
        (one,) = await self.deliveries(endpoint)
        return one

    async def attempts(self, delivery: str) -> list[Attempt]:
        query = select(Attempt).where(Attempt.delivery_id == delivery).order_by(Attempt.number)
        async with self.db.read() as session:
            return list((await session.execute(query)).scalars())

    async def endpoint(self, name: str) -> Endpoint:
        async with self.db.read() as session:
            return (await session.execute(select(Endpoint).where(Endpoint.id == name))).scalar_one()


class Book:
    """A resolver with a book of names that can be changed between two calls."""

    def __init__(self, **names: Sequence[str]) -> None:
        self.names = {name.replace("_", "."): list(addresses) for name, addresses in names.items()}

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        return self.names[host]


@asynccontextmanager
async def office(
    db: Database,
    clock: FakeClock | SystemClock,
    resolver: outbound.Resolver = outbound.SYSTEM_RESOLVER,
    allow: str = "127.0.0.0/8",
    key: str = "k" * 40,
    writer: Writer | None = None,
) -> AsyncIterator[Office]:
    settings = Settings(_env_file=None, database_url=db.url, secret_key=key, allow_networks=allow)
    sender = Sender(db, settings, clock, resolver, dice=lambda: 0.5, writer=writer)
    try:
        yield Office(db, settings, clock, sender)
        async with db.read() as session:
            for body in (await session.execute(select(Row.body))).scalars():
                schemas.check(body)
    finally:
        await sender.close()
