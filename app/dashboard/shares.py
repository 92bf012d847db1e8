"""The page where share links are made, copied and ended."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from app.access import shares
from app.dashboard import render
from app.dashboard.forms import Done, Typed, asked, change, go, mark, typed, wrong
from app.dashboard.render import now_of
from app.db.engine import Session
from app.errors import Invalid
from app.store import campaigns
from app.store import shares as rows

router = APIRouter(route_class=render.Page)
MOST_OFFERED = 100


@dataclass(frozen=True, slots=True)
class Row:
    """A link that is good. `path`: its address, to be copied."""

    id: str
    names: tuple[str, ...]
    path: str
    origins: tuple[str, ...]
    author: str
    expires_at: int


@router.get("/shares")
async def show_shares(request: Request) -> Response:
    fresh = {"days": [str(shares.DAYS)], "mark": [mark()], **asked(request).fields}
    return await _page(request, Typed(fresh))


@router.post("/shares")
async def create_share(request: Request) -> Response:
    render.check_may(request, "admin")
    form, now, keys = await typed(request), now_of(request), request.app.state.keys

    async def work(session: Session) -> Done:
        slugs, origins = form.every("campaign"), form("origins").split()
        days, author = form.whole("days"), render.who_of(request).actor
        link, _ = await shares.create(session, keys, slugs, days, origins, author, now)
        return Done(f"share {link.id}", "/shares", [link.campaigns, link.origins, link.expires_at])

    try:
        return go(request, await change(request, "share.create", form, work), "made")
    except Invalid as problem:
        return await _page(request, form, problem)


@router.post("/shares/{id}/end")
async def end_share(id: str, request: Request) -> Response:  # noqa: A002 - the name that the address has
    render.check_may(request, "admin")

    async def work(session: Session) -> Done:
        await shares.revoke(session, id, now_of(request))
        return Done(f"share {id}", "/shares")

    return go(request, await change(request, "share.revoke", await typed(request), work), "ended")


async def _page(request: Request, form: Typed, problem: Invalid | None = None) -> Response:
    # A link is a key: who may not hand one out may not see one.
    render.check_may(request, "admin")
    it = render.asked_of(request, "all")
    async with render.reading(request) as session:
        offered = (await campaigns.listed(session, None, MOST_OFFERED))[:MOST_OFFERED]
        found = await shares.everything(session, request.app.state.keys, now_of(request))
        names = await rows.campaigns(session, sorted({key for link, _ in found for key in link.campaigns}))
    root = str(request.base_url).rstrip("/")
    listed = [
        Row(
            link.id, tuple(names[key][1] for key in link.campaigns), f"{root}/s/{text}", link.origins, link.author,
            link.expires_at,
        )
        for link, text in found if all(key in names for key in link.campaigns)
    ]  # fmt: skip
    done = request.query_params.get("done")
    return render.page(
        request, "shares.html", problem.status if problem else 200, f=form, chosen=form.every("campaign"), it=it,
        wrong=wrong(problem) if problem else {}, offered=offered, rows=listed,
        done=done if done in ("made", "ended") else "",
    )  # fmt: skip
