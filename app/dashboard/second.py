"""The second factor in the settings: a secret as a QR code and as text, its first code, and the way out of it."""

from io import BytesIO

import segno
from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from app.access import second, totp
from app.access.asked import Asked
from app.access.principal import Principal
from app.dashboard import forms, render
from app.dashboard.render import asked_of, now_of, page, who_of, words_of
from app.errors import Conflict, Forbidden, TooManyRequests

router = APIRouter(route_class=render.Page)
HERE = "/settings/second"


@router.get(HERE)
async def show_second(request: Request) -> Response:
    return await _page(request)


async def _page(request: Request, status: int = 200, wrong: dict[str, str] | None = None) -> Response:
    who, keys = who_of(request), request.app.state.keys
    standing = secret = None
    if who.kind == "user":
        async with render.reading(request) as session:
            standing = await totp.standing(session, int(who.id))
            secret = await totp.pending(session, keys, int(who.id))
    return page(
        request, "second.html", status, standing=standing, wrong=wrong or {}, done=forms.asked(request)("done"),
        picture=drawn(totp.address(secret, who.name)) if secret else None, secret=secret and _grouped(secret),
        tz=asked_of(request, "all").tz,
    )  # fmt: skip


def drawn(text: str) -> Markup:
    """As an SVG of paths alone, black on white in every theme: a camera reads it."""
    out = BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, svgns=False, nl=False, dark="#000", light="#fff", omitsize=True, svgclass="qr"
    )
    return Markup(out.getvalue().decode())  # noqa: S704 - paths that were computed, no text of anybody's


def _grouped(secret: str) -> str:
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


@router.post(f"{HERE}/begin")
async def begin(request: Request) -> Response:
    who = _user(request)
    async with request.app.state.db.write() as session:
        await totp.begin(session, request.app.state.keys, int(who.id), now_of(request))
    return forms.go(request, HERE)


@router.post(HERE)
async def confirm(request: Request) -> Response:
    """The page that shows the recovery codes, this once."""
    form, w, who, shown = await forms.typed(request), words_of(request), _user(request), Asked.of(request.scope)
    try:
        opened, codes = await second.switch_on(request.app.state, shown, who, form("code"))
    except Forbidden:
        return await _page(request, 403, {"code": w("second.code.wrong")})
    answer = page(request, "recovery.html", codes=codes)
    answer.set_cookie(**opened.cookie(shown))
    return answer


@router.post(f"{HERE}/off")
async def switch_off(request: Request) -> Response:
    form, w, who = await forms.typed(request), words_of(request), _user(request)
    proof = next(iter(form.fields.get("proof", ())), "")  # as it was typed: it may be a password
    try:
        await second.switch_off(request.app.state, Asked.of(request.scope), who, proof)
    except Forbidden:
        return await _page(request, 403, {"proof": w("second.proof.wrong")})
    except TooManyRequests as many:
        return await _page(request, many.status, {"proof": w("password.slow")})
    return forms.go(request, HERE, "off")


def _user(request: Request) -> Principal:
    who = who_of(request)
    if who.kind != "user":
        raise Conflict("nobody is logged in: there is no login to protect")
    return who
