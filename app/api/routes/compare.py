"""Campaigns side by side."""

import json
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from app.api.deps import Now, Reading, needs
from app.api.openapi import Responses, problems
from app.api.route import Route
from app.api.schemas.common import Instant
from app.api.schemas.compare import Comparison, Metric, Per
from app.store import comparing

router = APIRouter(tags=["compare"], route_class=Route, dependencies=[needs("stats:read")])
_ANSWERS = Responses({200: {"model": Comparison, "description": "side by side"}}) | problems(404)


@router.get("/compare", response_class=Response, responses=_ANSWERS)
async def compare_campaigns(
    session: Reading, now: Now,
    campaign: Annotated[
        list[str], Query(max_length=20, description="2 to 5 slugs, one parameter each", examples=[["a", "b"]])
    ],
    align: Annotated[Literal["launch"], Query(description="what is hour 0")] = "launch",  # noqa: ARG001 - one so far
    metric: Annotated[Metric, Query(description="what the series and the ratios are of")] = "engagement",
    per: Annotated[Per, Query(description="what running sums and ratios are divided by")] = "absolute",
    tz: Annotated[str, Query(max_length=64, description="an IANA zone", examples=["Europe/Paris"])] = "UTC",
    as_of: Annotated[Instant | None, Query(description="as it was known then; now, if left out")] = None,
) -> Response:  # fmt: skip
    """Two to five campaigns aligned at their launches, cut at the youngest's age, on what was covered for all."""
    found = await comparing.side_by_side(session, campaign, now, metric, per, tz, as_of)
    text = json.dumps(found, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(text, media_type="application/json")
