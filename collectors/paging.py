"""Page after page, for platforms whose cursor is a text that one page gives for the next."""

from collections.abc import AsyncIterator, Awaitable, Callable

from collectors.errors import Malformed
from collectors.posts import Page


async def pages(cursor: str | None, read: Callable[[str | None], Awaitable[Page]], of: str) -> AsyncIterator[Page]:
    """From `cursor` on (None: the newest) until a page gives no further one. Raises Malformed where one comes back."""
    seen = {cursor}
    while True:
        page = await read(cursor)
        cursor = page.cursor
        if cursor is not None and cursor in seen:
            raise Malformed(f"paging of {of} comes back to {cursor}")
        seen.add(cursor)
        yield page
        if cursor is None:
            return
