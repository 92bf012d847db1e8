"""One import: a file's rows go in batch by batch, the bad ones are named and kept aside, none is lost silently."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.db.engine import Database, Session
from app.errors import Busy, FieldError, Invalid
from app.imports.batch import Raw
from app.imports.gifts import Outcomes
from app.imports.kind import Kind, Run
from app.imports.looks import Accounts, Snapshots
from app.imports.observed import Counts, Covered
from app.imports.posts import Posts
from app.imports.reading import Reader, opened
from app.imports.rejects import Rejects
from app.store import campaigns, following
from app.store.columns import FILES
from app.store.imports import Span

KINDS: dict[str, Kind] = {
    "posts": Posts(), "snapshots": Snapshots(), "accounts": Accounts(), "counts": Counts(), "coverage": Covered(),
    "outcomes": Outcomes(),
}  # fmt: skip
Progress = Callable[[int, int | None], None]
Turn = Callable[[], AbstractAsyncContextManager[Session]]
PAUSES_S = (0.1, 0.5, 2.0)


@dataclass(frozen=True, slots=True)
class Summary:
    """`repeated` rows said what was known. `first_rejects` are (line, reason); `rejects_path` holds them all."""

    rows: int
    kept: int
    repeated: int
    rejected: int
    rejects_path: Path | None
    first_rejects: tuple[tuple[int, str], ...]
    seconds: float


async def run(
    db: Database, kind: str, path: Path, *, strict: bool = False, span: Span | None = None, now: int,
    progress: Progress = lambda _done, _total: None, file_format: str | None = None, campaign: str | None = None,
) -> Summary:  # fmt: skip
    """Import a file. `span` (--from --to, milliseconds) is what posts' rows cover; `progress` is told (done, total).

    `campaign` is the slug of the one whose outcomes they are.

    Raises Invalid where the file or its header is wrong, and with `strict` where any row is: then nothing is kept.
    """
    if kind not in KINDS:
        raise Invalid("kind", kind, f"must be one of {', '.join(KINDS)}")
    if span is not None and span[0] >= span[1]:
        raise Invalid("from", span[0], "must lie before to")
    ref = await _campaign(db, kind, campaign)
    began = time.monotonic()
    with opened(path, file_format, FILES[kind]) as reader, Rejects(path, reader.header) as rejects:
        walk = _Walk(db, KINDS[kind], reader, rejects, Run(now, span, campaign=ref), progress)
        await (walk.whole() if strict else walk.by_batches())
    repeated = walk.rows - walk.kept - rejects.count
    return Summary(
        walk.rows, walk.kept, repeated, rejects.count, rejects.path, tuple(rejects.first), time.monotonic() - began
    )


async def _campaign(db: Database, kind: str, slug: str | None) -> str:
    if (kind == "outcomes") != (slug is not None):
        raise Invalid("campaign", slug, "goes with outcomes and with nothing else: --campaign SLUG says whose they are")
    if slug is None:
        return ""
    async with db.read() as session:
        return (await campaigns.by_slug(session, slug)).id


@dataclass(slots=True)
class _Walk:
    db: Database
    kind: Kind
    reader: Reader
    rejects: Rejects
    run: Run
    progress: Progress
    rows: int = 0
    kept: int = 0
    followed: set[str] = field(default_factory=set)

    async def by_batches(self) -> None:
        async with aclosing(self._batches()) as batches:
            async for raw, read in batches:
                await self._insist(raw, read)
                self._note(raw)

    async def whole(self) -> None:
        """One transaction: a bad row anywhere takes all of it back, once every row was seen."""
        async with self.db.write() as session, aclosing(self._batches()) as batches:
            async for raw, read in batches:
                await self._keep(lambda: nullcontext(session), raw, read)
                self._note(raw)
            if self.rejects.count:
                raise self._refused()

    async def _insist(self, raw: Raw, read: Any) -> None:
        """Others write at the same time: what they did not let through is tried again."""
        for pause in PAUSES_S:
            try:
                return await self._keep(self.db.write, raw, read)
            except Busy:
                await asyncio.sleep(pause)
        return await self._keep(self.db.write, raw, read)

    async def _keep(self, turn: Turn, raw: Raw, read: Any) -> None:
        """Curves and people are defined in turns of their own: so locks come in the order that all writers keep."""
        if fresh := self.kind.tags(read) - self.followed:
            async with turn() as session:
                await following.count_from_now(session, sorted(fresh), self.run.now)
            self.followed |= fresh
        trial = self.run.trial()
        async with turn() as session:
            kept = await self.kind.keep(session, raw, read, trial)
        self.run, self.kept = trial, self.kept + kept
        if trial.recognised:
            async with turn() as session:
                await following.recount(session, sorted(trial.recognised), self.run.now)

    def _note(self, raw: Raw) -> None:
        self.rejects.add(raw)
        self.rows += len(raw)
        self.progress(self.reader.at(), self.reader.total)

    def _refused(self) -> Invalid:
        line, why = self.rejects.first[0]
        error = Invalid(
            "file", self.rejects.path and str(self.rejects.path),
            f"{self.rejects.count} of {self.rows} rows are bad and nothing was kept: line {line}: {why}; "
            f"all of them are in {self.rejects.path}",
        )  # fmt: skip
        error.errors = tuple(FieldError(f"line {line}", None, why) for line, why in self.rejects.first)
        return error

    async def _batches(self) -> AsyncGenerator[tuple[Raw, Any]]:
        """The next batch is read in a thread while the database works on this one."""
        batches = self._read()
        pending = _next(batches)
        try:
            while (batch := await pending) is not None:
                pending = _next(batches)
                yield batch
        finally:
            # The thread reads from the file: it must be done before the file is closed.
            await asyncio.gather(pending, return_exceptions=True)

    def _read(self) -> Iterator[tuple[Raw, Any]]:
        for raw in self.reader.batches(self.kind.batch):
            yield raw, self.kind.read(raw)


def _next(batches: Iterator[Any]) -> asyncio.Future[Any]:
    return asyncio.ensure_future(asyncio.to_thread(next, batches, None))
