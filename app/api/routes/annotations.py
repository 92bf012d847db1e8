"""Notes on a campaign's curve: list, write, change, delete."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from app.api.deps import Changing, IfMatch, Made, Page, Posting, Reading, check_match, etag
from app.api.openapi import changed, problems
from app.api.route import Route
from app.api.routes.campaigns import READ, WRITE, SlugInPath
from app.api.schemas.outcomes import AnnotationBody, AnnotationChange, AnnotationList, NewAnnotation
from app.clock import rfc3339
from app.db.engine import ReadSession, Session
from app.store import annotations, campaigns
from app.store.annotations import Kept, Note

router = APIRouter(tags=["annotations"], route_class=Route)
IdInPath = Annotated[str, Path(max_length=64, examples=["ann_0123456789abcdef"])]


def _body(kept: Kept) -> AnnotationBody:
    it = kept.it
    return AnnotationBody(
        id=kept.id, at=rfc3339(it.at), text=it.text, url=it.url, created_at=rfc3339(kept.created_at)
    )  # fmt: skip


def _etag(row: Kept) -> dict[str, str]:
    return etag(row.version, row.id)


async def _row(session: ReadSession, slug: str, annotation: str) -> Kept:
    return await annotations.by_id(session, (await campaigns.by_slug(session, slug)).id, annotation)


@router.get("/campaigns/{slug}/annotations", dependencies=READ, responses=problems(404))
async def list_annotations(slug: SlugInPath, session: Reading, page: Page) -> AnnotationList:
    """Notes in the order of the times that they are about."""
    campaign = await campaigns.by_slug(session, slug)
    rows = await annotations.listed(session, campaign.id, page.after, page.limit)
    found, following = page.finish(rows, lambda kept: [kept.it.at, kept.id])
    return AnnotationList(items=[_body(row) for row in found], next=following)


@router.post(
    "/campaigns/{slug}/annotations", dependencies=WRITE, status_code=201, response_model=None,
    responses=changed(AnnotationBody, 201) | problems(404, 409, 413),
)  # fmt: skip
async def create_annotation(slug: SlugInPath, asked: NewAnnotation, writing: Posting) -> Response:
    """Put a note on the curve."""

    async def work(session: Session) -> Made:
        campaign = await campaigns.by_slug(session, slug)
        row = await annotations.create(session, campaign.id, Note(asked.at, asked.text, asked.url), writing.now)
        headers = {**_etag(row), "Location": f"/api/v1/campaigns/{slug}/annotations/{row.id}"}
        return Made(_body(row), f"annotation {row.id}", 201, headers)

    return await writing.once("annotation.create", work)


@router.get("/campaigns/{slug}/annotations/{id}", dependencies=READ, responses=changed(AnnotationBody) | problems(404))
async def read_annotation(
    slug: SlugInPath,
    id: IdInPath,  # noqa: A002 - the name that the address has
    session: Reading,
    response: Response,
) -> AnnotationBody:
    """One note, with its ETag."""
    row = await _row(session, slug, id)
    response.headers.update(_etag(row))
    return _body(row)


@router.patch(
    "/campaigns/{slug}/annotations/{id}", dependencies=WRITE, response_model=None,
    responses=changed(AnnotationBody) | problems(404, 409, 412, 413),
)  # fmt: skip
async def change_annotation(
    slug: SlugInPath,
    id: IdInPath,  # noqa: A002
    asked: AnnotationChange,
    writing: Changing,
    if_match: IfMatch = None,
) -> Response:
    """Change what is given."""
    given: dict[str, Any] = {name: getattr(asked, name) for name in asked.model_fields_set}

    async def work(session: Session) -> Made:
        old = await _row(session, slug, id)
        check_match(if_match, _etag(old))
        row = await annotations.change(session, old, replace(old.it, **given))
        return Made(_body(row), f"annotation {id}", 200, _etag(row))

    return await writing.once("annotation.change", work)


@router.delete(
    "/campaigns/{slug}/annotations/{id}", dependencies=WRITE, status_code=204, response_model=None,
    responses=problems(404, 412),
)  # fmt: skip
async def delete_annotation(
    slug: SlugInPath,
    id: IdInPath,  # noqa: A002
    writing: Changing,
    if_match: IfMatch = None,
) -> Response:
    """Take a note off the curve."""

    async def work(session: Session) -> Made:
        old = await _row(session, slug, id)
        check_match(if_match, _etag(old))
        await annotations.remove(session, old)
        return Made(None, f"annotation {id}", 204)

    return await writing.once("annotation.delete", work)
