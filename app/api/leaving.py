"""Answers that last: they end with their work, or when whoever reads has left."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from starlette.types import Receive


async def until_left(work: Coroutine[Any, Any, None], receive: Receive) -> None:
    """Do the work unless the reader leaves first; what it raises is raised."""
    telling, leaving = asyncio.create_task(work), asyncio.create_task(_left(receive))
    try:
        await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if telling.done():
            telling.result()
    finally:
        for task in (telling, leaving):
            task.cancel()
        await asyncio.gather(telling, leaving, return_exceptions=True)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
