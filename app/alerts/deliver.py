"""From the outbox to the receiver: what is due is claimed, signed and posted with no session open, and written down.

A crash anywhere between means that it is sent again, under the same id: at least once, and nothing twice unknowingly.
"""

import asyncio
import json
import random
from collections.abc import Callable

from app import outbound
from app.access import keyfile
from app.access.seal import Keyring, Unsealable
from app.alerts import mailing
from app.alerts.addresses import letter as letter_of
from app.alerts.ledger import End, Ledger
from app.alerts.letters import Enclosed, Writer
from app.alerts.mail import Mail
from app.alerts.post import client, post
from app.alerts.schedule import Outcome
from app.alerts.wanted import REPORT
from app.clock import Clock, to_ms
from app.db.engine import Database
from app.failpoints import reached
from app.settings import Settings
from app.store import sending
from app.store.sending import Claimed, Tried

SOUND, ILL = 256, 64
"""Endpoints at the same time: those that answered last, and those that did not. The dead hold up nobody else."""
_POOLS = 16
_BATCH = 128
_WRITES_S = 10.0
"""A claim holds for thirty seconds, and half of them are the sending's."""


class Sender:
    """Sends what is due. N of them may share a database: each delivery is claimed by one."""

    def __init__(
        self, db: Database, settings: Settings, clock: Clock, resolver: outbound.Resolver = outbound.SYSTEM_RESOLVER,
        dice: Callable[[], float] = random.random, writer: Writer | None = None,
    ) -> None:  # fmt: skip
        self._db, self._settings, self._clock = db, settings, clock
        self._client, self._resolver = client(settings, resolver, _POOLS), resolver
        self._keys: Keyring | None = None
        self._writer = writer
        self._ledger = Ledger(db, clock, dice)

    async def close(self) -> None:
        await self._client.aclose()

    async def claim(self, room: int, *, ill: bool) -> list[Claimed]:
        """One for each endpoint that does well, or that does not, and has nothing under way; `room` at most."""
        now = to_ms(self._clock.now())
        async with self._db.read() as session:
            ids = [name for name, _ in await sending.due(session, now, room, 1, failing=ill)]
        found: list[Claimed] = []
        for start in range(0, len(ids), _BATCH):
            async with self._db.write() as session:
                found += await sending.claim(session, ids[start : start + _BATCH], now)
        reached("claimed a delivery")
        return found

    def stop(self) -> None:
        """What is under way comes to its end, and nothing new is begun."""
        self._ledger.going_on = False

    async def carry(self, claimed: Claimed) -> None:
        """This one, and then whatever else is due to the same endpoint, as long as it takes them."""
        under_way, lost = {asyncio.create_task(self._try(claimed))}, None
        try:
            while under_way:
                done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                lost = next(filter(None, (task.exception() for task in done)), lost)
                following = (one for task in done if not task.exception() for one in task.result())
                under_way |= {asyncio.create_task(self._try(one)) for one in following}
        finally:
            for task in under_way:
                task.cancel()
        if lost is not None:
            raise lost

    async def _try(self, claimed: Claimed) -> list[Claimed]:
        at, began = to_ms(self._clock.now()), self._clock.monotonic()
        outcome = await self._sent(claimed, at)
        reached("sent")
        took = int((self._clock.monotonic() - began) * 1_000)
        tried = Tried(at, took, outcome.status, outcome.problem, outcome.answer)
        return await self._ledger.write(End(claimed, outcome, tried))

    async def _sent(self, claimed: Claimed, at: int) -> Outcome:
        if self._keys is None:
            self._keys = keyfile.keyring(self._settings)
        try:
            letter = letter_of(claimed, self._keys, at, await self._enclosed(claimed))
        except Unsealable:
            return Outcome(problem="its secret does not open: was the key file replaced?")
        if isinstance(letter, Mail):
            return await mailing.send(letter, self._settings.allow_networks, self._resolver)
        return await post(self._client, letter, self._clock.now())

    async def _enclosed(self, claimed: Claimed) -> Enclosed | None:
        """A report's page, for mail. One that cannot be written in time leaves a text with a link to it."""
        if self._writer is None or claimed.type != REPORT or not claimed.kind.startswith("mailto"):
            return None
        try:
            async with asyncio.timeout(_WRITES_S):
                return await self._writer(json.loads(claimed.body), claimed.language)
        except TimeoutError:
            return None
