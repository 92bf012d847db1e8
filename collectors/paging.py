"""Page after page, for platforms whose cursor is a text that one page gives for the next."""

from collections.abc import AsyncIterator, Awaitable, Callable

from collectors.errors import Malformed
from collectors.posts import Page


async def pages(cursor: str | None, read: Callable[[str | None], Awaitable[Page]], of: str) -> AsyncIterator[Page]:
    """From `cursor` on (None: the newest) until a page gives no further one. Raises Malformed where one comes back.

    Where cursors are numbers that we count ourselves, it is the page that comes back: from a server that ignores them.
    """
    seen = {cursor}
    last: tuple[str, ...] = ()
    while True:
        page = await read(cursor)
        cursor, shown = page.cursor, tuple(post.native_id for post in page.posts)
        if cursor is not None and (cursor in seen or (shown and shown == last)):
            raise Malformed(f"paging of {of} comes back to {cursor}")
        seen.add(cursor)
        last = shown
        yield page
        if cursor is None:
            return
