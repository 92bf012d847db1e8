"""Messages signed by Standard Webhooks: their secrets, and whether a signature is right."""

import base64
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from standardwebhooks import Webhook

TOLERANCE_MS = 300_000
GRACE_MS = 86_400_000
"""How long the previous secret is good after a rotation."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What a message says of itself in its headers; None where a header is missing."""

    id: str | None
    timestamp: str | None
    signature: str | None


def new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def purpose(hook_id: str) -> str:
    """What a hook's secret is sealed for: it opens nowhere else."""
    return f"secret of inbound hook {hook_id}"


def signature(secret: str, message_id: str, seconds: int, body: str) -> str:
    """`v1` of a message at an instant in unix seconds."""
    return Webhook(secret).sign(message_id, datetime.fromtimestamp(seconds, UTC), body)


def problem(signed: Signed, body: bytes, good: Sequence[str], now: int) -> str | None:
    """Why the message is not taken, None where one of the secrets has signed it in the last five minutes.

    The library signs; its own check would ask the machine's clock and fall over what is no signature at all.
    """
    if not (signed.id and signed.timestamp and signed.signature):
        return "webhook-id, webhook-timestamp and webhook-signature are needed"
    if not re.fullmatch("[0-9]{1,11}", signed.timestamp, re.ASCII):
        return "webhook-timestamp must be unix seconds"
    if abs(int(signed.timestamp) * 1_000 - now) > TOLERANCE_MS:
        return "webhook-timestamp is more than five minutes off: sign each try anew, and look at the clock"
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return "the body must be UTF-8"
    given = [part.encode() for part in signed.signature.split(" ")]
    right = [signature(secret, signed.id, int(signed.timestamp), text).encode() for secret in good]
    if any(hmac.compare_digest(mine, theirs) for mine in right for theirs in given):
        return None
    return "webhook-signature is not of this address's secret"
