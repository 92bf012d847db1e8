"""What a stream says, and which hashtags it is asked for while it runs."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache

import msgspec

from collectors.posts import Account, Post

SILENCE = 60.0
"""Seconds after which a stream that says nothing, not even that it lives, is cut."""
EVERY = 1.0
"""Seconds for which what a stream says is gathered before it is handed on."""
MOST = 200
"""Posts that are handed on at once, at most; and ten times as many other events."""


class Removed(msgspec.Struct, frozen=True):
    """A post that its author took away, by the id that the stream gives. `at`: when it was written, if the id tells."""

    native_id: str | None = None
    local_id: str | None = None
    at: datetime | None = None


class Left(msgspec.Struct, frozen=True):
    """An account that is no longer shown, and its posts with it; `for_good`: it was deleted. Or that is `back`."""

    native_id: str
    for_good: bool = False
    back: bool = False


class Heard(msgspec.Struct, frozen=True):
    """What a stream said since the last: nothing is missing between one of these and the next.

    `reached`: all before it has been said. `begins`: set on the first one where what came before is not known to have
    been heard whole, be it that there was no cursor or that the server did not go back to it. `posts` are those under
    the followed hashtags; what was removed, and who left, may be anyone's.
    """

    cursor: str | None
    reached: datetime
    begins: datetime | None = None
    posts: tuple[Post, ...] = ()
    removed: tuple[Removed, ...] = ()
    left: tuple[Left, ...] = ()
    named: tuple[Account, ...] = ()  # accounts with another handle than before
    skipped: tuple[str, ...] = ()


class Tags:
    """The hashtags that are followed, by normal form. They change under the stream as people follow and unfollow."""

    def __init__(self, names: Iterable[str], normal: Callable[[str], str]) -> None:
        self.names = frozenset(names)
        self._normal = lru_cache(maxsize=20_000)(normal)

    def change(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)

    def match(self, tags: Iterable[str]) -> bool:
        """Whether one of these, as somebody wrote them, is followed."""
        names, normal = self.names, self._normal
        return any(normal(tag) in names for tag in tags)
