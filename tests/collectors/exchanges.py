"""Saved exchanges of a platform, played back: what a platform answers is a folder, not a stage.

A folder `saved/<platform>` holds `platform.json` and one file for each exchange:
`{"request": {"method", "path", "params", "json", "form"}, "status", "headers", "body"}`. `path` is what follows the
base URL; what `params`, `json` and `form` name must be asked for so, and the file that names the most of it answers.

`platform.json`: `base_url`, `tag`, `secret`, `identifier`; `search` {posts, pages}, `look` and `accounts` (ids asked
for), `absent` and `absent_accounts` (those of them that are not there), `counts` (how many buckets); and where it must
be so: `survives` (exchanges that may fail without the call failing), `secret_in_url`.
"""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx

from collectors import PLATFORMS, open_collector
from collectors.contract import Counts, Credential, ReadsAccounts, Refreshes
from collectors.posts import Account, CountBucket, Page, Post
from tests.collectors.stage import NEWEST, SAVED, CountingMeter, MemoryKeeper

MOST_PAGES = 20
FOLDERS = sorted(path.parent.name for path in SAVED.glob("*/platform.json") if path.parent.name in PLATFORMS)


@dataclass(frozen=True)
class Exchange:
    name: str
    method: str
    path: str
    asks: tuple[tuple[str, str, Any], ...]  # where ("params", "json", "form"), what, which value
    status: int
    headers: Mapping[str, str]
    content: bytes

    def fits(self, request: httpx.Request, prefix: str) -> int | None:
        """How much of the request it names, or None where it is another one."""
        if request.method != self.method or request.url.path not in (self.path, prefix + self.path):
            return None
        said = {"params": request.url.params, "json": _json(request), "form": dict(parse_qsl(_text(request)))}
        fits = all(_says(said[where], what, wanted) for where, what, wanted in self.asks)
        return len(self.asks) if fits else None

    def response(self) -> httpx.Response:
        return httpx.Response(self.status, headers=dict(self.headers), content=self.content)


def _says(said: Any, what: str, wanted: Any) -> bool:
    if isinstance(said, httpx.QueryParams):
        return said.get_list(what) == (list(map(str, wanted)) if isinstance(wanted, list) else [str(wanted)])
    return isinstance(said, dict) and what in said and said[what] == wanted


def _text(request: httpx.Request) -> str:
    return request.content.decode("utf-8", "replace")


def _json(request: httpx.Request) -> Any:
    try:
        return json.loads(request.content)
    except ValueError:
        return None


def _read(path: Path) -> Exchange:
    held = json.loads(path.read_text(encoding="utf-8"))
    request, body = held["request"], held.get("body")
    asks = [
        (where, what, wanted) for where in ("params", "json", "form") for what, wanted in request.get(where, {}).items()
    ]
    content = body.encode() if isinstance(body, str) else b"" if body is None else json.dumps(body).encode()
    return Exchange(
        path.stem,
        request.get("method", "GET"),
        request["path"],
        tuple(asks),
        held.get("status", 200),
        held.get("headers", {}),
        content,
    )


@cache
def saved_platform(name: str) -> "SavedPlatform":
    folder = SAVED / name
    said = json.loads((folder / "platform.json").read_text(encoding="utf-8"))
    return SavedPlatform(name, said, [_read(path) for path in sorted(folder.glob("*.json")) if path.stem != "platform"])


class SavedPlatform:
    """Exchanges, and what they are said to give."""

    def __init__(self, name: str, said: dict[str, Any], exchanges: Sequence[Exchange]) -> None:
        self.name, self.said, self.exchanges = name, said, exchanges
        self.base: str = said["base_url"]
        self.secret: str | None = said.get("secret")

    def opened(self, client: httpx.AsyncClient, meter: CountingMeter | None = None) -> Any:
        credential = Credential(self.secret, self.said.get("identifier")) if self.secret else None
        return open_collector(
            self.name,
            client=client,
            base_url=self.base,
            credential=credential,
            meter=meter or CountingMeter(),
            keeper=MemoryKeeper(),
            now=lambda: NEWEST,
        )

    def ids(self, name: str, batch: int) -> list[list[str]]:
        ids = self.said.get(name, [])
        return [ids[start : start + batch] for start in range(0, len(ids), max(batch, 1))]


class Played:
    """Answers for a platform. `instead` maps an exchange's name to what is answered in its place."""

    def __init__(self, platform: SavedPlatform, *, strict: bool = True) -> None:
        self.platform, self.strict = platform, strict
        self.instead: dict[str, httpx.Response] = {}
        self.touched: list[str] = []
        self._prefix = httpx.URL(platform.base).path.rstrip("/")
        self.requests: list[httpx.Request] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        fits = [(fit, one) for one in self.platform.exchanges if (fit := one.fits(request, self._prefix)) is not None]
        if not fits or request.url.host != httpx.URL(self.platform.base).host:
            assert not self.strict, f"no saved exchange for {request.method} {request.url} {request.content!r}"
            return again(httpx.Response(404, json={"error": "not here"}))
        best = max(fits, key=lambda one: one[0])[1]
        self.touched.append(best.name)
        return again(self.instead.get(best.name) or best.response())


def again(response: httpx.Response) -> httpx.Response:
    """A response is used up by being read: the same one anew."""
    return httpx.Response(response.status_code, headers=response.headers.raw, stream=httpx.ByteStream(_wire(response)))


def _wire(response: httpx.Response) -> bytes:
    stream = response.stream
    assert isinstance(stream, httpx.ByteStream)
    return b"".join(stream)


@dataclass
class Given:
    """What a collector gave of all that it offers."""

    pages: Sequence[Page] = ()
    posts: Sequence[Post] = ()
    accounts: Sequence[Account] = ()
    counts: Sequence[CountBucket] = ()
    absent: frozenset[str] = frozenset()
    skipped: tuple[str, ...] = ()
    facts: Mapping[str, str] | None = None


async def call(what: str, platform: SavedPlatform, collector: Any, cursor: str | None = None) -> Given:
    """One of "check", "search", "look", "accounts", "counts", as the app would call it."""
    match what:
        case "check":
            return Given(facts=await collector.check())
        case "search":
            return Given(await walked(collector.search(platform.said["tag"], cursor=cursor)))
        case "counts":
            return Given(counts=await collector.counts(platform.said["tag"]))
    batch = collector.offer.batch_size if what == "look" else collector.offer.accounts_batch
    looked = [await getattr(collector, what)(ids) for ids in platform.ids(what, batch)]
    return Given(
        posts=[post for one in looked for post in one.posts],
        accounts=[account for one in looked for account in one.accounts],
        absent=frozenset().union(*(one.absent for one in looked)),
        skipped=tuple(reason for one in looked for reason in one.skipped),
    )


async def walked(pages: AsyncGenerator[Page, None]) -> list[Page]:
    """All of them, unless a server that was spoilt goes on for ever."""
    got: list[Page] = []
    async with aclosing(pages):
        async for page in pages:
            got.append(page)
            if len(got) >= MOST_PAGES:
                break
    return got


def calls_of(collector: Any) -> list[str]:
    """What may be called of it; who finds posts by hashtag is asked for in all cases."""
    offered = {"look": Refreshes, "accounts": ReadsAccounts, "counts": Counts}
    return ["check", "search", *(name for name, kind in offered.items() if isinstance(collector, kind))]
