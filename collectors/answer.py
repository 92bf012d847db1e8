"""One answer of a server, and what it means for the caller when it is no good."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import httpx
import msgspec

from collectors.body import clean
from collectors.errors import CollectorError, Malformed, RateLimited, Refused, Unauthorized, Unavailable
from collectors.reading import BROKEN


class Answer(msgspec.Struct, frozen=True):
    status: int
    headers: httpx.Headers
    body: bytes

    def is_json(self) -> bool:
        """Judged by the body: content types lie."""
        try:
            msgspec.json.decode(self.body, type=msgspec.Raw)
        except BROKEN:
            return False
        return True

    def error(self) -> str:
        """The error's name, where the body is JSON that holds one. Mastodon's servers put localised words there."""
        return self.said("error")

    def words(self, secrets: Iterable[str] = ()) -> str:
        """For people: never to branch on, never a whole body. Cut off last: half a secret would not be known as one."""
        said = ": ".join(dict.fromkeys(_said(self._decoded())))
        for secret in secrets:
            said = said.replace(secret, "[secret]")
        return said[:200]

    def said(self, key: str) -> str:
        """A text at the top of the body; empty where there is none."""
        body = self._decoded()
        said = body.get(key) if isinstance(body, dict) else None
        return said if isinstance(said, str) else ""

    def _decoded(self) -> object:
        try:
            return msgspec.json.decode(clean(self.body))
        except BROKEN:
            return None

    def failure(self, words: str, until: datetime | None) -> CollectorError:
        """Judged by the status alone. `until` is what the headers say of waiting, if they do."""
        match self.status:
            case 429:
                return RateLimited(words, until)
            case 503 if until is not None:
                return RateLimited(words, until)
            case 401 | 403 | 407:
                return Unauthorized(words)
            case 408 | 425:
                return Unavailable(words)
            case status if status < 300:
                return Malformed(f"{words}: not an answer to this call")
            case status if status < 400:
                return Refused(f"{words}: it has moved; redirects are not followed, give its new URL")
            case status if status >= 500 and status != 501:
                return Unavailable(words)
        return Refused(words)


_WORDS = ("error", "error_msg", "title", "code", "message", "msg", "detail")
_INSIDE = ("error", "meta", "errors")


def _said(body: object) -> Iterator[str]:
    """What is said in the places where platforms say it: at the top, or one object or list deeper."""
    if isinstance(body, list):
        body = body[0] if body else None
    if not isinstance(body, dict):
        return
    yield from (said for key in _WORDS if isinstance(said := body.get(key), str) and said)
    for key in _INSIDE:
        if isinstance(body.get(key), dict | list):
            yield from _said(body[key])
