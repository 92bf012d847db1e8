"""People's channels: addresses as Apprise writes them, and the one request by which each takes a message.

The request is written here and not by Apprise's own plug-ins, so that it goes through the guard (docs/decisions/0013).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from app.alerts import mail
from app.alerts.letters import Letter
from app.alerts.mail import Mailbox
from app.alerts.words import Text

_JSON = {"Content-Type": "application/json", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Channel:
    """`url` is called and holds secrets; `shown` holds none. `fill` makes the body, `headers` may hold a token."""

    kind: str
    url: str
    shown: str
    fill: Callable[[Text], Mapping[str, Any]]
    headers: Mapping[str, str]
    method: str = "POST"

    def letter(self, text: Text, message_id: str, _at: str) -> Letter:
        body = json.dumps(self.fill(text), ensure_ascii=False).encode()
        return Letter(self.url.replace("{id}", message_id), _JSON | dict(self.headers), body, self.method)


def read(url: str) -> Channel | Mailbox:
    """ValueError says how such an address is written."""
    try:
        parts = urlsplit(url)
    except ValueError:  # its words would show the secret
        raise ValueError("is not an address: its host is not written as one") from None
    known = _KINDS.get(parts.scheme)
    if known is None:
        raise ValueError(f"must begin with https://, or with one of {', '.join(f'{name}://' for name in _KINDS)}")
    made, pattern = known
    pieces = [piece for piece in (parts.netloc, *parts.path.split("/")) if piece]
    try:
        return made(parts, pieces)
    except (ValueError, IndexError):
        raise ValueError(f"is written {pattern}") from None


def foreign(url: str) -> str | None:
    """How to write the address of a channel that was given as if it took our webhooks."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return None  # no address at all, which the guard says
    for ending, kind in (("hooks.slack.com", "slack"), ("discord.com", "discord"), ("api.telegram.org", "tgram")):
        if host == ending:
            return f"does not take our webhooks; for people's eyes write {_KINDS[kind][1]}"
    return None


def _exactly(pieces: list[str], count: int) -> list[str]:
    if len(pieces) != count:
        raise ValueError
    return [quote(piece, safe=":") for piece in pieces]


def _slack(_parts: SplitResult, pieces: list[str]) -> Channel:
    a, b, c = _exactly(pieces, 3)

    def fill(text: Text) -> Mapping[str, Any]:
        # What a stranger wrote must neither name people nor make links.
        safe = text.whole.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return {"text": safe, "unfurl_links": False}

    return Channel("slack", f"https://hooks.slack.com/services/{a}/{b}/{c}", "slack://…", fill, {})


def _discord(_parts: SplitResult, pieces: list[str]) -> Channel:
    webhook, token = _exactly(pieces, 2)

    def fill(text: Text) -> Mapping[str, Any]:
        return {"content": text.whole[:2_000], "allowed_mentions": {"parse": []}}

    return Channel("discord", f"https://discord.com/api/webhooks/{webhook}/{token}", "discord://…", fill, {})


def _telegram(_parts: SplitResult, pieces: list[str]) -> Channel:
    bot, chat = _exactly(pieces, 2)

    def fill(text: Text) -> Mapping[str, Any]:
        return {"chat_id": chat, "text": text.whole, "disable_web_page_preview": True}

    return Channel("tgram", f"https://api.telegram.org/bot{bot}/sendMessage", f"tgram://…/{chat}", fill, {})


def _teams(_parts: SplitResult, pieces: list[str]) -> Channel:
    host, workflow, signature = pieces[0], *_exactly(pieces[1:], 2)
    query = f"api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={signature}"

    def fill(text: Text) -> Mapping[str, Any]:
        lines = [{"type": "TextBlock", "text": one, "wrap": True} for one in text.whole.split("\n")]
        card = {"type": "AdaptiveCard", "version": "1.4", "body": lines}
        return {
            "type": "message",
            "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}],
        }

    url = f"https://{host}/workflows/{workflow}/triggers/manual/paths/invoke?{query}"
    return Channel("workflows", url, f"workflows://{host}/…", fill, {})


def _ntfy(parts: SplitResult, pieces: list[str]) -> Channel:
    host, scheme = _host(parts)
    (topic,) = _exactly(pieces[1:], 1)

    def fill(text: Text) -> Mapping[str, Any]:
        said = {"topic": topic, "title": text.title, "message": text.detail or text.title}
        return said | ({"click": text.link} if text.link else {})

    return Channel(parts.scheme, f"{scheme}://{host}/", f"{parts.scheme}://{host}/{topic}", fill, _bearer(parts))


def _matrix(parts: SplitResult, pieces: list[str]) -> Channel:
    host, scheme = _host(parts)
    (room,) = pieces[1:]
    if not room.startswith("!") or not parts.username:
        raise ValueError
    # The id of the message is the transaction's: the server keeps what comes twice once.
    url = f"{scheme}://{host}/_matrix/client/v3/rooms/{quote(room, safe='')}/send/m.room.message/{{id}}"

    def fill(text: Text) -> Mapping[str, Any]:
        return {"msgtype": "m.text", "body": text.whole}

    return Channel(parts.scheme, url, f"{parts.scheme}://{host}/{room}", fill, _bearer(parts), "PUT")


def _host(parts: SplitResult) -> tuple[str, str]:
    if not parts.hostname:
        raise ValueError
    return parts.netloc.rpartition("@")[2], "https" if parts.scheme.endswith("s") else "http"


def _bearer(parts: SplitResult) -> dict[str, str]:
    return {"Authorization": f"Bearer {parts.username}"} if parts.username else {}


_MAIL = "://USER:PASSWORD@HOST:PORT?to=A@B.EXAMPLE&from=C@D.EXAMPLE, one reader each; :PORT may be left out"
_KINDS: dict[str, tuple[Callable[[SplitResult, list[str]], Channel | Mailbox], str]] = {
    "slack": (_slack, "slack://A/B/C, the three parts of the incoming webhook's address"),
    "discord": (_discord, "discord://ID/TOKEN, the two parts of the webhook's address"),
    "workflows": (_teams, "workflows://HOST/WORKFLOW/SIGNATURE, from the Teams workflow's address"),
    "matrix": (_matrix, "matrix://TOKEN@HOST/!ROOM:SERVER"),
    "matrixs": (_matrix, "matrixs://TOKEN@HOST/!ROOM:SERVER"),
    "ntfy": (_ntfy, "ntfy://HOST/TOPIC, with TOKEN@ before HOST where one is needed"),
    "ntfys": (_ntfy, "ntfys://HOST/TOPIC, with TOKEN@ before HOST where one is needed"),
    "tgram": (_telegram, "tgram://BOT_TOKEN/CHAT_ID"),
    "mailto": (mail.read, f"mailto{_MAIL}"),
    "mailtos": (mail.read, f"mailtos{_MAIL}"),
}
