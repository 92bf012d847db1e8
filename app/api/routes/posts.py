"""Posts, one post, and how its counters went."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request

from app.analysis.tags import normal
from app.api.deps import Now, Page, Reading, needs
from app.api.openapi import problems
from app.api.route import Route
from app.api.schemas.common import Instant, when
from app.api.schemas.posts import AuthorBody, History, LevelsAt, LookBody, PostBody, PostList
from app.clock import rfc3339
from app.store import curves, post_reads
from app.store.post_reads import METRICS, Ask, Found, Look

router = APIRouter(tags=["posts"], route_class=Route)
READ = [needs("posts:read")]
IdInPath = Annotated[str, Path(max_length=64, examples=["6780993723366769677"])]
NO_STRANGERS = "!no-unauthenticated"
ADULT = frozenset({"porn", "sexual", "nudity", "graphic-media", "sensitive"})
"""Labels by which authors say themselves that not everyone should meet the post unasked."""


def _levels(levels: Sequence[int | None]) -> dict[str, int | None]:
    known = [level for level in levels[:4] if level is not None]
    return {**dict(zip(METRICS, levels, strict=True)), "engagement": sum(known) if known else None}


def _body(found: Found, request: Request) -> PostBody:
    post, text = found.post, found.text
    labels = post.labels.split() if post.labels else []
    # Nobody has logged in over loopback, and the author asked for readers who have.
    withheld = NO_STRANGERS in labels and request.state.who.kind not in ("user", "token")
    return PostBody(
        id=str(post.id), platform=post.platform, native_id=post.native_id,
        url=None if withheld or not text else text.url, text=None if withheld or not text else text.text,
        lang=text.lang if text else None, author=_author(found, withheld),
        created_at=rfc3339(post.created_at), found_at=rfc3339(post.found_at), edited_at=when(post.edited_at),
        looked_at=when(post.looked_at), hashtags=list(found.hashtags), labels=labels,
        sensitive=not ADULT.isdisjoint(labels), withheld=withheld, in_reply_to=post.in_reply_to,
        repost_of=post.repost_of, quote_of=post.quote_of, state="gone" if post.state == "gone" else "live",
        **_levels([getattr(post, metric) for metric in METRICS]),
    )  # fmt: skip


def _author(found: Found, withheld: bool) -> AuthorBody | None:
    author = found.author
    if author is None:
        return None
    erased = author.erased_at is not None
    return AuthorBody(
        native_id=None if erased or withheld else author.native_id,
        handle=None if erased or withheld else author.handle,
        name=None if erased or withheld else author.name,
        followers=found.post.followers,
    )


@router.get("/posts", dependencies=READ, responses=problems(404))
async def list_posts(
    session: Reading,
    page: Page,
    request: Request,
    hashtag: Annotated[str | None, Query(min_length=1, max_length=640)] = None,
    campaign: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
    platform: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
    start: Annotated[Instant | None, Query(alias="from", description="began to count at or after")] = None,
    to: Annotated[Instant | None, Query(description="began to count before")] = None,
    order: Literal["newest", "oldest", "engagement"] = "newest",
) -> PostList:
    """Posts that count under a hashtag, a campaign or both, or all of them."""
    ask = Ask(normal(hashtag) if hashtag is not None else None, campaign, platform, start, to, order)
    found, after = page.finish(await post_reads.listed(session, ask, page.after, page.limit), lambda one: one.key)
    return PostList(items=[_body(one, request) for one in found], next=after)


@router.get("/posts/{id}", dependencies=READ, responses=problems(404, 410))
async def read_post(
    id: IdInPath,  # noqa: A002 - the name that the address has
    session: Reading,
    request: Request,
) -> PostBody:
    """One post with its last levels."""
    return _body(await post_reads.by_id(session, post_reads.key_of(id)), request)


@router.get("/posts/{id}/engagement", dependencies=READ, responses=problems(404, 410))
async def read_engagement(
    id: IdInPath,  # noqa: A002
    session: Reading,
    page: Page,
    now: Now,
    as_of: Annotated[Instant | None, Query(description="as it was known then; now, if left out")] = None,
) -> History:
    """Every look at a post up to `as_of`, and its levels then."""
    post = (await post_reads.by_id(session, post_reads.key_of(id))).post
    moment = curves.moment(as_of, now)
    observed, levels = await post_reads.levels_at(session, post.id, moment)
    looks = await post_reads.looks(session, post.id, moment, page.after, page.limit)
    found, after = page.finish(looks, lambda look: [look.observed_at, look.source_id])
    return History(
        id=str(post.id), as_of=rfc3339(moment), created_at=rfc3339(post.created_at),
        levels=LevelsAt(observed_at=when(observed), **_levels(levels)),
        items=[_look(look) for look in found], next=after,
    )  # fmt: skip


def _look(look: Look) -> LookBody:
    return LookBody(
        observed_at=rfc3339(look.observed_at), source=look.source, witness=look.witness, **_levels(look.levels)
    )
