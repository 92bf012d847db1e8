"""Errors as they go out: application/problem+json (RFC 9457), whoever found them."""

import json
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import HTTPException, RequestValidationError
from fastapi.responses import Response
from fastapi.routing import iter_route_contexts
from pydantic import SecretStr
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.routing import compile_path

from app.errors import Busy, FieldError, Problem, TooManyRequests

LONGEST_SHOWN = 200
SOON_S, AN_HOUR_S = "2", "3600"
# Not every Python knows the names that RFC 9110 gave in 2022.
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}
DETAILS = {
    404: "there is nothing at this address: /api/v1/openapi.json lists what there is",
    405: "this address does not know the method: see the Allow header",
    413: "a body has at most 1 MiB",
}
log = structlog.get_logger()


def render(request: Request, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    more = {}
    if isinstance(problem, Busy | TooManyRequests):
        more["Retry-After"] = SOON_S if isinstance(problem, Busy) else AN_HOUR_S
    return answer(request, problem.status, problem.detail, problem.errors, {**more, **(headers or {})})


def answer(
    request: Request,
    status: int,
    detail: str,
    errors: Iterable[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _TITLES.get(status) or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.scope["path"],
        "request_id": request.state.request_id,
    }
    told = [{"field": e.field, "value": shown(e.value), "message": e.message} for e in errors]
    if told:
        body["errors"] = told
    return Response(json.dumps(body), status, headers, "application/problem+json")


def shown(value: object) -> object:
    """What was sent, short enough to be sent back, and never a secret."""
    if value is None or isinstance(value, bool | float):
        return None if value in (float("inf"), float("-inf")) or value != value else value
    if isinstance(value, SecretStr):
        return "…"
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    text = value if isinstance(value, str) else _as_json(value)
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"


def _as_json(value: object) -> str:
    if isinstance(value, int):
        return hex(value) if abs(value) > 10**30 else str(value)
    return json.dumps(value, default=lambda other: type(other).__name__, ensure_ascii=False)


def field_errors(error: RequestValidationError) -> list[FieldError]:
    """What pydantic found, in our words: the field as it was sent, what was sent, what would be right."""
    return [_field_error(one) for one in error.errors()]


def _field_error(one: dict[str, Any]) -> FieldError:
    where, *path = one["loc"]
    names = [str(part) for part in path if not str(part).startswith(("function-", "constrained-", "branch-"))]
    if one["type"] == "json_invalid":
        return FieldError("body", None, f"must be JSON: {one['ctx']['error']} at byte {path[0]}")
    field = ".".join(names) or str(where)
    secret = any(name in ("password", "code") for name in names)
    message = str(one["msg"]).removeprefix("Value error, ")
    value = "…" if secret or (where == "body" and not names) else one.get("input")
    if one["type"] == "missing":
        return FieldError(field, None, "is required")
    return FieldError(field, value, message[:1].lower() + message[1:])


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - registered for these alone
    if error.status >= 500:
        log.warning("request_failed", request_id=request.state.request_id, detail=error.detail)
    return render(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    errors = field_errors(error)
    return answer(request, 422, "; ".join(f"{e.field}: {e.message}" for e in errors[:5]), errors)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)  # noqa: S101
    detail = DETAILS.get(error.status_code, str(error.detail))
    headers = {"Allow": _methods(request)} if error.status_code == 405 else error.headers
    return answer(request, error.status_code, detail, headers=headers)


def _methods(request: Request) -> str:
    """All that the address knows: the framework names those of the first route alone."""
    contexts = [context for context in iter_route_contexts(request.app.routes) if context.path]
    matching = (str(c.path) for c in contexts if compile_path(str(c.path))[0].match(request.scope["path"]))
    address = next(matching, None)  # the first is the one that answers
    found = {method for context in contexts if context.path == address for method in context.methods or ()}
    return ", ".join(sorted(found))


def show_nowhere(app: FastAPI, page: Callable[[Request], Response]) -> None:
    """A browser that asks for an address where there is nothing gets a page, but not under the API."""

    async def nowhere(request: Request, error: Exception) -> Response:
        looks = request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "")
        is_api = request.scope["path"].startswith("/api/")
        return page(request) if looks and not is_api else await _http(request, error)

    app.add_exception_handler(404, nowhere)


def install(app: FastAPI) -> None:
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(StarletteHTTPException, _http)
    app.add_exception_handler(HTTPException, _http)
