"""Cursors: where a list goes on, signed together with the query that it belongs to."""

import base64
import binascii
import hmac
import json
from collections.abc import Iterable, Sequence
from typing import Any, cast

from app.access.seal import Keyring
from app.errors import Invalid

_MAC = 24


def query_of(path: str, parameters: Iterable[tuple[str, str]]) -> str:
    """What a cursor belongs to: all but the page itself."""
    return json.dumps([path, *sorted(pair for pair in parameters if pair[0] not in ("cursor", "limit"))])


def write(keys: Keyring, query: str, key: Sequence[Any]) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(list(key), ensure_ascii=False).encode()).decode().rstrip("=")
    return f"{payload}.{_sign(keys, query, payload)}"


def read(keys: Keyring, query: str, cursor: str) -> list[Any]:
    payload, _, mac = cursor.partition(".")
    if not hmac.compare_digest(mac.encode("utf-8", "replace"), _sign(keys, query, payload).encode()):
        raise _wrong(cursor)
    try:
        return cast(list[Any], json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))
    except (binascii.Error, ValueError):
        raise _wrong(cursor) from None


def _sign(keys: Keyring, query: str, payload: str) -> str:
    return keys.mac(f"cursor {query} {payload}")[:_MAC]


def _wrong(cursor: str) -> Invalid:
    return Invalid(
        "cursor", cursor, "belongs to another query, or is damaged: take `next` as it was given, or leave it out"
    )
