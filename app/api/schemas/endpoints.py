"""Endpoints and deliveries as they are sent and shown. A secret is shown once."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.api.schemas.common import Asked, Instant, Line, Time, Told, example, unset

Type = Literal[
    "alert.firing", "alert.escalated", "alert.resolved", "alert.flapping", "source.stale", "source.recovered",
    "delivery.failing", "endpoint.disabled", "endpoint.test", "compliance.redacted", "digest", "report",
]  # fmt: skip
State = Literal["waiting", "delivered", "failed", "exhausted", "disabled", "deleted"]
Language = Literal["en", "fr"]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2_048)]
Flag = Annotated[bool, Field(strict=True)]
Types = Annotated[list[Type], Field(min_length=1, max_length=20)]

_NEW = {"name": "our receiver", "url": "https://hooks.example.org/groundswell", "types": ["alert.firing"]}
_ENDPOINT = {
    "id": "end_0123456789abcdef",
    **_NEW,
    "kind": "webhook",
    "language": "en",
    "enabled": True,
    "disabled_reason": None,
    "failures": 0,
    "failing_since": None,
    "public_key": None,
    "previous_until": None,
    "created_at": "2026-11-24T04:05:06Z",
}


class NewEndpoint(Asked):
    """`types` null: all. `asymmetric`: signed with an ed25519 key too (`v1a`), which is checked with a public one."""

    model_config = example(_NEW)
    name: Line
    url: Url
    types: Types | None = None
    language: Language = "en"
    asymmetric: Flag = False


class EndpointChange(Asked):
    """What is left out stays as it is."""

    model_config = example({"enabled": True})
    name: Line = unset
    url: Url = unset
    types: Types | None = None
    language: Language = unset
    enabled: Flag = unset


class EndpointBody(Told):
    """`failures`: tries that failed since the last good one. `previous_until`: till then two secrets sign."""

    model_config = example(_ENDPOINT)
    id: str
    name: str
    kind: str
    url: str
    types: list[str] | None
    language: str
    enabled: bool
    disabled_reason: str | None
    failures: int
    failing_since: Time | None
    public_key: str | None
    previous_until: Time | None
    created_at: Time


class EndpointSecret(EndpointBody):
    """`secret` is shown this once; null where a request is answered again by its Idempotency-Key."""

    model_config = example({**_ENDPOINT, "secret": "whsec_QSBzZWNyZXQgdGhhdCBpcyBzaG93biBvbmNlLi4u"})
    secret: str | None


class EndpointList(Told):
    items: list[EndpointBody]
    next: str | None


class TestOutcome(Told):
    """`status` null: there was no answer, `problem` says why; null there: it was taken."""

    __test__ = False  # the name is not for pytest
    model_config = example({"delivery": "dlv_0123456789abcdef", "status": 204, "problem": None, "took_ms": 41})
    delivery: str
    status: int | None
    problem: str | None
    took_ms: int


class ReplaySince(Asked):
    model_config = example({"since": "2026-11-24T00:00:00Z"})
    since: Instant


class Replayed(Told):
    model_config = example({"replayed": 12})
    replayed: int


class AttemptBody(Told):
    """`answer`: the beginning of what the receiver said, shown to administrators."""

    number: int
    at: Time
    took_ms: int
    status: int | None
    problem: str | None
    answer: str | None


class DeliveryBody(Told):
    """`due_at`: when it is tried next; null once it has ended."""

    model_config = example(
        {
            "id": "dlv_0123456789abcdef",
            "event": "msg_0123456789abcdef",
            "type": "alert.firing",
            "endpoint": "end_0123456789abcdef",
            "state": "delivered",
            "reason": None,
            "created_at": "2026-11-24T04:05:06Z",
            "due_at": None,
            "ended_at": "2026-11-24T04:05:07Z",
            "attempts": [
                {
                    "number": 1,
                    "at": "2026-11-24T04:05:06Z",
                    "took_ms": 41,
                    "status": 204,
                    "problem": None,
                    "answer": None,
                }
            ],
        }
    )
    id: str
    event: str
    type: str
    endpoint: str
    state: State
    reason: str | None
    created_at: Time
    due_at: Time | None
    ended_at: Time | None
    attempts: list[AttemptBody]


class DeliveryList(Told):
    items: list[DeliveryBody]
    next: str | None
