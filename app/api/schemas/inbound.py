"""Signed webhooks that bring outcomes in, as they are set up and as they come."""

from typing import Annotated

from pydantic import Field

from app.api.schemas.common import Asked, Instant, Line, Time, Told, example
from app.api.schemas.outcomes import Nameless, OneOrMore

_HOOK = {
    "id": "inb_0123456789abcdef",
    "name": "our donation platform",
    "campaign": "love-army",
    "url": "/api/v1/inbound/inb_0123456789abcdef",
    "created_at": "2026-11-24T04:05:06Z",
    "previous_until": None,
}


class NewInbound(Asked):
    model_config = example({"name": "our donation platform"})
    name: Line


class InboundBody(Told):
    """`previous_until`: the secret before the last rotation is good until then."""

    model_config = example(_HOOK)
    id: str
    name: str
    campaign: str
    url: str
    created_at: Time
    previous_until: Time | None


class InboundSecret(InboundBody):
    """`secret` is shown this once; null where a request is answered again by its Idempotency-Key."""

    model_config = example({**_HOOK, "secret": "whsec_QSBzZWNyZXQgdGhhdCBpcyBzaG93biBvbmNlLi4u"})
    secret: str | None


class InboundList(Told):
    items: list[InboundBody]
    next: str | None


class InboundMessage(Nameless):
    """The payload that Standard Webhooks recommends: `data` is one outcome or a list of them."""

    model_config = example(
        {
            "type": "donation.created",
            "timestamp": "2026-11-24T04:05:06Z",
            "data": {
                "id": "gift-2",
                "occurred_at": "2026-11-24T04:05:06Z",
                "kind": "donation",
                "amount": "35.00",
                "currency": "USD",
                "code": "JEROME",
            },
        }
    )
    type: Line
    timestamp: Instant
    data: Annotated[OneOrMore, Field(description="as for POST /campaigns/{slug}/outcomes")]
