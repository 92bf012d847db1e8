"""What a digest is of: the hashtags and campaigns that a rule stands for, and which of them moved most."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from app.analysis.contribution import ENGAGEMENT
from app.analysis.sums import HOUR
from app.db.dialect import among
from app.db.engine import ReadSession
from app.models import Campaign, Hashtag, Rollup
from app.store.rules import EVERY, Subject
from app.store.subjects import subject_key


@dataclass(frozen=True, slots=True)
class Part:
    """A subject with a curve; `label`: how it is called at the doors."""

    kind: str
    ref: str
    label: str


async def parts(session: ReadSession, subject: Subject) -> list[Part]:
    """None of a campaign that is gone."""
    kind, ref = subject
    if kind == "campaign":
        slug = (await session.execute(select(Campaign.slug).where(Campaign.id == ref))).scalar()
        return [] if slug is None else [Part(kind, ref, slug)]
    if ref != EVERY:
        return [Part(kind, ref, ref)]
    followed = select(Hashtag.tag).where(Hashtag.followed_at.is_not(None), Hashtag.unfollowed_at.is_(None))
    return [Part(kind, tag, tag) for tag in (await session.execute(followed.order_by(Hashtag.tag))).scalars()]


async def most_moved(session: ReadSession, parts: Sequence[Part], start: int, end: int) -> list[Part]:
    """Those that gained most engagement first, then most posts. Whole hours."""
    gains = sum((getattr(Rollup, metric) for metric in ENGAGEMENT[1:]), getattr(Rollup, ENGAGEMENT[0]))
    keys = {subject_key(part.kind, part.ref): part for part in parts}
    query = select(Rollup.subject_id, func.sum(gains), func.sum(Rollup.posts)).where(
        among(session, Rollup.subject_id, list(keys)), Rollup.grain == HOUR, Rollup.bucket >= start,
        Rollup.bucket < end,
    )  # fmt: skip
    rows = await session.execute(query.group_by(Rollup.subject_id))
    moved = {keys[key]: (-int(engaged), -int(posts)) for key, engaged, posts in rows}
    return sorted(parts, key=lambda part: (moved.get(part, (0, 0)), part.label))
