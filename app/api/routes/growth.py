"""The three growth curves: of a campaign, a hashtag, an influencer."""

import hashlib
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Header, Path, Query, Response
from msgspec import Raw
from pydantic import BeforeValidator

from app.analysis.tags import normal
from app.api.deps import Now, Reading, needs
from app.api.openapi import Responses, problems
from app.api.route import Route
from app.api.schemas.common import Instant
from app.api.schemas.curves import Curve, Metric, Step
from app.store import campaigns, curves, people
from app.store.curves import Ask

router = APIRouter(tags=["growth"], route_class=Route, dependencies=[needs("stats:read")])
_ETAG = {"ETag": {"description": "send it back as If-None-Match", "schema": {"type": "string"}}}
_ANSWERS = Responses(
    {
        200: {"model": Curve, "description": "the curve", "headers": _ETAG},
        304: {"description": "nothing has changed since", "headers": _ETAG},
    }
) | problems(404)


def _apart(given: object) -> object:
    """`metric=posts,likes` is the same as `metric=posts&metric=likes`."""
    if not isinstance(given, list):
        return given
    return [name for text in given for name in (text.split(",") if isinstance(text, str) else [text])]


Metrics = Annotated[list[Metric] | None, BeforeValidator(_apart), Query(description="the columns; all, if left out")]


def _ask(
    start: Annotated[
        Instant | None, Query(alias="from", description="down to a bucket's edge; the first post, if left out")
    ] = None,
    to: Annotated[Instant | None, Query(description="up to a bucket's edge; now, if left out")] = None,
    step: Annotated[Step, Query(description="5m for the last 14 days")] = "1h",
    tz: Annotated[str, Query(max_length=64, description="an IANA zone", examples=["Europe/Paris"])] = "UTC",
    metric: Metrics = None,
    platform: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
    split: Annotated[Literal["platform"] | None, Query(description="each platform's columns as well")] = None,
    as_of: Annotated[Instant | None, Query(description="as it was known then; now, if left out")] = None,
) -> Ask:
    return Ask(start, to, step, tz, tuple(metric) if metric else None, platform, split == "platform", as_of)


Asking = Annotated[Ask, Depends(_ask)]
IfNoneMatch = Annotated[
    str | None, Header(alias="If-None-Match", max_length=1024, description="the ETag of the curve that is there")
]


@router.get("/campaigns/{slug}/growth", response_class=Response, responses=_ANSWERS)
async def grow_campaign(
    slug: Annotated[str, Path(max_length=64, examples=["love-army"])],
    ask: Asking, session: Reading, now: Now, if_none_match: IfNoneMatch = None,
) -> Response:  # fmt: skip
    """How a campaign grew: a post with two of its hashtags is counted once."""
    campaign = await campaigns.by_slug(session, slug)
    return _answer(await curves.growth(session, "campaign", campaign.id, ask, now, slug), if_none_match)


@router.get("/hashtags/{tag}/growth", response_class=Response, responses=_ANSWERS)
async def grow_hashtag(
    tag: Annotated[str, Path(max_length=640, examples=["lovearmyforrohingyas"])],
    ask: Asking, session: Reading, now: Now, if_none_match: IfNoneMatch = None,
) -> Response:  # fmt: skip
    """How a hashtag grew, by any of its spellings."""
    return _answer(await curves.growth(session, "hashtag", normal(tag), ask, now), if_none_match)


@router.get("/influencers/{id}/growth", response_class=Response, responses=_ANSWERS)
async def grow_influencer(
    id: Annotated[str, Path(max_length=64, examples=["inf_0123456789abcdef"])],  # noqa: A002
    ask: Asking, session: Reading, now: Now, if_none_match: IfNoneMatch = None,
) -> Response:  # fmt: skip
    """How an influencer's posts under followed hashtags grew."""
    person = await people.by_id(session, id)
    return _answer(await curves.growth(session, "influencer", person.id, ask, now), if_none_match)


def _answer(curve: dict[str, Any], if_none_match: str | None) -> Response:
    # Each column is encoded once, for the tag and for the answer.
    columns = {name: Raw(msgspec.json.encode(column)) for name, column in curve["series"].items()}
    tag = f'W/"{hashlib.blake2b(msgspec.json.encode(_settled(curve, columns)), digest_size=12).hexdigest()}"'
    known = [part.strip() for part in (if_none_match or "").split(",")]
    if tag in known or "*" in known:
        return Response(status_code=304, headers={"ETag": tag})
    body = msgspec.json.encode(curve | {"series": columns})
    return Response(body, headers={"ETag": tag}, media_type="application/json")


def _settled(curve: dict[str, Any], columns: dict[str, Raw]) -> list[Any]:
    """What tells one curve from another. How much of the newest bucket is covered changes by the second."""
    names = ("subject", "from", "to", "timezone", "totals", "outcomes")
    series = columns | {name: column[:-1] for name, column in curve["series"].items() if name == "coverage"}
    parts = {
        name: (part["totals"], part["coverage"][:-1], [part[key] for key in part if key.startswith("native_")])
        for name, part in curve["platforms"].items()
    }
    return [*(curve.get(name) for name in names), series, parts]
