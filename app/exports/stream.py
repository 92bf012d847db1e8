"""An export as bytes, as they come: to standard output, into an HTTP answer or into a file."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from app.db.engine import Database
from app.exports.rows import Cursor, Query, columns, pages
from app.exports.shown import AS_IT_IS, Shown
from app.exports.writers import writer


@dataclass(slots=True)
class Done:
    """How far an export is: rows written, of which platforms, and the cursor that goes on."""

    rows: int = 0
    platforms: Counter[str] = field(default_factory=Counter)
    cursor: Cursor | None = None


async def stream(
    db: Database, kind: str, query: Query, form: str, now: int, counted: Callable[[int], None] = lambda _rows: None,
    *, shown: Shown = AS_IT_IS, done: Done | None = None,
) -> AsyncIterator[bytes]:  # fmt: skip
    """The rows alone. `counted` is told how many there are so far; `done` is kept true, and gone on from."""
    done = done or Done()
    file = columns(kind, query)
    out = writer(file, form, goes_on=done.cursor is not None)
    async for page in pages(db, kind, query, now, shown, done.cursor):
        data = out.add(page.columns)
        done.rows, done.cursor = done.rows + len(page), page.next
        if file.names[0] == "platform":
            done.platforms.update(page.columns[0])
        counted(done.rows)
        if data:
            yield data
    if data := out.end():
        yield data
