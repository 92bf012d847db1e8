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


@dataclass(frozen=True, slots=True)
class _Native:
    """`numbers`: start, step, posts, authors, views, engagement."""

    place: int
    source: str
    platform: str
    tag: str
    numbers: tuple[Any, ...]


class Counts:
    """A platform's own counts."""

    batch = 10_000

    def read(self, raw: Raw) -> list[_Native]:
        platforms, tags = cells.platforms(raw), cells.tag(raw, "hashtag")
        start, end = cells.times(raw, "start"), cells.times(raw, "end")
        numbers = [cells.counts(raw, name, name == "posts") for name in ("posts", "authors", "views", "engagement")]
        for place in np.flatnonzero(end <= start).tolist():
            raw.fault(place, "end: must be later than start")
        names = _sources(raw, platforms)
        return [
            _Native(place, names[place], str(platforms[place]), str(tags[place]), (
                int(start[place]), int(end[place] - start[place]), *(known(column[place]) for column in numbers)
            ))
            for place in raw.good().tolist()
        ]  # fmt: skip

    def tags(self, read: list[_Native]) -> set[str]:
        return {one.tag for one in read}

    async def keep(self, session: Session, raw: Raw, read: list[_Native], run: Run) -> int:
        new = 0
        for name in sorted({one.source for one in read}):
            mine = [one for one in read if one.source == name]
            source, platform = await imports.source(session, name, mine[0].platform, run.now)
            for one in mine:
                if one.platform != platform:
                    raw.fault(one.place, f"source: {name} is of {platform} here")
            rows = [(hashtag_key(one.tag), one.numbers) for one in mine if one.platform == platform]
            spans: dict[int, Span] = {}
            for key, (start, step, *_) in rows:
                widen(spans, key, start, start + step)
            tracks = await imports.tracks(session, source, spans)
            natives: list[native_counts.Native] = [(tracks[key], *numbers) for key, numbers in rows]
            new += await native_counts.keep(session, natives, run.now)
        return new


def _sources(raw: Raw, platforms: list[str | None]) -> list[str]:
    """By what name each row's source goes here; the platform's own import where the row names none."""
    names = cells.texts(raw, "source")
    pairs = zip(names, platforms, strict=True)
    return [f"import:{(name or platform or '').removeprefix('import:')}" for name, platform in pairs]


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
        sources, states = _sources(raw, platforms), cells.texts(raw, "state", True)
        start, end, reasons = cells.times(raw, "from"), cells.times(raw, "to"), cells.texts(raw, "reason", holds="free")
        for place in np.flatnonzero(end <= start).tolist():
            raw.fault(place, "to: must be later than from")
        for place, state in enumerate(states):
            if state is not None and state not in coverage.STATES:
                raw.fault(place, f"state: {state!r} is none of {' '.join(coverage.STATES)}")
        words: dict[str, list[_Word]] = {}
        good = raw.good().tolist()
        for place in good:
            platform = str(platforms[place])
            one = coverage.Stretch(int(start[place]), int(end[place]), str(states[place]), reasons[place])
            word = _Word(place, platform, hashtag_key(str(tags[place])), one)
            words.setdefault(sources[place], []).append(word)
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
