"""People's channels: the same event, in two languages, through the same outbox and the same guard."""

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.alerts import channels, payload
from app.alerts.letters import Letter
from app.alerts.payload import TYPES
from app.alerts.words import LANGUAGES, Text, told
from app.db.engine import Database
from app.main import create_app
from app.models import Endpoint, Idempotency
from app.settings import Settings
from tests.alerts.outbox import BASE, SAID, office
from tests.alerts.receiver import receiver
from tests.alerts.test_payload import AT, example
from tests.api.conftest import KEY, client_of
from tests.clocks import FakeClock

TEXT = told(json.loads(example("alert.firing")), "en")
WHOLE = (
    "#example: Spikes\n412 posts in 15 min, usually 31.5, not all was observed\nhttps://watch.example/hashtags/example"
)


def _letter(url: str, text: Text = TEXT) -> Letter:
    letter = channels.read(url).letter(text, "msg_1", "2026-01-01T00:00:00Z")
    assert isinstance(letter, Letter)
    return letter


@pytest.mark.parametrize(
    ("url", "called", "method", "body"),
    [
        ("slack://T0/B0/xyz", "https://hooks.slack.com/services/T0/B0/xyz", "POST",
         {"text": WHOLE, "unfurl_links": False}),
        ("discord://42/to-ken", "https://discord.com/api/webhooks/42/to-ken", "POST",
         {"content": WHOLE, "allowed_mentions": {"parse": []}}),
        ("tgram://123:abc/-100", "https://api.telegram.org/bot123:abc/sendMessage", "POST",
         {"chat_id": "-100", "text": WHOLE, "disable_web_page_preview": True}),
        ("ntfys://ntfy.sh/farm", "https://ntfy.sh/", "POST",
         {"topic": "farm", "title": TEXT.title, "message": TEXT.detail, "click": TEXT.link}),
        ("matrixs://tok@m.example:8443/!room:m.example",
         "https://m.example:8443/_matrix/client/v3/rooms/%21room%3Am.example/send/m.room.message/msg_1", "PUT",
         {"msgtype": "m.text", "body": WHOLE}),
    ],
)  # fmt: skip
def test_each_channel_takes_one_request(url: str, called: str, method: str, body: dict[str, object]) -> None:
    letter = _letter(url)
    assert (letter.url, letter.method, json.loads(letter.body)) == (called, method, body)


def test_teams_takes_a_card() -> None:
    letter = _letter("workflows://prod.example:443/abc/s-ig")
    assert letter.url.startswith("https://prod.example:443/workflows/abc/triggers/manual/paths/invoke?")
    assert letter.url.endswith("&sig=s-ig")
    (card,) = json.loads(letter.body)["attachments"]
    assert [line["text"] for line in card["content"]["body"]] == WHOLE.split("\n")


def test_what_strangers_wrote_names_nobody_and_makes_no_link() -> None:
    evil = replace(SAID, subject={"hashtag": "<!channel> <https://evil.example|x>"})
    text = told(json.loads(payload.body("alert.firing", AT, evil, BASE)), "en")
    assert "<" not in json.loads(_letter("slack://a/b/c", text).body)["text"]


@pytest.mark.parametrize(
    "url",
    [
        "slack://a/b",
        "discord://a",
        "tgram://a",
        "ntfy://",
        "matrix://host/!room",
        "matrix://t@host/#room",
        "mailto://a",
    ],
)
def test_an_address_that_is_not_right_says_how_it_is_written(url: str) -> None:
    with pytest.raises(ValueError, match=r"is written|must begin with"):
        channels.read(url)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", TYPES)
def test_every_type_has_its_words(kind: str, language: str) -> None:
    text = told(json.loads(example(kind)), language)
    assert text.title
    assert "{" not in text.whole


def test_french_is_french() -> None:
    text = told(json.loads(example("alert.escalated")), "fr")
    assert text.title == "#example : Spikes, le double du pic précédent"
    assert text.detail == "412 publications en 15 min, d’habitude 31,5, tout n’a pas été observé"


async def test_a_channel_is_told_through_the_outbox_and_its_address_lies_sealed(db: Database, clock: FakeClock) -> None:
    async with office(db, clock, key=KEY) as ours, receiver() as theirs:
        host = theirs.url.removeprefix("http://").removesuffix("/hook")
        async with client_of(create_app(ours.settings, db, clock)) as api:
            made = await _made(api, {"name": "team", "url": f"ntfy://to-ken@{host}/farm", "language": "fr"})
            assert (made["kind"], made["url"], made["secret"]) == ("ntfy", f"ntfy://{host}/farm", None)
            matrix = await _made(api, {"name": "room", "url": f"matrix://se-cret@{host}/!room:m.example"})
            assert (await api.post(f"/endpoints/{matrix['id']}/rotate")).status_code == 409
            tested = (await api.post(f"/endpoints/{matrix['id']}/test")).json()
            assert (tested["status"], tested["problem"]) == (204, None)
            moved = await api.patch(f"/endpoints/{made['id']}", json={"url": theirs.url})
            assert moved.json()["errors"][0]["field"] == "url"
        message = await ours.say()
        await ours.tick()
        put, *rest = theirs.came
        assert put.path.startswith("/_matrix/client/v3/rooms/")
        assert json.loads(put.body)["body"] == "A test for room"
        (ntfy,) = [one for one in rest if one.path == "/"]
        assert ntfy.headers["authorization"] == "Bearer to-ken"
        assert "publications" in json.loads(ntfy.body)["message"]
        assert "webhook-signature" not in ntfy.headers
        assert any(one.path.endswith(message) for one in rest)
        async with db.read() as session:
            rows = (await session.execute(select(Endpoint.url, Endpoint.url_sealed))).all()
            kept = (await session.execute(select(Idempotency.answer))).scalars().all()
        assert not any(word in f"{rows}{kept}" for word in ("to-ken", "se-cret"))


async def _made(api: httpx.AsyncClient, asked: dict[str, str]) -> dict[str, Any]:
    answer = await api.post("/endpoints", json=asked, headers={"Idempotency-Key": asked["name"]})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_channel_inside_is_refused_and_its_secret_not_said_back(db: Database, clock: FakeClock) -> None:
    app = create_app(Settings(_env_file=None, database_url=db.url, secret_key=KEY), db, clock)
    async with client_of(app) as api:
        for url in ("ntfy://to-ken@127.0.0.1/farm", "matrix://to-ken@192.168.0.1/!r:x", "slack://to-ken"):
            answer = await api.post("/endpoints", json={"name": "x", "url": url})
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "url")
            assert "to-ken" not in answer.text
        slack = await api.post("/endpoints", json={"name": "x", "url": "https://hooks.slack.com/services/a/b/c"})
        assert "slack://" in slack.json()["errors"][0]["message"]
