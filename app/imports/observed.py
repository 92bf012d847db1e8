"""Files on hashtags: a platform's own counts, and coverage that was stated."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.db.engine import Session
from app.imports import cells
from app.imports.batch import Raw
from app.imports.cells import known
from app.imports.kind import Run, widen
from app.store import coverage, imports, native_counts
from app.store.imports import Span
from app.store.subjects import hashtag_key

_Native = tuple[str, str, tuple[Any, ...]]
"""platform, hashtag, (start, step, posts, authors, views, engagement)"""


class Counts:
    """A platform's own counts."""

    batch = 10_000

    def read(self, raw: Raw) -> list[_Native]:
        platforms, tags = cells.platforms(raw), cells.tag(raw, "hashtag")
        start, end = cells.times(raw, "start"), cells.times(raw, "end")
        numbers = [cells.counts(raw, name, name == "posts") for name in ("posts", "authors", "views", "engagement")]
        for place in np.flatnonzero(end <= start).tolist():
            raw.fault(place, "end: must be later than start")
        return [
            (str(platforms[place]), str(tags[place]), (
                int(start[place]), int(end[place] - start[place]), *(known(column[place]) for column in numbers)
            ))
            for place in raw.good().tolist()
        ]  # fmt: skip

    def tags(self, read: list[_Native]) -> set[str]:
        return {tag for _, tag, _ in read}

    async def keep(self, session: Session, _raw: Raw, read: list[_Native], run: Run) -> int:
        new = 0
        for platform in sorted({platform for platform, _, _ in read}):
            rows = [(hashtag_key(tag), numbers) for name, tag, numbers in read if name == platform]
            spans: dict[int, Span] = {}
            for key, (start, step, *_) in rows:
                widen(spans, key, start, start + step)
            tracks = await imports.tracks(session, await run.source(session, platform), spans)
            natives: list[native_counts.Native] = [(tracks[key], *numbers) for key, numbers in rows]
            new += await native_counts.keep(session, natives, run.now)
        return new


@dataclass(frozen=True, slots=True)
class _Word:
    place: int
    platform: str
    hashtag: int
    stretch: coverage.Stretch


class Covered:
    """Coverage that was stated. Each source that the file names has tracks of its own here."""

    batch = 10_000

    def read(self, raw: Raw) -> tuple[set[str], dict[str, list[_Word]]]:
        platforms, tags = cells.platforms(raw), cells.tag(raw, "hashtag")
        sources, states = cells.texts(raw, "source"), cells.texts(raw, "state", True)
        start, end, reasons = cells.times(raw, "from"), cells.times(raw, "to"), cells.texts(raw, "reason", free=True)
        for place in np.flatnonzero(end <= start).tolist():
            raw.fault(place, "to: must be later than from")
        for place, state in enumerate(states):
            if state is not None and state not in coverage.STATES:
                raw.fault(place, f"state: {state!r} is none of {' '.join(coverage.STATES)}")
        words: dict[str, list[_Word]] = {}
        good = raw.good().tolist()
        for place in good:
            platform = str(platforms[place])
            source = (sources[place] or platform).removeprefix("import:")
            one = coverage.Stretch(int(start[place]), int(end[place]), str(states[place]), reasons[place])
            word = _Word(place, platform, hashtag_key(str(tags[place])), one)
            words.setdefault(f"import:{source}", []).append(word)
        return {str(tags[place]) for place in good}, words

    def tags(self, read: tuple[set[str], object]) -> set[str]:
        return read[0]

    async def keep(self, session: Session, raw: Raw, read: tuple[set[str], dict[str, list[_Word]]], run: Run) -> int:
        _, by_source = read
        await self._withdraw(session, [word for words in by_source.values() for word in words], run)
        return sum([await self._write(session, raw, name, words, run) for name, words in by_source.items()])

    async def _write(self, session: Session, raw: Raw, name: str, words: list[_Word], run: Run) -> int:
        source, platform = await imports.source(session, name, words[0].platform, run.now)
        for word in words:
            if word.platform != platform:
                raw.fault(word.place, f"source: {name} is of {platform} here")
        right = [word for word in words if word.platform == platform]
        spans: dict[int, Span] = {}
        for word in right:
            widen(spans, word.hashtag, word.stretch.start, word.stretch.end)
        tracks = await imports.tracks(session, source, spans)
        return sum([await imports.state(session, tracks[word.hashtag], word.stretch, run.now) for word in right])

    async def _withdraw(self, session: Session, words: list[_Word], run: Run) -> None:
        """What the rows' own span said gives way from the first to the last instant that the file speaks of."""
        hulls = dict(run.stated)
        for word in words:
            widen(hulls, (word.platform, word.hashtag), word.stretch.start, word.stretch.end)
        for key, hull in hulls.items():
            for span in imports.outside(hull, run.stated.get(key)):
                await imports.unstate(session, *key, span)
        run.stated = hulls
