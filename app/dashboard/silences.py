"""Silences: for a time nothing is sent of a rule or a subject; what happens is recorded all the same."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from app.clock import DAY, HOUR
from app.dashboard import asked, forms, named, render
from app.dashboard.forms import Done, Typed, change, go
from app.dashboard.named import Name
from app.dashboard.render import now_of, words_of
from app.db.engine import ReadSession, Session
from app.errors import Invalid
from app.store import rules, silences
from app.store.rules import Subject
from app.store.silences import Kept, Quiet

router = APIRouter(route_class=render.Page)
MOST = 200
LASTS = {"1h": HOUR, "4h": 4 * HOUR, "1d": DAY, "3d": 3 * DAY, "7d": 7 * DAY, "30d": 30 * DAY}


@dataclass(frozen=True, slots=True)
class Row:
    kept: Kept
    name: Name
    begun: bool


@router.get("/silences")
async def show_silences(request: Request) -> Response:
    render.check_may(request, "stats:read")
    fresh = {"lasts": ["4h"], "mark": [forms.mark()], **forms.asked(request).fields}
    return await _page(request, Typed(fresh))


@router.post("/silences")
async def create_silence(request: Request) -> Response:
    render.check_may(request, "rules:write")
    form, now, who = await forms.typed(request), now_of(request), render.who_of(request)

    async def work(session: Session) -> Done:
        kept = await silences.create(session, await _read(session, form, now), who.actor, now)
        return Done(f"silence {kept.id}", "/silences", [kept.it.matcher, kept.it.starts_at, kept.it.ends_at])

    try:
        return go(request, await change(request, "silence.create", form, work), "silenced")
    except Invalid as wrong:
        return await _page(request, form, wrong)


@router.post("/silences/{id}/end")
async def end_silence(id: str, request: Request) -> Response:  # noqa: A002 - the name that the address has
    render.check_may(request, "rules:write")
    form = await forms.typed(request)

    async def work(session: Session) -> Done:
        await silences.by_id(session, id)
        await silences.remove(session, id)
        return Done(f"silence {id}", "/silences")

    return go(request, await change(request, "silence.delete", form, work), "unsilenced")


async def _read(session: ReadSession, form: Typed, now: int) -> Quiet:
    matcher = await _matcher(session, form("matcher"))
    lasts = LASTS.get(form("lasts"))
    if lasts is None:
        raise Invalid("lasts", form("lasts"), f"must be one of {' '.join(LASTS)}")
    start = _start(form, now)
    if start + lasts <= now:
        raise Invalid("starts", form("starts"), "it would be over already")
    return Quiet(matcher, start, start + lasts, form.line("comment") if form("comment") else None)


async def _matcher(session: ReadSession, chosen: str) -> Subject:
    kind, _, name = chosen.partition(":")
    if kind == "rule" and name in await rules.with_ids(session, [name]):
        return kind, name
    if kind not in ("hashtag", "campaign", "influencer", "source") or not name:
        raise Invalid("matcher", chosen, "must be one of the list")
    return await rules.subject_of(session, "matcher", {kind: name})


def _start(form: Typed, now: int) -> int:
    try:
        start = asked.read({"from": form("starts"), "tz": form("tz")}, "en").start
    except Invalid as wrong:
        raise Invalid("starts", form("starts"), wrong.detail) from None
    return now if start is None else start


async def _page(request: Request, form: Typed, problem: Invalid | None = None) -> Response:
    w, now, it = words_of(request), now_of(request), render.asked_of(request, "all")
    async with render.reading(request) as session:
        kept = await silences.listed(session, [now, ""], MOST)
        names = await named.names(session, [one.it.matcher for one in kept], w)
        groups = await named.groups(session, w, now, request.app.state.allowed, more="rule")
    rows = [Row(one, names[one.it.matcher], one.it.starts_at <= now) for one in kept[:MOST]]
    return render.page(
        request, "silences.html", problem.status if problem else 200, rows=rows, f=form, groups=groups, it=it,
        tz=it.tz, lasts=LASTS, wrong=forms.wrong(problem) if problem else {}, done=forms.done(request),
        may=render.who_of(request).may("rules:write"),
    )  # fmt: skip
