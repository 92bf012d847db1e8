"""What was seen, as files: streamed in three formats, in the columns that an import takes."""

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import StringConstraints

from app.access import audit
from app.api.deps import Now, needs
from app.api.downloads import Download
from app.api.openapi import Responses, problems
from app.api.route import Route
from app.api.routes.growth import Metrics
from app.api.schemas.common import Instant
from app.api.schemas.curves import Step
from app.errors import Invalid
from app.exports import rows
from app.exports.rows import Cursor, checked
from app.exports.shown import AS_IT_IS, Shown
from app.exports.stream import Done, stream
from app.exports.writers import MEDIA_TYPES, writer
from app.store.keep import post_key

router = APIRouter(tags=["exports"], route_class=Route, dependencies=[needs("export")])
_NAME = {
    "Content-Disposition": {"description": "a file name", "schema": {"type": "string"}},
}
_FILE = {"schema": {"type": "string", "format": "binary"}}


def _answers(names: str, row: str) -> Responses:
    """With the beginning of a file, in each format."""
    line = json.dumps(dict(zip(names.split(","), row.split(","), strict=True)))
    shown = {"csv": f"{names}\n{row}\n", "jsonl": f"{line}\n", "parquet": "PAR1…PAR1"}
    kinds: dict[str, Any] = {
        media.partition(";")[0]: {**_FILE, "example": shown[form]} for form, media in MEDIA_TYPES.items()
    }
    good: dict[str, Any] = {"description": "the file, in pieces", "content": kinds, "headers": _NAME}
    return Responses({200: good}) | problems(404, 429)


Tag = Annotated[str, StringConstraints(min_length=1, max_length=640)]
Campaign = Annotated[str | None, Query(min_length=1, max_length=64, examples=["love-army"])]
Tags = Annotated[
    list[Tag] | None,
    Query(max_length=100, description="may be repeated: all go into one file", examples=[["lovearmyforrohingyas"]]),
]
Start = Annotated[Instant | None, Query(alias="from")]
End = Annotated[Instant | None, Query(description="not in it any more")]
AsOf = Annotated[Instant | None, Query(description="as it was known then; now, if left out")]
Form = Annotated[Literal["csv", "jsonl", "ndjson", "parquet"], Query(alias="format", description="ndjson is jsonl")]
Identified = Annotated[bool, Query(description="authors as they are, no pseudonyms")]
After = Annotated[
    str | None,
    Query(
        max_length=2_200, description="go on after this post: its platform, a space, its native_id",
        examples=["mastodon https://mastodon.example/posts/1"],
    ),
]  # fmt: skip


def _query(
    hashtag: Tags = None, campaign: Campaign = None, start: Start = None, to: End = None, as_of: AsOf = None
) -> rows.Query:
    return rows.Query(tuple(hashtag or ()), campaign, start, to, as_of=as_of)


def _curves_query(
    hashtag: Tags = None, campaign: Campaign = None, start: Start = None, to: End = None, as_of: AsOf = None,
    step: Step = "1h",
    tz: Annotated[str, Query(max_length=64, description="an IANA zone", examples=["Europe/Paris"])] = "UTC",
    metric: Metrics = None,
) -> rows.Query:  # fmt: skip
    return rows.Query(tuple(hashtag or ()), campaign, start, to, step, tz, tuple(metric) if metric else None, as_of)


def _posts_query(
    asked: Annotated[rows.Query, Depends(_query)],
    dehydrated: Annotated[bool, Query(description="ids alone, for who has the right to ask for the rest")] = False,
) -> rows.Query:
    return rows.Query(asked.hashtags, asked.campaign, asked.start, asked.end, as_of=asked.as_of, dehydrated=dehydrated)


Asked = Annotated[rows.Query, Depends(_query)]


@router.get(
    "/exports/posts",
    response_class=Response,
    responses=_answers(
        "platform,native_id,created_at,hashtags",
        "mastodon,https://mastodon.example/posts/1,2026-11-24T04:05:06.000Z,#LoveArmy",
    ),
)
async def export_posts(
    request: Request, now: Now, query: Annotated[rows.Query, Depends(_posts_query)], form: Form = "csv",
    identified: Identified = False, after: After = None,
) -> Response:  # fmt: skip
    """Posts with their authors (pseudonyms), words and hashtags, in the order of their ids here."""
    return await _answer(request, "posts", query, form, now, identified, _after(after, 0))


