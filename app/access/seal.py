"""Secrets at rest: sealed where they are needed again, hashed with a key where they are only compared.

Pure, given a key; app.access.keyfile finds the key.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = "s1."
_NONCE = 12
_PSEUDONYM = re.compile("p_[0-9a-f]{24}")


class Unsealable(Exception):
    """Sealed with another key, for another purpose, or damaged."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys that one master key gives: one to seal, one to hash, one to name people by pseudonyms.

    `mark` tells which master key it was, `naming_mark` which key a pseudonym was made with.
    """

    _sealing: bytes = field(repr=False)
    _pepper: bytes = field(repr=False)
    _naming: bytes = field(repr=False)
    mark: str
    naming_mark: str

    @classmethod
    def of(cls, master: bytes) -> "Keyring":
        marks = [_derive(master, purpose)[:8].hex() for purpose in ("mark", "pseudonym mark")]
        return cls(_derive(master, "seal"), _derive(master, "pepper"), _derive(master, "pseudonym"), *marks)

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

    def pseudonym(self, platform: str, native_id: str) -> str:
        """Of an account: the same for the same one, and made from a name by nobody who has not the key.

        What came in under a pseudonym keeps it.
        """
        if _PSEUDONYM.fullmatch(native_id):
            return native_id
        said = f"{platform}:{native_id}".encode("utf-8", "surrogatepass")
        return f"p_{hmac.digest(self._naming, said, 'sha256')[:12].hex()}"

    def same(self, text: str, mac: str) -> bool:
        return hmac.compare_digest(self.mac(text), mac)


def _derive(master: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=b"groundswell " + purpose.encode()).derive(master)
