"""Donation codes: by a code, what came in is put down to the one influencer whose it is."""

from collections.abc import Sequence

from sqlalchemy import delete, select

from app.db.dialect import among, put
from app.db.engine import ReadSession, Session
from app.errors import Conflict
from app.models import Influencer, InfluencerCode


def normal_code(code: str) -> str:
    return code.strip().casefold()


async def of(session: ReadSession, influencers: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """As they are spelled, by influencer."""
    mine = among(session, InfluencerCode.influencer_id, influencers)
    query = select(InfluencerCode.influencer_id, InfluencerCode.spelling).where(mine).order_by(InfluencerCode.code)
    found: dict[str, tuple[str, ...]] = {}
    for who, spelling in await session.execute(query):
        found[who] = (*found.get(who, ()), spelling)
    return found


async def claim(session: Session, influencer_id: str, codes: Sequence[str]) -> None:
    """These codes and no others are the influencer's; one that is another's is a Conflict."""
    wanted = {normal_code(code): code.strip() for code in reversed(codes)}
    await session.execute(delete(InfluencerCode).where(InfluencerCode.influencer_id == influencer_id))
    names = sorted(wanted)
    await put(session, InfluencerCode, {
        "code": names, "influencer_id": [influencer_id] * len(names), "spelling": [wanted[name] for name in names],
    })  # fmt: skip
    query = select(InfluencerCode.spelling, Influencer.name, Influencer.id).join(
        Influencer, Influencer.id == InfluencerCode.influencer_id
    )
    others = query.where(among(session, InfluencerCode.code, names), InfluencerCode.influencer_id != influencer_id)
    if taken := (await session.execute(others.limit(1))).first():
        raise Conflict(
            f"codes: {taken.spelling!r} belongs to {taken.name} ({taken.id}); take it away there first with "
            f"PATCH /influencers/{taken.id}"
        )
