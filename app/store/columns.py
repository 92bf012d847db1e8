"""The columns of the files that come in and go out, and what each may hold."""

import re
from dataclasses import dataclass
from typing import Literal

from app.analysis.contribution import METRICS
from app.analysis.curve import SERIES

Holds = Literal["platform", "id", "time", "tag", "tags", "count", "share", "amount", "word", "free"]
"""`free` is text that a stranger wrote, an `amount` a decimal as text."""
TEXT = frozenset({"platform", "id", "tag", "tags", "word", "free"})
"""What may hold anything, so that a spreadsheet must not run it."""

LARGEST = 10**11
"""No count is larger (the most seen video has a sixth of it): sums over a hundred million looks still fit 63 bits."""


@dataclass(frozen=True, slots=True)
class File:
    """A kind of file. The first `required` columns must be there, and filled unless `maybe` names them.

    `note` is told to who brings a column that is not known.
    """

    columns: dict[str, Holds]
    required: int
    maybe: frozenset[str] = frozenset()
    note: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.columns)

    @property
    def must(self) -> tuple[str, ...]:
        return self.names[: self.required]

    def filled(self, name: str) -> bool:
        return name in self.must and name not in self.maybe


_POSTS: dict[str, Holds] = {
    "platform": "platform", "native_id": "id", "created_at": "time", "hashtags": "tags", "author_id": "id",
    "author": "free", "followers": "count", "text": "free", "url": "free", "lang": "free", "in_reply_to": "id",
    "repost_of": "id", "quote_of": "id",
    # What makes a copy's curves the same: most files have none of it.
    "edited_at": "time", "followers_at": "time", "labels": "free", "state": "word", "added_hashtags": "tags",
    "followed_hashtags": "tags", "coverage": "word",
}  # fmt: skip
_SNAPSHOTS: dict[str, Holds] = {"platform": "platform", "native_id": "id", "observed_at": "time"}
_ACCOUNTS: dict[str, Holds] = {
    "platform": "platform", "native_id": "id", "observed_at": "time", "followers": "count", "handle": "free",
    "name": "free", "posts": "count",
}  # fmt: skip
_COUNTS: dict[str, Holds] = {
    "platform": "platform", "hashtag": "tag", "start": "time", "end": "time", "posts": "count", "authors": "count",
    "views": "count", "engagement": "count", "source": "word",
}  # fmt: skip
_COVERAGE: dict[str, Holds] = {
    "platform": "platform", "source": "word", "hashtag": "tag", "from": "time", "to": "time", "state": "word",
    "reason": "free",
}  # fmt: skip
_OUTCOMES: dict[str, Holds] = {
    "id": "id", "occurred_at": "time", "kind": "word", "amount": "amount", "currency": "word", "code": "free",
    "donors": "count",
}  # fmt: skip
NO_NAMES = "no donor's name, address or message is ever kept"

FILES = {
    "posts": File(_POSTS, 4),
    "snapshots": File({**_SNAPSHOTS, **dict.fromkeys(METRICS, "count"), "nth": "count"}, 3),
    "accounts": File(_ACCOUNTS, 4, frozenset({"followers"})),
    "counts": File(_COUNTS, 5),
    "coverage": File(_COVERAGE, 6, frozenset({"source"})),
    "outcomes": File(_OUTCOMES, 5, frozenset({"amount", "currency"}), NO_NAMES),
}
"""What comes in, and goes out in the same columns."""

DEHYDRATED = File({name: _POSTS[name] for name in ("platform", "native_id", "created_at")}, 2)
"""Posts as ids alone: whoever has the right to ask the platform gets the rest there."""

CURVES = File(
    {
        "kind": "word", "subject": "word", "time": "time", **dict.fromkeys(SERIES, "count"),
        "coverage": "share", "estimated": "share",
    }, 3,
)  # fmt: skip


def guard(text: str, holds: Holds = "free") -> str:
    """A leading ' before what a spreadsheet would take for a formula. `unguard` gives back exactly what was there."""
    return f"'{text}" if _runs(text.lstrip("'"), holds) else text


def unguard(text: str, holds: Holds = "free") -> str:
    return text[1:] if text[:1] == "'" and _runs(text.lstrip("'"), holds) else text


def _runs(text: str, holds: Holds) -> bool:
    """An id may begin with a - and holds nothing else that could be run: it stays as the platform gives it."""
    return text[:1] in FORMULA and (holds == "free" or not _PLAIN.fullmatch(text))


FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
_PLAIN = re.compile(r"-[\w-]*")
