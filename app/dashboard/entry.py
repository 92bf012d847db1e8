"""The way in for people: log in, log out, and the set-up of the first user, as plain forms."""

from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.access import entry, second
from app.access.asked import Asked
from app.access.gate import cookie_name
from app.access.halfway import CodeNeeded
from app.dashboard import render, spoken
from app.dashboard.render import page, words_of
from app.errors import Forbidden, Invalid, Problem, TooManyRequests, Unauthenticated

router = APIRouter(route_class=render.Page)
LONGEST_FORM = 8_192


@router.get("/login")
async def show_login(request: Request) -> Response:
    return page(request, "login.html", said="", user="")


@router.post("/login")
async def log_in(request: Request) -> Response:
    """The form of name and password, or of the code that is asked for after them."""
    form = await _form(request)
    if "word" in form:
        return await _finish(request, form)
    user = form.get("user", "")
    try:
        opened = await entry.log_in(request.app.state, Asked.of(request.scope), user, form.get("password", ""))
    except CodeNeeded as needed:
        return page(request, "login_code.html", said="", word=needed.word)
    except Unauthenticated as wrong:
        return page(request, "login.html", wrong.status, said=words_of(request)("login_wrong"), user=user)
    except TooManyRequests as many:
        return page(request, "login.html", many.status, said=_in_words(request, many), user=user)
    return _welcome(request, opened)


async def _finish(request: Request, form: dict[str, str]) -> Response:
    w, given = words_of(request), (form["word"], form.get("code", ""))
    try:
        opened = await second.finish(request.app.state, Asked.of(request.scope), *given)
    except second.TooLate as late:
        return page(request, "login.html", late.status, said=w("login_late"), user="")
    except (Unauthenticated, TooManyRequests) as wrong:
        said = w("login_code_slow" if isinstance(wrong, TooManyRequests) else "login_code_wrong")
        return page(request, "login_code.html", wrong.status, said=said, word=form["word"])
    return _welcome(request, opened)


@router.get("/setup")
async def show_setup(request: Request) -> Response:
    return page(request, "setup.html", said="", user="")


@router.post("/setup")
async def set_up(request: Request) -> Response:
    form = await _form(request)
    user = form.get("user", "")
    given = (form.get("code", ""), user, form.get("password", ""))
    try:
        opened = await entry.set_up(request.app.state, Asked.of(request.scope), *given)
    except (Forbidden, Invalid, TooManyRequests) as wrong:
        return page(request, "setup.html", wrong.status, said=_in_words(request, wrong), user=user)
    return _welcome(request, opened)


@router.post("/logout")
async def log_out(request: Request) -> Response:
    shown = Asked.of(request.scope)
    await entry.log_out(request.app.state, shown, request.state.who)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(cookie_name(shown), path="/")
    return answer


def _in_words(request: Request, problem: Problem) -> str:
    text = problem.errors[0].message if problem.errors else problem.detail
    return spoken.told(words_of(request), text) or text


async def _form(request: Request) -> dict[str, str]:
    body = await request.body()
    if len(body) > LONGEST_FORM:
        raise Invalid("form", "…", "has at most 8 KiB")
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=20, errors="strict")
    except ValueError:
        raise Invalid("form", "…", "must be a form as browsers send it") from None
    return {name: values[0] for name, values in fields.items()}


def _welcome(request: Request, opened: entry.Opened) -> Response:
    answer = RedirectResponse("/", 303)
    answer.set_cookie(**opened.cookie(Asked.of(request.scope)))
    return answer
