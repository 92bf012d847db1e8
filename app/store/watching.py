"""What the watch reads, many subjects at once: where each is looked for, how far, its sums, and its detectors."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select

from app.analysis import spikes
from app.analysis.contribution import ENGAGEMENT
from app.analysis.shape import FIVE_MINUTES
from app.db.dialect import among, put
from app.db.engine import ReadSession, Session
from app.db.types import hash_id
from app.models import (
    NETWORK,
    Campaign,
    CampaignHashtag,
    CampaignInfluencer,
    Coverage,
    DetectorState,
    Hashtag,
    Influencer,
    Pass,
    Rollup,
    Source,
    Track,
)
from app.store.subjects import subject_key

METRICS = ("posts", "authors", "engagement", "views")
COUNTED = ("posts", "authors")
"""Known as soon as a post is; the others only as posts are looked at again."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A live track: up to `proved_to` all was seen, up to `read_to` all that was shown. None: no whole walk yet."""

    tag: str
    hashtag_id: int
    source_id: int
    source: str
    platform: str
    interval_ms: int
    proved_to: int | None
    failures: int
    due_at: int | None
    claimed_until: int | None

    @property
    def read_to(self) -> int | None:
        """A walk claims what it read less two intervals, in which posts may still turn up (app.polling.visits)."""
        return None if self.proved_to is None else self.proved_to + 2 * self.interval_ms


@dataclass(frozen=True, slots=True)
class Target:
    """A subject that is watched, with the tracks that its posts come from. `label`: how it is called at the doors."""

    kind: str
    ref: str
    label: str
    tracks: tuple[Looked, ...]

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.ref}"

    @property
    def id(self) -> int:
        return subject_key(self.kind, self.ref)

    @property
    def warming(self) -> bool:
        """A first walk is under way: it shows the newest posts of a place whose past is not known yet."""
        return any(track.proved_to is None and not track.failures for track in self.tracks)

    @property
    def basis(self) -> int:
        """What its past rests on: with a source or a hashtag more, the same posts would have been others, and another
        detector reads no state of this one.
        """
        return hash_id(
            str(spikes.VERSION),
            *sorted(f"{track.hashtag_id} {track.source_id}" for track in self.tracks if track.proved_to),
        )

    @property
    def read_to(self) -> int | None:
        return max((track.read_to for track in self.tracks if track.read_to is not None), default=None)


async def tracks(session: ReadSession) -> dict[str, list[Looked]]:
    """Every track that is polled, by hashtag (its normal form)."""
    proved = select(Coverage.track_id, func.max(Coverage.to_at)).where(Coverage.state == "complete")
    ends: dict[int, int] = dict((await session.execute(proved.group_by(Coverage.track_id))).all())
    query = (
        select(
            Track.id, Hashtag.tag, Track.hashtag_id, Track.source_id, Source.name, NETWORK, Track.interval_s,
            Track.failures, Track.due_at, Track.claimed_until,
        )
        .join(Hashtag, Hashtag.id == Track.hashtag_id)
        .join(Source, Source.id == Track.source_id)
        .where(Source.kind == "live", Source.removed_at.is_(None), Track.until_at.is_(None))
    )  # fmt: skip
    found: dict[str, list[Looked]] = {}
    for key, tag, hashtag, source, name, platform, step, *slot in await session.execute(query):
        looked = Looked(tag, hashtag, source, name, platform, step * 1_000, ends.get(key), *slot)
        found.setdefault(tag, []).append(looked)
    return found


async def targets(
    session: ReadSession, wanted: Iterable[tuple[str, str]], looked: Mapping[str, Sequence[Looked]]
) -> dict[tuple[str, str], list[Target]]:
    """What each (kind, ref) of a rule stands for; a subject that is not there, or not looked for, is left out."""
    found: dict[tuple[str, str], list[Target]] = {}
    tags = await _tags(session, {pair for pair in wanted if pair[0] in ("campaign", "influencer")}, looked)
    for kind, ref in dict.fromkeys(wanted):
        if kind == "hashtag":
            mine = list(looked) if ref == "*" else [ref] if ref in looked else []
            found[kind, ref] = [Target(kind, tag, tag, tuple(looked[tag])) for tag in mine]
        elif (kind, ref) in tags:
            label, names = tags[kind, ref]
            theirs = tuple(track for name in names for track in looked.get(name, ()))
            found[kind, ref] = [Target(kind, ref, label, theirs)] if theirs else []
    return found


