"""VK's newsfeed search: a form with a token goes out, and errors come back with HTTP 200, told by a number."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar

import httpx
import msgspec

from collectors.contract import Allowance, Credential, Keeper, Meter, Offer
from collectors.errors import CollectorError, Malformed, RateLimited, Refused, Unauthorized, Unavailable
from collectors.http import Http
from collectors.paging import pages
from collectors.policy import Policy
from collectors.posts import Account, Engagement, Looked, Page, Post
from collectors.rates import no_rates, utc_now
from collectors.reading import Count, Reader
from collectors.tags import hashtags

API, VERSION, LIMIT, BATCH = "https://api.vk.com", "5.199", 200, 100
Second = Annotated[int, msgspec.Meta(ge=0, lt=10**11)]
_ERRORS: Mapping[int, type[CollectorError]] = {
    **dict.fromkeys((1, 10), Unavailable), **dict.fromkeys((6, 9, 14, 29), RateLimited),
    **dict.fromkeys((4, 5, 7, 15, 17, 27, 28), Unauthorized),
}  # fmt: skip


class _Number(msgspec.Struct, frozen=True):
    count: Count | None = None


class _Post(msgspec.Struct):
    id: int
    owner_id: int
    date: Second
    from_id: int | None = None
    text: str | None = None
    likes: _Number = _Number()
    reposts: _Number = _Number()
    comments: _Number = _Number()
    views: _Number = _Number()
    is_deleted: bool | None = None
    edited: Second | None = None


class _Person(msgspec.Struct):
    """A profile, or a community."""

    id: int
    screen_name: str | None = None
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    followers_count: Count | None = None
    members_count: Count | None = None


class _Response(msgspec.Struct):
    items: msgspec.Raw
    profiles: msgspec.Raw = msgspec.Raw(b"[]")
    groups: msgspec.Raw = msgspec.Raw(b"[]")


class _Error(msgspec.Struct):
    error_code: int
    error_msg: str = ""


class _Said(msgspec.Struct):
    response: _Response | None = None
    error: _Error | None = None


_SAID, _POSTS, _PEOPLE = Reader(_Said), Reader(_Post), Reader(_Person)


class Vk:
    offer: ClassVar[Offer] = Offer(
        platform="vk",
        metrics=frozenset({"likes", "reposts", "replies", "views"}),
        allowances=(Allowance("calls", 3, timedelta(seconds=1)),),
        page_size=LIMIT,
        batch_size=BATCH,
        needs_credential=True,
        credential_words="a service token of an app, or a user's token",
        notes=(
            "VK finds posts by their words; one is kept where the hashtag itself stands in its text.",
            "Followers come with posts: of a person the subscribers, of a community its members.",
        ),
        policy=Policy(terms="Only what is public may be kept; what its author deletes must go here too."),
    )

    def __init__(
        self, *, client: httpx.AsyncClient, base_url: str | None, credential: Credential | None, meter: Meter,
        keeper: Keeper, now: Callable[[], datetime] = utc_now,  # noqa: ARG002  a token is all that there is to keep
    ) -> None:  # fmt: skip
        if credential is None:
            raise Refused("a vk source needs a service token or a user's token")
        self._token = credential.secret
        self._http = Http(client, base_url or API, meter, no_rates, hidden=self._token, now=now)

    async def check(self) -> Mapping[str, str]:
        await self._call("newsfeed.search", {"q": "#vk", "count": "1"})
        return {"server": self._http.base.host, "token": "accepted"}

    def search(self, tag: str, *, cursor: str | None = None, until: datetime | None = None) -> AsyncIterator[Page]:
        """By time: a cursor is the last second that is wanted. After a full page that second is read again."""
        start = cursor or (str(int(until.timestamp())) if until else None)

        async def read(end: str | None) -> Page:
            asked = {"q": f"#{tag}", "count": str(LIMIT), "start_time": "1"} | ({"end_time": end} if end else {})
            posts, skipped = await self._call("newsfeed.search", asked)
            last = min((int(post.created_at.timestamp()) for post in posts), default=None)
            again = len(posts) + len(skipped) >= LIMIT and str(last) != end
            return Page(posts, None if last is None else str(last if again else last - 1), skipped)

        return pages(start, read, f"#{tag} at {self._http.base.host}")

    async def look(self, ids: Sequence[str]) -> Looked:
        posts, skipped = await self._call("wall.getById", {"posts": ",".join(ids)})
        absent = frozenset() if skipped else frozenset(ids) - {post.native_id for post in posts}
        return Looked(posts, absent=absent, skipped=skipped)

    async def _call(self, method: str, asked: Mapping[str, str]) -> tuple[tuple[Post, ...], tuple[str, ...]]:
        form = {**asked, "extended": "1", "fields": "followers_count,members_count,screen_name", "v": VERSION}
        form["access_token"] = self._token
        said = _SAID.one((await self._http.post(f"/method/{method}", form=form, spend=("calls",), reads=True)).body)
        if error := said.error:
            words = error.error_msg.replace(self._token, "[secret]")[:200]
            said_so = f"{self._http.base.host} answered error {error.error_code} ({words})"
            raise _ERRORS.get(error.error_code, Refused)(said_so)
        if said.response is None:
            raise Malformed(f"{self._http.base.host}: neither a response nor an error")
        people = {one.id: one for one in _PEOPLE.many(bytes(said.response.profiles))[0]}
        people |= {-one.id: one for one in _PEOPLE.many(bytes(said.response.groups))[0]}
        found, skipped = _POSTS.many(bytes(said.response.items))
        return tuple(_post(one, people) for one in found if not one.is_deleted), skipped


def _post(one: _Post, people: Mapping[int, _Person]) -> Post:
    id_, author = f"{one.owner_id}_{one.id}", one.from_id or one.owner_id
    who = people.get(author, _Person(author))
    name = who.name or " ".join(filter(None, (who.first_name, who.last_name))) or None
    followers = who.followers_count if who.followers_count is not None else who.members_count
    return Post(
        id_, datetime.fromtimestamp(one.date, UTC),
        Engagement(one.likes.count, one.reposts.count, one.comments.count, views=one.views.count), id_,
        Account(str(author), who.screen_name, name, followers), hashtags(one.text), one.text,
        f"https://vk.com/wall{id_}", edited_at=datetime.fromtimestamp(one.edited, UTC) if one.edited else None,
    )  # fmt: skip
