"""Settings: how long things are kept, a person searched for and erased, and whether anything is over its limit."""

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from app.dashboard import forms, render
from app.dashboard.forms import Checks, Done, Typed
from app.dashboard.render import now_of, words_of
from app.db.engine import Session
from app.errors import Invalid, NotFound
from app.privacy import report, sweep
from app.store import erasures, retention
from app.store.erasures import Found

router = APIRouter(route_class=render.Page)
MOST_SHOWN = 20


@router.get("/settings/privacy")
async def show_privacy(request: Request) -> Response:
    return await _page(request)


async def _page(
    request: Request, status: int = 200, wrong: Mapping[str, str] | None = None, form: Typed | None = None,
    found: Found | None = None,
) -> Response:  # fmt: skip
    render.check_may(request, "admin")
    it = render.asked_of(request, "all")
    async with render.reading(request) as session:
        told = await report.made(session, now_of(request), readings=False)
        done = (await erasures.listed(session, None, MOST_SHOWN))[:MOST_SHOWN]
    days = {kind: str(number or "") for kind, number in told["retention"].items()}
    return render.page(
        request, "privacy.html", status, it=it, told=told, erasures=done, found=found, wrong=wrong or {},
        days={kind: form(kind) for kind in days} if form and "who" not in form.fields else days,
        who_is=form("who") if form else "",
        done=forms.asked(request)("done"), least=retention.LEAST, mark=forms.mark(),
    )  # fmt: skip


@router.post("/settings/privacy")
async def keep_days(request: Request) -> Response:
    render.check_may(request, "admin")
    form, w = await forms.typed(request), words_of(request)

    async def work(session: Session) -> Done:
        wanted, checks = {}, Checks()
        for kind in retention.KINDS:
            with checks.of():
                wanted[kind] = form.whole(kind) if form(kind) else None
                await retention.set_days(session, {kind: wanted[kind]})
        checks.finish()
        return Done("retention", "/settings/privacy", wanted)

    try:
        return forms.go(request, await forms.change(request, "retention", form, work), "kept")
    except Invalid as problem:
        least = retention.LEAST
        said = {kind: w("privacy.days.wrong", n=least[kind]) for kind in forms.wrong(problem)}
        return await _page(request, 422, said, form)


@router.post("/settings/privacy/search")
async def search(request: Request) -> Response:
    """A name is typed into a form and never into an address, which would be written down."""
    render.check_may(request, "admin")
    form, w = await forms.typed(request), words_of(request)
    try:
        async with render.reading(request) as session:
            found = await erasures.find(session, form("who")[: forms.LONGEST_LINE])
    except Invalid:
        return await _page(request, 422, {"who": w("privacy.who.wrong")}, form)
    return await _page(request, 200, form=form, found=found)


@router.post("/settings/privacy/erase")
async def erase(request: Request) -> Response:
    render.check_may(request, "admin")
    form, w = await forms.typed(request), words_of(request)
    accounts = [int(key) for key in form.every("account") if key.isdecimal() and len(key) < 20 and int(key) < 2**63]
    persons = form.every("influencer")
    if form("sure") != "yes" or not (accounts or persons):
        return await _page(request, 422, {"sure": w("privacy.sure.wrong")})

    async def work(session: Session) -> Done:
        keys = [await erasures.ask(session, [], person, now_of(request)) for person in persons]
        if left := await erasures.still_there(session, accounts):
            keys.append(await erasures.ask(session, left, None, now_of(request)))
        return Done(" ".join(["erasure", *keys]), "/settings/privacy")

    try:
        to = await forms.change(request, "person.erase", form, work)
    except NotFound:
        return await _page(request, 404, {"who": w("privacy.who.none")})
    await sweep.erase_all(request.app.state.db, now_of(request))
    return forms.go(request, to, "erased")
