"""The ids by which two networks name people and posts. Each leads back to what it names: nothing need be kept."""

import hashlib
import unicodedata
from base64 import b32encode

MASTODON = "mastodon"
BLUESKY = "bluesky"
NETWORKS = (MASTODON, BLUESKY)

# The name of the network, not its address: ids stay the same whatever port the server listens on.
DOMAIN = "lagoon.example"

_SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"
_FIRST_ACCOUNT = 109_000_000_000_000_000


def fold(tag: str) -> str:
    """What makes two spellings one tag."""
    return unicodedata.normalize("NFKC", tag.removeprefix("#")).casefold()


def position(ms: int, serial: int) -> int:
    """A post's place in time: the instant in the upper bits, as in a snowflake."""
    return (ms << 16) | (serial & 0xFFFF)


def instant(place: int) -> int:
    return place >> 16


def did(number: int, name: str) -> str:
    return "did:plc:" + digest(f"person/{name}", 20) + _letters(number, 4)


def number_of(identifier: str) -> int | None:
    """The number of the person whom a DID names, if it is one of ours."""
    tail = identifier.removeprefix("did:plc:")
    return _number(tail[20:]) if len(tail) == 24 else None


def account_id(number: int) -> str:
    return str(_FIRST_ACCOUNT + number)


def number_of_account(identifier: str) -> int | None:
    return int(identifier) - _FIRST_ACCOUNT if identifier.isascii() and identifier.isdigit() else None


def rkey(place: int) -> str:
    """Thirteen letters that sort as positions do."""
    return _letters(place, 13)


def place_of(key: str) -> int | None:
    """The position in a record key, or None where it is none of ours."""
    return _number(key) if len(key) == 13 else None


def digest(text: str, length: int) -> str:
    return b32encode(hashlib.sha256(text.encode()).digest() * 2).decode().lower()[:length]


def _letters(value: int, length: int) -> str:
    return "".join(_SORTABLE[(value >> 5 * place) & 31] for place in range(length - 1, -1, -1))


def _number(letters: str) -> int | None:
    value = 0
    for letter in letters:
        if letter not in _SORTABLE:
            return None
        value = value << 5 | _SORTABLE.index(letter)
    return value
