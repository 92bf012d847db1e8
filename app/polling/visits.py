"""A visit to a track: how it is claimed, and how it is given back with its slot's final state, its gaps said."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import structlog

from app import sources
from app.clock import DAY, HOUR, Clock, to_ms
from app.db.engine import Database, ReadSession, Session
from app.failpoints import reached
from app.polling import outcome, pacing, walks
from app.polling.outcome import PassSummary
from app.polling.pacing import Purse
from app.polling.patience import Patience
from app.polling.walks import Walk
from app.settings import Settings
from app.store import coverage, following, rebuild, tracks
from app.store import sources as source_rows
from app.store.coverage import Stretch
from app.store.subjects import subject_key
from app.store.tracks import Claimed
from collectors.errors import CollectorError

DEEP_EVERY = 6 * HOUR

log = structlog.get_logger()
Progress = Callable[[PassSummary], None]


def _silent(_summary: PassSummary) -> None:
    pass


@dataclass(frozen=True, slots=True)
class How:
    """How a pass is made. `asked`: by a person, who waits for all of it: due or not, through the re-walk window."""

    page_limit: int | None = None  # None: the setting's
    asked: bool = False
    since: int | None = None
    progress: Progress = _silent


@dataclass(slots=True)
class Visit:
    """A pass under way. `reach`: from when on the platform still shows posts, where that is not for ever.

    `before`: what was said of the time of the walk at hand before it began (app.polling.proof).
    """

    db: Database
    settings: Settings
    clock: Clock
    claimed: Claimed
    summary: PassSummary
    walks: list[Walk]
    lag: int
    page_limit: int
    patience: Patience
    waits_until: int | None
    progress: Progress
    purse: Purse
    asked: bool = False
    taken: Counter[str] = field(default_factory=Counter)
    reach: int | None = None
    before: list[Stretch] | None = None
    seen: set[int] = field(default_factory=set)

    @property
    def now(self) -> int:
        return to_ms(self.clock.now())

    async def beat(self) -> None:
        async with self.db.write() as session:
            await tracks.hold(session, self.claimed, self.now)


async def claim(db: Database, settings: Settings, clock: Clock, track_id: int, how: How) -> Visit | None:
    """None: someone else is there, or it is not due."""
    now = to_ms(clock.now())
    async with db.write() as session:
        claimed = await tracks.claim(session, track_id, now, even_if_early=how.asked)
        if claimed is None:
            return None
        source = await source_rows.by_id(session, claimed.source_id)
        await tracks.begin_pass(session, claimed, now)
        purse = await _purse(session, source.id)
        tight = not how.asked and purse.binds(claimed.interval_ms)
        unfinished = await _begin_walk(session, claimed, settings, how, now, tight=tight)
    reached("claimed")
    return Visit(
        db, settings, clock, claimed, PassSummary(claimed.tag, source.name), unfinished, 2 * claimed.interval_ms,
        how.page_limit or purse.pages(settings.page_limit), Patience(clock, how.asked), source.waits_until,
        how.progress, purse, how.asked,
    )  # fmt: skip


async def _purse(session: ReadSession, source_id: int) -> Purse:
    source = await source_rows.by_id(session, source_id)
    limits, tracks = await sources.joint_limits(session, source), await source_rows.polled(session, source)
    return Purse.of(sources.offer(source.platform), limits, tracks)


async def _begin_walk(
    session: Session, claimed: Claimed, settings: Settings, how: How, now: int, *, tight: bool
) -> list[Walk]:
    """`tight`: the budget does not reach for walking the known again."""
    unfinished = walks.load(claimed.walks)
    # Gaps first: walking the known again from the newest post on would leave no pages for them.
    gaps = any(walk.begun for walk in unfinished)
    deep = (how.asked or _is_deep_due(claimed, now, DAY if tight else DEEP_EVERY)) and not gaps
    rewalk = int(settings.rewalk_days * DAY) if deep and not tight else None
    window = walks.Window(now, claimed.walked_to, claimed.look_back_to, 2 * claimed.interval_ms, rewalk)
    unfinished = walks.deepened(unfinished, how.since) if gaps else unfinished
    kept, given_up = walks.push(unfinished, walks.begin(window, None if gaps else how.since))
    for lost in given_up:
        if stretch := walks.owed(lost, window.lag, claimed.since):
            reason = "given up: newer posts came faster than they could be read"
            await coverage.write(session, claimed.id, *stretch, "missed", reason)
    marks = {"deep_at": now} if deep else {}
    await tracks.hold(session, claimed, now, walks=walks.dump(kept), walked_to=now, **marks)
    return kept


def _is_deep_due(claimed: Claimed, now: int, every: int) -> bool:
    return claimed.deep_at is None or now - claimed.deep_at >= every


async def finish(ours: Visit, error: CollectorError | None) -> None:
    """The slot's final state, the track's next due time, and how the source does."""
    now, claimed, summary = ours.now, ours.claimed, ours.summary
    failures = claimed.failures + 1 if error else 0
    async with ours.db.write() as session:
        await _judge_source(session, ours, error, now)
        await _say_gaps(session, ours, summary.reason)
        slots = pacing.slots(ours.purse, claimed.interval_ms, ours.taken)
        due = None if claimed.early else _next_due(claimed, now, failures, slots)
        await tracks.release(session, claimed, due, failures=failures)
        await tracks.end_pass(
            session, claimed, now, summary.state, reason=summary.reason, pages=summary.pages, posts=summary.posts,
            posts_new=summary.posts_new, slots=_slots(claimed, due),
        )  # fmt: skip
        reached("finishing")
    reached("finished")
    log.info("pass", tag=claimed.tag, source=summary.source, state=summary.state, posts_new=summary.posts_new)


async def let_go(ours: Visit) -> None:
    """We are stopped half-way: the next worker takes up this same slot at once."""
    async with ours.db.write() as session:
        await tracks.release(session, ours.claimed, None)


async def rebuild_curves(session: Session, influencers: Iterable[str], now: int) -> None:
    """Of those whom an account was just bound to: in the transaction that binds, or a crash would lose the curve."""
    for influencer in set(influencers):
        await rebuild.rebuild(session, subject_key("influencer", influencer), now)


def _next_due(claimed: Claimed, now: int, failures: int, slots: int) -> int:
    if claimed.walked_to is None:
        return following.first_due(now, claimed.interval_ms * slots)
    return outcome.next_due(claimed.due_at, claimed.interval_ms, now, failures, slots)


def _slots(claimed: Claimed, due: int | None) -> int:
    """The first pass stands for itself: after it the track gets a phase of its own."""
    if due is None:
        return 0
    return max(1, (due - claimed.due_at) // claimed.interval_ms) if claimed.walked_to is not None else 1


async def _judge_source(session: Session, ours: Visit, error: CollectorError | None, now: int) -> None:
    source = await source_rows.by_id(session, ours.claimed.source_id)
    if error is None:
        await source_rows.set_state(session, source.id, "ok", None, now)
        return
    verdict = outcome.judge(error, now, source.failures + 1)
    ours.summary.worse("partial" if ours.summary.pages else "failed", verdict.reason)
    await source_rows.set_state(session, source.id, verdict.state, verdict.reason, now, verdict.waits_until)


async def _say_gaps(session: Session, ours: Visit, reason: str | None) -> None:
    """What this pass owed and did not prove. A later pass that walks it takes the word back."""
    for walk in ours.walks:
        if stretch := walks.owed(walk, ours.lag, ours.claimed.since):
            await coverage.write(session, ours.claimed.id, *stretch, "missed", reason or "not read yet")
            ours.summary.missed.append((*stretch, reason or "not read yet"))
