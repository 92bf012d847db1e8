"""The world of the demo: who writes when, as a pure function of (seed, began, time): a restart finds the same world.

Nothing is kept. Ten minutes are made at a time, by chance that their number seeds; an id holds its instant, so that
any post can be made again from its id alone.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from sandbox import demo, people, words
from sandbox.growth import Growth, grows
from sandbox.ids import NETWORKS, fold, instant, position
from sandbox.posts import HOUR, MINUTE, Levels, Person, Post, followers
from sandbox.tune import Tune

CHUNK = 10 * MINUTE
_BEATS = 60_000  # serials from here on belong to the posts that lead; the others count from 0 in each chunk
_KEPT = 192  # chunks: a day and more of a busy time, some megabytes


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


class Process:
    """A World that nobody writes: it happens."""

    def __init__(self, seed: int, began: int) -> None:
        self.seed = seed
        self.began = began
        self._tunes = [Tune(campaign, began) for campaign in demo.CAMPAIGNS]
        self._tags = {fold(tag) for campaign in demo.CAMPAIGNS for tag in campaign.tags} | {"rohingya"}
        self._chunk = lru_cache(maxsize=_KEPT)(self._make)

    def posts(self, tag: str, until: int, *, network: str | None = None) -> Iterator[Post]:
        """Every post with `tag` that is public at `until`, oldest first."""
        wanted = fold(tag)
        for born in self.births(self.began, until):
            shown = born.shown(until)
            if shown and network in (None, shown.network) and _carries(shown, wanted):
                yield shown

    def births(self, start: int, end: int) -> Iterator[Born]:
        """All that is written from `start` to `end`, deleted later or not, oldest first."""
        for number in range(max(start, self.began) // CHUNK, end // CHUNK + 1):
            yield from (born for born in self._chunk(number).values() if start <= born.post.created_at <= end)

    def newest(self, network: str, tag: str, now: int, *, below: int | None = None) -> Iterator[Post]:
        wanted = fold(tag)
        if wanted not in self._tags:
            return
        top = min(now, instant(below) if below is not None else now)
        for number in range(top // CHUNK, self.began // CHUNK - 1, -1):
            for place, born in reversed(self._chunk(number).items()):
                if born.post.network == network and (below is None or place < below) and _carries(born.post, wanted):
                    shown = born.shown(now)
                    if shown:
                        yield shown

    def after(self, network: str, tag: str, now: int, *, above: int) -> Iterator[Post]:
        wanted = fold(tag)
        if wanted not in self._tags:
            return
        for born in self.births(max(instant(above), self.began), now):
            shown = born.shown(now)
            if shown and shown.network == network and shown.position > above and _carries(shown, wanted):
                yield shown

    def find(self, network: str, position: int, now: int) -> Post | None:
        born = self._born(position, now)
        return born.shown(now) if born and born.post.network == network else None

    def levels(self, post: Post, now: int) -> Levels:
        born = self._born(post.position, now)
        return born.growth.levels(now - post.created_at) if born else Levels()

    def person(self, number: int) -> Person | None:
        return people.person(number)

    def named(self, name: str) -> Person | None:
        return people.named(name)

    def knows(self, tag: str, now: int) -> bool:
        return fold(tag) in self._tags and now >= self.began

    def _born(self, place: int, now: int) -> Born | None:
        at = instant(place)
        return self._chunk(at // CHUNK).get(place) if self.began <= at <= now else None

    def _make(self, number: int) -> dict[int, Born]:
        born = [one for tune in self._tunes for one in self._ordinary(tune, number)]
        born.sort(key=lambda one: (one.post.created_at, one.post.text))
        made = [_placed(one, position(one.post.created_at, serial)) for serial, one in enumerate(born)]
        made += [one for tune in self._tunes for one in self._leading(tune, number)]
        return {one.post.position: one for one in sorted(made, key=lambda one: one.post.position)}

    def _leading(self, tune: Tune, number: int) -> Iterator[Born]:
        """What the leaders wrote in these ten minutes, on every network."""
        for index, beat in enumerate(tune.beats((number + 1) * CHUNK - 1)):
            if beat.at // CHUNK == number:
                yield from (self._lead(tune, index, beat, network) for network in NETWORKS)

    def _lead(self, tune: Tune, index: int, beat: demo.Beat, network: str) -> Born:
        dice = random.Random(f"{self.seed}/{tune.campaign.slug}/lead/{index}/{network}")
        at = beat.at + NETWORKS.index(network) * 40_000
        text, lang = words.sentence(dice, tune.steady, tune.campaign.tags[0])
        place = position(at, _BEATS + index % 1_000 * 4 + self._tunes.index(tune) * 2 + NETWORKS.index(network))
        post = Post(network, place, beat.person, at, text, words.tags_of(text), lang)
        return Born(post, grows(dice, followers(beat.person, at)))

    def _ordinary(self, tune: Tune, number: int) -> Iterator[Born]:
        start = number * CHUNK
        dice = random.Random(f"{self.seed}/{tune.campaign.slug}/{number}")
        rate = tune.rate(start + CHUNK // 2) * CHUNK / HOUR
        for _ in range(_poisson(dice, rate)):
            at = start + int(dice.random() * CHUNK)
            if at >= self.began:
                yield self._written(tune, dice, at)

    def _written(self, tune: Tune, dice: random.Random, at: int) -> Born:
        network = dice.choices(NETWORKS, (55, 45))[0]
        person = people.ASSOCIATION if tune.steady and dice.random() < 0.06 else people.someone(dice)
        text, lang = words.sentence(dice, tune.steady, words.spelling(dice, tune.campaign.tags))
        heard = self._heard(tune, network, at)
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

    def _heard(self, tune: Tune, network: str, at: int) -> Post | None:
        """The last word of a leader, which others answer and quote."""
        beats = tune.beats(at - MINUTE)
        return self._lead(tune, len(beats) - 1, beats[-1], network).post if beats else None


def _placed(born: Born, place: int) -> Born:
    return replace(born, post=replace(born.post, position=place))


def _carries(post: Post, wanted: str) -> bool:
    return any(fold(tag) == wanted for tag in post.tags)


def _poisson(dice: random.Random, mean: float) -> int:
    """Knuth's way: exact, and quick for the few posts of ten minutes."""
    limit, count, product = math.exp(-mean), 0, dice.random()
    while product > limit:
        count, product = count + 1, product * dice.random()
    return count
