"""Errors on demand: `/_control/fail?next=5&status=503` spoils five answers, `/_control/requests` lists them."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import msgspec
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

KINDS = ("status", "html", "garbage", "cut", "slow", "empty")


@dataclass(slots=True)
class Fault:
    """What happens to the next `left` requests whose path contains `path`."""

    left: int = 1
    kind: str = "status"
    status: int = 503
    path: str = ""
    retry_after: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came in, and how it was answered."""

    at: int
    method: str
    path: str
    query: str
    status: int


class Faults:
    """Stands before the networks' routes. Tests in the same process call `fail` and read `asked`."""

    def __init__(self, app: ASGIApp, now: Callable[[], int]) -> None:
        self.asked: deque[Asked] = deque(maxlen=10_000)
        self.planned: list[Fault] = []
        self._app = app
        self._now = now

    def fail(
        self, next: int = 1, *, kind: str = "status", status: int = 503, path: str = "",  # noqa: A002 - the word of the control path
        retry_after: int | None = None, seconds: float = 0.0,
    ) -> None:  # fmt: skip
        if kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}, not {kind!r}")
        self.planned.append(Fault(next, kind, status, path, retry_after, seconds))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"].startswith("/_control/"):
            await self._control(scope)(scope, receive, send)
        else:
            await self._serve(scope, receive, self._noting(scope, send))

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = next((fault for fault in self.planned if fault.left > 0 and fault.path in scope["path"]), None)
        if fault is None:
            await self._app(scope, receive, send)
            return
        fault.left -= 1
        await asyncio.sleep(fault.seconds)
        if fault.kind == "slow":
            await self._app(scope, receive, send)
        elif fault.kind == "cut":
            await self._app(scope, receive, _cutting(send))
        else:
            await _spoiled(fault, scope["path"])(scope, receive, send)

    def _noting(self, scope: Scope, send: Send) -> Send:
        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                query = scope["query_string"].decode("ascii", "replace")
                self.asked.append(Asked(self._now(), scope["method"], scope["path"], query, message["status"]))
            await send(message)

        return note

    def _control(self, scope: Scope) -> Response:
        given = {name: values[-1] for name, values in parse_qs(scope["query_string"].decode()).items()}
        action = scope["path"].removeprefix("/_control/")
        if action == "requests":
            return _json([*self.asked])
        if action == "heal":
            self.planned.clear()
            return _json({"planned": []})
        if action != "fail":
            return _json({"error": "fail, heal or requests"}, 404)
        try:
            fault = msgspec.convert({"left": given.pop("next", "1"), **given}, Fault, strict=False)
            self.fail(
                fault.left,
                kind=fault.kind,
                status=fault.status,
                path=fault.path,
                retry_after=fault.retry_after,
                seconds=fault.seconds,
            )
        except (msgspec.ValidationError, ValueError) as error:
            return _json({"error": str(error)}, 422)
        return _json({"planned": self.planned})


def _cutting(send: Send) -> Send:
    """Promise the whole body and give half of it: the server then drops the connection."""

    async def cut(message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            message = {"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True}
        await send(message)

    return cut


def _spoiled(fault: Fault, path: str) -> Response:
    headers = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
    if fault.kind == "html":
        return Response("<!DOCTYPE html><title>Oops</title>", fault.status, headers, "text/html; charset=utf-8")
    if fault.kind == "garbage":
        return Response(b'[{"id": "1", "created_at": ', 200, headers, "application/json")
    if fault.kind == "empty":
        return Response(b'{"posts":[]}' if path.startswith("/xrpc/") else b"[]", 200, headers, "application/json")
    return Response(b'{"error":"asked to fail"}', fault.status, headers, "application/json")


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
