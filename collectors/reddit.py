"""Reddit's API, for whom Reddit has approved: an app's id and secret, search by words, batches of a hundred."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar

import httpx
import msgspec

from collectors.answer import Answer
from collectors.client_token import ClientToken
from collectors.contract import Allowance, Credential, Keeper, Meter, Offer
from collectors.errors import Refused
from collectors.http import Http, Params
from collectors.paging import pages
from collectors.policy import DAY, Policy
from collectors.posts import Account, Engagement, Looked, Page, Post
from collectors.rates import no_rates, seconds_left, utc_now
from collectors.reading import Count, Id, Reader
from collectors.tags import hashtags

API, LOGIN, SITE = "https://oauth.reddit.com", "https://www.reddit.com", "https://www.reddit.com"
LIMIT, SHOWN = 100, 900  # a listing holds a thousand or a little less
_GONE = frozenset({"[deleted]", "[removed]"})
Second = Annotated[float, msgspec.Meta(ge=0, lt=10**11)]


class _Link(msgspec.Struct):
    name: Id  # t3_ and the id
    created_utc: Second
    title: str = ""
    selftext: str | None = None
    author: str | None = None
    score: Count | None = None
    num_comments: Count | None = None
    num_crossposts: Count | None = None
    permalink: str | None = None
    edited: Second | bool | None = None
    removed_by_category: str | None = None
    over_18: bool | None = None
    crosspost_parent: Id | None = None


class _Child(msgspec.Struct):
    data: _Link


class _Data(msgspec.Struct):
    children: msgspec.Raw
    after: Id | None = None


class _Listing(msgspec.Struct):
    data: _Data


_LISTING, _CHILDREN = Reader(_Listing), Reader(_Child)


class Reddit:
    """Words instead of hashtags: a post counts where its title or text holds the hashtag itself."""

    offer: ClassVar[Offer] = Offer(
        platform="reddit",
        metrics=frozenset({"likes", "reposts", "replies"}),
        allowances=(Allowance("calls", 1_000, timedelta(minutes=10)),),
        page_size=LIMIT,
        batch_size=LIMIT,
        needs_credential=True,
        credential_words="the secret of an app that Reddit has approved",
        needs_identifier=True,
        identifier_words="the app's id",
        notes=(
            "Reddit must approve who uses its API, and asks for a contract where the use is commercial.",
            "Reddit has no hashtags: a post is found by its words, and kept where the hashtag stands among them.",
            "A search ends after about 1,000 posts. Likes are the score, which Reddit blurs; reposts are crossposts.",
            "People have no followers. Comments are counted, and not searched.",
        ),
        policy=Policy(
            looks_within=DAY,
            terms="Deleted content must go within 48 hours of its deletion: each post is looked at every day.",
        ),
    )

    def __init__(
        self, *, client: httpx.AsyncClient, base_url: str | None, credential: Credential | None, meter: Meter,
        keeper: Keeper, now: Callable[[], datetime] = utc_now,
    ) -> None:  # fmt: skip
        if credential is None or not credential.identifier:
            raise Refused("a reddit source needs an app's id and its secret")
        hidden = credential.secret
        login = Http(client, base_url or LOGIN, meter, no_rates, hidden=hidden, now=now)
        self._token = ClientToken(login, "/api/v1/access_token", credential, keeper, now)
        self._http = Http(client, base_url or API, meter, seconds_left("calls", now), hidden=hidden, now=now)

    async def check(self) -> Mapping[str, str]:
        answer = await self._get("/api/info", [("id", "t3_1")])
        _LISTING.one(answer.body)
        return {"server": self._http.base.host, "calls left": answer.headers.get("x-ratelimit-remaining", "not said")}

    def search(
        self, tag: str, *, cursor: str | None = None, until: datetime | None = None,  # noqa: ARG002
    ) -> AsyncIterator[Page]:  # fmt: skip
        """The newest first. A cursor is how many were seen, and after which it goes on: a full listing ends early."""

        async def read(place: str | None) -> Page:
            before, _, after = (place or "").partition(":")
            asked = [("q", f'"#{tag}"'), ("sort", "new"), ("type", "link"), ("t", "all"), ("limit", str(LIMIT))]
            asked += [("raw_json", "1"), *([("after", after)] if after else [])]
            links, further, skipped = await self._links("/search", asked)
            seen = len(links) + (int(before) if before.isdecimal() else 0)
            posts = tuple(map(_post, filter(_there, links)))
            return Page(posts, f"{seen}:{further}" if further else None, skipped, cut=not further and seen >= SHOWN)

        return pages(cursor, read, f"#{tag} at {self._http.base.host}")

    async def look(self, ids: Sequence[str]) -> Looked:
        """What was deleted is still answered, without its author and its text."""
        links, _, skipped = await self._links("/api/info", [("id", ",".join(ids)), ("raw_json", "1")])
        found = tuple(map(_post, filter(_there, links)))
        absent = frozenset() if skipped else frozenset(ids) - {post.local_id or "" for post in found}
        return Looked(found, absent=absent, skipped=skipped)

    async def _links(self, path: str, params: Params) -> tuple[list[_Link], str | None, tuple[str, ...]]:
        data = _LISTING.one((await self._get(path, params)).body).data
        children, skipped = _CHILDREN.many(bytes(data.children))
        return [child.data for child in children if child.data.name.startswith("t3_")], data.after, skipped

    async def _get(self, path: str, params: Params) -> Answer:
        return await self._token.calling(self._http, lambda: self._http.get(path, params))


def _there(link: _Link) -> bool:
    return not (link.removed_by_category or link.author in _GONE or link.selftext in _GONE)


def _post(link: _Link) -> Post:
    who = Account(link.author, link.author) if link.author else None
    text = "\n\n".join(filter(None, (link.title, link.selftext)))
    return Post(
        link.name, _utc(link.created_utc), Engagement(link.score, link.num_crossposts, link.num_comments), link.name,
        who, hashtags(link.title, link.selftext), text, f"{SITE}{link.permalink}" if link.permalink else None,
        repost_of=link.crosspost_parent, labels=("sensitive",) if link.over_18 else (),
        edited_at=_utc(link.edited) if link.edited and not isinstance(link.edited, bool) else None,
    )  # fmt: skip


def _utc(second: float) -> datetime:
    return datetime.fromtimestamp(second, UTC)