async def _tags(
    session: ReadSession, wanted: Iterable[tuple[str, str]], looked: Mapping[str, Sequence[Looked]]
) -> dict[tuple[str, str], tuple[str, list[str]]]:
    """Campaigns and people: what they are called, and their hashtags. A person of no campaign has those of all."""
    found: dict[tuple[str, str], tuple[str, list[str]]] = {}
    for kind, ref in wanted:
        names = select(Hashtag.tag).join(CampaignHashtag, CampaignHashtag.hashtag_id == Hashtag.id)
        if kind == "campaign":
            label = (await session.execute(select(Campaign.slug).where(Campaign.id == ref))).scalar()
            names = names.where(CampaignHashtag.campaign_id == ref)
        else:
            label = (await session.execute(select(Influencer.id).where(Influencer.id == ref))).scalar()
            names = names.join(CampaignInfluencer, CampaignInfluencer.campaign_id == CampaignHashtag.campaign_id)
            names = names.where(CampaignInfluencer.influencer_id == ref)
        if label is not None:
            tags = list((await session.execute(names.distinct().order_by(Hashtag.tag))).scalars())
            found[kind, ref] = (label, tags or (list(looked) if kind == "influencer" else []))
    return found


@dataclass(frozen=True, slots=True)
class Amount:
    """The sums of one five-minute bucket on one platform."""

    bucket: int
    platform: str
    posts: int
    authors: int
    engagement: int
    views: int
    moved: int
    estimated: int


async def amounts(
    session: ReadSession, subjects: Sequence[int], start: int, grain: int = FIVE_MINUTES, end: int = 2**62
) -> dict[int, list[Amount]]:
    """By subject, from `start` on, in the order of time."""
    gains = sum((getattr(Rollup, metric) for metric in ENGAGEMENT[1:]), getattr(Rollup, ENGAGEMENT[0]))
    query = select(
        Rollup.subject_id, Rollup.bucket, Rollup.platform, Rollup.posts, Rollup.authors_new, gains, Rollup.views,
        Rollup.moved, Rollup.estimated,
    ).where(
        among(session, Rollup.subject_id, subjects), Rollup.grain == grain, Rollup.bucket >= start,
        Rollup.bucket < end,
    )  # fmt: skip
    found: dict[int, list[Amount]] = {}
    for subject, *sums in await session.execute(query.order_by(Rollup.bucket)):
        found.setdefault(subject, []).append(Amount(*sums))
    return found


@dataclass(frozen=True, slots=True)
class Known:
    """A detector as it was left (see models.DetectorState)."""

    subject_id: int
    metric: str
    judged_to: int
    seen_to: int
    raised: float | None
    basis: int
    state: bytes


async def seen_to(session: ReadSession) -> dict[tuple[int, str], tuple[int, int]]:
    """How far each detector has been asked, and on what basis."""
    table = DetectorState.__table__.c
    rows = await session.execute(select(table.subject_id, table.metric, table.seen_to, table.basis))
    return {(subject, metric): (at, basis) for subject, metric, at, basis in rows}


async def detectors(session: ReadSession, subjects: Sequence[int]) -> dict[tuple[int, str], Known]:
    table = DetectorState.__table__.c
    query = select(
        table.subject_id, table.metric, table.judged_to, table.seen_to, table.raised, table.basis,
        table.state,
    ).where(among(session, table.subject_id, subjects))  # fmt: skip
    return {(row[0], row[1]): Known(*row) for row in await session.execute(query)}


async def brought(session: ReadSession, source_id: int, start: int, now: int) -> bool | None:
    """Whether a source brought a new post since `start`. None: it was not asked all that time."""
    mine = select(Pass.due_at).join(Track, Track.id == Pass.track_id).where(Track.source_id == source_id).limit(1)
    if (await session.execute(mine.where(Pass.posts_new > 0, Pass.started_at >= start))).first():
        return True
    early = (Pass.started_at >= start - (now - start) // 4, Pass.started_at <= start + (now - start) // 4)
    return False if (await session.execute(mine.where(*early))).first() else None


async def forget(session: Session, subjects: Iterable[int]) -> None:
    """Their past is another now, by a file: their detectors learn it anew, so that it is no news."""
    await session.execute(delete(DetectorState).where(among(session, DetectorState.subject_id, list(subjects))))


async def keep_detectors(session: Session, rows: Sequence[Known]) -> None:
    names = Known.__slots__
    await put(session, DetectorState, {name: [getattr(row, name) for row in rows] for name in names}, "replace")
