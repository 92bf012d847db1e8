"""What one campaign makes people write: ten minutes at a time, by chance that their number seeds.

Nothing is kept but what was asked for last. An id holds its instant, so that any post can be made again from its id.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from sandbox import demo, people, words
from sandbox.growth import Growth, grows
from sandbox.ids import NETWORKS, position
from sandbox.posts import HOUR, MINUTE, Post, followers
from sandbox.tune import Tune

CHUNK = 10 * MINUTE
_KEPT = 128  # chunks: a day of a busy time, some megabytes
_LED = 20_000  # serials of the posts that lead; the others count from 0 in each chunk


@dataclass(frozen=True, slots=True)
class Born:
    post: Post
    growth: Growth
    deleted_at: int | None = None
    edited_at: int | None = None

    def shown(self, now: int) -> Post | None:
        """What the public sees of it at `now`."""
        if self.post.created_at > now or (self.deleted_at is not None and self.deleted_at <= now):
            return None
        if self.edited_at is not None and self.edited_at <= now:
            return replace(self.post, text=f"{self.post.text} (edited)", edited_at=self.edited_at)
        return self.post


class Births:
    """`index` tells campaigns apart: their posts never share a position."""

    def __init__(self, seed: int, campaign: demo.Campaign, index: int, began: int) -> None:
        self.campaign = campaign
        self._seed, self._began, self._serials = seed, began, index * 25_000
        self._tune = Tune(campaign, began)
        self.chunk = lru_cache(maxsize=_KEPT)(self._make)

    def _make(self, number: int) -> dict[int, Born]:
        """All of ten minutes by position, oldest first, also what is deleted later."""
        written = sorted(self._ordinary(number), key=lambda one: one.post.created_at)
        made = [
            replace(one, post=replace(one.post, position=position(one.post.created_at, self._serials + serial)))
            for serial, one in enumerate(written)
        ]
        made += self._leading(number)
        return {one.post.position: one for one in sorted(made, key=lambda one: one.post.position)}

    def _leading(self, number: int) -> Iterator[Born]:
        """What the leaders wrote in these ten minutes, on every network."""
        for index, beat in enumerate(self._tune.beats((number + 1) * CHUNK - 1)):
            if beat.at // CHUNK == number:
                yield from (self._lead(index, beat, network) for network in NETWORKS)

    def _lead(self, index: int, beat: demo.Beat, network: str) -> Born:
        dice = random.Random(f"{self._seed}/{self.campaign.slug}/lead/{index}/{network}")
        at = beat.at + NETWORKS.index(network) * 40_000
        text, lang = words.sentence(dice, self._tune.steady, self.campaign.tags[0])
        place = position(at, self._serials + _LED + index % 1_000 * 2 + NETWORKS.index(network))
        post = Post(network, place, beat.person, at, text, words.tags_of(text), lang)
        return Born(post, grows(dice, followers(beat.person, at)))

    def _ordinary(self, number: int) -> Iterator[Born]:
        start = number * CHUNK
        dice = random.Random(f"{self._seed}/{self.campaign.slug}/{number}")
        rate = self._tune.rate(start + CHUNK // 2) * CHUNK / HOUR
        for _ in range(_poisson(dice, rate)):
            at = start + int(dice.random() * CHUNK)
            if at >= self._began:
                yield self._written(dice, at)

    def _written(self, dice: random.Random, at: int) -> Born:
        network = dice.choices(NETWORKS, (55, 45))[0]
        person = people.ASSOCIATION if self._tune.steady and dice.random() < 0.06 else people.someone(dice)
        text, lang = words.sentence(dice, self._tune.steady, words.spelling(dice, self.campaign.tags))
        heard = self._heard(network, at)
        kind = dice.random()
        post = Post(
            network, 0, person, at, text, words.tags_of(text), lang,
            answers=heard if kind < 0.12 else None,
            quotes=heard if 0.12 <= kind < 0.18 else None,
        )  # fmt: skip
        fate = dice.random()
        gone = at + int(dice.lognormvariate(1.0, 1.5) * HOUR) if fate < 0.015 else None
        edited = at + int(dice.lognormvariate(3.0, 1.0) * MINUTE) if 0.015 <= fate < 0.035 else None
        return Born(post, grows(dice, followers(person, at)), gone, edited)

    def _heard(self, network: str, at: int) -> Post | None:
        """The last word of a leader, which others answer and quote."""
        beats = self._tune.beats(at - MINUTE)
        return self._lead(len(beats) - 1, beats[-1], network).post if beats else None


def _poisson(dice: random.Random, mean: float) -> int:
    """Knuth's way: exact, and quick for the few posts of ten minutes."""
    limit, count, product = math.exp(-mean), 0, dice.random()
    while product > limit:
        count, product = count + 1, product * dice.random()
    return count
