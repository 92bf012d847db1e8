"""Who made a campaign grow."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from app.analysis.credit import Lift
from app.analysis.money import decimal
from app.api.deps import Now, Reading, needs
from app.api.openapi import problems
from app.api.route import Route
from app.api.routes.campaigns import SlugInPath
from app.api.schemas.common import Instant
from app.api.schemas.influence import First, Given, Handle, InfluenceBody, InfluenceRow, LiftBody, ResharesBody
from app.api.schemas.measured import Measured
from app.clock import rfc3339
from app.store import campaigns, influence
from app.store.influence import METHOD, MOST_AUTHORS, Influence, Whose
from app.store.outcomes import Brought

router = APIRouter(tags=["campaigns"], route_class=Route, dependencies=[needs("stats:read")])


@router.get("/campaigns/{slug}/influencers", responses=problems(404))
async def list_campaign_influencers(
    slug: SlugInPath, session: Reading, now: Now, request: Request,
    authors: Annotated[int, Query(ge=0, le=MOST_AUTHORS, description="how many accounts that are nobody's")] = 20,
    as_of: Annotated[Instant | None, Query(description="as it was known then; now, if left out")] = None,
) -> InfluenceBody:  # fmt: skip
    """Who made it grow: own posts and engagement, who was first, donations by code, and lift where it can be told."""
    kept = await campaigns.by_slug(session, slug)
    found = await influence.of_campaign(session, kept, authors, now, as_of)
    known = request.state.who.kind in ("user", "token")
    return InfluenceBody(
        items=[_row(row, found, known) for row in found.rows], authors=found.authors, posts=found.posts,
        engagement=found.engagement, unattributed=_given(found.unattributed),
        reposts_seen=found.reshares.seen, reposts_unexplained=found.reshares.outside, as_of=rfc3339(found.now),
        method=METHOD,
    )  # fmt: skip


def _row(row: Whose, found: Influence, known: bool) -> InfluenceRow:
    withheld = row.withheld and not known
    return InfluenceRow(
        influencer=row.influencer, name=None if withheld else row.name, withheld=withheld,
        accounts=[
            Handle(platform=one.platform, handle=None if withheld else one.handle, name=None if withheld else one.name)
            for one in row.accounts
        ],
        posts=row.posts, share_of_posts=_share(row.posts, found.posts), followers_then=row.followers_then,
        followers_now=row.followers_now, engagement=row.engagement,
        share_of_engagement=_share(row.engagement, found.engagement), first=_first(row),
        donations=_given(row.brought), lift=_lift(row.lift),
        reshares=ResharesBody(credit=Measured(**row.reshares.as_json()), own=row.own_reshares),
    )  # fmt: skip


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None


def _first(row: Whose) -> First | None:
    if row.mover is None or row.rank is None:
        return None
    stage: Any = row.mover.stage
    return First(at=rfc3339(row.mover.first_at), rank=row.rank, stage=stage, lead=Measured(**row.mover.lead.as_json()))


def _lift(lift: Lift | None) -> LiftBody | None:
    if lift is None:
        return None
    return LiftBody(
        credit=Measured(**lift.credit.as_json()), excess=lift.excess, expected=lift.expected, relative=lift.relative,
        placebos=lift.placebos,
    )  # fmt: skip


def _given(brought: Sequence[Brought]) -> list[Given]:
    return [
        Given(
            kind=one.kind, currency=one.currency, count=one.count, donors=one.donors,
            amount=decimal(one.micros) if one.currency else None,
        )
        for one in brought
    ]  # fmt: skip
