"""Known statuses and accounts, read again by their ids: in one call where the server can, else one by one."""

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from collectors.answer import Answer
from collectors.errors import CollectorError, Malformed, Refused, Unavailable
from collectors.http import Params
from collectors.mastodon_status import Author, Status
from collectors.reading import Reader

Item = TypeVar("Item", Status, Author)

_NO_BULK = frozenset({404, 405, 501})  # Mastodon before 4.3, GoToSocial, Takahe
DOWN = 3
"""Of so many ids in a row that a server has no answer for, it is the server and not the ids."""


class Get(Protocol):
    async def __call__(self, path: str, params: Params = (), *, expect: frozenset[int]) -> Answer: ...


class Got(msgspec.Struct, Generic[Item]):
    found: list[Item]
    absent: frozenset[str]
    skipped: tuple[str, ...]


class ById(Generic[Item]):
    """Remembers whether the server takes many ids at once. `None`: nothing seen that proves it, or the contrary."""

    def __init__(self, get: Get, path: str, reader: Reader[Item]) -> None:
        self._get, self._path = get, path
        self._reader: Reader[Item] = reader
        self._bulk: bool | None = None

    async def get(self, ids: Sequence[str]) -> Got[Item]:
        if self._bulk is not False:
            answer = await self._get(self._path, [("id[]", id_) for id_ in ids], expect=_NO_BULK | {422})
            if answer.status in _NO_BULK:
                self._bulk = False
            elif answer.status == httpx.codes.OK and (got := self._many(answer.body, ids)):
                return got
        return await self._one_by_one(ids)

    def _many(self, body: bytes, ids: Sequence[str]) -> Got[Item] | None:
        """None where nothing that was asked for came back and nothing ever did: a server may just ignore `id[]`."""
        items, skipped = self._reader.many(body)
        found = [item for item in items if item.id in ids]
        if not found and not self._bulk:
            return None
        self._bulk = True
        # An item that cannot be read may be any of those that are missing: then none of them is called absent.
        absent = frozenset() if skipped else frozenset(ids) - {item.id for item in found}
        return Got(found, absent, skipped)

    async def _one_by_one(self, ids: Sequence[str]) -> Got[Item]:
        """What stands in the way of one id is said of that id alone; what stops us for all keeps what was read before.

        Raised is only a stop before anything was learned, and a server that does not answer at all.
        """
        found: list[Item] = []
        absent: set[str] = set()
        skipped: list[str] = []
        down = 0
        for id_ in dict.fromkeys(ids):
            try:
                item = await self._one(id_)
            except (Malformed, Refused, Unavailable) as error:
                skipped.append(f"{id_}: {error}")
                down = down + 1 if isinstance(error, Unavailable) else 0
                if down < DOWN:
                    continue
                if not (found or absent):
                    raise
                break
            except CollectorError:
                if not (found or absent or skipped):
                    raise
                break
            down = 0
            if item is None:
                absent.add(id_)
            else:
                found.append(item)
        return Got(found, frozenset(absent), tuple(skipped))

    async def _one(self, id_: str) -> Item | None:
        answer = await self._get(f"{self._path}/{quote(id_, safe='')}", expect=frozenset({403, 404, 410}))
        if answer.status == httpx.codes.FORBIDDEN:
            raise Refused("not shown to us")  # a post's own settings: it says nothing of our credential
        return self._reader.one(answer.body) if answer.status == httpx.codes.OK else None
