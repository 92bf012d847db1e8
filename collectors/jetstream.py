"""Bluesky's Jetstream: every post of the network as it is written, sought through for the followed hashtags here.

Nearly all of what comes is of no interest: it is dropped by a look at its bytes, before anything is decoded.
"""

import random
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import httpx
import msgspec

from collectors.bluesky_view import Record, read_record
from collectors.errors import Malformed
from collectors.posts import Account, Post
from collectors.reading import Id, Reader
from collectors.streaming import MOST, Heard, Left, Removed, Tags
from collectors.watching import gathered
from collectors.websocket import connected

HOSTS = tuple(f"wss://jetstream{n}.us-{side}.bsky.network" for side in ("east", "west") for n in (1, 2))
POSTS = "app.bsky.feed.post"
REWIND_US = 5_000_000
"""Said again after each break: servers number events by their own clocks, and not quite in order."""
SKEW_US = 300 * 10**6
BACK_US = 60 * 10**6

_TIME = re.compile(rb'"time_us":\s*(\d{1,18})\b')
_GONE_FOR_GOOD = "deleted"


class _Commit(msgspec.Struct, gc=False):
    operation: str
    collection: str
    rkey: Id
    record: Record | None = None


class _Account(msgspec.Struct, gc=False):
    active: bool
    status: str | None = None


class _Identity(msgspec.Struct, gc=False):
    handle: str | None = None


class _Event(msgspec.Struct, gc=False):
    did: Id
    time_us: int
    commit: _Commit | None = None
    account: _Account | None = None
    identity: _Identity | None = None


_EVENTS = Reader(_Event)


async def listen(
    client: httpx.AsyncClient, url: str | None, tags: Tags, cursor: str | None, now: Callable[[], datetime]
) -> AsyncGenerator[Heard, None]:
    """From `cursor` on, or from now. `url` None: one of the network's own servers, another one each time."""
    base = (url or random.choice(HOSTS)).rstrip("/")
    after = _cursor(cursor, now())
    query = f"?wantedCollections={POSTS}" + (f"&cursor={after - REWIND_US}" if after is not None else "")
    path = "" if "/subscribe" in base else "/subscribe"
    async with connected(client, f"{base}{path}{query}") as socket:
        ear = Ear(tags, after, now)
        async with aclosing(gathered(socket, ear)) as found:
            async for heard in found:
                yield heard


def _cursor(text: str | None, now: datetime) -> int | None:
    """A cursor of a time to come would be waited for until then: it is refused, and the stream begins now."""
    at = int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else None
    return at if at is not None and at <= _us(now) + SKEW_US else None


class Ear:
    """What was heard since the last time. `after`: the last event of the time before."""

    def __init__(self, tags: Tags, after: int | None, now: Callable[[], datetime]) -> None:
        self._tags, self._after, self._now = tags, after, now
        self._reached = after or 0
        self._begins: int | None = None
        self._begun = False
        self._clear()

    def _clear(self) -> None:
        self._posts: dict[str, Post] = {}
        self._removed: dict[str, Removed] = {}
        self._left: dict[str, Left] = {}
        self._named: dict[str, Account] = {}
        self._skipped: list[str] = []

    @property
    def full(self) -> bool:
        return len(self._posts) >= MOST or len(self._removed) + len(self._left) + len(self._named) >= 10 * MOST

    @property
    def may_wait(self) -> bool:
        """What is said again is handed on in one piece: else a post that was deleted meanwhile would be there anew."""
        return self._after is not None and self._reached <= self._after

    def hear(self, messages: Sequence[bytes]) -> None:
        for message in messages:
            found = _TIME.search(message)
            if found:
                self._note(int(found[1]))
            # A tag is in a facet or beside the text; the rest of what matters names itself too. Where letters are
            # written as escapes, nothing can be told from the bytes.
            if (
                b"#tag" in message or b'"tags"' in message or b'"delete"' in message or b'"account"' in message
                or b'"identity"' in message or b"\\u00" in message or not found
            ):  # fmt: skip
                self._read(message)

    def _note(self, at: int) -> None:
        """The time of an event, by the server's clock: it may jitter, and it may not lie."""
        if at > self._reached:
            if at > _us(self._now()) + SKEW_US:
                raise Malformed(f"the stream says that it is {_moment(at):%Y-%m-%d %H:%M:%S} already")
            if not self._begun:
                # The event of the cursor is said again by whoever still has it: one who begins later has lost some.
                self._begins = at
            self._reached = at
        elif at < self._reached - BACK_US:
            raise Malformed(f"the stream goes back to {_moment(at):%Y-%m-%d %H:%M:%S}")
        self._begun = True

    def _read(self, message: bytes) -> None:
        try:
            event = _EVENTS.one(message)
            if event.commit is None and b'"commit":{' in message:
                raise Malformed("a commit that cannot be read")  # a field that may be absent, where it is broken
        except Malformed as error:
            self._skipped.append(f"an event: {error}"[:200])
            if len(self._skipped) > MOST:
                raise Malformed(f"not the events that were asked for: {error}") from None
            return
        if event.commit is not None:
            self._commit(event, event.commit)
        elif event.account is not None:
            active = event.account.active
            self._left[event.did] = Left(event.did, event.account.status == _GONE_FOR_GOOD and not active, active)
        elif event.identity is not None and event.identity.handle:
            self._named[event.did] = Account(event.did, event.identity.handle, local_id=event.did)

    def _commit(self, event: _Event, commit: _Commit) -> None:
        if commit.collection != POSTS:
            return
        uri = f"at://{event.did}/{POSTS}/{commit.rkey}"
        if commit.operation == "delete":
            self._removed[uri] = Removed(uri)
        elif commit.record is not None:
            post = read_record(event.did, commit.rkey, commit.record, _moment(event.time_us))
            if self._tags.match(post.tags):
                edited = _moment(event.time_us) if commit.operation == "update" else None
                self._posts[uri] = msgspec.structs.replace(post, edited_at=edited)
                self._removed.pop(uri, None)

    def told(self) -> Heard | None:
        """None: nothing was heard yet, not even what time it is there."""
        if not self._begun:
            return None
        begins, self._begins = self._begins, None
        heard = Heard(
            str(self._reached), _moment(self._reached), None if begins is None else _moment(begins),
            tuple(self._posts.values()), tuple(self._removed.values()), tuple(self._left.values()),
            tuple(self._named.values()), tuple(self._skipped),
        )  # fmt: skip
        self._clear()
        return heard


def _us(moment: datetime) -> int:
    return int(moment.timestamp() * 1e6)


def _moment(us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=min(us, 10**17))
