"""PeerTube's API: videos by their tags on one server, and on those that it searches with."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

import httpx
import msgspec

from collectors.contract import Allowance, Credential, Keeper, Meter, Offer
from collectors.errors import Refused
from collectors.http import Http
from collectors.paging import pages
from collectors.policy import Policy
from collectors.posts import Account, Engagement, Looked, Page, Post
from collectors.rates import no_rates, utc_now
from collectors.reading import Count, Id, Moment, Reader, utc
from collectors.tags import hashtags

LIMIT = 100


class _Account(msgspec.Struct, rename="camel"):
    id: int
    name: str
    host: str
    url: Id
    display_name: str | None = None
    followers_count: Count | None = None


class _Video(msgspec.Struct, rename="camel"):
    uuid: Id
    url: Id
    name: str
    published_at: Moment
    account: _Account | None = None
    tags: list[str] | None = None
    description: str | None = None
    truncated_description: str | None = None
    likes: Count | None = None
    views: Count | None = None
    comments: Count | None = None
    nsfw: bool = False


class _Listed(msgspec.Struct):
    data: msgspec.Raw


_LISTED, _VIDEOS, _VIDEO, _ACCOUNT = Reader(_Listed), Reader(_Video), Reader(_Video), Reader(_Account)


class Peertube:
    """One server. A list does not name a video's tags: what it found by a tag is taken to carry it."""

    offer: ClassVar[Offer] = Offer(
        platform="peertube", network="mastodon", metrics=frozenset({"likes", "replies", "views"}),
        allowances=(Allowance("calls", 50, timedelta(seconds=10)),),  # PeerTube's own setting as it ships
        page_size=LIMIT, batch_size=1, accounts_batch=1, needs_url=True,
        url_words="the address of the server, as https://peertube.example",
        notes=(
            "A server finds its own videos and those of servers that it follows, by their tags (five at most).",
            "Known videos and accounts are read again one by one: many take many calls.",
            "Dislikes are not kept. A video that Mastodon shows too counts once, under its name.",
        ),
        policy=Policy(terms="Each server has its own rules. What is deleted there goes here."),
    )  # fmt: skip

    def __init__(
        self, *, client: httpx.AsyncClient, base_url: str | None, credential: Credential | None, meter: Meter,
        keeper: Keeper, now: Callable[[], datetime] = utc_now,  # noqa: ARG002  nothing is logged in to
    ) -> None:  # fmt: skip
        if base_url is None:
            raise Refused("a peertube source needs the URL of its server")
        self._http = Http(client, base_url, meter, no_rates, secret=credential.secret if credential else None, now=now)

    async def check(self) -> Mapping[str, str]:
        answer = await self._http.get("/api/v1/config")
        if not (version := answer.said("serverVersion")):
            raise Refused(f"{self._http.base.host} answers, but not as PeerTube does")
        return {"server": self._http.base.host, "software": "peertube", "version": version}

    def search(
        self, tag: str, *, cursor: str | None = None, until: datetime | None = None,  # noqa: ARG002
    ) -> AsyncIterator[Page]:  # fmt: skip
        """By numbers of videos: what is published meanwhile moves them on, so that some are met twice."""

        async def read(place: str | None) -> Page:
            start = int(place) if place and place.isdecimal() else 0
            asked = [("tagsOneOf", tag), ("sort", "-publishedAt"), ("start", str(start)), ("count", str(LIMIT))]
            answer = await self._http.get("/api/v1/videos", [*asked, ("nsfw", "both")])
            videos, skipped = _VIDEOS.many(bytes(_LISTED.one(answer.body).data))
            shown = len(videos) + len(skipped)
            return Page(tuple(_post(one, tag) for one in videos), str(start + shown) if shown else None, skipped)

        return pages(cursor, read, f"#{tag} at {self._http.base.host}")

    async def look(self, ids: Sequence[str]) -> Looked:
        found, absent = [], set()
        for id_ in ids:
            answer = await self._http.get(f"/api/v1/videos/{_safe(id_)}", expect={404})
            if answer.status == httpx.codes.NOT_FOUND:
                absent.add(id_)
            else:
                found.append(_post(_VIDEO.one(answer.body)))
        return Looked(tuple(found), absent=frozenset(absent))

    async def accounts(self, ids: Sequence[str]) -> Looked:
        """By `name@host`."""
        found, absent = [], set()
        for id_ in ids:
            answer = await self._http.get(f"/api/v1/accounts/{_safe(id_)}", expect={404})
            if answer.status == httpx.codes.NOT_FOUND:
                absent.add(id_)
            else:
                found.append(_author(_ACCOUNT.one(answer.body)))
        return Looked(accounts=tuple(found), absent=frozenset(absent))


def _safe(id_: str) -> str:
    if not id_ or not all(char.isalnum() or char in "-_.@:" for char in id_):
        raise Refused(f"{id_[:40]!r} is no id of PeerTube")
    return id_


def _author(who: _Account) -> Account:
    handle = f"{who.name}@{who.host}"
    return Account(who.url, handle, who.display_name, who.followers_count, local_id=handle)


def _post(one: _Video, *found_by: str) -> Post:
    text = "\n\n".join(filter(None, (one.name, one.description or one.truncated_description)))
    tags = dict.fromkeys([*(one.tags or ()), *found_by, *hashtags(text)])
    return Post(
        one.url, utc(one.published_at), Engagement(likes=one.likes, replies=one.comments, views=one.views), one.uuid,
        _author(one.account) if one.account else None, tuple(tags), text, one.url,
        labels=("sensitive",) if one.nsfw else (),
    )  # fmt: skip
