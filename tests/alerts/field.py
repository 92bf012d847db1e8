"""A field to watch: a hashtag on a source, its sums as polls would have left them, and a watch with a clock in hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select, update

from app.alerts.watch import Watch
from app.analysis.contribution import COLUMNS
from app.analysis.spikes import STEP
from app.clock import DAY, bucket_of, to_ms
from app.db.dialect import put
from app.db.engine import Database
from app.models import Alert, AlertTransition, Event, Hashtag, Job, Pass, Rollup, Source, Track
from app.settings import Settings
from app.store import coverage, following, rules, sources
from app.store.rules import Rule, Watched
from app.store.sources import NewSource
from app.store.subjects import subject_key
from tests.clocks import FakeClock

INTERVAL_S = 300
LAG = 2 * INTERVAL_S * 1_000
TAG = "rain"


@dataclass
class Field:
    db: Database
    clock: Any = field(default_factory=FakeClock)
    watch: Watch = field(init=False)
    proved: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.watch = self.worker()

    def worker(self) -> Watch:
        return Watch(self.db, Settings(_env_file=None), self.clock)

    @property
    def now(self) -> int:
        return to_ms(self.clock.now())

    async def follow(self, tag: str = TAG, source: str = "here", platform: str = "mastodon") -> None:
        async with self.db.write() as session:
            there = (await session.execute(select(Source.id).where(Source.name == source))).scalar()
            key = there or await sources.insert(session, NewSource(platform, source, None, None, None), self.now)
            await following.follow(session, tag, [key], self.now, INTERVAL_S)

    async def poll(self, tag: str = TAG, source: str = "here", since: int | None = None) -> None:
        """A whole pass, which claims all up to two intervals ago."""
        start = self.proved.get((tag, source), self.now - DAY if since is None else since)
        async with self.db.write() as session:
            track = await self._track(session, tag, source)
            await coverage.write(session, track, start, self.now - LAG, "complete")
            values = {"due_at": self.now + INTERVAL_S * 1_000, "failures": 0}
            await session.execute(update(Track).where(Track.id == track).values(**values))
        self.proved[tag, source] = self.now - LAG

    async def asked(self, new: int, tag: str = TAG, source: str = "here") -> None:
        """A pass of the source, and how many new posts it brought."""
        async with self.db.write() as session:
            track = await self._track(session, tag, source)
            session.add(Pass(
                track_id=track, due_at=self.now, slots=1, started_at=self.now, ended_at=self.now, state="ok", pages=1,
                posts=new, posts_new=new,
            ))  # fmt: skip

    async def fail(self, tag: str = TAG, source: str = "here", times: int = 3) -> None:
        async with self.db.write() as session:
            track = await self._track(session, tag, source)
            await session.execute(update(Track).where(Track.id == track).values(failures=times))

    async def _track(self, session: Any, tag: str, source: str) -> int:
        query = select(Track.id).join(Hashtag, Hashtag.id == Track.hashtag_id)
        query = query.join(Source, Source.id == Track.source_id).where(Hashtag.tag == tag, Source.name == source)
        return int((await session.execute(query)).scalar_one())

    async def sums(
        self, start: int, values: Sequence[int], tag: str = TAG, metric: str = "posts", platform: str = "mastodon",
        subject: int | None = None, more: Mapping[str, int] | None = None,
    ) -> None:  # fmt: skip
        """Five-minute rows from `start` on, in place of what is there."""
        count = len(values)
        rows: dict[str, list[Any]] = {name: [0] * count for name in COLUMNS}
        rows[metric] = list(values)
        rows |= {name: [value] * count for name, value in (more or {}).items()}
        first = bucket_of(start, STEP)
        rows |= {
            "subject_id": [subject or subject_key("hashtag", tag)] * count, "grain": [STEP] * count,
            "platform": [platform] * count, "bucket": [first + STEP * place for place in range(count)],
        }  # fmt: skip
        async with self.db.write() as session:
            await put(session, Rollup, rows, "replace")

    async def usual(self, count: int = 4, tag: str = TAG, days: int = 1, **more: Any) -> None:
        """So many posts each five minutes, up to now."""
        start = bucket_of(self.now, STEP) - days * DAY
        noise = [count + (place * 7) % 3 - 1 for place in range(days * DAY // STEP + 1)]
        await self.sums(start, noise, tag, **more)

    async def pass_by(self, values: Sequence[int], tag: str = TAG, **more: Any) -> None:
        """Five minutes for each value: they go by, bring so many posts, are polled and watched."""
        for value in values:
            await self.sums(bucket_of(self.now, STEP), [value], tag, **more)
            self.clock.advance(INTERVAL_S)
            await self.poll(tag)
            await self.watch.run()

    async def rule(self, **given: Any) -> Rule:
        about = {
            "name": "mine", "kind": "threshold", "subject": ("hashtag", TAG), "metric": "posts", "above": 100,
            "window_s": 900, "severity": "low", "endpoints": None, "enabled": True,
        }  # fmt: skip
        async with self.db.write() as session:
            return await rules.create(session, Watched(**{**about, **given}), self.now)

    async def turns(self, rule: str = "rul_spikes") -> list[tuple[str, int, int, str]]:
        """What a rule told: type, episode, sequence, and whether it was sent."""
        query = select(AlertTransition, Alert.episode).join(Alert, Alert.id == AlertTransition.alert_id)
        query = query.where(Alert.rule_id == rule).order_by(AlertTransition.at, Alert.episode, AlertTransition.sequence)
        async with self.db.read() as session:
            return [(one.type, number, one.sequence, one.told) for one, number in await session.execute(query)]

    async def events(self) -> list[Event]:
        async with self.db.read() as session:
            return list((await session.execute(select(Event).order_by(Event.at, Event.type))).scalars())

    async def worked(self) -> int:
        """How often the watch's lease was taken."""
        async with self.db.read() as session:
            return int((await session.execute(select(Job.term))).scalar_one())
