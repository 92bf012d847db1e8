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
from app.dashboard import asked
from app.dashboard.asked import Asked
from app.dashboard.words import LANGUAGES, Words, chosen
from app.db.engine import Database, ReadSession
from app.errors import Busy, FieldError, Forbidden, Invalid, NotFound, Problem, TooManyRequests

_HERE = Path(__file__).parent
STATIC = {path.name: path.read_bytes() for path in sorted((_HERE / "static").iterdir()) if path.is_file()}
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
VERSION = hashlib.blake2b(b"".join(STATIC.values()), digest_size=6).hexdigest()
_KNOWN_FIELDS = ("range", "from", "to", "step", "tz", "show", "scale", "measure")
LANG_COOKIE, ZONE_COOKIE = "groundswell-lang", "groundswell-zone"
LONGEST_SHOWN = 100
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
    titles = {Invalid: "bad", NotFound: "missing", Forbidden: "closed"}
    title = titles.get(type(problem), "trouble")
    said = [_bad(w, error) for error in problem.errors]
    subject = _subject(request)
    if isinstance(problem, NotFound) and subject:
        said = [w(f"missing.{kind}", value=value) for kind, value in subject]
    elif isinstance(problem, Busy):
        said = [w("trouble.busy")]
    return page(
        request, "trouble.html", problem.status, headers, title=w(f"{title}.title"), said=said, detail=problem.detail,
        hint=_hint(w, request, problem),
    )  # fmt: skip


def _bad(w: Words, error: FieldError) -> str:
    value = str(error.value)
    value = value if len(value) <= LONGEST_SHOWN else value[:LONGEST_SHOWN] + "…"
    if error.field in _KNOWN_FIELDS:
        return w(f"bad.{error.field}", value=value)
    return w("bad.other", field=error.field, value=value)


def _subject(request: Request) -> list[tuple[str, str]]:
    kinds = {"slug": "campaign", "tag": "hashtag", "id": "influencer"}
    return [(kinds[name], str(value)) for name, value in request.path_params.items() if name in kinds]


def _hint(w: Words, request: Request, problem: Problem) -> str:
    """What to type, where typing helps."""
    asked = dict(_subject(request))
    if isinstance(problem, NotFound) and asked.get("hashtag", "").isalnum():
        return w("missing.hint.hashtag", value=asked["hashtag"])
    return ""
