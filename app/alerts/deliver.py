"""From the outbox to the receiver: what is due is claimed, signed and posted with no session open, and written down.

A crash anywhere between means that it is sent again, under the same id: at least once, and nothing twice unknowingly.
"""

import random
from collections.abc import Callable

from app import outbound
from app.access import keyfile
from app.access.seal import Keyring, Unsealable
from app.alerts import notices, schedule
from app.alerts.letters import webhook
from app.alerts.post import client, post
from app.alerts.schedule import Outcome
from app.clock import Clock, to_ms
from app.db.engine import Database, Session
from app.failpoints import reached
from app.settings import Settings
from app.store import endpoints, outbox, sending
from app.store.sending import Claimed, Tried

SOUND, ILL = 256, 64
"""Tries at the same time: to endpoints that answered last, and to those that did not. The dead hold up nobody else."""
_BATCH = 128


class Sender:
    """Sends what is due. N of them may share a database: each delivery is claimed by one."""

    def __init__(
        self, db: Database, settings: Settings, clock: Clock, resolver: outbound.Resolver = outbound.SYSTEM_RESOLVER,
        dice: Callable[[], float] = random.random,
    ) -> None:  # fmt: skip
        self._db, self._settings, self._clock, self._dice = db, settings, clock, dice
        self._client = client(settings, resolver, SOUND + ILL)
        self._keys: Keyring | None = None
        self.stopping = False

    async def close(self) -> None:
        await self._client.aclose()

    async def claim(self, room: int, *, ill: bool) -> list[Claimed]:
        """What is due to endpoints that do well, or to those that do not; `room` at most."""
        now, most = to_ms(self._clock.now()), (schedule.AT_ONCE, schedule.BREAKS_AFTER, schedule.ONCE_BROKEN)
        async with self._db.read() as session:
            ids = await sending.due(session, now, room, most, failing=ill)
        found: list[Claimed] = []
        for start in range(0, len(ids), _BATCH):
            async with self._db.write() as session:
                found += await sending.claim(session, ids[start : start + _BATCH], now)
        reached("claimed a delivery")
        return found

    async def carry(self, claimed: Claimed) -> None:
        """This one, and then whatever else is due to the same endpoint, as long as it takes them."""
        following: Claimed | None = claimed
        while following is not None:
            following = await self._try(following)

    async def _try(self, claimed: Claimed) -> Claimed | None:
        at, began = to_ms(self._clock.now()), self._clock.monotonic()
        outcome = await self._sent(claimed, at)
        reached("sent")
        took = int((self._clock.monotonic() - began) * 1_000)
        tried = Tried(at, took, outcome.status, outcome.problem, outcome.answer)
        async with self._db.write() as session:
            now = to_ms(self._clock.now())
            await settle(session, claimed, outcome, tried, now, self._dice())
            going_on = outcome.problem is None and not self.stopping
            following = await sending.claim_next(session, claimed.endpoint_id, now) if going_on else None
            reached("recording")
        reached("recorded")
        return following

    async def _sent(self, claimed: Claimed, at: int) -> Outcome:
        if self._keys is None:
            self._keys = keyfile.keyring(self._settings)
        try:
            letter = webhook(claimed, self._keys, at)
        except Unsealable:
            return Outcome(problem="its secret does not open: was the key file replaced?")
        return await post(self._client, letter, self._clock.now())


async def settle(session: Session, claimed: Claimed, outcome: Outcome, tried: Tried, now: int, dice: float) -> None:
    """One try's end. The endpoint's row is held before the delivery's, by everyone."""
    if outcome.problem is None:
        await endpoints.did_well(session, claimed.endpoint_id)
        await sending.write_down(session, claimed, tried)
        await sending.arrived(session, claimed.id, now)
        return
    last = claimed.tries + 1 >= schedule.TRIES
    health = await endpoints.did_badly(session, claimed.endpoint_id, now, gave_up=last)
    tries = await sending.write_down(session, claimed, tried)
    wait = schedule.wait(tries, outcome, dice)
    if wait is None:
        await sending.give_up(session, claimed.id, "exhausted", f"{tries} tries failed: {outcome.problem}", now)
    else:
        await sending.postpone(session, claimed.id, now + wait)
    if health is not None and health.disabled_at is None:
        await _look_after(session, claimed, outcome, health, tries, now)


async def _look_after(
    session: Session, claimed: Claimed, outcome: Outcome, health: endpoints.Health, tries: int, now: int
) -> None:
    others = await endpoints.others(session, claimed.endpoint_id)
    if outcome.gone or schedule.hopeless(health.failing_since, health.exhausted, now):
        why = "it answered 410 Gone" if outcome.gone else "nothing came through for five days"
        await endpoints.disable(session, claimed.endpoint_id, why, now)
        await outbox.put(session, notices.disabled(claimed, health, why, now), others, now)
        return
    if pause := schedule.rest(health.failures, outcome):
        await endpoints.leave_alone(session, claimed.endpoint_id, now + pause)
    if tries == schedule.FAILING_AFTER:
        await outbox.put(session, notices.failing(claimed, health, outcome.problem or "", now), others, now)
