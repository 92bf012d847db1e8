"""What an export says of hashtags themselves: how far each was observed, and what platforms count of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.analysis.tags import normal
from app.db.dialect import among
from app.db.engine import ReadSession
from app.models import CampaignHashtag, Hashtag, NativeCount, Source, Track
from app.store.coverage import COVERED, Observed, Stretch, of_hashtags
from app.store.exports import FIRST, Row, Scope
from app.store.subjects import hashtag_key


async def hashtag_ids(session: ReadSession, scope: Scope, after: int = FIRST) -> list[int]:
    """The hashtags of the scope whose keys come later."""
    query = select(Hashtag.id).where(Hashtag.followed_at.is_not(None))
    if scope.subjects:
        tags = [hashtag_key(normal(one.ref)) for one in scope.subjects if one.kind == "hashtag"]
        campaigns = [one.ref for one in scope.subjects if one.kind == "campaign"]
        mine = select(CampaignHashtag.hashtag_id).where(among(session, CampaignHashtag.campaign_id, campaigns))
        query = select(Hashtag.id).where(among(session, Hashtag.id, tags) | Hashtag.id.in_(mine))
    return list((await session.execute(query.where(Hashtag.id > after).order_by(Hashtag.id))).scalars())


async def coverage(session: ReadSession, hashtags: Sequence[int], scope: Scope, now: int) -> list[Row]:
    """What was owed, and what of it was observed: time that nobody speaks of is said to be missed."""
    rows: list[Row] = []
    for track in await of_hashtags(session, hashtags, scope.as_of):
        name = (track.platform, track.source, f"#{track.hashtag}")
        rows += [(*name, one.start, one.end, one.state, one.reason) for one in within(owed(track, now), scope)]
    return rows


def within(stretches: Sequence[Stretch], scope: Scope) -> list[Stretch]:
    low = min((one.start for one in stretches), default=0) if scope.start is None else scope.start
    high = max((one.end for one in stretches), default=0) if scope.end is None else scope.end
    cut = [Stretch(max(one.start, low), min(one.end, high), one.state, one.reason) for one in stretches]
    return [one for one in cut if one.start < one.end]


def owed(track: Observed, now: int) -> list[Stretch]:
    """The whole of what the track owed, in stretches without a break."""
    found: list[Stretch] = []
    for low, high in track.owed(now):
        at = low
        for one in track.stretches:
            start, end = max(one.start, at), min(one.end, high)
            if start >= end:
                continue
            if start > at:
                found.append(Stretch(at, start, "missed", "not observed"))
            found.append(Stretch(start, end, one.state, one.reason))
            at = end
        if at < high:
            found.append(Stretch(at, high, "missed", "not observed"))
    return found


@dataclass(frozen=True, slots=True)
class Part:
    """How much of what a track owed within the scope was observed, in milliseconds by state, and what was not."""

    hashtag: str
    platform: str
    source: str
    start: int
    end: int
    spent: dict[str, int]
    gaps: tuple[Stretch, ...]

    @property
    def owed(self) -> int:
        return sum(self.spent.values())

    @property
    def share(self) -> float:
        return round(sum(self.spent.get(state, 0) for state in COVERED) / self.owed, 6)


async def parts(session: ReadSession, hashtags: Sequence[int], scope: Scope, now: int) -> list[Part]:
    found = []
    for track in await of_hashtags(session, hashtags, scope.as_of):
        stretches = within(owed(track, now), scope)
        if not stretches:
            continue
        spent: dict[str, int] = {}
        for one in stretches:
            spent[one.state] = spent.get(one.state, 0) + one.end - one.start
        gaps = tuple(one for one in stretches if one.state not in COVERED)
        start, end = stretches[0].start, stretches[-1].end
        found.append(Part(track.hashtag, track.platform, track.source, start, end, spent, gaps))
    return found


async def counts(session: ReadSession, hashtags: Sequence[int], scope: Scope) -> list[Row]:
    """A platform's own counts, in the order of the columns of a counts file."""
    query = (
        select(
            Source.platform, Hashtag.tag, NativeCount.start_at, NativeCount.start_at + NativeCount.step,
            NativeCount.posts, NativeCount.authors, NativeCount.views, NativeCount.engagement, Source.name,
        )
        .join(Track, Track.id == NativeCount.track_id)
        .join(Source, Source.id == Track.source_id)
        .join(Hashtag, Hashtag.id == Track.hashtag_id)
        .where(among(session, Track.hashtag_id, hashtags), *scope.within(NativeCount.start_at))
        .where(*scope.known(NativeCount.observed_at.__le__))
        .order_by(Track.hashtag_id, Track.id, NativeCount.start_at, NativeCount.step)
    )  # fmt: skip
    return [(row[0], f"#{row[1]}", *row[2:]) for row in await session.execute(query)]
