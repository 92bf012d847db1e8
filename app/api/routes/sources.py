"""Sources: their state, what is left of their budgets, how late they are."""

from fastapi import APIRouter, Request

from app.analysis import dollars
from app.api.deps import Now, Page, Reading, needs
from app.api.openapi import problems
from app.api.route import Route
from app.api.schemas.common import when
from app.api.schemas.sources import BudgetBody, SourceBody, SourceList, StreamBody
from app.clock import rfc3339
from app.store import source_reads
from app.store.source_reads import Left, SourceState
from app.store.streams import Shown

router = APIRouter(tags=["sources"], route_class=Route)


def _body(source: SourceState) -> SourceBody:
    return SourceBody(
        name=source.name, platform=source.platform, kind="live" if source.kind == "live" else "import",
        base_url=source.base_url, state=source.state, reason=source.reason, state_at=rfc3339(source.state_at),
        waits_until=when(source.waits_until), tracks=source.tracks,
        lateness_s=source.late_ms / 1_000 if source.late_ms is not None else None,
        budgets=[
            BudgetBody(
                name=one.name, unit="dollar" if one.unit == dollars.MICRO else one.unit, limit=_at_door(one, one.limit),
                window_s=one.window_ms / 1_000, spent=_at_door(one, one.spent), remaining=_at_door(one, one.remaining),
                resets_at=when(one.resets_at),
            )
            for one in source.budgets
        ],
        cost_this_month=source_reads.cost(source),
        stream=_stream(source.stream) if source.stream else None,
    )  # fmt: skip


def _at_door(one: Left, units: int) -> int | float:
    return units / 1_000_000 if one.unit == dollars.MICRO else units


def _stream(one: Shown) -> StreamBody:
    return StreamBody.model_validate(
        {"state": one.state, "reason": one.reason, "state_at": rfc3339(one.state_at), "heard_to": when(one.reached)}
    )


@router.get("/sources", dependencies=[needs("stats:read")], responses=problems())
async def list_sources(request: Request, session: Reading, page: Page, now: Now) -> SourceList:
    """Sources by name, with what each may still spend and what it cost."""
    found, after = page.finish(
        await source_reads.listed(session, page.after, page.limit, now, request.app.state.allowed),
        lambda source: [source.name],
    )
    return SourceList(items=[_body(source) for source in found], next=after)
