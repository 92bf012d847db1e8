"""Keys, and the table options that only one of the databases knows."""

import hashlib

CLUSTERED = {"sqlite_with_rowid": False}
"""Rows live in the order of the primary key (PostgreSQL ignores it): ranges of one subject or post lie together."""


def hash_id(*parts: str) -> int:
    """The 63-bit key of what `parts` name: the same on every machine, so a sharded table needs no second unique key."""
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 1


def text_id(prefix: str, *parts: str) -> str:
    """An id that whoever makes the same thing again makes again: `prefix_` and 32 hexadecimal digits."""
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return f"{prefix}_{hashlib.sha256(text).hexdigest()[:32]}"
