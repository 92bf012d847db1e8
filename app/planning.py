"""Before a hashtag is followed: what it will cost a day on each source, how far back it reaches, and what it misses."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from app import sources
from app.analysis.tags import normal, spelling, wrong
from app.clock import DAY, HOUR, Clock, to_ms
from app.db.engine import Database
from app.errors import Invalid, NotFound
from app.polling import plan
from app.polling.pacing import Purse
from app.settings import Settings
from app.store import sources as rows
from app.store.seen import posts_a_day
from collectors.contract import Offer, Searches
from collectors.errors import CollectorError

ASSUMED = 20.0
METRICS = ("likes", "reposts", "replies", "quotes", "views", "bookmarks")


@dataclass(frozen=True, slots=True)
class Planned:
    """On one source. `known`: how the number of posts a day is known (`seen`, `looked` or `assumed`)."""

    source: str
    platform: str
    posts: float
    known: str
    day: plan.Day
    offer: Offer
    others: int  # hashtags that are followed there already

    @property
    def late_ms(self) -> int:
        """How old a post is at most when it is found."""
        return self.day.every_ms + int(self.offer.delay.total_seconds() * 1_000)


async def planned(
    db: Database, settings: Settings, clock: Clock, tag: str, names: Sequence[str] | None, *, looking: bool = True
) -> list[Planned]:
    """For each source (None: all). `looking`: one page is looked at where that costs no money and nothing is known."""
    if problem := wrong(tag):
        raise Invalid("tag", tag, problem)
    async with db.read() as session:
        live = [row.name for row in await rows.live(session) if row.lends_to is None]
    for name in names or ():
        if name not in live:
            raise Invalid("sources", name, f"no source of that name (there are: {', '.join(live) or 'none yet'})")
    if not live:
        raise NotFound("no source to plan for: groundswell sources add mastodon --name NAME --url URL")
    chosen = [name for name in live if names is None or name in names]
    return [await _on(db, settings, clock, tag, name, looking=looking) for name in chosen]


async def _on(db: Database, settings: Settings, clock: Clock, tag: str, name: str, *, looking: bool) -> Planned:
    async with db.read() as session:
        row = await rows.named(session, name)
        seen = await posts_a_day(session, normal(tag), row.platform, to_ms(clock.now()))
        limits, others = await sources.joint_limits(session, row), await rows.polled(session, row)
        there = await rows.follows(session, row.id, normal(tag))
    offer = sources.offer(row.platform)
    posts, known = (seen, "seen") if seen is not None else (None, "looked")
    if posts is None and looking and not _costs(offer):
        posts = await _look(db, settings, clock, row.id, tag)
    if posts is None:
        posts, known = ASSUMED, "assumed"
    purse = Purse.of(offer, limits, others + (not there))
    asked = plan.Asked(
        purse, posts, settings.poll_seconds * 1_000, settings.rewalk_days, settings.page_limit, "counts" in offer.costs,
        plan.bounded(offer, limits),
    )  # fmt: skip
    return Planned(name, row.platform, posts, known, plan.a_day(asked), offer, others - there)


def _costs(offer: Offer) -> bool:
    """Where a look takes money, or one of few: a hundred a day are few."""
    spent = {name for part in offer.costs.values() for name in {*part.call, *part.item}}
    scarce = [one for one in offer.allowances if one.window.total_seconds() * 1_000 >= DAY and one.limit <= 1_000]
    return any(one.name in spent for one in scarce)


async def _look(db: Database, settings: Settings, clock: Clock, source_id: int, tag: str) -> float | None:
    """From one page: so many posts in the time that it spans. None: the platform did not show it."""
    try:
        async with sources.opened(db, settings, clock, source_id) as collector:
            if not isinstance(collector, Searches) or not collector.offer.page_size:
                return None
            async for page in collector.search(spelling(tag)):
                wanted = normal(tag)
                births = [to_ms(p.created_at) for p in page.posts if any(normal(one) == wanted for one in p.tags)]
                back = collector.offer.look_back
                span = to_ms(clock.now()) - min(births, default=to_ms(clock.now()))
                # All that there is, over the month or as far as is shown: some give a cursor to an empty page.
                if page.cursor is None or len(page.posts) < collector.offer.page_size // 2:
                    span = max(span, min(30 * DAY, int(back.total_seconds() * 1_000) if back else 30 * DAY))
                return len(births) * DAY / max(span, HOUR)
    except CollectorError:
        return None
    return None


def misses(offer: Offer) -> list[str]:
    """In words, for whoever chooses."""
    absent = [name for name in METRICS if name not in offer.metrics]
    found = [f"no counts of {', '.join(absent)}"] if absent else []
    if not offer.page_size:
        found.append("no search: only its stream finds posts")
    if not offer.batch_size:
        found.append("known posts are not read again")
    return [*found, *islice(offer.notes, 9)]