@router.get(
    "/exports/snapshots",
    response_class=Response,
    responses=_answers(
        "platform,native_id,observed_at", "mastodon,https://mastodon.example/posts/1,2026-11-24T05:05:06.000Z"
    ),
)
async def export_snapshots(
    request: Request, now: Now, query: Asked, form: Form = "csv", after: After = None
) -> Response:
    """Every look at the posts, post by post."""
    return await _answer(request, "snapshots", query, form, now, True, _after(after, 3))


@router.get(
    "/exports/accounts",
    response_class=Response,
    responses=_answers(
        "platform,native_id,observed_at", "mastodon,https://mastodon.example/users/1,2026-11-24T05:05:06.000Z"
    ),
)
async def export_accounts(
    request: Request, now: Now, query: Asked, form: Form = "csv", identified: Identified = False
) -> Response:
    """Every reading of the authors' followers."""
    return await _answer(request, "accounts", query, form, now, identified)


@router.get(
    "/exports/curves",
    response_class=Response,
    responses=_answers("kind,subject,time", "hashtag,lovearmy,2026-11-24T05:00:00.000Z"),
)
async def export_curves(
    request: Request, now: Now, query: Annotated[rows.Query, Depends(_curves_query)], form: Form = "csv"
) -> Response:
    """Growth curves, one below the other: `hashtag` or `campaign` must be given."""
    return await _answer(request, "curves", query, form, now, True)


@router.get(
    "/exports/coverage",
    response_class=Response,
    responses=_answers("platform,source,hashtag,state", "mastodon,home,#LoveArmy,complete"),
)
async def export_coverage(request: Request, now: Now, query: Asked, form: Form = "csv") -> Response:
    """What was observed, and what was not."""
    return await _answer(request, "coverage", query, form, now, True)


@router.get(
    "/exports/counts",
    response_class=Response,
    responses=_answers("platform,hashtag,start", "mastodon,#LoveArmy,2026-11-24T05:00:00.000Z"),
)
async def export_counts(request: Request, now: Now, query: Asked, form: Form = "csv") -> Response:
    """What platforms themselves count."""
    return await _answer(request, "counts", query, form, now, True)


@router.get(
    "/exports/outcomes",
    response_class=Response,
    responses=_answers("id,kind,amount,currency", "gift-1,donation,12.50,EUR"),
)
async def export_outcomes(request: Request, now: Now, query: Asked, form: Form = "csv") -> Response:
    """What a campaign brought in: `campaign` must be given."""
    return await _answer(request, "outcomes", query, form, now, True)


def _after(said: str | None, more: int) -> Cursor | None:
    """A cursor from the last post that a reader holds whole."""
    if said is None:
        return None
    platform, _, native_id = said.partition(" ")
    if not platform or not native_id:
        raise Invalid("after", said, "must be a platform, a space and a native_id")
    return [post_key(platform, native_id), *[None] * more]


async def _answer(
    request: Request, kind: str, query: rows.Query, given: str, now: int, identified: bool, after: Cursor | None = None
) -> Response:
    state, who, form = request.app.state, request.state.who, "jsonl" if given == "ndjson" else given
    await checked(state.db, kind, query, now)
    writer(rows.columns(kind, query), form)  # what it needs may not be installed
    shown = AS_IT_IS if identified else Shown(state.keys.pseudonym, state.keys.naming_mark)
    shown = shown.to_strangers() if who.kind not in ("user", "token") else shown
    pieces = stream(state.db, kind, query, form, now, shown=shown, done=Done(cursor=after))

    async def begun() -> None:
        async with state.db.write() as session:
            ip = request.client.host if request.client else None
            asked = {**request.query_params, "hashtag": query.hashtags}
            await audit.record(session, who, "export", now, subject=kind, ip=ip, after=asked)

    return Download(state.downloads, pieces, begun, f"groundswell-{kind}.{form}", MEDIA_TYPES[form])
