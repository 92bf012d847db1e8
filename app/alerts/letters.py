"""What goes over the wire for one try: the stored body, signed for a webhook; and the page that a mail may bring."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.access.seal import Keyring
from app.alerts import signing
from app.store.sending import Claimed


@dataclass(frozen=True, slots=True)
class Letter:
    url: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A page that a mail brings beside its text. `pictures` are PNG, by the name that its `cid:` addresses have."""

    html: str
    pictures: Mapping[str, bytes] = field(default_factory=dict)


Writer = Callable[[Mapping[str, Any], str], Awaitable[Enclosed | None]]
"""From an event's body and a language to the page of it; None: there is none, and the text is all."""


def webhook(claimed: Claimed, keys: Keyring, at: int) -> Letter:
    """The stored bytes, signed for this try: after a rotation by the keys before it too, while they are good."""
    purpose = signing.purpose(claimed.endpoint_id)
    good = keys.unseal(claimed.keys or "", purpose)
    if claimed.previous and (claimed.previous_until or 0) > at:
        good += f" {keys.unseal(claimed.previous, purpose)}"
    said = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    return Letter(claimed.url, said | signing.headers(claimed.event_id, at, claimed.body, good), claimed.body.encode())
