"""Mastodon's stream: where the token may go, and what is made of its events."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.analysis.tags import normal
from collectors import mastodon_stream
from collectors.errors import Malformed, Refused
from collectors.mastodon_server import Facts
from collectors.mastodon_stream import Ear
from collectors.streaming import Heard, Removed, Tags

NOW = datetime(2026, 8, 2, 5, 26, tzinfo=UTC)


def said(event: str, payload: Any) -> bytes:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return json.dumps({"stream": ["hashtag", "farm"], "event": event, "payload": text}).encode()


def status(**more: Any) -> dict[str, Any]:
    return {
        "id": "117024248092393661", "created_at": "2026-08-02T05:25:16.840Z", "uri": "https://a.example/1",
        "content": "<p>so #Farm</p>", "tags": [{"name": "farm"}], "favourites_count": 0, "visibility": "public",
        "reblog": None, "account": {"id": "1", "url": "https://a.example/@ann", "followers_count": 7}, **more,
    }  # fmt: skip


def heard(*messages: bytes, tags: tuple[str, ...] = ("farm",)) -> Heard:
    one = Ear(Tags(tags, normal), lambda: NOW)
    one.hear(messages)
    told = one.told()
    assert told
    return told


def test_posts_edits_and_deletions() -> None:
    found = heard(
        said("update", status()), said("update", status(uri="https://a.example/2", tags=[{"name": "farms"}])),
        said("status.update", status(edited_at="2026-08-02T05:25:20.000Z", content="<p>new #Farm</p>")),
        said("delete", "117024248092393661"), said("delete", "no snowflake"), said("notification", "{}"), b"{}",
        said("update", status(uri="https://a.example/3", reblog={"id": "9"})),
    )  # fmt: skip
    assert [(post.native_id, post.text, bool(post.edited_at)) for post in found.posts] == [
        ("https://a.example/1", "new #Farm", True)
    ]
    assert found.posts[0].author
    assert (found.posts[0].engagement.likes, found.posts[0].author.followers) == (0, 7)
    written = datetime(2026, 8, 2, 5, 25, 16, 839_000, tzinfo=UTC)  # by the id, which is a thousandth off
    assert found.removed == (
        Removed(local_id="117024248092393661", at=written), Removed(local_id="no snowflake"),
    )  # fmt: skip
    assert (found.begins, found.reached, found.cursor, found.skipped) == (NOW, NOW, None, ())


def test_a_sign_of_life_is_heard_and_silence_is_not() -> None:
    assert Ear(Tags([], normal), lambda: NOW).told() is None
    assert heard().reached == NOW


def test_what_cannot_be_read_is_named() -> None:
    found = heard(b"", b"[]", said("update", "{"), said("update", status(uri=None)), said("update", status()))
    assert (len(found.posts), len(found.skipped)) == (1, 4)
    with pytest.raises(Malformed):
        heard(*[b"<html>"] * 300)
    with pytest.raises(Refused, match="no such stream"):
        heard(b'{"error":"no such stream"}')


@pytest.mark.parametrize(
    ("base", "named", "url"),
    [
        ("https://m.example", "wss://m.example", "wss://m.example"),
        ("https://m.example", "wss://streaming.m.example", "wss://streaming.m.example"),
        ("http://127.0.0.1:99", "http://127.0.0.1:98", "ws://127.0.0.1:98"),
    ],
)
def test_the_token_goes_to_the_server_itself_or_a_part_of_it(base: str, named: str, url: str) -> None:
    assert mastodon_stream.address(Facts("mastodon", "4.5", "m.example", streaming=named), httpx.URL(base)) == url


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("mastodon", "wss://evil.example"), ("mastodon", "wss://m.example.evil.example"),
        ("mastodon", "wss://evilm.example"), ("mastodon", "ws://m.example"), ("mastodon", "//m.example"),
        ("gotosocial", "wss://m.example"), ("mastodon", None),
    ],
)  # fmt: skip
def test_and_to_nobody_else(kind: str, named: str | None) -> None:
    with pytest.raises(Refused):
        mastodon_stream.address(Facts(kind, "4.5", "m.example", streaming=named), httpx.URL("https://m.example"))


def test_a_recorded_event_is_read(shared: Path) -> None:
    lines = (shared / "platforms/recorded/mastodon/stream_user_sse.txt").read_text().splitlines()
    data = next(line.removeprefix("data: ") for line in lines if line.startswith("data: "))
    found = heard(said("update", data))
    assert (found.posts, found.skipped) == ((), ())
