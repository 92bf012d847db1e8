"""Instagram's hashtag search: thirty hashtags in seven days, the last 24 hours of each, and nobody's name."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from typing import ClassVar

import httpx
import msgspec

from collectors.contract import Allowance, Credential, Keeper, Meter, Offer
from collectors.errors import Malformed, RateLimited, Refused, Spent, Unauthorized
from collectors.graph import LISTED, Graph, Missing
from collectors.policy import DAY, Policy
from collectors.posts import Engagement, Page, Post
from collectors.rates import utc_now
from collectors.reading import Count, Id, Moment, Reader, utc
from collectors.tags import hashtags

API = "https://graph.facebook.com/v23.0"
LIMIT, TAGS, WEEK = 50, 30, timedelta(days=7)
_SLACK = timedelta(hours=9)  # our own budget frees a week's hashtag a little later than Instagram does
_FIELDS = ("fields", "id,caption,permalink,timestamp,like_count,comments_count")


class _Named(msgspec.Struct):
    """A hashtag or an account."""

    id: Id
    name: str | None = None
    username: str | None = None


class _Media(msgspec.Struct):
    id: Id
    timestamp: Moment
    caption: str | None = None
    permalink: Id | None = None
    like_count: Count | None = None
    comments_count: Count | None = None


_NAMED, _MEDIA = Reader(_Named), Reader(_Media)


class Instagram:
    """A hashtag's id is kept with the time until which asking for it again costs none of the thirty."""

    offer: ClassVar[Offer] = Offer(
        platform="instagram", metrics=frozenset({"likes", "replies"}),
        allowances=(Allowance("calls", 200, timedelta(hours=1)), Allowance("hashtags", TAGS, WEEK, "hashtag")),
        page_size=LIMIT, batch_size=0, look_back=DAY, needs_credential=True, needs_identifier=True,
        url_words="another address of the same API; Instagram's own where it is left out",
        credential_words="a user's token of an app that Meta has reviewed for Instagram Public Content Access",
        identifier_words="the number of the professional account, as the API names it",
        notes=(
            "An account may ask for 30 hashtags in seven days; one that was asked for stays free for those days.",
            "Only the last 24 hours are shown: what falls between two readings a day apart is lost.",
            "A post cannot be read again by its id: it grows here as long as the search still shows it.",
            "Who wrote a post is not told, so there are no followers; likes are unknown where their author hides them.",
        ),
        policy=Policy(
            looks_within=None, reread_within=30 * DAY, handed_on="ids",
            terms="Nobody can ask what was deleted: what was not shown for 30 days loses its words; ids are handed on.",
        ),
    )  # fmt: skip

    def __init__(
        self, *, client: httpx.AsyncClient, base_url: str | None, credential: Credential | None, meter: Meter,
        keeper: Keeper, now: Callable[[], datetime] = utc_now,
    ) -> None:  # fmt: skip
        if credential is None or not (credential.identifier or "").isdecimal():
            raise Unauthorized("an instagram source needs a token, and the number of its professional account")
        self._graph = Graph(client, base_url or API, meter, "calls", credential, now)
        self._user, self._meter, self._keeper, self._now = credential.identifier or "", meter, keeper, now

    async def check(self) -> Mapping[str, str]:
        me = _NAMED.one((await self._graph.get(f"/{self._user}", [("fields", "username")])).body)
        facts = {"server": self._graph.http.base.host, "account": me.username or me.id}
        return {**facts, "hashtags in seven days": f"{len(await self._recent())} of {TAGS}"}

    async def search(
        self, tag: str, *, cursor: str | None = None, until: datetime | None = None  # noqa: ARG002
    ) -> AsyncIterator[Page]:  # fmt: skip
        """From `cursor` or the newest. A cursor may be the same on every page: what repeats is known by its posts."""
        seen, hashtag = set[str](), await self._id(tag)
        while hashtag:
            page = await self._page(hashtag, tag, cursor)
            ids = {post.native_id for post in page.posts}
            if ids and ids <= seen:
                raise Malformed(f"{self._graph.http.base.host}: paging of #{tag} comes back to what it had shown")
            seen |= ids
            yield page
            cursor = page.cursor
            if cursor is None:
                return
        yield Page((), None)

    async def _page(self, hashtag: str, tag: str, after: str | None) -> Page:
        params = [("user_id", self._user), _FIELDS, ("limit", str(LIMIT)), *([("after", after)] if after else [])]
        listed = LISTED.one((await self._graph.get(f"/{hashtag}/recent_media", params)).body)
        found, skipped = _MEDIA.many(bytes(listed.data))
        newest_first = sorted((_post(one, tag) for one in found), key=lambda post: post.created_at, reverse=True)
        return Page(tuple(newest_first), listed.after if found or skipped else None, skipped)

    async def _id(self, tag: str) -> str:
        """Empty: nobody ever used it."""
        name, now = tag.lower(), self._now()
        id_, _, until = (await self._keeper.load()).get(name, "").partition("|")
        if until and datetime.fromisoformat(until) > now:
            return id_
        recent = await self._recent()
        if name in recent:
            return await self._keep(name, recent[name], now + timedelta(hours=1))
        if len(recent) >= TAGS:
            raise RateLimited(f"the {TAGS} hashtags that an account may ask for in seven days are used up")
        try:
            return await self._asked(name, now)
        except Missing:
            return await self._keep(name, "", now + DAY)

    async def _asked(self, name: str, now: datetime) -> str:
        params = [("user_id", self._user), ("q", name)]
        try:
            answer = await self._graph.get("/ig_hashtag_search", params, spend={"calls": 1, "hashtags": 1})
        except (RateLimited, Refused, Unauthorized) as refused:
            if not isinstance(refused, Spent):  # nothing was taken then
                await self._meter.give_back("hashtags", 1)
            raise
        found, _ = _NAMED.many(bytes(LISTED.one(answer.body).data))
        if not found:
            raise Malformed(f"{self._graph.http.base.host} names no hashtag for #{name}")
        return await self._keep(name, found[0].id, now + WEEK + _SLACK)

    async def _recent(self) -> dict[str, str]:
        """Ids of the hashtags that count against the thirty, by name."""
        path = f"/{self._user}/recently_searched_hashtags"
        answer = await self._graph.get(path, [("fields", "id,name"), ("limit", str(TAGS))])
        return {(one.name or one.id).lower(): one.id for one in _NAMED.many(bytes(LISTED.one(answer.body).data))[0]}

    async def _keep(self, name: str, id_: str, until: datetime) -> str:
        await self._keeper.save({**await self._keeper.load(), name: f"{id_}|{until.isoformat()}"})
        return id_


def _post(media: _Media, tag: str) -> Post:
    """The hashtag may stand in the author's first comment, which is not shown: Instagram says that it is there."""
    tags = hashtags(media.caption)
    tags = tags if tag.lower() in {one.lower() for one in tags} else (*tags, tag)
    engagement = Engagement(likes=media.like_count, replies=media.comments_count)
    return Post(media.id, utc(media.timestamp), engagement, media.id, None, tags, media.caption, media.permalink)
