"""The watch: reads what is new of each subject, asks the detector, and tells what begins, grows and ends.

One worker at a time, by a lease with a term; what is written in one transaction is written once.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.alerts import digest, judge, monthly, telling
from app.alerts import plan as plans
from app.alerts.episode import Seen
from app.alerts.judge import Found
from app.alerts.plan import Plan, Unit
from app.alerts.telling import Case, Telling
from app.clock import MINUTE, SECOND, Clock, to_ms
from app.db.engine import Database, ReadSession
from app.failpoints import reached
from app.settings import Settings
from app.store import coverage, episodes, jobs, news, rules, silences, watching
from app.store.coverage import Observed
from app.store.rules import Rule
from app.store.watching import Amount, Known, Target

CHUNK, FRESH = 500, 50
"""Subjects in one transaction; and of those whose whole past is to be shown to a detector, how many in one run."""
EVERY_S, RESTS = 60.0, 4
_JOB = "watch"


@dataclass(frozen=True, slots=True)
class Read:
    observed: Mapping[str, Sequence[Observed]]  # by hashtag
    amounts: Mapping[int, Sequence[Amount]]
    known: Mapping[tuple[int, str], Known]


class Watch:
    """Evaluates the rules. N of them may share a database: one works at a time."""

    def __init__(self, db: Database, settings: Settings, clock: Clock) -> None:
        self._db, self._clock, self._base_url = db, clock, settings.base_url
        self._seen, self._ran, self._took = -1, -EVERY_S, 0.0
        self._began = to_ms(clock.now())

    @property
    def _now(self) -> int:
        return to_ms(self._clock.now())

    async def tick(self) -> None:
        """Soon after something was written, and each minute; with many hashtags a fifth of the time at most."""
        waited = self._clock.monotonic() - self._ran
        if waited < min(EVERY_S, RESTS * self._took):
            return
        async with self._db.read() as session:
            last = await news.last(session)
        if last == self._seen and waited < EVERY_S:
            return
        self._ran = self._clock.monotonic()
        done = await self.run()
        self._seen, self._took = last if done else -1, self._clock.monotonic() - self._ran

    async def run(self) -> bool:
        """False: there is more to do, or another worker is at it."""
        now = self._now
        async with self._db.write() as session:
            term = await jobs.claim(session, _JOB, now)
        if term is None:
            return False
        try:
            async with self._db.read() as session:
                plan = await plans.made(session, now)
            for start in range(0, len(plan.units), CHUNK):
                await self._judge(plan.units[start : start + CHUNK], plan, term)
            await self._judge(plan.fresh[:FRESH], plan, term)
            await self._sources(plan, term)
            await self._go_on(plan, term)
            await self._digests(plan, term)
            await self._reports(plan, term)
            return len(plan.fresh) <= FRESH
        finally:
            async with self._db.write() as session:
                await jobs.hold(session, _JOB, term, None)

    async def _judge(self, units: Sequence[Unit], plan: Plan, term: int) -> None:
        if not units:
            return
        async with self._db.read() as session:
            read = await _read(session, units)
        learnt, cases = await asyncio.to_thread(_judged, units, read, plans.behind(plan.looked, self._now, self._began))
        async with self._db.write() as session:
            await jobs.hold(session, _JOB, term, self._now)
            await watching.keep_detectors(session, learnt)
            told = await telling.tell(session, await self._telling(session), cases)
            reached("telling" if told else "judging")
        reached("told" if told else "judged")

    async def _telling(self, session: ReadSession) -> Telling:
        return Telling(await silences.at(session, self._now), self._now, self._base_url)

    async def _sources(self, plan: Plan, term: int) -> None:
        """Sources that missed their slots, and rules on what a source brings."""
        now = self._now
        by_source = {track.source_id: track for tracks in plan.looked.values() for track in tracks}
        behind = plans.behind(plan.looked, now, self._began)
        cases = []
        for source, track in by_source.items():
            target = Target("source", str(source), track.source, ())
            late = source in behind
            rule = plans.of_sources(target, track.interval_ms)
            cases.append(Case(rule, target, Found(Seen(now, late, not late)), late))
        quiet = [rule for rule in plan.rules if rule.it.subject[0] == "source"]
        async with self._db.write() as session:
            await jobs.hold(session, _JOB, term, now)
            for rule in quiet:
                source = int(rule.it.subject[1])
                if source in by_source:
                    brought = await watching.brought(session, source, now - rule.it.window_s * SECOND, now)
                    found = Found(Seen(now, brought is False, brought is True)) if brought is not None else None
                    cases.append(Case(rule, Target("source", str(source), rule.label, ()), found))
            await telling.tell(session, await self._telling(session), cases)

    async def _go_on(self, plan: Plan, term: int) -> None:
        """Silences that end, and rules and subjects that are not there any more."""
        async with self._db.read() as session:
            stands = await episodes.firing(session)
        if not stands:
            return
        live = {rule.id: rule for rule in plan.rules}
        behind = plans.behind(plan.looked, self._now, self._began)
        async with self._db.write() as session:
            await jobs.hold(session, _JOB, term, self._now)
            said = await self._telling(session)
            former = await rules.with_ids(session, [rule for rule, _ in stands])
            for (rule_id, name), stand in stands.items():
                target = plans.watched(plan, live.get(rule_id), rule_id, name)
                kind, _, ref = name.partition(":")
                label = (await rules.called(session, [(kind, ref)]))[kind, ref]
                shown = target or Target(kind, ref, label, ())
                rule = former.get(rule_id) or plans.of_sources(shown, MINUTE)
                late = {track.source_id in behind for track in shown.tracks}
                case = Case(rule, shown, None, True in late, late == {True})
                await telling.go_on(session, said, case, stand, watched=target is not None)

    async def _digests(self, plan: Plan, term: int) -> None:
        """Each is read with no transaction open, and told with the mark that it was in one."""
        if not plan.digests:
            return
        async with self._db.read() as session:
            due = await digest.due(session, plan, self._now)
        for rule, period in due:
            async with self._db.read() as session:
                event = await digest.made(session, rule, period, self._now, self._base_url)
            async with self._db.write() as session:
                await jobs.hold(session, _JOB, term, self._now)
                await digest.tell(session, rule, period, event, self._now)
                reached("telling")
            reached("told")

    async def _reports(self, plan: Plan, term: int) -> None:
        """Likewise; a campaign that is gone is told of no more."""
        if not plan.reports:
            return
        async with self._db.read() as session:
            due = await monthly.due(session, plan, self._now)
        for rule, month in due:
            async with self._db.read() as session:
                event = await monthly.made(session, rule, month, self._now, self._base_url)
            async with self._db.write() as session:
                await jobs.hold(session, _JOB, term, self._now)
                await monthly.tell(session, rule, month, event, self._now)
                reached("telling")
            reached("told")


async def _read(session: ReadSession, units: Sequence[Unit]) -> Read:
    hashtags = sorted({track.hashtag_id for unit in units for track in unit.target.tracks})
    observed: dict[str, list[Observed]] = {}
    for track in await coverage.of_hashtags(session, hashtags):
        observed.setdefault(track.hashtag, []).append(track)
    subjects = [unit.target.id for unit in units]
    amounts = await watching.amounts(session, subjects, min(unit.start for unit in units))
    return Read(observed, amounts, await watching.detectors(session, subjects))


def _judged(units: Sequence[Unit], read: Read, behind: set[int]) -> tuple[list[Known], list[Case]]:
    learnt: list[Known] = []
    cases: list[Case] = []
    for unit in units:
        known, found = _judge_one(unit, read)
        learnt += known
        stale = {track.source_id in behind for track in unit.target.tracks}
        cases += [Case(rule, unit.target, one, True in stale, stale == {True}) for rule, one in found]
    return learnt, cases


def _judge_one(unit: Unit, read: Read) -> tuple[list[Known], list[tuple[Rule, Found | None]]]:
    target = unit.target
    tracks = [one for tag in sorted({track.tag for track in target.tracks}) for one in read.observed.get(tag, ())]
    learnt: list[Known] = []
    verdicts: dict[str, Found | None] = {}
    read_to = target.read_to or 0
    made = {
        metric: judge.series(tracks, read.amounts.get(target.id, ()), metric, unit.start, read_to)
        for metric in {rule.it.metric or "posts" for rule in unit.rules}
    }
    for metric in unit.spikes:
        old = read.known.get((target.id, metric))
        if old is None or old.basis != target.basis or old.judged_to < unit.start:
            old = Known(target.id, metric, unit.start, 0, None, target.basis, b"")
        known, verdicts[metric] = judge.spike(metric, old, made[metric])
        learnt.append(known)
    return learnt, [(rule, _found(rule, made[rule.it.metric or "posts"], verdicts)) for rule in unit.rules]


def _found(rule: Rule, series: judge.Series, verdicts: Mapping[str, Found | None]) -> Found | None:
    it, window = rule.it, rule.it.window_s * SECOND
    if it.kind == "spike":
        found = verdicts[it.metric or "posts"]
    else:
        found = judge.quiet(window, series) if it.kind == "quiet" else judge.threshold(it.above or 0, window, series)
    return found and judge.told_of(found, window, series)
