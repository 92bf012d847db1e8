"""Log-ins of the sandbox's PDS: signed tokens that outlive a restart, and refresh tokens that work once."""

import base64
import hashlib
import hmac
import itertools
from collections.abc import Callable
from typing import Any

import msgspec

from sandbox.ids import DOMAIN
from sandbox.people import OBSERVER
from sandbox.posts import SECOND

ACCESS, REFRESH = "com.atproto.access", "com.atproto.refresh"


class Refused(Exception):
    """An XRPC error: its status, name and words."""

    def __init__(self, status: int, name: str, message: str) -> None:
        super().__init__(message)
        self.status, self.name, self.message = status, name, message


def invalid(method: str, words: str) -> Refused:
    return Refused(400, "InvalidRequest", f"Invalid app.bsky.feed.{method} params: {words}")


class Sessions:
    def __init__(self, now: Callable[[], int], identifier: str, password: str, seconds: int) -> None:
        self._now, self._identifier, self._password, self._seconds = now, identifier, password, seconds
        self._key = hashlib.sha256(f"{identifier}/{password}".encode()).digest()
        self._spent: set[str] = set()
        self._serial = itertools.count(1)

    def create(self, identifier: str, password: str, home: str) -> dict[str, Any]:
        names = (self._identifier, OBSERVER.did)
        if identifier.casefold() not in names or not hmac.compare_digest(password.encode(), self._password.encode()):
            raise Refused(401, "AuthenticationRequired", "Invalid identifier or password")
        return self._pair(home)

    def refresh(self, header: str, home: str) -> dict[str, Any]:
        token = self.check(header, REFRESH)
        self._spent.add(token)
        return self._pair(home)

    def check(self, header: str, scope: str = ACCESS) -> str:
        """The token of an Authorization header, if it is ours, of that scope, and still good."""
        if not header.lower().startswith("bearer "):
            raise Refused(401, "AuthMissing", "Authentication Required")
        token = header[7:]
        body, _, signature = token.rpartition(".")
        if not body or not hmac.compare_digest(signature, self._sign(body)):
            raise Refused(400, "InvalidToken", "Token could not be verified")
        claims = msgspec.json.decode(_unpack(body.rpartition(".")[2]))
        if claims["scope"] != scope:
            raise Refused(400, "InvalidToken", "Bad token scope")
        if claims["exp"] * SECOND <= self._now() or token in self._spent:
            raise Refused(400, "ExpiredToken", "Token has expired")
        return token

    def _pair(self, home: str) -> dict[str, Any]:
        service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": home}
        return {
            "accessJwt": self._token(ACCESS, self._seconds),
            "refreshJwt": self._token(REFRESH, self._seconds * 700),
            "did": OBSERVER.did,
            "didDoc": {"id": OBSERVER.did, "alsoKnownAs": [f"at://{self._identifier}"], "service": [service]},
            "handle": self._identifier,
            "active": True,
        }

    def _token(self, scope: str, seconds: int) -> str:
        at = self._now() // SECOND
        claims = {
            "scope": scope,
            "sub": OBSERVER.did,
            "iat": at,
            "exp": at + seconds,
            "aud": f"did:web:{DOMAIN}",
        }
        claims["jti"] = f"{self._now()}-{next(self._serial)}"
        body = f"{_pack({'typ': 'at+jwt', 'alg': 'HS256'})}.{_pack(claims)}"
        return f"{body}.{self._sign(body)}"

    def _sign(self, body: str) -> str:
        return base64.urlsafe_b64encode(hmac.digest(self._key, body.encode(), "sha256")).rstrip(b"=").decode()


def _pack(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).rstrip(b"=").decode()


def _unpack(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
