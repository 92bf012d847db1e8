"""Small platforms of our own making, answered through respx: one set of posts, shown as each platform would."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

import httpx
import respx

from collectors import open_collector
from collectors.contract import Credential, Told
from collectors.errors import Spent

SAVED = Path(__file__).parent / "saved"
NEWEST = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
SECRET = "meadow-secret-1"

Json = Any


def saved(name: str) -> Json:
    return json.loads((SAVED / f"{name}.json").read_text(encoding="utf-8"))


class CountingMeter:
    """Lets everything through, and notes it; `left` makes it stop after so many calls.

    `spent` names what each call was taken from, `units` how much of it is gone.
    """

    def __init__(self, left: int = 10**6) -> None:
        self.spent: list[str] = []
        self.units: Counter[str] = Counter()
        self.heard: list[Told] = []
        self.left = left

    async def spend(self, name: str, units: int = 1) -> None:
        if len(self.spent) >= self.left:
            raise Spent(f"{name} is used up", NEWEST)
        self.spent.append(name)
        self.units[name] += units

    async def give_back(self, name: str, units: int) -> None:
        self.units[name] -= units
        if units == 1 or not self.units[name]:
            self.spent.remove(name)

    def clear(self) -> None:
        self.spent.clear()
        self.units.clear()

    async def told(self, told: Told) -> None:
        self.heard.append(told)


class MemoryKeeper:
    def __init__(self) -> None:
        self.values: Mapping[str, str] = {}

    async def load(self) -> Mapping[str, str]:
        return self.values

    async def save(self, values: Mapping[str, str]) -> None:
        self.values = dict(values)


Twist = Callable[[int, list[Json], str | None], tuple[list[Json], str | None]]


def answer(value: Json, status: int = 200, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """Escaped as Ruby does it: half a surrogate pair travels."""
    return httpx.Response(
        status, content=json.dumps(value), headers={"content-type": "application/json", **(headers or {})}
    )


def untwisted(_: int, items: list[Json], cursor: str | None) -> tuple[list[Json], str | None]:
    return items, cursor


@dataclass
class MastodonStage:
    platform: str = "mastodon"
    base: str = "https://meadow.example"
    posts: list[Json] = field(default_factory=list)
    twist: Twist = untwisted  # the n-th page's items, and its cursor, are what this makes of them
    pages: int = 0
    instead: httpx.Response | None = None  # what a search is answered with, whatever it asks
    link_base: str | None = None  # what the Link header names as the server, where that is not `base`
    bulk: bool = True
    names: ClassVar[dict[str, str]] = {
        "likes": "favourites_count",
        "reposts": "reblogs_count",
        "replies": "replies_count",
        "quotes": "quotes_count",
    }

    def fill(self, count: int) -> None:
        for n in range(count):
            post = saved("mastodon/status")
            post["created_at"] = (NEWEST - timedelta(seconds=n)).isoformat().replace("+00:00", "Z")
            post["id"] = str(int((NEWEST - timedelta(seconds=n)).timestamp() * 1000) << 16)
            post["uri"] = f"{self.base}/users/ada/statuses/{post['id']}"
            self.posts.append(post)

    def native(self, post: Json) -> str:
        return str(post["uri"])

    def local(self, post: Json) -> str:
        return str(post["id"])

    def set(self, post: Json, **counts: Json) -> None:
        for name, value in counts.items():
            post.pop(self.names[name]) if value is ... else post.update({self.names[name]: value})

    def mount(self, router: respx.Router) -> None:
        router.get(path__regex=r"^/api/v1/timelines/tag/").mock(side_effect=self._timeline)
        router.get(path="/api/v1/statuses").mock(side_effect=self._bulk)
        router.get(path__regex=r"^/api/v1/statuses/").mock(side_effect=self._one)
        router.get(path="/api/v1/accounts").mock(side_effect=self._accounts)
        router.get(path="/api/v2/instance").respond(json=saved("mastodon/instance_v2"))

    def _timeline(self, request: httpx.Request) -> httpx.Response:
        if self.instead:
            return self.instead
        params = request.url.params
        after = params.get("max_id")
        shown = [p for p in self.posts if after is None or int(p["id"]) < int(after)][: int(params["limit"])]
        items, cursor = self.twist(self.pages, shown, shown[-1]["id"] if shown else None)
        self.pages += 1
        base = self.link_base or self.base
        link = f'<{base}{request.url.path}?limit=40&max_id={cursor}>; rel="next", <{base}/x?min_id=1>; rel="prev"'
        return answer(items, headers={"link": link} if cursor else {})

    def _bulk(self, request: httpx.Request) -> httpx.Response:
        if not self.bulk:
            return httpx.Response(405, text="Method not allowed")
        wanted = request.url.params.get_list("id[]")
        return answer([p for p in reversed(self.posts) if p["id"] in wanted])

    def _one(self, request: httpx.Request) -> httpx.Response:
        wanted = unquote(request.url.path.rpartition("/")[2])
        found = [p for p in self.posts if p["id"] == wanted]
        return answer(found[0]) if found else httpx.Response(404, text="<html>gone</html>")

    def _accounts(self, request: httpx.Request) -> httpx.Response:
        people = {p["account"]["id"]: p["account"] for p in self.posts}
        return answer([people[i] for i in request.url.params.get_list("id[]") if i in people])


@dataclass
class BlueskyStage:
    platform: str = "bluesky"
    base: str = "https://pds.example"
    posts: list[Json] = field(default_factory=list)
    twist: Twist = untwisted  # the n-th page's items, and its cursor, are what this makes of them
    pages: int = 0
    instead: httpx.Response | None = None  # what a search is answered with, whatever it asks
    deaf: bool = False  # does not know `until`
    deepest: int = 10**9  # cursors beyond are refused, with
    refusal: httpx.Response = field(default_factory=lambda: httpx.Response(403, text="<html>Forbidden</html>"))
    refresh: httpx.Response = field(default_factory=lambda: answer(saved("bluesky/session")))
    people: httpx.Response | None = None  # what getProfiles is answered with, whatever it asks
    names: ClassVar[dict[str, str]] = {
        "likes": "likeCount",
        "reposts": "repostCount",
        "replies": "replyCount",
        "quotes": "quoteCount",
    }

    def fill(self, count: int) -> None:
        for n in range(count):
            post = saved("bluesky/post")
            post["record"]["createdAt"] = (NEWEST - timedelta(seconds=n)).isoformat().replace("+00:00", "Z")
            post["indexedAt"] = (NEWEST - timedelta(seconds=n - 1)).isoformat().replace("+00:00", "Z")
            post["uri"] = f"at://did:plc:adaadaadaadaadaadaadaada/app.bsky.feed.post/3m6{n:010d}"
            self.posts.append(post)

    def native(self, post: Json) -> str:
        return str(post["uri"])

    local = native

    def set(self, post: Json, **counts: Json) -> None:
        for name, value in counts.items():
            post.pop(self.names[name]) if value is ... else post.update({self.names[name]: value})

    def mount(self, router: respx.Router) -> None:
        for base in dict.fromkeys((self.base, "https://public.api.bsky.app", "https://bsky.social")):
            xrpc = f"{base}/xrpc"
            router.post(f"{xrpc}/com.atproto.server.createSession").respond(json=saved("bluesky/session"))
            router.post(f"{xrpc}/com.atproto.server.refreshSession").mock(side_effect=lambda _: self.refresh)
            router.get(f"{xrpc}/app.bsky.feed.searchPosts").mock(side_effect=self._search)
            router.get(f"{xrpc}/app.bsky.feed.getPosts").mock(side_effect=self._get_posts)
            router.get(f"{xrpc}/app.bsky.actor.getProfiles").mock(side_effect=self._get_profiles)

    def _search(self, request: httpx.Request) -> httpx.Response:
        if self.instead:
            return self.instead
        params = request.url.params
        shown = self.posts
        if "until" in params and not self.deaf:
            until = datetime.fromisoformat(params["until"])
            shown = [p for p in shown if datetime.fromisoformat(p["record"]["createdAt"]) < until]
        start = int(params.get("cursor", "0")) if params.get("cursor", "0").isdecimal() else 0
        if start > self.deepest:
            return self.refusal
        end = start + int(params["limit"])
        items, cursor = self.twist(self.pages, shown[start:end], str(end) if end < len(shown) else None)
        self.pages += 1
        return answer({"posts": items} | ({"cursor": cursor} if cursor else {}))

    def _get_posts(self, request: httpx.Request) -> httpx.Response:
        wanted = request.url.params.get_list("uris")
        return answer({"posts": [p for p in reversed(self.posts) if p["uri"] in wanted]})

    def _get_profiles(self, request: httpx.Request) -> httpx.Response:
        if self.people:
            return self.people
        wanted = request.url.params.get_list("actors")
        people = [saved("bluesky/profile")] if "did:plc:adaadaadaadaadaadaadaada" in wanted else []
        return answer({"profiles": people})


STAGES: Sequence[type[MastodonStage] | type[BlueskyStage]] = (MastodonStage, BlueskyStage)


def opened(
    platform: str,
    client: httpx.AsyncClient,
    base_url: str | None,
    *,
    secret: str | None = SECRET,
    meter: CountingMeter | None = None,
    keeper: MemoryKeeper | None = None,
) -> Any:
    """A collector over `client`. `Any`: tests call what it offers, and the contract test asks what that is."""
    credential = Credential(secret, "watcher.example") if secret else None
    meter, keeper = meter or CountingMeter(), keeper or MemoryKeeper()
    return open_collector(
        platform,
        client=client,
        base_url=base_url,
        credential=credential,
        meter=meter,
        keeper=keeper,
        now=lambda: NEWEST,
    )
