"""Telegram's public channels, by an account of one's own: its search for hashtags, and posts read again one by one."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

import httpx

from collectors.contract import Allowance, Cost, Credential, Keeper, Meter, Offer
from collectors.errors import CollectorError, Malformed, Unauthorized
from collectors.http import Http
from collectors.paging import pages
from collectors.policy import Policy
from collectors.posts import Looked, Page, Post
from collectors.rates import no_rates, utc_now
from collectors.telegram_post import read_posts
from collectors.telegram_wire import Wire, library

LIMIT = 100
_GONE = ("CHANNEL_PRIVATE", "CHANNEL_INVALID", "MSG_ID_INVALID", "MESSAGE_ID_INVALID")


class Telegram:
    """A post's local id is `channel:access/number`: an account may look at no channel without its own access to it."""

    offer: ClassVar[Offer] = Offer(
        platform="telegram",
        metrics=frozenset({"likes", "reposts", "replies", "views"}),
        allowances=(Allowance("calls", 20, timedelta(minutes=1)),),  # ours: it says how long to wait alone
        page_size=LIMIT,
        batch_size=1,
        costs={"search": Cost({"calls": 1}), "look": Cost({"calls": 1})},
        needs_credential=True,
        credential_words="the session of an account, as Telethon's StringSession.save() writes it",
        needs_identifier=True,
        identifier_words="the api_id under which that session was logged in",
        url_words="another address of the same API; the session's own data centre where it is left out",
        notes=(
            "Needs the extra groundswell[telegram], and an account's session, which can do all that the account can.",
            "Only public channels are searched. Telegram may freeze an account that programs use: take one apart.",
            "Likes are reactions of every kind, reposts are forwards, replies are comments in the channel's group.",
            "Known posts are read again one by one: many posts take many calls.",
        ),
        policy=Policy(
            terms="Only what is public is kept; what is deleted there goes here. No model may be trained on it."
        ),
    )

    def __init__(
        self, *, client: httpx.AsyncClient, base_url: str | None, credential: Credential | None, meter: Meter,
        keeper: Keeper, now: Callable[[], datetime] = utc_now,  # noqa: ARG002  a session is all that there is to keep
    ) -> None:  # fmt: skip
        if credential is None or not (credential.identifier or "").isdecimal():
            raise Unauthorized("a telegram source needs a session, and the api_id that it was logged in under")
        self._credential, self._now = credential, now
        self._make = lambda centre: Http(client, base_url or centre, meter, no_rates, now=now)
        self._opened: Wire | None = None

    async def check(self) -> Mapping[str, str]:
        wire = await self._wire()
        me = await wire.ask(wire.functions.users.GetUsersRequest([wire.types.InputUserSelf()]))
        if not isinstance(me, list) or not me:
            raise Malformed(f"{wire.host} names no account for this session")
        return {"server": wire.host, "account": str(getattr(me[0], "username", None) or me[0].id)}

    def search(
        self, tag: str, *, cursor: str | None = None, until: datetime | None = None,  # noqa: ARG002
    ) -> AsyncIterator[Page]:  # fmt: skip
        """The newest first, from all channels. A cursor is the rate, and the last post, after which it goes on."""

        async def read(place: str | None) -> Page:
            wire = await self._wire()
            rate, _, last = (place or "0").partition("/")
            peer, number = wire.types.InputPeerEmpty(), 0
            if last:
                channel, access, number = _place(last)
                peer = wire.types.InputPeerChannel(channel, access)
            search = wire.functions.channels.SearchPostsRequest
            found = await wire.ask(search(int(rate), peer, number, LIMIT, hashtag=tag))
            posts, skipped = read_posts(wire.types, found)
            ended = not isinstance(found, wire.types.messages.MessagesSlice) or not posts
            after = getattr(found, "next_rate", None) or (int(posts[-1].created_at.timestamp()) if posts else 0)
            return Page(posts, None if ended else f"{after}/{posts[-1].local_id}", skipped)

        return pages(cursor, read, f"#{tag} on Telegram")

    async def look(self, ids: Sequence[str]) -> Looked:
        posts = [post for id_ in ids for post in await self._one(id_)]
        return Looked(tuple(posts), absent=frozenset(ids) - {post.local_id or "" for post in posts})

    async def _one(self, id_: str) -> list[Post]:
        wire = await self._wire()
        channel, access, number = _place(id_)
        here, asked = wire.types.InputChannel(channel, access), [wire.types.InputMessageID(number)]
        try:
            found = await wire.ask(wire.functions.channels.GetMessagesRequest(here, asked))
        except CollectorError as error:
            if any(word in str(error) for word in _GONE):
                return []
            raise
        return [post for post in read_posts(wire.types, found)[0] if post.local_id == id_]

    async def _wire(self) -> Wire:
        if self._opened is None:
            self._opened = Wire(await library(), self._make, self._credential, self._now)
        return self._opened


def _place(id_: str) -> tuple[int, int, int]:
    channel, _, rest = id_.partition(":")
    access, _, number = rest.partition("/")
    try:
        return int(channel), int(access), int(number)
    except ValueError:
        raise Malformed(f"{id_[:60]!r} names no post of a channel") from None
