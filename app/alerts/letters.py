"""What goes over the wire for one try: the stored body, signed for a webhook."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.access.seal import Keyring
from app.alerts import signing
from app.store.sending import Claimed


@dataclass(frozen=True, slots=True)
class Letter:
    url: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"


def webhook(claimed: Claimed, keys: Keyring, at: int) -> Letter:
    """The stored bytes, signed for this try: after a rotation by the keys before it too, while they are good."""
    purpose = signing.purpose(claimed.endpoint_id)
    good = keys.unseal(claimed.keys or "", purpose)
    if claimed.previous and (claimed.previous_until or 0) > at:
        good += f" {keys.unseal(claimed.previous, purpose)}"
    said = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    return Letter(claimed.url, said | signing.headers(claimed.event_id, at, claimed.body, good), claimed.body.encode())
