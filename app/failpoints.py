"""For tests alone: GROUNDSWELL_FAILPOINT=place:n ends the process at its n-th visit to a place, like a power cut."""

import os
import signal
from collections import Counter

_PLACE, _, _NTH = os.environ.get("GROUNDSWELL_FAILPOINT", "").partition(":")
_visits: Counter[str] = Counter()


def reached(place: str) -> None:
    if place == _PLACE:
        _visits[place] += 1
        if _visits[place] == int(_NTH or 1):
            os.kill(os.getpid(), signal.SIGKILL)
