"""How a pass bears with a platform: it asks again after a wait, and meanwhile shows that it is alive."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

from app.clock import SECOND, Clock, to_ms
from app.errors import Busy, Fenced
from app.polling.outcome import LONGEST_WAIT, backoff
from collectors.errors import CollectorError, RateLimited, Unavailable

TRIES = 5
BEAT_S = 10.0
log = structlog.get_logger()


class Patience:
    """Five tries while a platform is out of reach, with full jitter.

    Where a person waits for the outcome (`patient`), a rate limit's end is waited for too, a quarter of an hour at
    most; a worker goes on with other work instead, and the source's row says until when.
    """

    def __init__(self, clock: Clock, patient: bool) -> None:
        self._clock, self._patient = clock, patient
        self._tries = 0
        self._left = LONGEST_WAIT

    def answered(self) -> None:
        self._tries = 0

    async def after(self, error: CollectorError) -> None:
        """Returns when it is time to ask again; raises the error when it is not worth it."""
        wait = self._wait(error)
        if wait is None:
            raise error
        log.info("asked again later", seconds=round(wait, 1), why=str(error)[:200])
        await self._clock.sleep(wait)

    def _wait(self, error: CollectorError) -> float | None:
        if isinstance(error, RateLimited):
            return self._until_free(error) if self._patient else None
        self._tries += 1
        if not isinstance(error, Unavailable) or self._tries >= TRIES:
            return None
        return random.uniform(0.1, backoff(self._tries) / SECOND)

    def _until_free(self, error: RateLimited) -> float | None:
        now = to_ms(self._clock.now())
        until = to_ms(error.until) if error.until else now + backoff(6)
        wait = max(SECOND, until - now)
        self._left -= wait
        return wait / SECOND if self._left >= 0 else None


@asynccontextmanager
async def alive(beat: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """`beat` lengthens a claim now and then: a slow platform is not a dead worker."""
    done = asyncio.Event()
    task = asyncio.create_task(_beating(beat, done))
    try:
        yield
    finally:
        # Told to end rather than cancelled: a transaction is not cut off half-way.
        done.set()
        await task


async def _beating(beat: Callable[[], Awaitable[None]], done: asyncio.Event) -> None:
    while True:
        try:
            await asyncio.wait_for(done.wait(), BEAT_S)
        except TimeoutError:
            try:
                await beat()
            except Fenced:
                return  # whoever works under this claim finds out when it writes
            except Busy as error:
                log.warning("database busy", why=error.detail)
        else:
            return
