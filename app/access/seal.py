"""Secrets at rest: sealed where they are needed again, hashed with a key where they are only compared.

Pure, given a key; app.access.keyfile finds the key.
"""

import base64
import binascii
import hashlib
import hmac
import os
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = "s1."
_NONCE = 12


class Unsealable(Exception):
    """Sealed with another key, for another purpose, or damaged."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys that one master key gives: one to seal, one to hash. `mark` tells which master key it was."""

    _sealing: bytes = field(repr=False)
    _pepper: bytes = field(repr=False)
    mark: str

    @classmethod
    def of(cls, master: bytes) -> "Keyring":
        return cls(_derive(master, "seal"), _derive(master, "pepper"), _derive(master, "mark")[:8].hex())

    def seal(self, text: str, purpose: str) -> str:
        nonce = os.urandom(_NONCE)
        sealed = AESGCM(self._sealing).encrypt(nonce, text.encode(), purpose.encode())
        return VERSION + base64.urlsafe_b64encode(nonce + sealed).decode()

    def unseal(self, sealed: str, purpose: str) -> str:
        if not sealed.startswith(VERSION):
            raise Unsealable("not a sealed secret")
        try:
            raw = base64.urlsafe_b64decode(sealed.removeprefix(VERSION))
            return AESGCM(self._sealing).decrypt(raw[:_NONCE], raw[_NONCE:], purpose.encode()).decode()
        except (InvalidTag, binascii.Error, ValueError):
            raise Unsealable("a sealed secret that this key does not open: was the key file replaced?") from None

    def mac(self, text: str) -> str:
        return hmac.new(self._pepper, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def same(self, text: str, mac: str) -> bool:
        return hmac.compare_digest(self.mac(text), mac)


def _derive(master: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=b"groundswell " + purpose.encode()).derive(master)
