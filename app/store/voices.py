"""What a campaign would have done by the measure of the other hashtags that are followed."""

import numpy as np
from sqlalchemy import select

from app.analysis import curve
from app.analysis.contribution import COLUMN, ENGAGEMENT
from app.analysis.shape import Floats
from app.analysis.usual import of_others
from app.db.engine import ReadSession
from app.models import CampaignHashtag, Hashtag
from app.store import coverage
from app.store.as_of import sums_of
from app.store.lives import Life
from app.store.subjects import subject_key

MOST = 5
_ENGAGEMENT = [COLUMN[name] for name in ENGAGEMENT]


async def mixed(session: ReadSession, life: Life, gain: Floats, until: int) -> Floats:
    """A synthetic control of up to 5 hashtags outside the campaign; NaN where there is none."""
    own = select(CampaignHashtag.hashtag_id).where(CampaignHashtag.campaign_id == life.kept.id)
    query = select(Hashtag.id, Hashtag.tag).where(
        Hashtag.followed_at.is_not(None), Hashtag.followed_at <= int(life.edges[0]), Hashtag.id.not_in(own)
    )
    rows = []
    for key, tag in (await session.execute(query.order_by(Hashtag.followed_at, Hashtag.id).limit(MOST))).all():
        sums = await sums_of(session, subject_key("hashtag", tag), life.as_of).read(life.edges, "1h", None)
        gained = sum((one.within[:, _ENGAGEMENT].sum(axis=1) for one in sums.values()), np.zeros(len(gain)))
        tracks = await coverage.of_hashtags(session, [key], life.as_of)
        covered = curve.coverage(life.edges, [(track.owed(life.now), track.covered()) for track in tracks])
        rows.append(np.where(covered >= 1, gained, np.nan))
    return of_others(gain, np.vstack(rows), until) if rows else np.full(len(gain), np.nan)
