"""How many posts an hour a campaign draws: the rhythm of days and weeks, and what its leaders set off."""

import math
from bisect import bisect_right

from sandbox import demo
from sandbox.posts import DAY, HOUR


class Tune:
    """A campaign's beats so far, and how many posts an hour it draws."""

    def __init__(self, campaign: demo.Campaign, start: int) -> None:
        self.campaign = campaign
        self.steady = campaign is demo.WATER
        self._more = demo.beats(campaign, start)
        self._beats: list[demo.Beat] = [next(self._more)]
        self._times = [self._beats[0].at]

    def beats(self, until: int) -> list[demo.Beat]:
        while self._times[-1] <= until:
            self._beats.append(next(self._more))
            self._times.append(self._beats[-1].at)
        return self._beats[: bisect_right(self._times, until)]

    def rate(self, now: int) -> float:
        heard = 0.0
        for beat in self.beats(now)[-40:]:
            heard += beat.force / (1 + (now - beat.at) / HOUR / beat.lasts) ** 1.6
        hour = now % DAY / HOUR
        rhythm = 1 + 0.6 * math.cos((hour - 18) / 24 * 2 * math.pi)
        if not self.steady:
            return 10 / 24 * rhythm + heard * (0.9 + 0.1 * rhythm)
        weekend = (now // DAY + 4) % 7 in (0, 6)
        return (14 / 24 * rhythm + heard) * (0.5 if weekend else 1)
