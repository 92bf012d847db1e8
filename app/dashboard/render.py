"""Templates, static files, and errors as pages: what every page shares."""

import hashlib
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.access.principal import Principal, Scope
from app.analysis import calendar
from app.clock import to_ms
from app.dashboard import asked, spoken, told
from app.dashboard.asked import Asked
from app.dashboard.words import LANGUAGES, Words, chosen
from app.db.engine import Database, ReadSession
from app.errors import Busy, Conflict, FieldError, Forbidden, Gone, Invalid, NotFound, Problem, TooManyRequests

_HERE = Path(__file__).parent
STATIC = {path.name: path.read_bytes() for path in sorted((_HERE / "static").iterdir()) if path.is_file()}
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
VERSION = hashlib.blake2b(b"".join(STATIC.values()), digest_size=6).hexdigest()
_KNOWN_FIELDS = ("range", "from", "to", "step", "tz", "show", "scale", "measure")
LANG_COOKIE, ZONE_COOKIE = "groundswell-lang", "groundswell-zone"
LONGEST_SHOWN = 100
_TITLES = (
    (Invalid, "bad"), (NotFound, "missing"), (Gone, "gone"), (Forbidden, "closed"), (Conflict, "conflict"),
)  # fmt: skip
_SUBJECTS = (
    ("slug", "campaign", "no campaign"), ("tag", "hashtag", "not followed"), ("id", "influencer", "no influencer"),
)  # fmt: skip
EVERY_S = 5
"""How often a page that is watched is read again."""


def outward(url: str | None) -> str | None:
    """A link that a stranger wrote, where it leads to the web and nowhere else."""
    if not url:
        return None
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    return url.strip() if parts.scheme in ("http", "https") and parts.netloc else None


def _environment() -> Environment:
    env = Environment(
        loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    env.filters["outward"] = outward
    env.globals["spoken"], env.globals["called"] = spoken.spoken, told.called
    env.filters["segment"] = lambda text: quote(text, safe="")
    return env


_TEMPLATES = _environment()


def words_of(request: Request) -> Words:
    """In the language of the address, else of the reader's settings, else of the browser."""
    wanted = request.query_params.get("lang") or request.cookies.get(LANG_COOKIE)
    return Words(chosen(wanted, request.headers.get("accept-language", "")))


def zone_of(request: Request) -> str:
    """The zone of the reader's settings; a cookie that names none is no reason to refuse a page."""
    name = request.cookies.get(ZONE_COOKIE, "UTC")
    try:
        return calendar.zone(name).key
    except ValueError:
        return "UTC"


def now_of(request: Request) -> int:
    return to_ms(request.app.state.clock.now())


def who_of(request: Request) -> Principal:
    who: Principal = request.state.who
    return who


def asked_of(request: Request, default_range: str) -> Asked:
    return asked.read(request.query_params, words_of(request).lang, default_range, zone_of(request))


def reading(request: Request) -> AbstractAsyncContextManager[ReadSession]:
    db: Database = request.app.state.db
    return db.read()


def check_may(request: Request, scope: Scope) -> None:
    if not who_of(request).may(scope):
        raise Forbidden(f"this needs a token with the scope {scope}")


def page(
    request: Request, name: str, status: int = 200, headers: dict[str, str] | None = None, **values: Any
) -> Response:
    w = words_of(request)
    lang = f"?lang={w.lang}" if "lang" in request.query_params else ""
    shared = {
        "w": w, "who": who_of(request), "version": VERSION, "languages": LANGUAGES, "home": f"/{lang}",
        "lang": lang, "other": _other_languages(request),
    }  # fmt: skip
    text = fragment(name, **shared, **values)
    told = {"Content-Language": w.lang, "Vary": "Accept-Language, Cookie", **(headers or {})}
    return HTMLResponse(text, status, told)


def fragment(template: str, **values: Any) -> str:
    """A part of a page, or a page for those who have no request."""
    return _TEMPLATES.get_template(template).render(**values)


def _other_languages(request: Request) -> dict[str, str]:
    return {lang: f"?{request.url.include_query_params(lang=lang).query}" for lang in LANGUAGES}


def watched(request: Request, name: str, it: Asked, now: int, every: int, **values: Any) -> Response:
    """A page of curves, which is read again `every` so many seconds (0: not by itself)."""
    return page(
        request, name, it=it, now=now, tz=it.tz, every=every, zones=asked.ZONES, ranges=asked.RANGES, **values
    )  # fmt: skip


class Page(APIRoute):
    """A route whose errors are pages, in the reader's language."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await inner(request)
            except Problem as problem:
                return trouble(request, problem)

        return handle


def trouble(request: Request, problem: Problem) -> Response:
    w = words_of(request)
    headers = {"Retry-After": "2"} if isinstance(problem, Busy | TooManyRequests) else {}
    again = _again(request, problem)
    title = next((name for kind, name in _TITLES if isinstance(problem, kind)), "trouble")
    said, details = [bad(w, error) for error in problem.errors], [error.message for error in problem.errors]
    details = details or [problem.detail]
    if subject := _missing(request, problem):
        said, details = [w(f"missing.{subject[0]}", value=subject[1])], []
    elif isinstance(problem, Busy):
        said, details = [w("trouble.busy")], []
    return page(
        request, "trouble.html", problem.status, headers, title=w(f"{title}.title"), said=said, details=details,
        do=w.or_same(f"{title}.do", "") if again or title != "bad" else "", again=again, hint=_hint(w, subject),
    )  # fmt: skip


def bad(w: Words, error: FieldError) -> str:
    value = str(error.value)
    value = value if len(value) <= LONGEST_SHOWN else value[:LONGEST_SHOWN] + "…"
    if error.field in _KNOWN_FIELDS:
        return w(f"bad.{error.field}", value=value)
    return w("bad.other", field=error.field, value=value)


def _missing(request: Request, problem: Problem) -> tuple[str, str] | None:
    """The subject of the page, where it is that which is not there, and not something on it."""
    if not isinstance(problem, NotFound):
        return None
    for name, kind, words in _SUBJECTS:
        if name in request.path_params and words in problem.detail:
            return kind, str(request.path_params[name])[:LONGEST_SHOWN]
    return None


def _again(request: Request, problem: Problem) -> str:
    """The same page as it is by itself, where the address asked for something that will not do."""
    asked_wrong = isinstance(problem, Invalid) and request.method == "GET" and request.url.query
    return quote(request.scope["path"]) if asked_wrong else ""


def _hint(w: Words, subject: tuple[str, str] | None) -> str:
    """What to type, where typing helps."""
    if subject and subject[0] == "hashtag" and subject[1].isalnum():
        return w("missing.hint.hashtag", value=subject[1])
    return ""
