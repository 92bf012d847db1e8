"""How a Bluesky search is walked back: by cursors until they are refused, loop or end, then by windows of time."""

from datetime import UTC, datetime

import msgspec

from collectors.errors import CollectorError, Malformed


class Place(msgspec.Struct, frozen=True, array_like=True):
    """`until` bounds the window that is being read, `oldest` is the oldest moment met in it; both in milliseconds."""

    cursor: str | None = None
    until: int | None = None
    oldest: int | None = None

    @classmethod
    def read(cls, text: str) -> "Place":
        try:
            return msgspec.json.decode(text, type=Place)
        except msgspec.MsgspecError:
            raise Malformed(f"{text[:80]!r} is no place in a Bluesky search") from None

    def text(self) -> str:
        return msgspec.json.encode(self).decode()

    def params(self) -> list[tuple[str, str]]:
        said = [] if self.cursor is None else [("cursor", self.cursor)]
        if self.until is not None:
            moment = datetime.fromtimestamp(self.until / 1000, UTC)
            said.append(("until", moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")))
        return said

    def after(self, moments: list[int], cursor: str | None) -> "Place":
        """The same window further on."""
        met = moments if self.oldest is None else [*moments, self.oldest]
        return Place(cursor, self.until, min(met, default=None))

    def earlier(self) -> "Place | None":
        """The window before this one, or None where nothing in this one is older than its bound.

        It starts within the oldest millisecond, of which only a part may have been shown, and then before it. Posts
        dated before 1970 have a joker's date: nothing is looked for beyond them.
        """
        if self.oldest is None or self.oldest <= 0:
            return None
        bounds = (self.oldest + 1, self.oldest)
        return next((Place(None, bound) for bound in bounds if self.until is None or bound < self.until), None)


class Walk:
    """`place` is where to ask next; None: there is no more."""

    def __init__(self, start: Place) -> None:
        self.place: Place | None = start
        self._asked: set[tuple[str | None, int | None]] = set()
        self._broken: CollectorError | None = None  # why a cursor could not be followed
        self._windowed = False  # the window is one that we opened, beyond what cursors gave

    def refused(self, at: Place, error: CollectorError) -> None:
        """A cursor too deep, or too old, is answered with 400, 403 or 500. Without one it is a plain failure."""
        earlier = at.earlier() if at.cursor else None
        if earlier is None:
            raise error
        self._broken, self._windowed, self.place = error, True, earlier

    def met(self, at: Place, moments: list[int], cursor: str | None) -> None:
        """Go on from a page whose posts are of these moments. Raises where neither cursor nor time leads on."""
        self._asked.add((at.cursor, at.until))
        after = at.after(moments, cursor)
        if self._windowed and at.until is not None and moments and min(moments) >= at.until:
            self.place = None  # a server that does not know `until`: it has shown all that its cursors reach
            if self._broken:
                raise self._broken
        elif cursor is not None and (cursor, at.until) not in self._asked:
            self.place = after
        else:
            self._windowed, self.place = True, after.earlier()
            if cursor is not None:
                self._broken = Malformed(f"Bluesky's paging comes back to {cursor[:80]!r}")
                if self.place is None:
                    raise self._broken


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
