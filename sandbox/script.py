"""A world that a test writes by hand, and the ledger of what the public could see of it, and when."""

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from sandbox.ids import BLUESKY, MASTODON, fold, position
from sandbox.posts import Happened, Levels, Person, Post
from sandbox.words import tags_of


@dataclass(slots=True)
class Record:
    """One post's whole story. `shows` holds what was public from each instant on: a version, or None while hidden."""

    shows: list[tuple[int, Post | None]] = field(default_factory=list)
    counts: list[tuple[int, Levels]] = field(default_factory=list)

    def shown(self, now: int) -> Post | None:
        before = bisect_right(self.shows, now, key=lambda entry: entry[0])
        return self.shows[before - 1][1] if before else None

    def levels(self, now: int) -> Levels:
        before = bisect_right(self.counts, now, key=lambda entry: entry[0])
        return self.counts[before - 1][1] if before else Levels()

    def versions(self, start: int, end: int) -> list[Post | None]:
        """Each state that was the public one at some instant of [start, end]."""
        return [self.shown(start), *(post for at, post in self.shows if start < at <= end)]


class Script:
    """A World whose every change is a call. `now` is the clock that the server shares."""

    def __init__(self, now: Callable[[], int]) -> None:
        self.now = now
        self.people: dict[str, Person] = {}
        self.records: dict[str, Record] = {}  # by native id
        self._by_place: dict[str, dict[int, Record]] = {MASTODON: {}, BLUESKY: {}}
        self._places: dict[str, list[int]] = {MASTODON: [], BLUESKY: []}
        self._serial = itertools.count(1)
        self._log: dict[str, list[Happened]] = {MASTODON: [], BLUESKY: []}

    # What a test does.

    def join(self, name: str, followers: int = 100, *, labels: tuple[str, ...] = ()) -> Person:
        person = Person(len(self.people) + 1, name, name.title(), followers, self.now(), 0.0, labels)
        self.people[name] = person
        return person

    def add_post(
        self,
        network: str,
        person: Person,
        text: str,
        *,
        more_tags: tuple[str, ...] = (),
        created_at: int | None = None,
        answers: Post | None = None,
        quotes: Post | None = None,
        labels: tuple[str, ...] = (),
    ) -> Post:
        """A post that is public from now on, whatever date it bears. `more_tags` are not in the text."""
        now = self.now()
        written = now if created_at is None else created_at
        place = position(min(written, now), next(self._serial))
        tags = (*tags_of(text), *more_tags)
        post = Post(network, place, person, written, text, tags, "en", answers, quotes, labels=labels)
        record = Record([(now, post)], [(now, Levels())])
        self.records[post.native_id] = self._by_place[network][place] = record
        self._places[network].insert(bisect_left(self._places[network], place), place)
        self._note(network, "create", person, post)
        return post

    def change(self, post: Post, *, likes: int = 0, reposts: int = 0, replies: int = 0, quotes: int = 0) -> Levels:
        record, now = self.records[post.native_id], self.now()
        old = record.levels(now)
        new = Levels(old.likes + likes, old.reposts + reposts, old.replies + replies, old.quotes + quotes)
        record.counts.append((now, Levels(*(max(0, count) for count in new))))
        return record.counts[-1][1]

    def like(self, post: Post, times: int = 1) -> Levels:
        return self.change(post, likes=times)

    def unlike(self, post: Post, times: int = 1) -> Levels:
        return self.change(post, likes=-times)

    def delete(self, post: Post) -> None:
        self.records[post.native_id].shows.append((self.now(), None))
        self._note(post.network, "delete", post.person, post)

    def leave(self, network: str, person: Person, state: str = "deleted") -> None:
        """The account is deleted, deactivated or suspended, and its posts are shown no more; `active`: it is back."""
        for record in self._by_place[network].values():
            last = next(version for _, version in reversed(record.shows) if version)
            hidden = record.shows[-1][1] is None
            if last.person == person and hidden == (state == "active"):
                record.shows.append((self.now(), last if state == "active" else None))
        self._note(network, state, person, None)

    def _note(self, network: str, what: str, person: Person, post: Post | None) -> None:
        log = self._log[network]
        log.append(Happened(max(self.now() * 1_000, log[-1].us + 1 if log else 0), what, post, person))

    def restore(self, post: Post) -> None:
        """Bring back what was hidden, as it was last."""
        record = self.records[post.native_id]
        last = next(version for _, version in reversed(record.shows) if version)
        record.shows.append((self.now(), last))

    def edit(self, post: Post, text: str, *, more_tags: tuple[str, ...] = ()) -> Post:
        record, now = self.records[post.native_id], self.now()
        last = next(version for _, version in reversed(record.shows) if version)
        record.shows.append((now, replace(last, text=text, tags=(*tags_of(text), *more_tags), edited_at=now)))
        edited = record.shows[-1][1] or post
        self._note(post.network, "update", post.person, edited)
        return edited

    # What a check asks.

    def visible(self, network: str, tag: str, at: int) -> set[str]:
        """The native ids of all posts that were public under `tag` at that instant."""
        return {post.native_id for post in self.newest(network, tag, at)}

    def always_visible(self, network: str, tag: str, start: int, end: int) -> set[str]:
        """Those that were public under `tag` all the time: whoever looked must have found them."""
        return {
            name
            for name, states in self._states(network, start, end)
            if all(_carries(post, fold(tag)) for post in states)
        }

    def ever_visible(self, network: str, tag: str, start: int, end: int) -> set[str]:
        """Those that were public under `tag` at some instant: nothing else may be found."""
        return {
            name
            for name, states in self._states(network, start, end)
            if any(_carries(post, fold(tag)) for post in states)
        }

    def levels_between(self, native_id: str, start: int, end: int) -> set[Levels]:
        """Every state of the counters that a look between the two instants may have seen."""
        record = self.records[native_id]
        return {record.levels(start), *(levels for at, levels in record.counts if start < at <= end)}

    def _states(self, network: str, start: int, end: int) -> Iterator[tuple[str, list[Post | None]]]:
        for record in self._by_place[network].values():
            first = record.shows[0][1]
            if first:
                yield first.native_id, record.versions(start, end)

    # What a server asks (see posts.World).

    def newest(self, network: str, tag: str, now: int, *, below: int | None = None) -> Iterator[Post]:
        places = self._places[network]
        end = len(places) if below is None else bisect_left(places, below)
        for place in places[:end][::-1]:
            shown = self._by_place[network][place].shown(now)
            if shown and _carries(shown, fold(tag)):
                yield shown

    def after(self, network: str, tag: str, now: int, *, above: int) -> Iterator[Post]:
        places = self._places[network]
        for place in places[bisect_right(places, above) :]:
            shown = self._by_place[network][place].shown(now)
            if shown and _carries(shown, fold(tag)):
                yield shown

    def find(self, network: str, position: int, now: int) -> Post | None:
        record = self._by_place[network].get(position)
        return record.shown(now) if record else None

    def levels(self, post: Post, now: int) -> Levels:
        return self.records[post.native_id].levels(now)

    def person(self, number: int) -> Person | None:
        return next((person for person in self.people.values() if person.number == number), None)

    def named(self, name: str) -> Person | None:
        return self.people.get(name)

    def happened(self, network: str, after: int, now: int) -> Iterator[Happened]:  # noqa: ARG002  all of it is past
        log = self._log[network]
        yield from log[bisect_right(log, after, key=lambda one: one.us) :]

    def knows(self, tag: str, now: int) -> bool:
        return any(
            _carries(post, fold(tag)) for record in self.records.values() for at, post in record.shows if at <= now
        )


def _carries(post: Post | None, wanted: str) -> bool:
    return post is not None and any(fold(tag) == wanted for tag in post.tags)
