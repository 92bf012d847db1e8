"""The page of one post: what it says, where it counts, and each look that was taken at it."""

from fastapi import APIRouter, Request, Response

from app.clock import MINUTE
from app.dashboard import looks, posts, render
from app.dashboard.render import now_of, words_of
from app.store import post_reads

router = APIRouter(route_class=render.Page)
MOST_LOOKS = 2_000


@router.get("/posts/{post}")
async def show_post(post: str, request: Request) -> Response:
    render.check_may(request, "posts:read")
    w, it, now = words_of(request), render.asked_of(request, "all"), now_of(request)
    async with render.reading(request) as session:
        found = await post_reads.by_id(session, post_reads.key_of(post))
        taken = await post_reads.looks(session, found.post.id, now, None, MOST_LOOKS)
    more, taken = len(taken) > MOST_LOOKS, taken[:MOST_LOOKS]
    card = posts.card(found, render.who_of(request))
    last = max([one.observed_at for one in taken], default=found.post.created_at)
    start, end = it.span(min([found.post.created_at, *(one.observed_at for one in taken)]), max(now, last))
    end = end if it.end is not None or it.range != "all" else max(last, start) + MINUTE
    shown = [one for one in taken if start <= one.observed_at <= end]
    return render.watched(
        request, "post.html", it, now, render.EVERY_S if it.end is None and len(shown) < MOST_LOOKS else 0,
        post=card, tags=found.hashtags, drawn=looks.draw(shown, start, end, w, it.tz),
        looked=looks.rows(shown, w, it.tz), metrics=post_reads.METRICS, more=more, most=w.number(MOST_LOOKS),
        api=f"/api/v1/posts/{post}/engagement",
    )  # fmt: skip
