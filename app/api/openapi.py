"""What the OpenAPI page says of every route beyond its body: the errors, the headers, examples of what is asked."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from app.api.schemas.common import Asked, ProblemBody, Told

_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
_ETAG = {"ETag": {"description": "send it back as If-Match", "schema": {"type": "string"}}}
_WORDS = {
    401: "no login and no token, or one that is not good any more",
    403: "the token lacks the scope, or the request comes from another site's page",
    404: "there is no such thing",
    405: "this address does not know the method",
    410: "it was here once and was taken out",
    409: "in conflict with what is there; the detail says how to mend it",
    412: "changed since the ETag was read",
    413: "the body is larger than 1 MiB",
    414: "the address is too long",
    422: "a value is not right: `errors` names each",
    429: "too many tries: see Retry-After",
    431: "the headers are too long",
    500: "something went wrong here",
    503: "the database is busy: see Retry-After",
}
ALWAYS = (401, 403, 405, 414, 422, 431, 500, 503)


Responses = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Responses:
    """`responses` for a route: these errors and those that any route may answer with."""
    model = {"model": ProblemBody}
    return {
        status: {**(model if status == 500 else {}), "description": _WORDS[status], "content": _PROBLEM}
        for status in sorted({*ALWAYS, *statuses})
    }


def changed(model: Any, status: int = 200) -> Responses:
    """The good answer of a write: its body and its ETag."""
    return {status: {"model": model, "description": "as it is now", "headers": _ETAG}}


def describe(app: FastAPI) -> None:
    """Our errors in place of the framework's, and examples with their nulls, which it leaves out."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            page = made()
            schemas = page["components"]["schemas"]
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            _show_examples(schemas)
            _tell_problems(page)
            _show_choices(page)
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


def _tell_problems(page: dict[str, Any]) -> None:
    for operation in (one for path in page["paths"].values() for one in path.values()):
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                answer["content"] = _PROBLEM


def _show_examples(schemas: dict[str, Any]) -> None:
    models = [*_descendants(Asked), *_descendants(Told)]
    for model in models:
        extra = model.model_config.get("json_schema_extra")
        if model.__name__ in schemas and isinstance(extra, dict) and "example" in extra:
            schemas[model.__name__]["example"] = extra["example"]
    for schema in schemas.values():
        items = schema.get("properties", {}).get("items", {}).get("items", {}).get("$ref", "")
        if items and "example" not in schema:
            one = schemas[items.rpartition("/")[2]]["example"]
            schema["example"] = {"items": [one], "next": None}


def _show_choices(page: dict[str, Any]) -> None:
    """A body that may be one thing or another shows the first."""
    for operation in (one for path in page["paths"].values() for one in path.values()):
        for media in operation.get("requestBody", {}).get("content", {}).values():
            first = media["schema"].get("oneOf", [{}])[0].get("$ref", "").rpartition("/")[2]
            if first and "example" not in media and "examples" not in media:
                media["example"] = page["components"]["schemas"][first]["example"]


def _descendants(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for child in model.__subclasses__():
        yield child
        yield from _descendants(child)
