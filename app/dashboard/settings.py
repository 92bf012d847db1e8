"""Settings of whoever looks: language and time zone, kept in cookies, and the own password."""

from fastapi import APIRouter, Request, Response

from app.access import entry
from app.access.asked import Asked
from app.access.gate import cookie_name
from app.analysis import calendar
from app.dashboard import asked, forms, render
from app.dashboard.render import LANG_COOKIE, ZONE_COOKIE, page, words_of, zone_of
from app.dashboard.words import LANGUAGES
from app.errors import Forbidden, Invalid, TooManyRequests

router = APIRouter(route_class=render.Page)
_YEAR_S = 365 * 86_400


@router.get("/settings")
async def show_settings(request: Request) -> Response:
    return _page(request)


def _page(request: Request, status: int = 200, wrong: dict[str, str] | None = None, zone: str = "") -> Response:
    return page(
        request, "settings.html", status, done=forms.asked(request)("done"), wrong=wrong or {},
        zone=zone or zone_of(request), zones=asked.ZONES, kept=request.cookies.get(LANG_COOKIE, ""),
    )  # fmt: skip


@router.post("/settings")
async def keep_settings(request: Request) -> Response:
    """An empty language is the browser's."""
    form, w = await forms.typed(request), words_of(request)
    lang, zone = form("language"), form("zone", "UTC")
    try:
        zone = calendar.zone(zone).key
    except ValueError:
        return _page(request, 422, {"zone": w("bad.tz", value=zone[: render.LONGEST_SHOWN])}, zone)
    if lang and lang not in LANGUAGES:
        raise Invalid("language", lang, f"must be one of {' '.join(LANGUAGES)}")
    answer = forms.go(request, "/settings", "kept")
    for name, value in ((LANG_COOKIE, lang), (ZONE_COOKIE, zone)):
        secure = cookie_name(Asked.of(request.scope)).startswith("__Host-")
        answer.set_cookie(
            name, value, max_age=_YEAR_S if value else 0, path="/", httponly=True, samesite="lax", secure=secure
        )
    return answer


@router.post("/settings/password")
async def change_password(request: Request) -> Response:
    form, w, who = await forms.typed(request), words_of(request), render.who_of(request)
    if who.kind != "user":
        return _page(request, 422)
    # As it was typed: a password may begin or end with a space.
    old, new, again = (next(iter(form.fields.get(name, ())), "") for name in ("old", "new", "again"))
    if new != again:
        return _page(request, 422, {"again": w("password.again.wrong")})
    shown = Asked.of(request.scope)
    try:
        opened = await entry.change_password(request.app.state, shown, who, old, new)
    except Forbidden:
        return _page(request, 403, {"old": w("password.old.wrong")})
    except Invalid:
        return _page(request, 422, {"new": w("password.new.wrong")})
    except TooManyRequests as many:
        return _page(request, many.status, {"old": w("password.slow")})
    answer = forms.go(request, "/settings", "changed")
    answer.set_cookie(**opened.cookie(shown))
    return answer
