"""Signs what goes out, by Standard Webhooks 1.0: `v1` with a shared secret, and `v1a` where an endpoint asks for it.

An endpoint's keys are kept together as one sealed text, separated by a space: `whsec_…`, or `whsec_… whsk_…`.
"""

import base64

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.access import signed
from app.access.signed import GRACE_MS, new_secret

__all__ = ["GRACE_MS", "headers", "new_keys", "public_key", "purpose", "secret_of"]
_PRIVATE, _PUBLIC = "whsk_", "whpk_"


def new_keys(*, asymmetric: bool) -> str:
    if not asymmetric:
        return new_secret()
    seed = Ed25519PrivateKey.generate().private_bytes_raw()
    return f"{new_secret()} {_PRIVATE}{base64.b64encode(seed).decode()}"


def secret_of(keys: str) -> str:
    """The shared secret, which is shown once."""
    return keys.split(" ", maxsplit=1)[0]


def public_key(keys: str) -> str | None:
    """What a receiver checks `v1a` with: no secret."""
    for key in keys.split(" ")[1:]:
        return _PUBLIC + base64.b64encode(_ed25519(key).public_key().public_bytes_raw()).decode()
    return None


def purpose(endpoint_id: str) -> str:
    """What an endpoint's keys are sealed for: they open nowhere else."""
    return f"keys of endpoint {endpoint_id}"


def headers(message_id: str, at: int, body: str, keys: str) -> dict[str, str]:
    """Of one try, at an instant in milliseconds. `keys`: those of now, then those from before a rotation."""
    seconds = at // 1_000
    said = f"{message_id}.{seconds}.{body}".encode()
    signatures = [
        _v1a(key, said) if key.startswith(_PRIVATE) else signed.signature(key, message_id, seconds, body)
        for key in keys.split(" ")
    ]
    return {
        "webhook-id": message_id, "webhook-timestamp": str(seconds), "webhook-signature": " ".join(signatures),
    }  # fmt: skip


def _v1a(key: str, said: bytes) -> str:
    return f"v1a,{base64.b64encode(_ed25519(key).sign(said)).decode()}"


def _ed25519(key: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(key.removeprefix(_PRIVATE)))
