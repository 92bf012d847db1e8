"""What was read of a subject, held while nothing new is told of it: asked again, it costs one row instead of thousands.

A number that changes with every change is compared first, in the reader's own moment, so no answer is ever an old one.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from app.db.engine import ReadSession, Session

T = TypeVar("T")


@dataclass(slots=True)
class _Held:
    """Of one database, the least lately used first."""

    kept: OrderedDict[Hashable, tuple[Any, Any, int]] = field(default_factory=OrderedDict)
    bytes: int = 0


class Memory(Generic[T]):
    """Holds `most` bytes for each database; `weigh` says how many a value has."""

    def __init__(self, most: int, weigh: Callable[[T], int]) -> None:
        self._most, self._weigh = most, weigh
        self._held: WeakKeyDictionary[Any, _Held] = WeakKeyDictionary()

    def get(self, session: ReadSession, key: Hashable, number: Hashable) -> T | None:
        """None where it is not held, or was read at another number."""
        held = self._of(session)
        known = held.kept.get(key) if held else None
        if held is None or known is None or known[0] != number:
            return None
        held.kept.move_to_end(key)
        found: T = known[1]
        return found

    def put(self, session: ReadSession, key: Hashable, number: Hashable, value: T) -> None:
        held, weight = self._of(session), self._weigh(value)
        if held is None or weight > self._most:
            return
        held.bytes += weight - held.kept.pop(key, (None, None, 0))[2]
        held.kept[key] = number, value, weight
        while held.bytes > self._most:
            held.bytes -= held.kept.popitem(last=False)[1][2]

    def _of(self, session: ReadSession) -> _Held | None:
        """A writer sees what it changed before that is told: it neither asks nor adds."""
        return None if isinstance(session, Session) else self._held.setdefault(session.get_bind(), _Held())
