"""The world of the demo: a pure function of (seed, began, time), so that a restart finds the same one."""

from collections.abc import Iterator, Sequence

from sandbox import demo, people
from sandbox.births import CHUNK, Births, Born
from sandbox.ids import fold, instant
from sandbox.posts import HOUR, Happened, Levels, Person, Post

_TOLD = 2 * HOUR  # what is edited or deleted later than that is not told of: a day would be gone through each second


class Process:
    """A World that nobody writes: it happens."""

    def __init__(self, seed: int, began: int) -> None:
        self.seed = seed
        self.began = began
        self._all = [Births(seed, campaign, index, began) for index, campaign in enumerate(demo.CAMPAIGNS)]
        self._under: dict[str, list[Births]] = {"rohingya": self._all}
        for births in self._all:
            self._under |= {fold(tag): [births] for tag in births.campaign.tags}

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
            yield from (born for born in _merged(self._all, number) if start <= born.post.created_at <= end)

    def newest(self, network: str, tag: str, now: int, *, below: int | None = None) -> Iterator[Post]:
        wanted = fold(tag)
        top = min(now, instant(below) if below is not None else now)
        for number in range(top // CHUNK, self.began // CHUNK - 1, -1):
            for born in reversed(_merged(self._under.get(wanted, ()), number)):
                shown = born.shown(now) if below is None or born.post.position < below else None
                if shown and shown.network == network and _carries(shown, wanted):
                    yield shown

    def after(self, network: str, tag: str, now: int, *, above: int) -> Iterator[Post]:
        wanted = fold(tag)
        for number in range(max(instant(above), self.began) // CHUNK, now // CHUNK + 1):
            for born in _merged(self._under.get(wanted, ()), number):
                shown = born.shown(now) if born.post.position > above else None
                if shown and shown.network == network and _carries(shown, wanted):
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

    def happened(self, network: str, after: int, now: int) -> Iterator[Happened]:
        found = []
        for born in self.births(max(self.began, after // 1_000 - _TOLD), now - 1):
            if born.post.network == network:
                for what, at in (
                    ("create", born.post.created_at),
                    ("update", born.edited_at),
                    ("delete", born.deleted_at),
                ):
                    us = (at or 0) * 1_000 + born.post.position % 1_000
                    if us > after and at is not None and at < now:
                        found.append(Happened(us, what, born.shown(at) or born.post, born.post.person))
        yield from sorted(found)

    def knows(self, tag: str, now: int) -> bool:
        return fold(tag) in self._under and now >= self.began

    def _born(self, place: int, now: int) -> Born | None:
        at = instant(place)
        if not self.began <= at <= now:
            return None
        return next((found for births in self._all if (found := births.chunk(at // CHUNK).get(place))), None)


def _merged(births: Sequence[Births], number: int) -> list[Born]:
    """Ten minutes of some campaigns, oldest first. A quiet one is walked without making the posts of a loud one."""
    found = [born for one in births for born in one.chunk(number).values()]
    return sorted(found, key=lambda born: born.post.position) if len(births) > 1 else found


def _carries(post: Post, wanted: str) -> bool:
    return any(fold(tag) == wanted for tag in post.tags)
