"""What a server that speaks Mastodon's API is, and what its tag timelines and its ids allow."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from collectors.errors import CollectorError, Malformed, Refused, Unauthorized
from collectors.http import Http
from collectors.posts import Post
from collectors.reading import Reader

NEED_TOKEN = frozenset({"gotosocial", "takahe", "pixelfed"})

_COMPATIBLE = re.compile(r"\(compatible; ([A-Za-z]+)")  # 2.7.2 (compatible; Akkoma 3.13.2)
_GOTOSOCIAL = re.compile(r"\+\d+\.\d+\.\d+|\+git")  # 3.5.3+0.20.0-git57cb4fe
_SLASHED = re.compile(r"([a-z]+)/")  # takahe/0.11.0


class Access(msgspec.Struct, frozen=True):
    local: str | None = None
    remote: str | None = None


class _Timelines(msgspec.Struct):
    hashtag_feeds: Access | None = None


class _Urls(msgspec.Struct):
    streaming: str | None = None


class _Configuration(msgspec.Struct):
    timelines_access: _Timelines | None = None
    urls: _Urls | None = None


class _Instance(msgspec.Struct):
    """Of v2 and v1 both: the second says `uri` where the first says `domain`."""

    version: str
    domain: str | None = None
    uri: str | None = None
    source_url: str | None = None
    configuration: _Configuration | None = None


class _Software(msgspec.Struct):
    name: str
    version: str


class _NodeInfo(msgspec.Struct):
    software: _Software


class Facts(msgspec.Struct, frozen=True):
    """What the server says of itself. `feeds` tells who may read tag timelines; most servers do not say."""

    kind: str
    version: str
    domain: str
    feeds: Access = Access()
    streaming: str | None = None

    def refuse(self, with_token: bool) -> None:
        """Raise where its tag timelines cannot be read: an empty page would look like a tag that nobody uses."""
        said = {self.feeds.local, self.feeds.remote}
        if said == {"disabled"}:
            raise Refused(f"{self.domain} has switched its hashtag timelines off: its answers are empty for every tag")
        if not with_token and (self.kind in NEED_TOKEN or "authenticated" in said):
            raise Unauthorized(f"{self.domain} ({self.kind}) shows hashtags to its users only: give a user's token")


_INSTANCE, _NODEINFO = Reader(_Instance), Reader(_NodeInfo)


async def read_facts(http: Http) -> Facts:
    """From v2, or v1 where v2 is missing or broken (Takahe: 500), or the server's node information."""
    failure: CollectorError | None = None
    for path in ("/api/v2/instance", "/api/v1/instance", "/nodeinfo/2.0"):
        answer = await http.get(path, expect=range(400, 600))
        if answer.status in (401, 403, 429):
            raise http.failure(answer)
        if answer.status == 200:
            try:
                return _nodeinfo(answer.body, http) if "nodeinfo" in path else _facts(answer.body, http)
            except Malformed as error:
                failure = failure or error
        else:
            failure = failure or http.failure(answer)
    raise failure or Malformed(f"{http.base.host} says nothing of itself")


def _facts(body: bytes, http: Http) -> Facts:
    read = _INSTANCE.one(body)
    access = read.configuration and read.configuration.timelines_access
    feeds = (access and access.hashtag_feeds) or Access()
    urls = read.configuration.urls if read.configuration else None
    streaming = urls.streaming if urls else None
    return Facts(_kind(read), read.version, read.domain or read.uri or http.base.host, feeds, streaming)


def _nodeinfo(body: bytes, http: Http) -> Facts:
    software = _NODEINFO.one(body).software
    return Facts(software.name.lower(), software.version, http.base.host)


def _kind(read: _Instance) -> str:
    if named := _COMPATIBLE.search(read.version) or _SLASHED.match(read.version):
        return named[1].lower()
    if _GOTOSOCIAL.search(read.version) or "gotosocial" in (read.source_url or ""):
        return "gotosocial"
    return "mastodon"


def _snowflake(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000) << 16)


def _ulid(moment: datetime) -> str:
    milliseconds = int(moment.timestamp() * 1000)
    return "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[milliseconds >> 5 * n & 31] for n in range(9, -1, -1)) + "0" * 16


SCHEMES: tuple[Callable[[datetime], str], ...] = (_snowflake, _ulid)


def id_before(until: datetime, sample: Post) -> str | None:
    """The id from which a walk meets the posts before `until`; None where this server's ids do not tell the time.

    Proved on a post at hand: its id must lie where its date says, by Mastodon's rule or by GoToSocial's. Ids stay text:
    of the same length, they sort as they are.
    """
    day = timedelta(days=1)
    for scheme in SCHEMES:
        low, high = scheme(sample.created_at - day), scheme(sample.created_at + day)
        if sample.local_id and len(low) == len(sample.local_id) == len(high) and low <= sample.local_id <= high:
            return scheme(until)
    return None
