"""What the sandbox is made of: people, posts and their counters, and what a world must answer to be served."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from sandbox.ids import BLUESKY, DOMAIN, account_id, did, digest, rkey

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


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

    @property
    def did(self) -> str:
        return did(self.number, self.name)

    @property
    def account_id(self) -> str:
        return account_id(self.number)

    def native_id(self, network: str) -> str:
        """What collectors and files call an account's `native_id`: the profile's address, or the DID."""
        return self.did if network == BLUESKY else f"https://{DOMAIN}/@{self.name}"

    def handle(self, network: str) -> str:
        return f"{self.name}.{DOMAIN}" if network == BLUESKY else f"{self.name}@{DOMAIN}"


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
            return f"at://{self.person.did}/app.bsky.feed.post/{rkey(self.position)}"
        return f"https://{DOMAIN}/users/{self.person.name}/statuses/{self.position}"

    @property
    def url(self) -> str:
        if self.network == BLUESKY:
            return f"https://{DOMAIN}/profile/{self.person.did}/post/{rkey(self.position)}"
        return f"https://{DOMAIN}/@{self.person.name}/{self.position}"

    @property
    def cid(self) -> str:
        """Names one version of a post: another after an edit."""
        return "bafyrei" + digest(f"{self.native_id}/{self.edited_at}", 52)


class Happened(NamedTuple):
    """What a stream tells: `what` is create, update, delete, or the state of an account that left or is `active`."""

    us: int  # microseconds, rising, each once
    what: str
    post: Post | None
    person: Person


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
    def happened(self, network: str, after: int, now: int) -> Iterator[Happened]:
        """All that happened after that microsecond and before `now`, in its order."""

    def knows(self, tag: str, now: int) -> bool:
        """Whether anyone ever used `tag`: some servers answer 404 for a tag that nobody did."""


def followers(person: Person, now: int) -> int:
    """Audiences grow slowly and evenly."""
    weeks = max(0.0, (now - person.joined) / (7 * DAY))
    return int(person.followers * (1 + person.weekly * min(weeks, 520.0)))


def rfc3339(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
