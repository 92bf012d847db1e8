"""What a growth curve's summary needs beyond its columns: its authors, its originals, and the voices beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import func, select

from app.analysis import curve
from app.analysis.contribution import COLUMN
from app.analysis.shape import Ints
from app.analysis.statistics.columns import Columns
from app.analysis.statistics.measured import JSON, unknown
from app.analysis.statistics.summary import Known, summary
from app.db.dialect import among
from app.db.engine import ReadSession
from app.models import Campaign, CampaignHashtag, Hashtag, Member, Post, Rollup, Subject
from app.store import coverage, news
from app.store.as_of import AsOf
from app.store.coverage import Observed
from app.store.memory import Memory
from app.store.subjects import hashtag_key, subject_key
from app.store.sums import Source, Sums, grain_of

MOST_OTHERS, MOST_CELLS = 10, 1_000
"""A share of voice reads a row for each other's bucket: beyond these it would cost more than the curve."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A curve that has been read: whose, over which edges, from which sums and tracks, as known when."""

    kind: str
    ref: str
    edges: Ints
    step: str
    platform: str | None
    source: Source
    sums: Sequence[Sums]
    tracks: Sequence[Observed]
    as_of: int | None

    @property
    def subject(self) -> int:
        return subject_key(self.kind, self.ref)


async def of(session: ReadSession, drawn: Drawn, columns: Columns, now: int) -> dict[str, JSON]:
    """Every statistic of `docs/statistics.md` by its name."""
    authors = await drawn.source.authors(drawn.edges, drawn.platform)
    originals = await _originals(session, drawn)
    others, why = await _others(session, drawn, now)
    known = Known(await _declared(session, drawn), authors.posts, authors.largest, originals, others)
    found = summary(columns, drawn.edges, now, known)
    if why:
        found["share_of_voice"] = unknown("share", why).as_json()
    return found


async def _declared(session: ReadSession, drawn: Drawn) -> int | None:
    if drawn.kind != "campaign":
        return None
    return (await session.execute(select(Campaign.launched_at).where(Campaign.id == drawn.ref))).scalar()


async def _originals(session: ReadSession, drawn: Drawn) -> int | None:
    """None where no repost is shown: no live source lists them under a hashtag, a file may."""
    if not any(track.kind == "import" for track in drawn.tracks):
        return None
    if (await session.execute(select(Post.id).where(Post.repost_of.is_not(None)).limit(1))).first() is None:
        return None
    if drawn.as_of is not None:
        return await _count_originals(session, drawn)
    key = drawn.subject, drawn.platform, int(drawn.edges[0]), int(drawn.edges[-1])
    number = await news.number(session, drawn.subject)
    found = _ORIGINALS.get(session, key, number)
    if found is None:
        found = (await _count_originals(session, drawn),)
        _ORIGINALS.put(session, key, number, found)
    return found[0]


_ORIGINALS: Memory[tuple[int | None]] = Memory(1 << 16, lambda _: 128)


async def _count_originals(session: ReadSession, drawn: Drawn) -> int | None:
    query = select(func.count(), func.count(Post.repost_of)).join(Member, Member.post_id == Post.id)
    start, end = int(drawn.edges[0]), int(drawn.edges[-1])
    query = query.where(Member.subject_id == drawn.subject, Member.born_at >= start, Member.born_at < end)
    if drawn.platform:
        query = query.where(Post.platform == drawn.platform)
    if drawn.as_of is not None:
        query = query.where(Post.found_at <= drawn.as_of)
    posts, reposts = (await session.execute(query)).one()
    return int(posts) - int(reposts) if reposts else None


async def _others(session: ReadSession, drawn: Drawn, now: int) -> tuple[list[Columns], str | None]:
    """The posts and the coverage of the others of its kind over the same edges; or why they are not read."""
    if drawn.kind == "influencer":
        return [], "is of hashtags and campaigns"
    tags = await (_hashtags if drawn.kind == "hashtag" else _campaigns)(session, drawn.ref)
    if not tags:
        return [], None
    if len(tags) > MOST_OTHERS:
        return [], f"more than {MOST_OTHERS} others are followed: compare says it of those that are chosen"
    if len(tags) * (len(drawn.edges) - 1) > MOST_CELLS:
        return [], "too many buckets: a coarser step or a shorter range would do"
    rows = await posts_of(session, list(tags), drawn)
    among_them = sorted({tag for each in tags.values() for tag in each})
    tracks = await coverage.of_hashtags(session, among_them, drawn.as_of)
    return [_columns(rows[other], hashtags, tracks, drawn, now) for other, hashtags in tags.items()], None


def _columns(posts: Ints, hashtags: set[int], tracks: Sequence[Observed], drawn: Drawn, now: int) -> Columns:
    mine = [track for track in tracks if hashtag_key(track.hashtag) in hashtags]
    spans = [(track.owed(now), track.covered()) for track in mine if drawn.platform in (None, track.platform)]
    covered = curve.coverage(drawn.edges, spans)
    return {"posts": posts.tolist(), "coverage": covered.tolist()}


async def posts_of(session: ReadSession, subjects: Sequence[int], drawn: Drawn) -> dict[int, Ints]:
    """New posts in each bucket, by subject."""
    if drawn.as_of is not None:
        return {subject: await _posts_then(session, subject, drawn, drawn.as_of) for subject in subjects}
    query = select(Rollup.subject_id, Rollup.bucket, Rollup.posts).where(
        among(session, Rollup.subject_id, subjects), Rollup.grain == grain_of(drawn.edges, drawn.step),
        Rollup.bucket >= int(drawn.edges[0]), Rollup.bucket < int(drawn.edges[-1]),
    )  # fmt: skip
    if drawn.platform:
        query = query.where(Rollup.platform == drawn.platform)
    found = {subject: np.zeros(len(drawn.edges) - 1, dtype=np.int64) for subject in subjects}
    for subject, bucket, posts in await session.execute(query):
        found[subject][int(np.searchsorted(drawn.edges, bucket, "right")) - 1] += int(posts)
    return found


async def _posts_then(session: ReadSession, subject: int, drawn: Drawn, as_of: int) -> Ints:
    sums = await AsOf(session, subject, as_of).read(drawn.edges, drawn.step, drawn.platform)
    nothing = np.zeros(len(drawn.edges) - 1, dtype=np.int64)
    return sum((one.within[:, COLUMN["posts"]] for one in sums.values()), nothing)


async def _hashtags(session: ReadSession, tag: str) -> dict[int, set[int]]:
    """The other hashtags that are followed: their subjects, each with itself."""
    query = select(Subject.id, Hashtag.id).join(Hashtag, Hashtag.tag == Subject.ref)
    query = query.where(
        Subject.kind == "hashtag", Hashtag.followed_at.is_not(None), Hashtag.unfollowed_at.is_(None), Hashtag.tag != tag
    )
    rows = await session.execute(query.order_by(Hashtag.tag).limit(MOST_OTHERS + 1))
    return {subject: {hashtag} for subject, hashtag in rows}


async def _campaigns(session: ReadSession, campaign: str) -> dict[int, set[int]]:
    """The other campaigns that share no hashtag with it, each with its hashtags."""
    tags: dict[str, set[int]] = {}
    for each, hashtag in await session.execute(select(CampaignHashtag.campaign_id, CampaignHashtag.hashtag_id)):
        tags.setdefault(each, set()).add(hashtag)
    mine = tags.pop(campaign, set())
    return {subject_key("campaign", each): theirs for each, theirs in sorted(tags.items()) if not theirs & mine}
