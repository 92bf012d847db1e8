"""From the bytes of an answer to what can be read: decompressed within bounds, free of what no database keeps."""

import re
import zlib

MAX_WIRE = 8 * 2**20
MAX_DECODED = 32 * 2**20


class Unreadable(Exception):
    """A body that is larger than any honest answer, or not compressed as its header says."""


def gunzip(wire: bytes, encoding: str) -> bytes:
    """The body in plain. Only gzip was asked for; a small body that unfolds beyond the bound is given up early."""
    match encoding.strip().lower():
        case "" | "identity":
            return wire
        case "gzip" | "x-gzip" | "deflate":
            return _inflate(wire)
    raise Unreadable(f"encoded as {encoding[:40]!r}, which nobody asked for")


def _inflate(wire: bytes) -> bytes:
    unfold = zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip or zlib, told by its first bytes
    try:
        body = unfold.decompress(wire, MAX_DECODED)
    except zlib.error as error:
        raise Unreadable(f"broken compression: {error}") from None
    if unfold.unconsumed_tail:
        raise Unreadable(f"unfolds to more than {MAX_DECODED} bytes")
    if not unfold.eof:
        raise Unreadable("compressed and cut off")
    return body


_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
# A pair, or an escaped backslash, stays; half a pair goes, and NUL, which PostgreSQL refuses.
_ESCAPES = re.compile(
    rb"\\(?:(\\|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|u[dD][89a-fA-F][0-9a-fA-F]{2}|u0000)"
)


def clean(body: bytes) -> bytes:
    """JSON without NUL and without lone surrogates: neither can be stored in both databases, so they go at the edge."""
    return _ESCAPES.sub(lambda found: found[0] if found[1] else b"", body) if _SUSPECT.search(body) else body
