"""What Meta's Graph APIs have in common: errors told by a code, whatever the status, and use told in percent."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import httpx
import msgspec

from collectors.answer import Answer
from collectors.contract import Credential, Meter, Told
from collectors.errors import CollectorError, Malformed, RateLimited, Refused, Unauthorized, Unavailable
from collectors.http import Http, Params, Spend
from collectors.rates import ReadRates
from collectors.reading import BROKEN, Id, Reader

FULL = 95  # percent of what the app may use: from there on nothing is asked until there is some again
_REST = timedelta(minutes=5)
_FAILED = frozenset({400, 401, 403, 404, 500})
_RATES, _TOKEN, _MOMENTARY = frozenset({4, 17, 18, 32, 613}), frozenset({10, 102, 190}), frozenset({1, 2})


class _Error(msgspec.Struct):
    code: int = 0
    message: str = ""


class _Failed(msgspec.Struct):
    error: _Error


class _Cursors(msgspec.Struct):
    after: Id | None = None


class _Paging(msgspec.Struct):
    cursors: _Cursors = msgspec.field(default_factory=_Cursors)
    next: str | None = None


class Listed(msgspec.Struct):
    data: msgspec.Raw
    paging: _Paging = msgspec.field(default_factory=_Paging)

    @property
    def after(self) -> str | None:
        """`next` is an address with the token in it: it says that there is more, and is never called."""
        return self.paging.cursors.after if self.paging.next else None


LISTED, _FAILURE = Reader(Listed), Reader(_Failed)


class Graph:
    """Calls one of them with a user's token, which goes in a header."""

    def __init__(
        self, client: httpx.AsyncClient, base: str, meter: Meter, name: str, credential: Credential,
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self.http = Http(client, base, meter, used(name, now), secret=credential.secret, now=now)

    async def get(self, path: str, params: Params, *, spend: Spend = ("calls",)) -> Answer:
        answer = await self.http.get(path, params, spend=spend, expect=_FAILED)
        if answer.status != httpx.codes.OK:
            raise self._failure(answer)
        return answer

    def _failure(self, answer: Answer) -> CollectorError:
        failure = self.http.failure(answer)
        try:
            error = _FAILURE.one(answer.body).error
        except Malformed:
            return failure
        if error.code in _RATES:
            return failure if isinstance(failure, RateLimited) else RateLimited(str(failure))
        if error.code in _TOKEN or error.code // 100 == 2 or (error.code == 100 and "permission" in error.message):
            return Unauthorized(str(failure))
        if error.code in _MOMENTARY:
            return Unavailable(str(failure))
        return Missing(str(failure)) if error.code == 24 else failure


class Missing(Refused):
    """What was asked for is not there."""


def used(name: str, now: Callable[[], datetime]) -> ReadRates:
    """X-App-Usage and X-Business-Use-Case-Usage: percent of several things; the nearest to its end counts."""

    def read(headers: httpx.Headers) -> Told | None:
        said = [_json(headers.get(header, "")) for header in ("x-app-usage", "x-business-use-case-usage")]
        numbers = list(_numbers(said))
        if max((value for key, value in numbers if key != _WAIT), default=0) < FULL:
            return None
        wait = max((value for key, value in numbers if key == _WAIT), default=0)
        return Told(name, None, 0, now() + max(_REST, timedelta(minutes=min(wait, 1440))))

    return read


_WAIT = "estimated_time_to_regain_access"


def _numbers(said: object) -> Iterator[tuple[str, float]]:
    """Each number with its key, however deep."""
    if isinstance(said, list):
        for one in said:
            yield from _numbers(one)
    elif isinstance(said, dict):
        for key, value in said.items():
            if isinstance(value, int | float):
                yield str(key), value
            else:
                yield from _numbers(value)


def _json(text: str) -> object:
    try:
        return msgspec.json.decode(text.encode())
    except BROKEN:
        return None
