"""Guessing made slow: 20 wrong logins an hour from one address, and a growing wait for a name guessed 10 times.

A name is never locked: whoever guesses at it from elsewhere makes its owner wait a little, not stay outside.
"""

from collections import OrderedDict, deque

from app.errors import TooManyRequests

HOUR_S = 3600.0
PER_ADDRESS, PER_NAME = 20, 10
LONGEST_WAIT_S = 8.0
REMEMBERED = 10_000


class Throttle:
    """Held in memory by each process that serves. `now` is a monotonic time in seconds."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, address: str | None, name: str, now: float) -> float:
        """Seconds to wait before the password is looked at. `address` is None where the socket has none."""
        if address is not None and self._count(f"address {address}", now) >= PER_ADDRESS:
            raise TooManyRequests("too many wrong logins from this address: try again in an hour")
        over = self._count(f"name {name.casefold()}", now) - PER_NAME
        return 0.0 if over < 0 else min(2.0**over / 4, LONGEST_WAIT_S)

    def failed(self, address: str | None, name: str, now: float) -> None:
        for key in (f"address {address}", f"name {name.casefold()}"):
            self._wrong.setdefault(key, deque(maxlen=PER_ADDRESS)).append(now)
            self._wrong.move_to_end(key)
        while len(self._wrong) > REMEMBERED:
            self._wrong.popitem(last=False)

    def succeeded(self, name: str) -> None:
        self._wrong.pop(f"name {name.casefold()}", None)

    def _count(self, key: str, now: float) -> int:
        times = self._wrong.get(key, deque())
        while times and now - times[0] >= HOUR_S:
            times.popleft()
        return len(times)
