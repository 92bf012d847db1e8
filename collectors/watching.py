"""Holds a stream: gathers what it says, a second at a time, and cuts it where it says nothing."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from collectors import streaming
from collectors.streaming import Heard
from collectors.websocket import Cut, WebSocket


class Ear(Protocol):
    """What a platform makes of the messages: it keeps what matters until it is asked."""

    @property
    def full(self) -> bool: ...
    @property
    def may_wait(self) -> bool:
        """More of the same is about to come, and is to be handed on with what it has."""

    def hear(self, messages: Sequence[bytes]) -> None: ...
    def told(self) -> Heard | None: ...


async def gathered(socket: WebSocket, ear: Ear) -> AsyncGenerator[Heard, None]:
    """What the ear heard, each time that it is full or that a second is over. Nothing is read while it is handed on:
    who sends faster than that fills its own buffers, not ours.
    """
    loop = asyncio.get_running_loop()
    spoke, handed, asked = loop.time(), loop.time(), False
    while True:
        try:
            ear.hear(await socket.receive(streaming.EVERY))
            spoke, asked, more = loop.time(), False, ear.may_wait
        except Cut:
            # What was heard before it counts: else a stream that is cut every second would never come further.
            if (heard := ear.told()) is not None:
                yield heard
            raise
        except TimeoutError:
            more = False  # it has said all that there is for now
            quiet = loop.time() - spoke
            if quiet >= streaming.SILENCE:
                raise Cut(f"{socket.host}: nothing was said for {quiet:.0f} seconds") from None
            if quiet >= streaming.SILENCE / 2 and not asked:
                asked = True
                await socket.ping()
        due = loop.time() - handed >= streaming.EVERY and not more
        if due or ear.full:
            handed = loop.time()
            if (heard := ear.told()) is not None:
                yield heard
        else:
            await asyncio.sleep(0)  # a stream that never pauses leaves the others their turn
