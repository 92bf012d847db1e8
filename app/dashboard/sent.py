"""What was sent: deliveries with each attempt, told in words, and one of them sent again."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from app.dashboard import forms, render
from app.dashboard.asked import Asked
from app.dashboard.forms import Done, change, go
from app.dashboard.render import words_of
from app.dashboard.words import Words
from app.db.engine import ReadSession, Session
from app.errors import Invalid
from app.store import deliveries, endpoints
from app.store.deliveries import Kept, Which

router = APIRouter(route_class=render.Page)
MOST, MOST_ENDPOINTS = 50, 200
STATES = ("waiting", "delivered", "failed", "exhausted", "disabled", "deleted")


@dataclass(frozen=True, slots=True)
class Row:
    """`to` None: the endpoint is gone."""

    kept: Kept
    to: str | None
    when: str
    state: str
    attempts: tuple["Attempt", ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    number: int
    when: str
    took: str
    said: str
    problem: str | None
    answer: str | None


async def rows(session: ReadSession, found: Sequence[Kept], it: Asked, w: Words) -> list[Row]:
    called = {one.id: one.it.name for one in await endpoints.listed(session, None, MOST_ENDPOINTS)}
    return [
        Row(
            one, called.get(one.endpoint_id), w.moment(one.created_at, it.tz), _state(one, it, w),
            tuple(
                Attempt(
                    each.number, f"{w.day(each.at, it.tz)} {w.clock(each.at, it.tz)}",
                    w("took", n=w.number(each.took_ms)),
                    w("answered", status=each.status) if each.status is not None else w("answered.not"), each.problem,
                    each.answer,
                )
                for each in one.attempts
            ),
        )
        for one in found
    ]  # fmt: skip


def _state(one: Kept, it: Asked, w: Words) -> str:
    if one.state == "waiting" and one.attempts and one.due_at is not None:
        return w("delivery.again", time=w.moment(one.due_at, it.tz))
    return w(f"delivery.{one.state}")


@router.get("/deliveries")
async def show_deliveries(request: Request) -> Response:
    render.check_may(request, "endpoints:write")
    it, w, query = render.asked_of(request, "all"), words_of(request), request.query_params
    state = query.get("state") or None
    if state is not None and state not in STATES:
        raise Invalid("state", state, f"must be one of {' '.join(STATES)}")
    which = Which(query.get("endpoint") or None, state, query.get("event") or None)
    async with render.reading(request) as session:
        found = await deliveries.listed(session, which, forms.before(request), MOST)
        shown = await rows(session, found[:MOST], it, w)
        takers = await endpoints.listed(session, None, MOST_ENDPOINTS)
    last = found[MOST - 1] if len(found) > MOST else None
    before = f"{last.created_at}.{last.id}" if last else ""
    return render.page(
        request, "deliveries.html", rows=shown, takers=takers, which=which, states=STATES, it=it, tz=it.tz,
        earlier=f"?{request.url.include_query_params(before=before).query}" if before else "",
        done=forms.done(request), sees_answers=render.who_of(request).may("admin"),
    )  # fmt: skip


@router.post("/deliveries/{id}/replay")
async def replay_delivery(id: str, request: Request) -> Response:  # noqa: A002 - the name that the address has
    render.check_may(request, "endpoints:write")
    form, now = await forms.typed(request), render.now_of(request)

    async def work(session: Session) -> Done:
        kept = await deliveries.replay(session, id, now)
        return Done(f"delivery {id}", f"/deliveries?event={kept.event_id}&endpoint={kept.endpoint_id}")

    return go(request, await change(request, "delivery.replay", form, work), "replayed")
