"""The words that all bodies share: times, lines of text, hashtags, errors."""

import re
from math import inf
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from app.analysis.tags import LONGEST_BYTES, wrong
from app.clock import EARLIEST, LATEST, parse_time, rfc3339

# The years 1 to 9999, in unix seconds.
FIRST_S, LAST_S = EARLIEST / 1_000, LATEST / 1_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Asked(BaseModel):
    """A body that comes in: a name that is not known is an error, not a wish unheard."""

    model_config = ConfigDict(extra="forbid")


def example(value: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": value})


class Told(BaseModel):
    """A body that goes out."""

    model_config = ConfigDict(extra="forbid", frozen=True)


unset: Any = Field(default_factory=lambda: None)
"""For a change: read what is in `model_fields_set` alone. A factory keeps the default out of the OpenAPI page."""


def _instant(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("a time must be RFC 3339 (2026-11-24T04:05:06Z) or unix seconds")
    number = _number(value)
    if number is not None and not FIRST_S <= number <= LAST_S:
        raise ValueError("a time lies in the years 1 to 9999")
    return parse_time(value)


def _number(value: str | int | float) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return inf
    except ValueError:
        return None


_TIME_IN = {
    "anyOf": [
        {"type": "string", "format": "date-time"},
        {"type": "number", "minimum": FIRST_S, "maximum": LAST_S, "description": "unix seconds"},
    ]
}
Instant = Annotated[int, BeforeValidator(_instant), WithJsonSchema(_TIME_IN)]
"""A time that comes in, as milliseconds."""

MaybeInstant = Annotated[
    int | None, BeforeValidator(_instant), WithJsonSchema({"anyOf": [*_TIME_IN["anyOf"], {"type": "null"}]})
]

Time = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""A time that goes out: RFC 3339 in UTC."""


def when(ms: int | None) -> str | None:
    return rfc3339(ms) if ms is not None else None


def _line(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    if _CONTROL.search(text):
        raise ValueError("must be one line without control characters")
    return text.strip()


def _readable(pattern: str) -> Any:
    """The pattern for those who read the OpenAPI page; the check itself says better what is wrong."""
    return Field(json_schema_extra={"pattern": pattern})


Line = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    AfterValidator(_line),
    _readable(r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"),
]
"""A name: one line, something to see in it."""


def _tag(text: str) -> str:
    if problem := wrong(text):
        raise ValueError(problem)
    return text


Tag = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_BYTES), AfterValidator(_tag)]
"""A hashtag in any spelling, with or without #."""


def _slug(text: str) -> str:
    if not re.fullmatch(SLUG, text):
        raise ValueError("a slug has 1 to 64 of a-z, 0-9, - and _, with a letter or digit at both ends")
    return text


SLUG = "[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?"
Slug = Annotated[str, AfterValidator(_slug), _readable(f"^{SLUG}$")]


class FieldProblem(Told):
    field: str
    value: Any = None
    message: str


class ProblemBody(Told):
    """RFC 9457. `request_id` is in the log beside the cause."""

    model_config = example(
        {
            "type": "about:blank",
            "title": "Unprocessable Content",
            "status": 422,
            "detail": "step: must be one of 5m 15m 1h 6h 1d 1w",
            "instance": "/api/v1/hashtags/rohingya/growth",
            "request_id": "5f0c7f7c2f5b4c6ea5d7c8b1f0a3e9d2",
            "errors": [{"field": "step", "value": "2h", "message": "must be one of 5m 15m 1h 6h 1d 1w"}],
        }
    )
    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[FieldProblem] | None = None
