"""What goes out is signed as the reference library reads it."""

import base64
from datetime import UTC, datetime

import pytest
import time_machine
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from app.alerts import signing

BODY = '{"type":"alert.firing","data":{"text":"café"}}'
AT = 1_764_000_000_789


def test_the_reference_library_takes_what_is_signed_here() -> None:
    old, new = signing.new_keys(asymmetric=False), signing.new_keys(asymmetric=False)
    headers = signing.headers("msg_1", AT, BODY, f"{new} {old}")
    with time_machine.travel(datetime.fromtimestamp(AT / 1_000, UTC)):
        for secret in (old, new):
            assert Webhook(secret).verify(BODY, headers)["type"] == "alert.firing"
        with pytest.raises(WebhookVerificationError):
            Webhook(signing.new_keys(asymmetric=False)).verify(BODY, headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(new).verify(BODY + " ", headers)


def test_a_secret_has_32_bytes() -> None:
    secret = signing.secret_of(signing.new_keys(asymmetric=True))
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert signing.secret_of(signing.new_keys(asymmetric=False)) != secret


def test_who_asks_for_it_may_check_with_a_public_key() -> None:
    keys = signing.new_keys(asymmetric=True)
    shown = signing.public_key(keys)
    assert shown is not None
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(shown.removeprefix("whpk_")))
    headers = signing.headers("msg_1", AT, BODY, keys)
    (signature,) = [one for one in headers["webhook-signature"].split(" ") if one.startswith("v1a,")]
    said = f"msg_1.{AT // 1_000}.{BODY}".encode()
    public.verify(base64.b64decode(signature.removeprefix("v1a,")), said)
    with pytest.raises(InvalidSignature):
        public.verify(base64.b64decode(signature.removeprefix("v1a,")), said + b" ")
    with time_machine.travel(datetime.fromtimestamp(AT / 1_000, UTC)):
        Webhook(signing.secret_of(keys)).verify(BODY, headers)  # v1a beside it does not disturb
    assert signing.public_key(signing.new_keys(asymmetric=False)) is None
