"""The door that every request passes: limits, who may come in, the headers of every answer, and the last catch."""

import secrets
import time
from typing import Any
from urllib.parse import unquote_to_bytes

import structlog
from fastapi import HTTPException, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access import admit
from app.access.asked import Asked
from app.access.gate import HEALTH, Refusal
from app.access.principal import ANYBODY, Principal
from app.api import errors
from app.api.metrics import Metrics
from app.clock import Clock, to_ms
from app.errors import Busy, Invalid, Problem

API = "/api/v1"
# The gate knows these by the names that they have outside the API.
OPEN = {f"{API}{path}": path for path in ("/healthz", "/readyz", "/login", "/setup")}
LONGEST_TARGET = 16_384
LONGEST_HEADERS = 32_768
LONGEST_BODY = 1 << 20
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    # Not no-referrer: under that a browser sends the forms of our own pages with the Origin null, as a stranger's.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
log = structlog.get_logger()


class Door:
    """ASGI middleware around everything: nothing is answered that has not passed here."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        request.state.request_id = secrets.token_hex(16)
        answered = _Answer(scope, send)
        began = time.perf_counter()
        try:
            await self._answer(request, receive, answered)
        except Exception:  # the last catch: whatever it was, the reader gets an id and no more
            log.exception("request_crashed", request_id=request.state.request_id, path=_logged(scope["path"]))
            if not answered.status:
                detail = "something went wrong here; the log names it by the request_id"
                await errors.answer(request, 500, detail)(scope, receive, answered)
        finally:
            self.metrics.answered(scope, answered.status or 500, time.perf_counter() - began)
        await _note_use(request)

    async def _answer(self, request: Request, receive: Receive, send: Send) -> None:
        scope = request.scope
        refused = _too_much(request) or await _admit(request)
        if refused:
            await refused(scope, receive, send)
        else:
            await self.app(scope, _Body(receive), send)


def _logged(path: str) -> str:
    """A share link's address opens what it names: whoever reads the log was not given it."""
    return "/s/…" if path.startswith("/s/") else path


class _Body:
    """Reads on, up to the limit: a length that was not declared is counted."""

    def __init__(self, receive: Receive) -> None:
        self.receive, self.read = receive, 0

    async def __call__(self) -> Message:
        message = await self.receive()
        self.read += len(message.get("body", b""))
        if self.read > LONGEST_BODY:
            raise HTTPException(413)
        return message


class _Answer:
    """Sends on, with our headers on every answer, and remembers the status."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.scope, self.send, self.status = scope, send, 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message.setdefault("headers", [])
            there = {name.lower() for name, _ in headers}
            for name, value in self._ours().items():
                if name.encode() not in there:
                    headers.append((name.encode(), value.encode()))
        await self.send(message)

    def _ours(self) -> dict[str, str]:
        ours = {**_HEADERS, "cache-control": "no-store", "x-request-id": self.scope["state"]["request_id"]}
        if self.scope.get("scheme") == "https":
            ours["strict-transport-security"] = "max-age=31536000"
        return ours


def _too_much(request: Request) -> Response | None:
    scope = request.scope
    target = scope.get("raw_path", b"") + b"?" + scope.get("query_string", b"")
    if len(target) > LONGEST_TARGET:
        return errors.answer(request, 414, f"an address has at most {LONGEST_TARGET} bytes")
    if sum(len(name) + len(value) for name, value in scope["headers"]) > LONGEST_HEADERS:
        return errors.answer(request, 431, f"the headers of a request have at most {LONGEST_HEADERS} bytes")
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared[:20]) > LONGEST_BODY:
        return errors.answer(request, 413, errors.DETAILS[413])
    try:
        return _unreadable(request, unquote_to_bytes(scope.get("raw_path", b"").split(b"?")[0]).decode())
    except UnicodeDecodeError:
        return errors.render(request, Invalid("path", scope["path"], "must be percent-encoded UTF-8"))


def _unreadable(request: Request, path: str) -> Response | None:
    if "\0" in path or "\0" in request.scope["path"]:
        return errors.render(request, Invalid("path", path, "must not hold a NUL character"))
    return None


async def _admit(request: Request) -> Response | None:
    """Puts who is asking into `request.state.who`, or says why nobody is let in."""
    state = request.app.state
    asked = Asked.of({**request.scope, "path": OPEN.get(request.scope["path"], request.scope["path"])})
    if asked.path in HEALTH:  # alive is alive, with or without a database
        request.state.who = ANYBODY
        return None
    try:
        async with state.db.read() as session:
            who = await admit.admit(session, state.keys, asked, state.settings.host, to_ms(state.clock.now()))
    except Problem as problem:
        return errors.render(request, problem)
    if isinstance(who, Refusal):
        return _refuse(request, who)
    request.state.who = who
    return None


def _refuse(request: Request, refusal: Refusal) -> Response:
    page = request.method in ("GET", "HEAD") and not request.url.path.startswith(("/api/", "/metrics"))
    if refusal.go and page and "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(refusal.go, 303)
    headers = {"WWW-Authenticate": refusal.challenge} if refusal.challenge else {}
    return errors.answer(request, refusal.status, refusal.detail, headers=headers)


async def _note_use(request: Request) -> None:
    """After the answer is out: nobody waits for the note."""
    who: Principal | None = getattr(request.state, "who", None)
    if who is None or who.touch is None:
        return
    state: Any = request.app.state
    clock: Clock = state.clock
    try:
        async with state.db.write() as session:
            await admit.touch(session, who, to_ms(clock.now()))
    except Busy:
        log.info("last_use_not_noted", actor=who.actor)
