"""HTML to plain text, for a whole page of posts at once: forty small passes would cost more than the decoding."""

import html
import re
from collections.abc import Sequence

_BREAK = re.compile(r"<br[^>]*>|</p>\s*<p[^>]*>")
_TAG = re.compile(r"<[^>]*>")
# Ends each source: a tag left open ends here, and no "<" is ever searched further for its end.
_END = ">\0"


def plain_texts(sources: Sequence[str]) -> list[str]:
    """One text for each source: paragraphs and breaks become line ends, every other tag goes, entities are read."""
    joined = _TAG.sub("", _BREAK.sub("\n", _END.join([*sources, ""])))
    if "&" in joined:
        joined = html.unescape(joined)
    return [text.removesuffix(">") for text in joined.split("\0")[:-1]]


def as_written(text: str, tags: Sequence[str]) -> tuple[str, ...]:
    """Tags in the author's own capitals, where the text shows them: some servers name tags in lower case only."""
    lowered = text.lower()
    written = []
    for tag in tags:
        start = lowered.find("#" + tag) + 1
        shown = text[start : start + len(tag)]
        written.append(shown if start and shown.lower() == tag else tag)
    return tuple(written)
