"""Hashtags: their normal form, and what can be one."""

import unicodedata

LONGEST_BYTES = 640
"""Bluesky's limit, the widest of the platforms'."""


def normal(tag: str) -> str:
    """`#ＦarmLaunch` and `farmlaunch` are one: no leading #, NFKC, casefold. Accents are kept apart.

    Ids are made from it, so it is repeated until it stands: a few scripts fold to what folds further.
    """
    while (name := _folded(tag)) != tag:
        tag = name
    return name


def _folded(tag: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", tag).casefold())
    return folded.strip().lstrip("#")


def spelling(tag: str) -> str:
    """As it was written, without the #."""
    return tag.strip().lstrip("#＃")


def wrong(tag: str) -> str | None:
    """What keeps `tag` from being a hashtag, in words; None when it can be one."""
    name = normal(tag)
    if not name:
        return "a hashtag needs at least one character after the #"
    if len(name.encode("utf-8", "surrogatepass")) > LONGEST_BYTES:
        return f"a hashtag has at most {LONGEST_BYTES} bytes"
    for char in name:
        kind = unicodedata.category(char)
        if char.isspace() or kind in ("Cc", "Cs", "Zs", "Zl", "Zp") or char in "#/\\?":
            return f"{char!r} cannot be part of a hashtag"
    if not any(unicodedata.category(char)[0] in "LNS" or char == "_" for char in name):
        return "a hashtag needs a letter, a digit or a symbol"
    return None
