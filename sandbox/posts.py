"""What the sandbox is made of: people, posts and their counters, and the ids by which two networks name them."""

import hashlib
import unicodedata
from base64 import b32encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

MASTODON = "mastodon"
BLUESKY = "bluesky"
NETWORKS = (MASTODON, BLUESKY)

# The name of the network, not its address: ids stay the same whatever port the server listens on.
DOMAIN = "lagoon.example"

_SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"
_FIRST_ACCOUNT = 109_000_000_000_000_000


class Levels(NamedTuple):
    """A post's counters at one instant."""

    likes: int = 0
    reposts: int = 0
    replies: int = 0
    quotes: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """Someone with an account on both networks, under one name. The number is in their ids, which lead back to them."""

    number: int
    name: str
    shown: str
    followers: int
    joined: int
    weekly: float = 0.004  # how much of an audience a person wins in a week
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Post:
    """A post as it was written. `position` orders timelines, and its upper bits are the instant, like a snowflake's."""

    network: str
    position: int
    person: Person
    created_at: int
    text: str
    tags: tuple[str, ...]
    lang: str = "en"
    answers: "Post | None" = None
    quotes: "Post | None" = None
    edited_at: int | None = None
    labels: tuple[str, ...] = ()

    @property
    def native_id(self) -> str:
        """The id that is the same everywhere: what collectors and files call `native_id`."""
        if self.network == BLUESKY:
            return f"at://{did(self.person)}/app.bsky.feed.post/{rkey(self.position)}"
        return f"https://{DOMAIN}/users/{self.person.name}/statuses/{self.position}"

    @property
    def url(self) -> str:
        if self.network == BLUESKY:
            return f"https://{DOMAIN}/profile/{did(self.person)}/post/{rkey(self.position)}"
        return f"https://{DOMAIN}/@{self.person.name}/{self.position}"


class World(Protocol):
    """What a server shows. Every answer is what the public could see at `now`."""

    def newest(self, network: str, tag: str, now: int, *, below: int | None = None) -> Iterator[Post]:
        """Posts that carry `tag`, newest first, with positions under `below`."""

    def after(self, network: str, tag: str, now: int, *, above: int) -> Iterator[Post]:
        """Posts that carry `tag`, oldest first, with positions over `above`."""

    def find(self, network: str, position: int, now: int) -> Post | None: ...
    def person(self, number: int) -> Person | None: ...
    def named(self, name: str) -> Person | None: ...
    def levels(self, post: Post, now: int) -> Levels: ...
    def knows(self, tag: str, now: int) -> bool:
        """Whether anyone ever used `tag`: some servers answer 404 for a tag that nobody did."""


def followers(person: Person, now: int) -> int:
    """Audiences grow slowly and evenly."""
    weeks = max(0.0, (now - person.joined) / (7 * DAY))
    return int(person.followers * (1 + person.weekly * min(weeks, 520.0)))


def fold(tag: str) -> str:
    """What makes two spellings one tag."""
    return unicodedata.normalize("NFKC", tag.removeprefix("#")).casefold()


def position(ms: int, serial: int) -> int:
    return (ms << 16) | (serial & 0xFFFF)


def instant(place: int) -> int:
    return place >> 16


def account_name(network: str, person: Person) -> str:
    """What collectors and files call an account's `native_id`: the profile's address, or the DID."""
    return did(person) if network == BLUESKY else f"https://{DOMAIN}/@{person.name}"


def handle(network: str, person: Person) -> str:
    return f"{person.name}.{DOMAIN}" if network == BLUESKY else f"{person.name}@{DOMAIN}"


def did(person: Person) -> str:
    return "did:plc:" + _digest(f"person/{person.name}", 20) + _letters(person.number, 4)


def number_of(identifier: str) -> int | None:
    """The number of the person whom a DID names, if it is one of ours."""
    tail = identifier.removeprefix("did:plc:")
    return _number(tail[20:]) if len(tail) == 24 else None


def account_id(person: Person) -> str:
    return str(_FIRST_ACCOUNT + person.number)


def number_of_account(identifier: str) -> int | None:
    return int(identifier) - _FIRST_ACCOUNT if identifier.isascii() and identifier.isdigit() else None


def rfc3339(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def cid(post: Post) -> str:
    """Names one version of a post: another after an edit."""
    return "bafyrei" + _digest(f"{post.native_id}/{post.edited_at}", 52)


def rkey(place: int) -> str:
    """Thirteen letters that sort as positions do."""
    return _letters(place, 13)


def place_of(key: str) -> int | None:
    """The position in a record key, or None where it is none of ours."""
    return _number(key) if len(key) == 13 else None


def _letters(value: int, length: int) -> str:
    return "".join(_SORTABLE[(value >> 5 * place) & 31] for place in range(length - 1, -1, -1))


def _number(letters: str) -> int | None:
    value = 0
    for letter in letters:
        if letter not in _SORTABLE:
            return None
        value = value << 5 | _SORTABLE.index(letter)
    return value


def _digest(text: str, length: int) -> str:
    return b32encode(hashlib.sha256(text.encode()).digest() * 2).decode().lower()[:length]
