"""Files of readings: snapshots of posts, and followers of accounts."""

from dataclasses import dataclass, replace

import numpy as np

from app.analysis.contribution import METRICS, UNKNOWN
from app.analysis.shape import Ints
from app.db.engine import Session
from app.imports import cells
from app.imports.batch import Raw
from app.imports.cells import known
from app.imports.kind import Run, by_platform
from app.store import accounts, imports, keep
from app.store.looks import Readings
from collectors.posts import Account

MOST_SOURCES = 9


@dataclass(frozen=True, slots=True)
class _Looks:
    """Of one source, whose name is `import:` and the key that they stand under."""

    platform: str
    places: Ints
    post: Ints
    at: Ints
    levels: Ints


class Snapshots:
    batch = 50_000

    def read(self, raw: Raw) -> dict[str, _Looks]:
        platforms, native = cells.platforms(raw), cells.ids(raw, "native_id", True)
        at = cells.times(raw, "observed_at")
        levels = np.stack([cells.counts(raw, metric) for metric in METRICS], axis=1)
        found = {}
        for source, rows in by_platform(raw, _sources(raw, platforms)).items():
            platform = str(platforms[rows[0]])
            keys = {name: keep.post_key(platform, name) for name in {native[place] for place in rows} if name}
            places = np.array(rows, dtype=np.int64)
            post = np.array([keys[str(native[place])] for place in rows], dtype=np.int64)
            found[source] = _Looks(platform, places, post, at[places], levels[places])
        return dict(sorted(found.items()))  # what came second comes second again: looks at one instant keep their order

    def tags(self, _read: object) -> set[str]:
        return set()

    async def keep(self, session: Session, raw: Raw, read: dict[str, _Looks], run: Run) -> int:
        new = 0
        for name, looks in read.items():
            source = await run.source(session, looks.platform)
            if name != looks.platform:
                source, _ = await imports.source(session, f"import:{name}", looks.platform, run.now)
            witness = np.zeros(len(looks.post), dtype=bool)
            readings = Readings(looks.post, looks.at, looks.levels, source, witness)
            kept, unknown = await keep.keep_readings(session, readings, run.now)
            for place in looks.places[unknown].tolist():
                native = raw.of("native_id")[place]
                raw.fault(place, f"native_id: no post {native!r} of {looks.platform} is known: import posts first")
            for place in looks.places[list(kept.conflicts)].tolist():
                raw.fault(place, "observed_at: other counts are known of this post at this instant")
            new += kept.new
        return new


def _sources(raw: Raw, platforms: list[str | None]) -> list[str | None]:
    """A second look at the same instant is another source's: it has one of its own here."""
    nth = cells.counts(raw, "nth")
    for place in np.flatnonzero((nth != UNKNOWN) & ((nth < 2) | (nth > MOST_SOURCES))).tolist():
        raw.fault(place, f"nth: is 2 to {MOST_SOURCES}, or empty")
    return [name if n == UNKNOWN else f"{name}:{n}" for name, n in zip(platforms, nth.tolist(), strict=True)]


class Accounts:
    batch = 10_000

    def read(self, raw: Raw) -> list[tuple[int, accounts.Seen]]:
        platforms, native = cells.platforms(raw), cells.ids(raw, "native_id", True)
        at = cells.times(raw, "observed_at")
        followers, posts = cells.counts(raw, "followers"), cells.counts(raw, "posts")
        handles, names = (cells.texts(raw, name, holds="free") for name in ("handle", "name"))
        for place in np.flatnonzero((followers == UNKNOWN) & (posts == UNKNOWN)).tolist():
            raw.fault(place, "followers: is empty")
        found = []
        for place in raw.good().tolist():
            account = Account(
                str(native[place]), handles[place], names[place], known(followers[place]), known(posts[place])
            )
            found.append((place, accounts.Seen(str(platforms[place]), account, int(at[place]))))
        return found

    def tags(self, _read: object) -> set[str]:
        return set()

    async def keep(self, session: Session, raw: Raw, read: list[tuple[int, accounts.Seen]], run: Run) -> int:
        there = await imports.known_looks(session, sorted({seen.id for _, seen in read}))
        fresh = []
        for place, seen in read:
            said = (seen.account.followers, seen.account.posts)
            before = there.setdefault((seen.id, seen.at), said)
            if before is said:
                fresh.append(replace(seen, recorded=run.now))
            elif before != said:
                raw.fault(place, "observed_at: another count is known of this account at this instant")
        influencers = await accounts.keep(session, fresh, None)
        await imports.put_looks(session, [(s.id, s.at, s.account.followers, s.account.posts) for s in fresh], run.now)
        run.recognised.update(influencers)
        return len(fresh)
