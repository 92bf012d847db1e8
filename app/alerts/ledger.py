"""How tries ended, written together: whatever ends while one transaction runs goes into the next one.

A commit costs the same for one delivery and for a hundred, so the busier it is, the cheaper each becomes.
"""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.alerts import notices, schedule
from app.alerts.schedule import Outcome
from app.clock import Clock, to_ms
from app.db.engine import Database, Session
from app.errors import Busy, Fenced
from app.failpoints import reached
from app.store import endpoints, outbox, sending
from app.store.endpoints import Health
from app.store.sending import Claimed, Stands, Tried

MOST = 128
"""Ends in one transaction."""
FOLLOW = 2
"""For each delivery that was taken so many follow: an endpoint that answers soon has as many under way as it may."""


@dataclass(frozen=True, slots=True)
class End:
    claimed: Claimed
    outcome: Outcome
    tried: Tried

    @property
    def taken(self) -> bool:
        return self.outcome.problem is None


class Ledger:
    """`going_on`: whether the next delivery of an endpoint is to be claimed with the end of the one before."""

    def __init__(self, db: Database, clock: Clock, dice: Callable[[], float]) -> None:
        self._db, self._clock, self._dice = db, clock, dice
        self._ended: list[tuple[End, asyncio.Future[list[Claimed]]]] = []
        self._writer: asyncio.Task[None] | None = None
        self.going_on = True

    async def write(self, end: End) -> list[Claimed]:
        """When it is committed: what is due next to the same endpoint, if it took this. Fenced where it was lost."""
        written: asyncio.Future[list[Claimed]] = asyncio.get_running_loop().create_future()
        self._ended.append((end, written))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        return await written

    async def _write_all(self) -> None:
        while self._ended:
            batch, self._ended = self._ended[:MOST], self._ended[MOST:]
            try:
                found = await self._twice([end for end, _ in batch])
            except Exception as error:  # noqa: BLE001 - whoever waits for it is told
                found = [error for _ in batch]
            for (_, written), one in zip(batch, found, strict=True):
                if written.done():  # nobody waits any more
                    continue
                if isinstance(one, Exception):
                    written.set_exception(one)
                else:
                    written.set_result(one)

    async def _twice(self, ends: Sequence[End]) -> list[list[Claimed] | Exception]:
        """One lost commit would have a hundred messages sent again."""
        try:
            return await self._write(ends)
        except Busy:
            await asyncio.sleep(random.uniform(0.1, 0.5))
            return await self._write(ends)

    async def _write(self, ends: Sequence[End]) -> list[list[Claimed] | Exception]:
        now = to_ms(self._clock.now())
        async with self._db.write() as session:
            stands = await settle(session, ends, now, self._dice)
            taken = Counter(end.claimed.endpoint_id for end in ends if end.taken and end.claimed.id in stands)
            following = await _following(session, taken, now) if self.going_on else {}
            reached("recording")
        reached("recorded")
        return [_answer(end, stands, following) for end in ends]


def _answer(
    end: End, stands: Mapping[str, Stands], following: Mapping[str, list[Claimed]]
) -> list[Claimed] | Exception:
    if end.claimed.id not in stands:
        return Fenced(f"delivery {end.claimed.id} was taken over")
    waiting = following.get(end.claimed.endpoint_id, []) if end.taken else []
    return [waiting.pop() for _ in range(min(FOLLOW, len(waiting)))]


async def _following(session: Session, taken: Counter[str], now: int) -> dict[str, list[Claimed]]:
    """What is due next to those that have just taken something; the oldest last."""
    ids, left = [], Counter({name: FOLLOW * count for name, count in taken.items()})
    most = schedule.AT_ONCE * len(taken)
    for name, endpoint_id in await sending.due(
        session, now, most, schedule.AT_ONCE, failing=False, of=sorted(taken)
    ):  # fmt: skip
        if left[endpoint_id] > 0:
            left[endpoint_id] -= 1
            ids.append(name)
    found: dict[str, list[Claimed]] = defaultdict(list)
    for claimed in reversed(await sending.claim(session, ids, now)):
        found[claimed.endpoint_id].append(claimed)
    return found


async def settle(session: Session, ends: Sequence[End], now: int, dice: Callable[[], float]) -> dict[str, Stands]:
    """Those that are still ours, as they stood. Everyone holds the endpoints' rows before the deliveries'."""
    await endpoints.hold(session, [end.claimed.endpoint_id for end in ends if end.claimed.failures or not end.taken])
    stands = await sending.write_down(session, [(end.claimed, end.tried) for end in ends])
    arrived = [end for end in ends if end.taken and end.claimed.id in stands]
    await sending.arrived(session, [end.claimed.id for end in arrived], now)
    await endpoints.did_well(session, [end.claimed.endpoint_id for end in arrived if end.claimed.failures])
    for end in ends:
        if not end.taken and end.claimed.id in stands:
            await _failed(session, end, stands[end.claimed.id].tries, now, dice())
    return stands


async def _failed(session: Session, end: End, tries: int, now: int, dice: float) -> None:
    claimed, wait = end.claimed, schedule.wait(tries, end.outcome, dice)
    health = await endpoints.did_badly(session, claimed.endpoint_id, now, gave_up=wait is None)
    if wait is None:
        reason = f"{tries} tries failed: {end.outcome.problem}"
        await sending.give_up(session, claimed.id, "exhausted", reason, now)
    else:
        await sending.postpone(session, claimed.id, now + wait)
    if health is not None and health.disabled_at is None:
        await _look_after(session, end, health, tries, now)


async def _look_after(session: Session, end: End, health: Health, tries: int, now: int) -> None:
    claimed, outcome = end.claimed, end.outcome
    if outcome.gone or schedule.hopeless(health.failing_since, health.exhausted, now):
        why = "it answered 410 Gone" if outcome.gone else "nothing came through for five days"
        await endpoints.disable(session, claimed.endpoint_id, why, now)
        told = notices.disabled(claimed, health, why, now)
        await outbox.put(session, told, await endpoints.others(session, claimed.endpoint_id), now)
        return
    if pause := schedule.rest(health.failures, outcome):
        await endpoints.leave_alone(session, claimed.endpoint_id, now + pause)
    if tries == schedule.FAILING_AFTER:
        told = notices.failing(claimed, health, outcome.problem or "", now)
        await outbox.put(session, told, await endpoints.others(session, claimed.endpoint_id), now)
