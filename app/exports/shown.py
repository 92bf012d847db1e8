"""What an export shows of people: pseudonyms in place of authors, unless whoever asks wants them as they are.

A pseudonym is a keyed hash of an account's platform and id: the same in every file of one service, and nobody without
the key makes it from a name. Post ids stay, since nothing can be joined or read again without them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import collectors
from app.exports.terms import of
from app.store.influence import NO_STRANGERS

Cells = Sequence[Any]
Name = Callable[[str, str], str]
"""From an account's platform and id to its pseudonym."""


@dataclass(frozen=True, slots=True)
class Shown:
    """`name` None: authors as they are. `strangers`: the reader has not logged in, and some authors ask for that."""

    name: Name | None = None
    mark: str | None = None  # tells which key the pseudonyms were made with
    strangers: bool = False

    def to_strangers(self) -> "Shown":
        return replace(self, strangers=True)

    def of(self, kind: str, names: Sequence[str], columns: Sequence[Cells], wanted: Sequence[str]) -> list[Cells]:
        """The wanted columns, of those that `names` lists."""
        cells = dict(zip(names, columns, strict=True)) if kind != "curves" else {}
        if kind == "posts":
            self._post(cells, ids_alone=len(wanted) < len(names))
        elif kind == "accounts" and self.name:
            unknown = [None] * len(columns[0])
            cells |= {"native_id": self._named(cells["platform"], cells["native_id"]), "handle": unknown}
            cells["name"] = unknown
        if kind in OF_PEOPLE and cells:
            _by_terms(cells)
        return [cells[name] for name in wanted] if cells else list(columns)

    def _post(self, cells: dict[str, Cells], ids_alone: bool) -> None:
        if ids_alone:
            pairs = zip(cells["platform"], cells["created_at"], strict=True)
            cells["created_at"] = [at if of(platform).created_at else None for platform, at in pairs]
        unknown = [None] * len(cells["platform"])
        if self.name:
            cells["author_id"] = self._named(cells["platform"], cells["author_id"])
            cells["author"] = cells["url"] = unknown
        if self.strangers:
            closed = [NO_STRANGERS in (labels or "").split() for labels in cells["labels"]]
            for name in ("text", "url", "author", *(() if self.name else ("author_id",))):
                cells[name] = [None if shut else cell for cell, shut in zip(cells[name], closed, strict=True)]
            self._nobodys(cells)

    def _named(self, platforms: Cells, ids: Cells) -> Cells:
        assert self.name is not None  # noqa: S101 - asked for by whoever looked
        name = self.name
        return [None if who is None else name(platform, who) for platform, who in zip(platforms, ids, strict=True)]

    def _nobodys(self, cells: dict[str, Cells]) -> None:
        """Followers are of an author that the row names."""
        for name in ("followers", "followers_at"):
            pairs = zip(cells[name], cells["author_id"], strict=True)
            cells[name] = [None if who is None else cell for cell, who in pairs]


OF_PEOPLE = ("posts", "snapshots", "accounts")
_MORE_THAN_IDS = ("text", "url", "lang", "labels", "author", "handle", "name")


def _by_terms(cells: dict[str, Cells]) -> None:
    """What a platform's terms let nobody hand on is in no file: whole posts of some, rows of others."""
    handed = {name: platform.offer.policy.handed_on for name, platform in collectors.PLATFORMS.items()}
    may = [handed.get(name, "all") for name in cells["platform"]]
    if all(word == "all" for word in may):
        return
    for name, column in cells.items():
        shut = name in _MORE_THAN_IDS
        rows = zip(column, may, strict=True)
        cells[name] = [None if shut and word == "ids" else cell for cell, word in rows if word != "nothing"]


AS_IT_IS = Shown()
