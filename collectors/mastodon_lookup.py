"""Known statuses and accounts, read again by their ids: in one call where the server can, else one by one."""

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from collectors.answer import Answer
from collectors.errors import CollectorError, Malformed
from collectors.http import Params
from collectors.mastodon_status import Author, Status
from collectors.reading import Reader

Item = TypeVar("Item", Status, Author)

_NO_BULK = frozenset({404, 405, 501})  # Mastodon before 4.3, GoToSocial, Takahe


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
        """What was looked at before something stopped us is kept; only a stop before the first answer is raised."""
        found: list[Item] = []
        absent: set[str] = set()
        skipped: list[str] = []
        for id_ in dict.fromkeys(ids):
            try:
                answer = await self._get(f"{self._path}/{quote(id_, safe='')}", expect=frozenset({404, 410}))
                if answer.status == httpx.codes.OK:
                    found.append(self._reader.one(answer.body))
                else:
                    absent.add(id_)
            except Malformed as error:
                skipped.append(f"{id_}: {error}")
            except CollectorError:
                if not (found or absent or skipped):
                    raise
                break
        return Got(found, frozenset(absent), tuple(skipped))
