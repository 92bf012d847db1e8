"""Alive, ready, and what Prometheus reads. Each answers at the root as well as under the API."""

from fastapi import APIRouter, Request, Response

from app.api.deps import Now, Reading, needs
from app.api.openapi import Responses, problems
from app.api.route import Route
from app.api.schemas.sources import Health, Readiness
from app.db import ready as revisions
from app.db.engine import Database
from app.errors import Busy, Problem
from app.store import source_reads, standing

router = APIRouter(tags=["health"], route_class=Route)
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_TEXT = {"text/plain": {"schema": {"type": "string"}, "example": "groundswell_source_up 1.0"}}
MOST_SOURCES = 1_000


@router.get("/healthz", responses=problems())
async def alive() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get("/readyz", responses=problems())
async def ready(request: Request) -> Readiness:
    """The database is in reach and at the revision that this program wants."""
    db: Database = request.app.state.db
    await db.ping()
    try:
        await revisions.check(db.url)
    except Problem:
        # Where it is and what is wrong with it is nobody's business but the owner's.
        raise Busy("the database cannot be used as it is: groundswell doctor says why") from None
    return Readiness(status="ready", revision=revisions.revisions()[-1])


@router.get(
    "/metrics",
    dependencies=[needs("stats:read")],
    response_class=Response,
    responses=Responses({200: {"content": _TEXT}}) | problems(),
)
async def metrics(request: Request, session: Reading, now: Now) -> Response:
    """Requests answered here, and how sources, alerts and deliveries stand, for Prometheus."""
    sources = await source_reads.listed(session, None, MOST_SOURCES, now, request.app.state.allowed)
    page = request.app.state.metrics.page(sources, await standing.read(session, now))
    return Response(page, media_type=METRICS_TYPE)
