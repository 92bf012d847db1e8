"""Bearer tokens: `gsw_`, an id to look up, 32 random bytes, and a checksum that tells a token from a typing error.

The database keeps the id and a keyed hash of the whole. The token itself is shown once.
"""

import re
import secrets
import zlib
from dataclasses import dataclass, field

from app.access.principal import Principal, Scope, parse_scopes
from app.access.seal import Keyring
from app.clock import DAY, MINUTE
from app.db.engine import ReadSession, Session
from app.errors import Invalid, NotFound
from app.store import access as rows

PREFIX = "gsw_"
LIFE_DAYS = 90
LONGEST_DAYS = 3650
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID, _SECRET, _SUM = 8, 43, 6  # 43 digits of base 62 hold 32 bytes, 6 hold a CRC32
SHAPE = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_ID + _SECRET + _SUM}}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """All that may be shown of a token after it was made."""

    id: str
    name: str
    scopes: frozenset[Scope]
    created_at: int
    expires_at: int
    revoked_at: int | None
    last_used_at: int | None


@dataclass(frozen=True, slots=True)
class Minted:
    facts: TokenFacts
    text: str = field(repr=False)


async def create(
    session: Session, keys: Keyring, name: str, scopes: frozenset[Scope], now: int, days: float = LIFE_DAYS
) -> Minted:
    if not 0 < days <= LONGEST_DAYS:
        raise Invalid("days", days, f"a token lives more than 0 and at most {LONGEST_DAYS} days")
    if not 1 <= len(name.strip()) <= 64 or not name.isprintable():
        raise Invalid("name", name, "a token's name has 1 to 64 characters that can be shown")
    token_id, text = mint()
    written = " ".join(sorted(scopes))
    expires_at = now + int(days * DAY)
    await rows.add_token(session, token_id, name.strip(), keys.mac(text), written, now, expires_at)
    return Minted(TokenFacts(token_id, name.strip(), scopes, now, expires_at, None, None), text)


async def everything(session: ReadSession) -> list[TokenFacts]:
    return [
        TokenFacts(
            row.id, row.name, parse_scopes(row.scopes), row.created_at, row.expires_at, row.revoked_at, row.last_used_at
        )
        for row in await rows.tokens(session)
    ]


async def revoke(session: Session, token_id: str, now: int) -> None:
    """From this moment. `token_id` is the id, or the token itself where someone found one lying about."""
    found = await rows.token(session, read_id(token_id) or token_id)
    if found is None:
        raise NotFound("there is no such token (groundswell tokens list shows their ids)")
    await rows.revoke_token(session, found.id, now)


async def authenticate(session: ReadSession, keys: Keyring, bearer: str, now: int) -> Principal | None:
    """None for what is no token, unknown, expired or revoked alike."""
    token_id = read_id(bearer)
    found = await rows.token(session, token_id) if token_id else None
    if found is None or not keys.same(bearer, found.mac):
        return None
    if found.revoked_at is not None or now >= found.expires_at:
        return None
    touch = None if found.last_used_at is not None and now - found.last_used_at < MINUTE else found.id
    return Principal("token", found.id, found.name, parse_scopes(found.scopes), touch)


def mint() -> tuple[str, str]:
    """The id of a new token, and the token."""
    token_id = "".join(secrets.choice(_ALPHABET) for _ in range(_ID))
    body = token_id + _base62(int.from_bytes(secrets.token_bytes(32), "big"), _SECRET)
    return token_id, PREFIX + body + _checksum(body)


def read_id(text: str) -> str | None:
    """The id in a token that is whole; None where its shape or its checksum is wrong. Says nothing about validity."""
    if not SHAPE.fullmatch(text):
        return None
    body, told = text[len(PREFIX) : -_SUM], text[-_SUM:]
    return body[:_ID] if _checksum(body) == told else None


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _SUM)


def _base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
