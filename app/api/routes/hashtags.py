"""Hashtags: what is followed and where, and what was observed of it."""

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response

from app.api.deps import Changing, IfMatch, Made, Now, Page, Posting, Reading, check_match, etag, needs
from app.api.openapi import changed, problems
from app.api.route import Route
from app.api.schemas.common import Instant, when
from app.api.schemas.hashtags import (
    CoverageList,
    HashtagBody,
    HashtagChange,
    HashtagList,
    NewHashtag,
    PassBody,
    StretchBody,
    TrackBody,
)
from app.clock import rfc3339
from app.db.engine import ReadSession, Session
from app.store import coverage_reads, following, hashtags
from app.store.hashtags import Followed, Looked

router = APIRouter(tags=["hashtags"], route_class=Route)
TagInPath = Annotated[
    str, Path(max_length=640, examples=["lovearmyforrohingyas"], description="in any spelling; a # is sent as %23")
]
READ, WRITE = [needs("stats:read")], [needs("tags:write")]


def _body(followed: Followed) -> HashtagBody:
    row = followed.row
    return HashtagBody(
        tag=row.tag, spelling=row.spelling, state="followed" if row.unfollowed_at is None else "unfollowed",
        followed_at=rfc3339(row.followed_at or row.created_at), unfollowed_at=when(row.unfollowed_at),
        campaigns=list(followed.campaigns), tracks=[_track(looked) for looked in followed.tracks],
    )  # fmt: skip


def _track(looked: Looked) -> TrackBody:
    track = looked.track
    return TrackBody(
        source=looked.source, platform=looked.platform, kind="live" if looked.kind == "live" else "import",
        since=rfc3339(track.since_at), until=when(track.until_at), every_s=track.interval_s,
        due_at=when(track.due_at), observed_to=when(looked.observed_to), failures=track.failures,
        last_pass=_pass(looked),
    )  # fmt: skip


def _pass(looked: Looked) -> PassBody | None:
    last = looked.last
    if last is None:
        return None
    return PassBody(
        at=rfc3339(last.started_at), state=last.state, reason=last.reason, posts=last.posts, posts_new=last.posts_new
    )


def _etag(followed: Followed) -> dict[str, str]:
    return etag(followed.row.version, followed.row.tag)


async def _source_ids(session: ReadSession, names: Sequence[str] | None) -> list[int] | None:
    return await following.source_ids(session, names) if names is not None else None


@router.get("/hashtags", dependencies=READ, responses=problems())
async def list_hashtags(session: Reading, page: Page) -> HashtagList:
    """Hashtags that are or were followed, by their normal form."""
    found, after = page.finish(await hashtags.listed(session, page.after, page.limit), lambda one: [one.row.tag])
    return HashtagList(items=[_body(one) for one in found], next=after)


@router.post(
    "/hashtags", dependencies=WRITE, status_code=201, response_model=None,
    responses=changed(HashtagBody, 201) | problems(404, 409, 413),
)  # fmt: skip
async def follow_hashtag(asked: NewHashtag, writing: Posting) -> Response:
    """Follow a hashtag, as part of a campaign if one is named. One that is followed already gains sources."""

    async def work(session: Session) -> Made:
        ids = await _source_ids(session, asked.sources)
        every = writing.settings.poll_seconds
        came = await following.follow(session, asked.tag, ids, writing.now, every, asked.campaign)
        followed = await hashtags.by_tag(session, came.tag)
        headers = {**_etag(followed), "Location": f"/api/v1/hashtags/{_quoted(came.tag)}"}
        return Made(_body(followed), f"hashtag {came.tag}", 201, headers)

    return await writing.once("hashtag.follow", work)


@router.get("/hashtags/{tag}", dependencies=READ, responses=changed(HashtagBody) | problems(404))
async def read_hashtag(tag: TagInPath, session: Reading, response: Response) -> HashtagBody:
    """One hashtag: where it is looked for, how far that got, and how the last pass ended."""
    followed = await hashtags.by_tag(session, tag)
    response.headers.update(_etag(followed))
    return _body(followed)


@router.patch(
    "/hashtags/{tag}", dependencies=WRITE, response_model=None,
    responses=changed(HashtagBody) | problems(404, 412, 413),
)  # fmt: skip
async def change_hashtag(tag: TagInPath, asked: HashtagChange, writing: Changing, if_match: IfMatch = None) -> Response:
    """Follow it on these sources and on no other."""

    async def work(session: Session) -> Made:
        old = await hashtags.by_tag(session, tag)
        check_match(if_match, _etag(old))
        ids = await _source_ids(session, asked.sources)
        ids = await hashtags.live_source_ids(session) if ids is None else ids
        await hashtags.change_sources(session, old, ids, writing.now, writing.settings.poll_seconds)
        followed = await hashtags.by_tag(session, tag)
        return Made(_body(followed), f"hashtag {followed.row.tag}", 200, _etag(followed))

    return await writing.once("hashtag.change", work)


@router.delete(
    "/hashtags/{tag}", dependencies=WRITE, status_code=204, response_model=None, responses=problems(404, 412)
)
async def unfollow_hashtag(tag: TagInPath, writing: Changing, if_match: IfMatch = None) -> Response:
    """Stop looking. What was seen stays, and so does the curve."""

    async def work(session: Session) -> Made:
        old = await hashtags.by_tag(session, tag)
        check_match(if_match, _etag(old))
        await following.unfollow(session, tag, writing.now)
        return Made(None, f"hashtag {old.row.tag}", 204)

    return await writing.once("hashtag.unfollow", work)


@router.get("/coverage", dependencies=READ, tags=["coverage"], responses=problems(404))
async def list_coverage(
    session: Reading,
    page: Page,
    now: Now,
    hashtag: Annotated[str, Query(min_length=1, max_length=640, examples=["lovearmyforrohingyas"])],
    start: Annotated[Instant | None, Query(alias="from")] = None,
    to: Annotated[Instant | None, Query()] = None,
) -> CoverageList:
    """What was observed of a hashtag on each source, what was not, and why; half-open, oldest first."""
    found = await coverage_reads.listed(session, hashtag, start, to, now, page.after, page.limit)
    shown, after = page.finish(found, lambda one: one.key)
    return CoverageList(items=[StretchBody(**_stretch(one)) for one in shown], next=after)


def _stretch(one: coverage_reads.Said) -> dict[str, Any]:
    return {
        "from": rfc3339(one.start), "to": rfc3339(one.end), "state": one.state, "reason": one.reason,
        "hashtag": one.hashtag, "source": one.source, "platform": one.platform,
    }  # fmt: skip


def _quoted(tag: str) -> str:
    return quote(tag, safe="")
