"""Deliveries: the log of every attempt, and one sent again."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from app.api.deps import Made, Page, Posting, Reading
from app.api.openapi import Responses, problems
from app.api.route import Route
from app.api.routes.endpoints import MAY
from app.api.schemas.common import when
from app.api.schemas.endpoints import AttemptBody, DeliveryBody, DeliveryList, State
from app.clock import rfc3339
from app.db.engine import Session
from app.store import deliveries
from app.store.deliveries import Kept, Which

router = APIRouter(tags=["deliveries"], route_class=Route)
IdInPath = Annotated[str, Path(max_length=64, examples=["dlv_0123456789abcdef"])]
Id = Annotated[str | None, Query(max_length=64)]


def _body(kept: Kept, *, answers: bool) -> DeliveryBody:
    attempts = [
        AttemptBody(
            number=one.number, at=rfc3339(one.at), took_ms=one.took_ms, status=one.status, problem=one.problem,
            answer=one.answer if answers else None,
        )
        for one in kept.attempts
    ]  # fmt: skip
    return DeliveryBody(
        id=kept.id, event=kept.event_id, type=kept.type, endpoint=kept.endpoint_id, state=kept.state,
        reason=kept.reason, created_at=rfc3339(kept.created_at), due_at=when(kept.due_at),
        ended_at=when(kept.ended_at), attempts=attempts,
    )  # fmt: skip


@router.get("/deliveries", dependencies=MAY, responses=problems())
async def list_deliveries(
    request: Request, session: Reading, page: Page, endpoint: Id = None, state: State | None = None, event: Id = None
) -> DeliveryList:
    """The newest first, each with its attempts. What receivers answered is shown to administrators."""
    rows = await deliveries.listed(session, Which(endpoint, state, event), page.after, page.limit)
    found, following = page.finish(rows, lambda kept: [kept.created_at, kept.id])
    admin = request.state.who.may("admin")
    return DeliveryList(items=[_body(kept, answers=admin) for kept in found], next=following)


@router.post(
    "/deliveries/{id}/replay", dependencies=MAY, response_model=None,
    responses=Responses({200: {"model": DeliveryBody, "description": "due now"}}) | problems(404, 409, 413),
)  # fmt: skip
async def replay_delivery(
    id: IdInPath,  # noqa: A002 - the name that the address has
    writing: Posting,
) -> Response:
    """Send one again, whatever became of it, under the same id."""

    async def work(session: Session) -> Made:
        kept = await deliveries.replay(session, id, writing.now)
        return Made(_body(kept, answers=writing.who.may("admin")), f"delivery {id}")

    return await writing.once("delivery.replay", work)
