"""Each recorded answer of the two platforms, replayed with status, headers and body: right values, or a typed error.

They lie beside the clone, in the folder that GROUNDSWELL_SHARED names; only these tests may be skipped without it.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from collectors import bluesky_view, mastodon_status
from collectors.bluesky_session import _session_rates
from collectors.errors import CollectorError, Malformed, RateLimited, Refused, Unauthorized, Unavailable
from collectors.http import Http
from collectors.mastodon_server import read_facts
from collectors.posts import Page, Post
from collectors.rates import iso_reset, unix_reset
from tests.collectors.stage import CountingMeter, opened

FOLDER = os.environ.get("GROUNDSWELL_SHARED")
BASE = "https://recorded.example"
# Of the connection that they came over, not of the answer.
HOPS = {"connection", "content-length", "content-encoding", "transfer-encoding", "keep-alive"}


@dataclass(frozen=True)
class Recorded:
    name: str
    method: str
    path: str
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def response(self) -> httpx.Response:
        kept = [(name, value) for name, value in self.headers if name.lower() not in HOPS]
        return httpx.Response(self.status, headers=kept, content=self.body)


def recorded(*folders: str, only: Callable[[Recorded], bool] = lambda _: True) -> list[Any]:
    if not FOLDER:
        return [
            pytest.param(
                None, marks=pytest.mark.skip(reason="GROUNDSWELL_SHARED names no folder with recorded answers")
            )
        ]
    paths = [path for folder in folders for path in sorted((Path(FOLDER) / "platforms" / folder).glob("*.json"))]
    answers = [answer for path in paths if not path.name.endswith(".meta.json") and (answer := _read(path))]
    return [pytest.param(answer, id=answer.name) for answer in answers if only(answer)]


def _read(path: Path) -> Recorded | None:
    held = json.loads(path.read_text(encoding="utf-8"))
    name = f"{path.parent.name}/{path.stem}"
    meta_file = path.with_suffix(".meta.json")
    if isinstance(held, dict) and "request" in held and "status" in held:
        request, status, headers = held["request"], held["status"], [(k, v) for k, v in held["headers"]]
        text = held.get("body_text")
        body = text.encode() if held.get("body") is None and text is not None else json.dumps(held.get("body")).encode()
    elif isinstance(held, dict) and "examples" in held:
        return None  # events of a stream
    else:
        meta = json.loads(meta_file.read_text(encoding="utf-8")) if meta_file.exists() else {}
        request = meta.get("request", {"method": "GET", "url": f"{BASE}/{path.stem}"})
        status, headers = meta.get("status", 200), list(meta.get("headers", {}).items())
        body = path.read_bytes()
    url = httpx.URL(request["url"])
    return Recorded(name, request["method"], url.raw_path.decode(), status, headers, body)


MASTODON = ("recorded/mastodon", "recorded/gotosocial", "live/gotosocial", "live/takahe")
BLUESKY = ("recorded/bluesky", "live/bluesky")

BY_STATUS: dict[int, type[CollectorError]] = {
    400: Refused,
    401: Unauthorized,
    403: Unauthorized,
    404: Refused,
    405: Refused,
    422: Refused,
    429: RateLimited,
    500: Unavailable,
    501: Refused,
    502: Unavailable,
}


@pytest.mark.parametrize("answer", recorded(*MASTODON, *BLUESKY))
async def test_each_is_an_answer_or_a_typed_error(
    answer: Recorded, client: httpx.AsyncClient, router: respx.Router
) -> None:
    router.route(host="recorded.example").mock(return_value=answer.response())
    rates = unix_reset("calls") if "bluesky" in answer.name else iso_reset("calls")
    meter = CountingMeter()
    http = Http(client, BASE, meter, rates)
    call = http.get(answer.path) if answer.method == "GET" else http.post(answer.path, {})
    if answer.status == 200:
        assert (await call).body == answer.body
    else:
        with pytest.raises(BY_STATUS[answer.status]) as caught:
            await call
        assert "<" not in str(caught.value)  # no HTML in what is shown
    names = {name.lower() for name, _ in answer.headers}
    assert len(meter.heard) == bool(names & {"x-ratelimit-limit", "ratelimit-limit"})
    for told in meter.heard:
        assert told.limit is not None
        assert told.remaining is not None
        assert told.resets_at is not None
        assert 2024 < told.resets_at.year < 2027


@pytest.mark.parametrize(
    "answer", recorded(*MASTODON, only=lambda a: a.method == "GET" and "/timelines/tag/" in a.path)
)
async def test_a_tag_timeline_of_each_server(answer: Recorded, client: httpx.AsyncClient, router: respx.Router) -> None:
    router.get(path__regex="/timelines/tag/").mock(return_value=answer.response())
    router.get(path="/api/v2/instance").respond(404)
    router.get(path="/api/v1/instance").respond(json={"version": "4.2.0", "uri": "recorded.example"})
    collector = opened("mastodon", client, BASE)
    page = None
    try:
        page = await anext(collector.search("farmlaunch"))
    except CollectorError as error:
        assert type(error) is _expected(answer), f"{answer.name}: {error!r}"  # noqa: PT017
    if answer.status == 200:
        assert page is not None
        _same_statuses(page.posts, answer.json)
        assert page.skipped == ()
        assert page.cursor == (answer.json[-1]["id"] if answer.json else None)
    elif answer.status == 404 and "gotosocial" in answer.name:
        assert page == Page((), None)
    else:
        assert page is None


def _expected(answer: Recorded) -> type[CollectorError]:
    if answer.status == 400 and "takahe" in answer.name:
        return Unauthorized  # its way to say that it does not know the token
    return BY_STATUS[answer.status]


def _same_statuses(posts: tuple[Post, ...], shown: list[Any]) -> None:
    assert [post.native_id for post in posts] == [status["uri"] for status in shown]
    for post, status in zip(posts, shown, strict=True):
        got = post.engagement
        assert (got.likes, got.reposts, got.replies) == tuple(
            status[f"{name}_count"] for name in ("favourites", "reblogs", "replies")
        )
        assert got.quotes == status.get("quotes_count")
        assert (got.views, got.bookmarks) == (None, None)
        assert post.local_id == status["id"]
        assert post.created_at == datetime.fromisoformat(status["created_at"])
        assert [tag.lower() for tag in post.tags] == [tag["name"].lower() for tag in status["tags"]]
        assert post.author is not None
        assert post.author.followers == status["account"]["followers_count"]
        assert post.author.native_id == status["account"]["url"]
        assert "@" in (post.author.handle or "")
        assert post.text is None or "<" not in post.text


def a_list_of_statuses(answer: Recorded) -> bool:
    names = ("account_statuses", "public_timeline", "hashtag_", "tag_")
    return answer.name.split("/")[1].startswith(names) and answer.status == 200 and answer.body[:1] == b"["


@pytest.mark.parametrize("answer", recorded(*MASTODON, only=a_list_of_statuses))
def test_a_list_of_statuses_is_read_whole_but_for_boosts(answer: Recorded) -> None:
    _same_statuses(
        mastodon_status.read_page(answer.body), [status for status in answer.json if status.get("reblog") is None]
    )


@pytest.mark.parametrize("answer", recorded(*MASTODON, only=lambda a: "/status_" in a.name))
async def test_one_status_read_again(answer: Recorded, client: httpx.AsyncClient, router: respx.Router) -> None:
    """By the fallback: none of these servers takes many ids at once."""
    router.get(path="/api/v1/statuses").respond(405, text="Method Not Allowed")
    router.get(path__regex="^/api/v1/statuses/").mock(return_value=answer.response())
    collector = opened("mastodon", client, BASE)
    if answer.status == 404:
        assert (await collector.look(["1"])).absent == {"1"}
    elif answer.status >= 500:
        # One post that a server cannot show says nothing of the others; three in a row say that it is down.
        looked = await collector.look(["1"])
        assert (looked.posts, looked.absent, len(looked.skipped)) == ((), frozenset(), 1)
        with pytest.raises(Unavailable):
            await collector.look(["1", "2", "3"])
    elif answer.status != 200:
        with pytest.raises(BY_STATUS[answer.status]):
            await collector.look(["1"])
    elif isinstance(answer.json, dict) and "uri" in answer.json:
        looked = await collector.look([answer.json["id"]])
        dated = answer.json["created_at"][:2] == "20"  # GoToSocial's own tests hold one of "right the hell just now"
        public = answer.json["visibility"] == "public"
        _same_statuses(looked.posts, [answer.json] if dated and public else [])
        assert looked.absent == frozenset()
        assert len(looked.skipped) == (not dated)
    else:
        assert (await collector.look(["1"])).posts == ()  # another endpoint's answer is no status
        assert len((await collector.look(["1"])).skipped) == 1


@pytest.mark.parametrize("answer", recorded(*MASTODON, only=lambda a: "/account" in a.name))
async def test_accounts_read_again(answer: Recorded, client: httpx.AsyncClient, router: respx.Router) -> None:
    many = isinstance(answer.json, list) if answer.body[:1] in b"[{" else False
    router.get(path="/api/v1/accounts").mock(return_value=answer.response() if many else httpx.Response(405))
    router.get(path__regex="^/api/v1/accounts/").mock(return_value=answer.response())
    collector = opened("mastodon", client, BASE)
    if answer.status == 200 and not many:
        looked = await collector.accounts([answer.json["id"]])
        assert [(a.local_id, a.followers) for a in looked.accounts] == [
            (answer.json["id"], answer.json["followers_count"])
        ]
    elif answer.status == 200 and "accounts_batch" in answer.name:
        ids = [account["id"] for account in answer.json]
        looked = await collector.accounts([*ids, "7"])
        assert [a.local_id for a in looked.accounts] == ids
        assert looked.absent == {"7"}
    elif answer.status == 404:
        assert (await collector.accounts(["1"])).absent == {"1"}
    elif answer.status != 200:
        with pytest.raises(BY_STATUS[answer.status]):
            await collector.accounts(["1"])


@pytest.mark.parametrize("answer", recorded(*MASTODON, only=lambda a: "/api/v1/tags/" in a.path))
async def test_the_servers_own_counts(answer: Recorded, client: httpx.AsyncClient, router: respx.Router) -> None:
    router.get(path__regex="^/api/v1/tags/").mock(return_value=answer.response())
    collector = opened("mastodon", client, BASE)
    if answer.status == 401:
        with pytest.raises(Unauthorized):
            await collector.counts("x")
        return
    counts = await collector.counts("x")
    history = answer.json["history"] if answer.status == 200 else []
    assert [(int(c.start.timestamp()), c.posts, c.authors) for c in counts] == sorted(
        (int(day["day"]), int(day["uses"]), int(day["accounts"])) for day in history
    )


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("live/gotosocial", "gotosocial"), ("live/takahe", "takahe"), ("recorded/mastodon", "mastodon")],
)
async def test_what_a_server_says_of_itself(
    folder: str, kind: str, client: httpx.AsyncClient, router: respx.Router
) -> None:
    if not FOLDER:
        pytest.skip("GROUNDSWELL_SHARED names no folder with recorded answers")
    for answer in [param.values[0] for param in recorded(folder)]:
        if "/instance_v" in answer.name:
            router.get(path=answer.path.rstrip("/")).mock(return_value=answer.response())
    facts = await read_facts(Http(client, BASE, CountingMeter(), iso_reset("calls")))
    assert facts.kind == kind


def views(key: str) -> list[Any]:
    """Answers that hold a list of posts or of profiles."""
    return recorded(*BLUESKY, only=lambda a: a.status == 200 and isinstance(a.json, dict) and key in a.json)


@pytest.mark.parametrize("answer", views("posts"))
def test_bluesky_posts(answer: Recorded) -> None:
    posts, cursor, skipped = bluesky_view.read_posts(answer.body)
    assert skipped == ()
    assert cursor == answer.json.get("cursor")
    assert [post.native_id for post in posts] == [view["uri"] for view in answer.json["posts"]]
    for post, view in zip(posts, answer.json["posts"], strict=True):
        got = post.engagement
        assert (got.likes, got.reposts, got.replies, got.quotes, got.bookmarks) == tuple(
            view.get(f"{name}Count") for name in ("like", "repost", "reply", "quote", "bookmark")
        )
        dates = [datetime.fromisoformat(view["indexedAt"]), datetime.fromisoformat(view["record"]["createdAt"])]
        assert post.created_at == min(dates)
        assert post.author is not None
        assert (post.author.native_id, post.author.followers) == (view["author"]["did"], None)
        assert post.text == (view["record"]["text"] or None)
        features = [f for facet in view["record"].get("facets", []) for f in facet["features"]]
        tags = [f["tag"] for f in features if f["$type"].endswith("#tag")] + view["record"].get("tags", [])
        assert list(post.tags) == list(dict.fromkeys(tags))


@pytest.mark.parametrize("answer", views("profiles"))
def test_bluesky_profiles(answer: Recorded) -> None:
    accounts, skipped = bluesky_view.read_profiles(answer.body)
    assert skipped == ()
    assert {a.native_id: (a.followers, a.posts, a.handle) for a in accounts} == {
        p["did"]: (p["followersCount"], p["postsCount"], p["handle"]) for p in answer.json["profiles"]
    }
    assert len(accounts) == len({p["did"] for p in answer.json["profiles"]})


@pytest.mark.parametrize("answer", recorded(*BLUESKY, only=lambda a: "searchPosts" in a.path))
async def test_a_bluesky_search(answer: Recorded, client: httpx.AsyncClient, router: respx.Router) -> None:
    """Without a login: what a first call gives, or how it fails."""
    router.get(path__regex="searchPosts").mock(return_value=answer.response())
    router.get(path__regex="getProfiles").respond(500)
    router.post(path__regex="searchPosts").mock(return_value=answer.response())
    collector = opened("bluesky", client, BASE, secret=None)
    if answer.status != 200:
        with pytest.raises(BY_STATUS[answer.status]):
            await anext(collector.search("farmlaunch"))
        return
    page = await anext(collector.search("farmlaunch"))
    assert [post.native_id for post in page.posts] == [view["uri"] for view in answer.json["posts"]]
    assert (page.cursor is None) == (not answer.json["posts"])


@pytest.mark.parametrize("answer", recorded(*BLUESKY, only=lambda a: "createSession" in a.path))
async def test_a_bluesky_login(answer: Recorded, client: httpx.AsyncClient, router: respx.Router) -> None:
    router.post(path__regex="createSession").mock(return_value=answer.response())
    router.get(path__regex="searchPosts").respond(json={"posts": []})
    meter = CountingMeter()
    collector = opened("bluesky", client, BASE, meter=meter)
    if answer.status == 200:
        assert (await anext(collector.search("x"))).posts == ()
    else:
        with pytest.raises(BY_STATUS[answer.status]):
            await anext(collector.search("x"))
    told = meter.heard[0]
    assert told == _session_rates(answer.response().headers)
    assert told.name == ("session-day" if told.limit == 10 else "session")


@pytest.mark.parametrize("answer", recorded(*MASTODON, *BLUESKY))
def test_the_wrong_answer_is_malformed_or_nothing_at_all(answer: Recorded) -> None:
    """A reader given another endpoint's body never crashes, and never makes up a post."""
    for read in (mastodon_status.read_page, bluesky_view.read_page):
        try:
            posts = read(answer.body)
        except Malformed:
            continue
        held = answer.json if isinstance(answer.json, list) else answer.json.get("posts", [])
        assert len(posts) <= len(held)
