"""How every route of the API reads a request: strict JSON, and no query parameter that it does not know."""

import json
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, get_args, get_origin
from urllib.parse import unquote_to_bytes

from fastapi import Request, Response, params
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from pydantic_core import from_json

from app.errors import FieldError, Invalid, Problem


class StrictRequest(Request):
    """The standard library takes NaN, lone surrogates and numbers without end; this one says what is wrong."""

    async def json(self) -> Any:
        try:
            return from_json(await self.body(), allow_inf_nan=False)
        except ValueError as error:
            raise json.JSONDecodeError(str(error), "", 0) from None


class Route(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()
        known = query_names(self.dependant)

        async def handle(request: Request) -> Response:
            check_query(request.scope.get("query_string", b""), known)
            return await inner(StrictRequest(request.scope, request.receive))

        return handle


def query_names(dependant: Dependant) -> dict[str, bool]:
    """The parameters that a route knows, and whether each may be given more than once."""
    fields = [field for field in get_flat_params(dependant) if isinstance(field.field_info, params.Query)]
    return {field.alias: _is_list(field.field_info.annotation) for field in fields}


def _is_list(annotation: Any) -> bool:
    return any(get_origin(part) is list for part in (annotation, *get_args(annotation)))


def check_query(raw: bytes, known: dict[str, bool]) -> None:
    """A filter with a typing error would be a filter left out, and a wrong answer that looks right."""
    wrong = [*_unreadable(raw)]
    pairs = [part.partition(b"=")[0] for part in raw.split(b"&") if part]
    for name, count in Counter(_text(pair) for pair in pairs).items():
        if name not in known:
            right = f"the parameters are {', '.join(sorted(known))}" if known else "there are no parameters here"
            wrong.append(FieldError(name, None, f"is not known: {right}"))
        elif count > 1 and not known[name]:
            wrong.append(FieldError(name, count, "may be given once only"))
    if wrong:
        raise _Refused(wrong)


def _unreadable(raw: bytes) -> list[FieldError]:
    found = []
    for part in raw.split(b"&"):
        name, _, value = (unquote_to_bytes(piece.replace(b"+", b" ")) for piece in part.partition(b"="))
        field = name.decode("utf-8", "replace")
        if b"\0" in name + value:
            found.append(FieldError(field, value.decode("utf-8", "replace"), "must not hold a NUL character"))
        try:
            (name + value).decode()
        except UnicodeDecodeError:
            found.append(FieldError(field, value.decode("utf-8", "replace"), "must be percent-encoded UTF-8"))
    return found


def _text(name: bytes) -> str:
    return unquote_to_bytes(name.replace(b"+", b" ")).decode("utf-8", "replace")


class _Refused(Problem):
    status = Invalid.status

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors[:5]), errors[:20])
