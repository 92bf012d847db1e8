"""Campaigns: list, make, read, change, delete, and their growth curve."""

from dataclasses import replace
from typing import Annotated, Any, cast

from fastapi import APIRouter, Path, Response

from app.api.deps import Changing, IfMatch, Made, Now, Page, Posting, Reading, check_match, etag, needs
from app.api.openapi import changed, problems
from app.api.route import Route
from app.api.schemas.campaigns import (
    CampaignBody,
    CampaignChange,
    CampaignList,
    CampaignRead,
    Kind,
    Launch,
    NewCampaign,
)
from app.api.schemas.common import when
from app.clock import rfc3339
from app.db.engine import Session
from app.store import campaigns, lives
from app.store.campaigns import Described, Kept

router = APIRouter(tags=["campaigns"], route_class=Route)
SlugInPath = Annotated[str, Path(max_length=64, examples=["love-army"])]
READ, WRITE = [needs("stats:read")], [needs("tags:write")]


def _body(kept: Kept) -> CampaignBody:
    it = kept.it
    return CampaignBody(
        slug=it.slug, name=it.name, kind=cast(Kind, it.kind),
        launched_at=when(it.launched_at), ended_at=when(it.ended_at), hashtags=[f"#{tag}" for tag in it.hashtags],
        influencers=list(it.influencers), created_at=rfc3339(kept.created_at),
    )  # fmt: skip


def _etag(kept: Kept) -> dict[str, str]:
    return etag(kept.version, kept.id)


@router.get("/campaigns", dependencies=READ, responses=problems())
async def list_campaigns(session: Reading, page: Page) -> CampaignList:
    """Campaigns by slug."""
    found, following = page.finish(await campaigns.listed(session, page.after, page.limit), lambda kept: [kept.it.slug])
    return CampaignList(items=[_body(kept) for kept in found], next=following)


@router.post(
    "/campaigns", dependencies=WRITE, status_code=201, response_model=None,
    responses=changed(CampaignBody, 201) | problems(409, 413),
)  # fmt: skip
async def create_campaign(asked: NewCampaign, writing: Posting) -> Response:
    """Make a campaign. Hashtags that nobody follows yet are followed from now on, on every live source."""
    new = Described(
        asked.slug, asked.name, asked.kind, asked.launched_at, asked.ended_at, tuple(asked.hashtags),
        tuple(asked.influencers),
    )  # fmt: skip

    async def work(session: Session) -> Made:
        kept = await campaigns.create(session, new, writing.now, writing.settings.poll_seconds)
        headers = {**_etag(kept), "Location": f"/api/v1/campaigns/{kept.it.slug}"}
        return Made(_body(kept), f"campaign {kept.it.slug}", 201, headers)

    return await writing.once("campaign.create", work)


@router.get("/campaigns/{slug}", dependencies=READ, responses=changed(CampaignRead) | problems(404))
async def read_campaign(slug: SlugInPath, session: Reading, now: Now, response: Response) -> CampaignRead:
    """One campaign, with its ETag, and its launch: declared, or found in its curve."""
    kept = await campaigns.by_slug(session, slug)
    response.headers.update(_etag(kept))
    began = await lives.launch(session, kept, now)
    launch = None if began.value is None else Launch(at=rfc3339(int(began.value)), found=kept.it.launched_at is None)
    return CampaignRead(**_body(kept).model_dump(), launch=launch)


@router.patch(
    "/campaigns/{slug}", dependencies=WRITE, response_model=None,
    responses=changed(CampaignBody) | problems(404, 409, 412, 413),
)  # fmt: skip
async def change_campaign(
    slug: SlugInPath, asked: CampaignChange, writing: Changing, if_match: IfMatch = None
) -> Response:
    """Change what is given. Its curve is made again where its hashtags change."""
    given: dict[str, Any] = {name: getattr(asked, name) for name in asked.model_fields_set}
    given |= {name: tuple(given[name]) for name in ("hashtags", "influencers") if name in given}

    async def work(session: Session) -> Made:
        old = await campaigns.by_slug(session, slug)
        check_match(if_match, _etag(old))
        new = replace(old.it, **given)
        kept = await campaigns.change(session, old, new, writing.now, writing.settings.poll_seconds)
        return Made(_body(kept), f"campaign {slug}", 200, _etag(kept))

    return await writing.once("campaign.change", work)


@router.delete(
    "/campaigns/{slug}", dependencies=WRITE, status_code=204, response_model=None, responses=problems(404, 412)
)
async def delete_campaign(slug: SlugInPath, writing: Changing, if_match: IfMatch = None) -> Response:
    """Delete a campaign and its curve. Its hashtags stay followed."""

    async def work(session: Session) -> Made:
        old = await campaigns.by_slug(session, slug)
        check_match(if_match, _etag(old))
        await campaigns.remove(session, old)
        return Made(None, f"campaign {slug}", 204)

    return await writing.once("campaign.delete", work)
