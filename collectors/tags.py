"""Hashtags as they stand in a text, for platforms that do not list them beside it."""

import re

# A # that begins a word, and letters, marks, digits or underscores of any script after it, one of them no digit.
_MARKS = r"·\u200c\u200d\u0300-\u036f\u0900-\u0dff\u0e00-\u0eff"
_HASHTAG = re.compile(rf"(?<![\w/&#＃])[#＃](?=[\w·]*[^\W\d_])([\w{_MARKS}]+)")


def hashtags(*texts: str | None) -> tuple[str, ...]:
    """Each once, as written, without the #. An address with a fragment is none."""
    return tuple(dict.fromkeys(found for text in texts if text for found in _HASHTAG.findall(text)))
