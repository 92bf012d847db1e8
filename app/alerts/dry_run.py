"""When a rule would have fired: the same judgement and the same state machine, over the sums that are kept."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.alerts import episode, judge
from app.alerts.episode import CLEAR, Seen, State
from app.alerts.judge import FLOOR, Series
from app.analysis.spikes import STEP, Detector
from app.clock import DAY, HOUR, SECOND
from app.db.engine import Database
from app.store import coverage, rollups, watching
from app.store.rules import Watched
from app.store.watching import Target

MOST = 25
"""Subjects that one dry run looks at."""


@dataclass(frozen=True, slots=True)
class Fired:
    """One episode: when it would have been said, when it would have ended (None: not yet), and how high it rose."""

    subject: tuple[str, str]
    at: int
    ends_at: int | None
    peak: float | None


@dataclass(slots=True)
class Outcome:
    """`evaluations` are those with enough known to judge. `most`, `least`: of the values that the rule looks at."""

    subjects: int = 0
    left_out: int = 0
    evaluations: int = 0
    fired: list[Fired] = field(default_factory=list)
    most: float | None = None
    least: float | None = None
    always: int = 0

    def saw(self, seen: Seen) -> None:
        self.evaluations += 1
        self.always += not seen.clear
        if seen.value is not None:
            self.most = max(seen.value, self.most if self.most is not None else seen.value)
            self.least = min(seen.value, self.least if self.least is not None else seen.value)

    def per_month(self, span: int) -> float | None:
        return round(len(self.fired) * 30 * DAY / span, 2) if self.evaluations else None

    def warnings(self, it: Watched) -> list[str]:
        """What the owner of such a rule should know before it is kept."""
        found = []
        if self.left_out:
            found.append(f"of {self.subjects + self.left_out} subjects the first {self.subjects} were looked at")
        if not self.evaluations:
            return [*found, "nothing is known of it in this time"]
        most = f"{self.most or 0:g}"
        if it.kind == "threshold" and (self.most or 0) < (it.above or 0):
            found.append(f"never met in this time: the most in a window was {most}")
        if it.kind == "spike" and (self.most or 0) < FLOOR[it.metric or "posts"]:
            least = FLOOR[it.metric or "posts"]
            found.append(f"never met in this time: the most in an hour was {most}, and a spike takes at least {least}")
        if it.kind == "quiet" and not self.always:
            found.append("never met in this time: there was always something in the window")
        if it.kind != "spike" and self.always == self.evaluations:
            found.append(f"always met in this time: the least in a window was {self.least or 0:g}")
        return found


async def run(db: Database, it: Watched, start: int, end: int, now: int) -> Outcome:
    """`start` is not before the five-minute sums that are kept."""
    async with db.read() as session:
        looked = await watching.tracks(session)
        targets = (await watching.targets(session, [it.subject], looked)).get(it.subject, [])
        chosen = targets[:MOST]
        first = rollups.fine_since(now)
        tags = sorted({track.hashtag_id for target in chosen for track in target.tracks})
        observed = await coverage.of_hashtags(session, tags)
        amounts = await watching.amounts(session, [target.id for target in chosen], first)
    outcome = Outcome(len(chosen), len(targets) - len(chosen))

    def work() -> None:
        for target in chosen:
            mine = {track.tag for track in target.tracks}
            tracks = [track for track in observed if track.hashtag in mine]
            read_to = min(end, target.read_to or end)
            made = judge.series(tracks, amounts.get(target.id, ()), it.metric or "posts", first, read_to)
            _played(it, target, made, start, outcome)

    await asyncio.to_thread(work)
    return outcome


def earliest(now: int) -> int:
    return rollups.fine_since(now) + HOUR


def _played(it: Watched, target: Target, series: Series, start: int, outcome: Outcome) -> None:
    state = State()
    for seen in _evaluations(it, series):
        if seen.at < start:
            continue
        outcome.saw(seen)
        state, told = episode.evaluate(state, seen)
        for one in told:
            if one.type == "firing":
                outcome.fired.append(Fired((target.kind, target.label), one.at, None, one.value))
            elif outcome.fired:
                last = outcome.fired[-1]
                ends = one.at if one.type == "resolved" else last.ends_at
                peak = max((value for value in (last.peak, one.value) if value is not None), default=None)
                outcome.fired[-1] = Fired(last.subject, last.at, ends, peak)


def _evaluations(it: Watched, series: Series) -> Sequence[Seen]:
    known = [value if whole else None for value, whole in zip(series.values, series.whole, strict=True)]
    if it.kind == "spike":
        return _spikes(it.metric or "posts", series, known)
    width = it.window_s * SECOND // STEP
    found, total, unknown = [], 0.0, 0
    for place, value in enumerate(known):
        total, unknown = total + (value or 0), unknown + (value is None)
        if place >= width:
            gone = known[place - width]
            total, unknown = total - (gone or 0), unknown - (gone is None)
        if place >= width - 1 and not unknown:
            over = total == 0 if it.kind == "quiet" else total >= (it.above or 0)
            clear = total > 0 if it.kind == "quiet" else total < CLEAR * (it.above or 0)
            found.append(Seen(series.start + (place + 1) * STEP, over, clear, total))
    return found


def _spikes(metric: str, series: Series, known: Sequence[float | None]) -> list[Seen]:
    detector, raised, found = Detector(), None, []
    for place, value in enumerate(known):
        at = series.start + place * STEP
        verdict = detector.push(at, value)
        raised = judge.standing(raised, verdict)
        if verdict.observed is not None:
            found.append(judge.stands(metric, at + STEP, raised, verdict).seen)
    return found
