"""Keys, and the table options that only one of the databases knows."""

import hashlib

CLUSTERED = {"sqlite_with_rowid": False}
"""Rows live in the order of the primary key (PostgreSQL ignores it): ranges of one subject or post lie together."""


def hash_id(*parts: str) -> int:
    """The 63-bit key of what `parts` name: the same on every machine, so a sharded table needs no second unique key."""
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 1
