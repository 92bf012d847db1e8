"""Errors that know how they are told: a status for HTTP, an exit code for the command, fields that are to blame."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    field: str
    value: object
    message: str


class Problem(Exception):
    """Something to tell the user in one line. `status` is the HTTP status, rendered as RFC 9457."""

    status = 500
    title = "Something went wrong"

    def __init__(self, detail: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)


class Invalid(Problem):
    """A value that cannot be taken: names the field, the value, and what would be right."""

    status = 422
    title = "A value is not right"

    def __init__(self, field: str, value: object, message: str) -> None:
        super().__init__(f"{field}: {message}", [FieldError(field, value, message)])


class NotFound(Problem):
    status = 404
    title = "Not found"


class Gone(Problem):
    """It was there, and will not be again."""

    status = 410
    title = "No longer there"


class Conflict(Problem):
    status = 409
    title = "In conflict with what is there"


class PreconditionFailed(Problem):
    status = 412
    title = "Changed meanwhile"


class Unauthenticated(Problem):
    status = 401
    title = "A login or a token is needed"


class Forbidden(Problem):
    status = 403
    title = "Not allowed"


class TooManyRequests(Problem):
    status = 429
    title = "Too many requests"


class Busy(Problem):
    """The database is held by another writer or out of reach: try again."""

    status = 503
    title = "The database is busy"


class Fenced(Exception):
    """Another worker has taken over: nothing of ours may be written any more."""


class Collision(Exception):
    """Two native ids share one hash. Said aloud, never merged."""
