"""What changes, as it changes: server-sent events."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from app.api.deps import needs
from app.api.live import Live, Stream
from app.api.openapi import Responses, problems
from app.api.route import Route
from app.db.engine import Database
from app.store import news

router = APIRouter(tags=["events"], route_class=Route, dependencies=[needs("stats:read")])
_SHOWN = """: listening
id: 41
retry: 2000

event: points
data: {"subject":{"kind":"hashtag","hashtag":"lovearmyforrohingyas"},"at":"2026-11-24T01:30:00Z"}
id: 42

event: source
data: {"source":"mastodon.example","state":"failing","reason":"503 Service Unavailable","at":"2026-11-24T01:31:00Z"}
id: 43

event: alert
data: {"alert":"alr_…","rule":"rul_spikes","status":"firing","subject":{"hashtag":"farm"},"at":"2026-11-24T01:32:00Z"}
id: 44

: beat

"""
_ANSWERS = (
    Responses(
        {
            200: {
                "description": "a stream that does not end by itself",
                "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _SHOWN}},
            }
        }
    )
    | problems()
)


@router.get("/events", response_class=Response, responses=_ANSWERS)
async def listen(
    request: Request,
    last_event_id: Annotated[
        int | None,
        Header(alias="Last-Event-ID", ge=0, le=2**63 - 1, description="the id of the last event that was read"),
    ] = None,
) -> Response:
    """New points, alerts and states of sources from now on, or after `Last-Event-ID`, each thing that changed once."""
    live: Live = request.app.state.live
    db: Database = request.app.state.db
    async with db.read() as session:
        last = await news.last(session)
    if last_event_id is None:
        return Stream(live, db, last)
    # An id that was never given is of another database: whoever brings it has seen nothing of this one.
    return Stream(live, db, last_event_id if last_event_id <= last else 0)
