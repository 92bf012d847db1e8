"""The columns of the files that come in and go out, and what each may hold."""

from dataclasses import dataclass
from typing import Literal

from app.analysis.contribution import METRICS
from app.analysis.curve import SERIES

Holds = Literal["platform", "id", "time", "tag", "tags", "count", "share", "word", "free"]
"""`free` is text that a stranger wrote: a spreadsheet must not run it."""

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
}  # fmt: skip
_SNAPSHOTS: dict[str, Holds] = {"platform": "platform", "native_id": "id", "observed_at": "time"}
_ACCOUNTS: dict[str, Holds] = {
    "platform": "platform", "native_id": "id", "observed_at": "time", "followers": "count", "handle": "free",
    "name": "free", "posts": "count",
}  # fmt: skip
_COUNTS: dict[str, Holds] = {
    "platform": "platform", "hashtag": "tag", "start": "time", "end": "time", "posts": "count", "authors": "count",
    "views": "count", "engagement": "count",
}  # fmt: skip
_COVERAGE: dict[str, Holds] = {
    "platform": "platform", "source": "word", "hashtag": "tag", "from": "time", "to": "time", "state": "word",
    "reason": "free",
}  # fmt: skip
_OUTCOMES: dict[str, Holds] = {
    "id": "id", "occurred_at": "time", "kind": "word", "amount": "word", "currency": "word", "code": "free",
    "donors": "count",
}  # fmt: skip
NO_NAMES = "no donor's name, address or message is ever kept"

FILES = {
    "posts": File(_POSTS, 4),
    "snapshots": File({**_SNAPSHOTS, **dict.fromkeys(METRICS, "count")}, 3),
    "accounts": File(_ACCOUNTS, 4, frozenset({"followers"})),
    "counts": File(_COUNTS, 5),
    "coverage": File(_COVERAGE, 6, frozenset({"source"})),
    "outcomes": File(_OUTCOMES, 5, frozenset({"amount", "currency"}), NO_NAMES),
}
"""What can be imported; all but counts can be exported."""

CURVES = File(
    {
        "kind": "word", "subject": "word", "time": "time", **dict.fromkeys(SERIES, "count"),
        "coverage": "share", "estimated": "share",
    }, 3,
)  # fmt: skip


def guard(text: str) -> str:
    """A leading ' before what a spreadsheet would take for a formula. `unguard` gives back exactly what was there."""
    return f"'{text}" if text.lstrip("'")[:1] in _FORMULA else text


def unguard(text: str) -> str:
    return text[1:] if text[:1] == "'" and text.lstrip("'")[:1] in _FORMULA else text


_FORMULA = frozenset("=+-@\t\r")
