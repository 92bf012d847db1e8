"""One way to call a platform: budget, deadline, sizes, one second try on a cut connection, failures told once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from types import MappingProxyType

import httpx
import msgspec

from collectors.answer import Answer
from collectors.body import MAX_WIRE, Unreadable, gunzip
from collectors.contract import Meter
from collectors.errors import CollectorError, Malformed, Refused, Spent, Unauthorized, Unavailable
from collectors.rates import ReadRates, utc_now, wait_until

DEADLINE = 30.0  # for a whole answer: a server that drips one byte a second is given up too
CONNECT = 5.0

Params = Sequence[tuple[str, str]]
Spend = Sequence[str] | Mapping[str, int]
"""What a call takes from the budget: one unit of each name, or so many."""


class Http:
    """Calls one server. Asks the meter before each call and tells it after; sends `secret` to that server only.

    `secret` travels as a bearer token; what goes in another header is in `headers`. `hidden` is another secret that the
    server knows, and might echo in its errors.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        base_url: str,
        meter: Meter,
        rates: ReadRates,
        *,
        secret: str | None = None,
        hidden: str | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        try:
            self.base = httpx.URL(base_url.rstrip("/"))
        except httpx.InvalidURL as error:
            raise Refused(f"{base_url!r} is not a URL: {error}") from None
        if self.base.scheme not in ("http", "https") or not self.base.host:
            raise Refused(f"{base_url!r} is not an http or https URL")
        self._client, self._meter, self._rates, self._now = client, meter, rates, now
        self.secret, self._hidden, self._headers = secret, hidden, headers

    async def get(
        self,
        path: str,
        params: Params = (),
        *,
        spend: Spend = ("calls",),
        expect: Collection[int] = (),
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer:
        """A good answer, or one whose status is in `expect`; everything else is raised as what to do next."""
        request = self._request("GET", self._url(path, params), headers=headers)
        return self._good(await self._twice(request, spend), expect)

    async def post(
        self,
        path: str,
        body: object = None,
        *,
        form: Mapping[str, str] | None = None,
        params: Params = (),
        spend: Spend = (),
        expect: Collection[int] = (),
        headers: Mapping[str, str] = MappingProxyType({}),
        reads: bool = False,
    ) -> Answer:
        """`body` goes as JSON, `form` as a form. `reads`: it changes nothing there, so it may be sent a second time."""
        content = None if body is None else msgspec.json.encode(body)
        typed = {} if content is None else {"content-type": "application/json"}
        request = self._request("POST", self._url(path, params), content, form, headers={**typed, **headers})
        answer = await self._twice(request, spend) if reads else await self._once(request, spend)
        return self._good(answer, expect)

    def ours(self, url: httpx.URL) -> bool:
        """Whether a URL that an answer named is on this same server: scheme, host and port."""
        return (url.scheme, url.host, _port(url)) == (self.base.scheme, self.base.host, _port(self.base))

    def failure(self, answer: Answer) -> CollectorError:
        """What an answer that is no good means for the caller. What the server says is shown without our secret."""
        until = wait_until(answer.headers, self._rates(answer.headers), self._now())
        said = answer.words(filter(None, (self.secret, self._hidden)))
        return answer.failure(f"{self.base.host} answered {answer.status}" + (f" ({said})" if said else ""), until)

    def _url(self, path: str, params: Params) -> httpx.URL:
        try:
            url = httpx.URL(f"{self.base}{path}")
            url = url.copy_with(params=list(params)) if params else url
        except httpx.InvalidURL as error:
            raise Refused(f"{self.base.host}: not a URL that can be called: {error}") from None
        if not self.ours(url):
            raise Refused(f"{self.base.host}: a path that leads to another server")
        return url

    def _good(self, answer: Answer, expect: Collection[int]) -> Answer:
        if answer.status == httpx.codes.OK or answer.status in expect:
            return answer
        raise self.failure(answer)

    def _request(
        self,
        method: str,
        url: httpx.URL,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str],
    ) -> httpx.Request:
        ours = {"accept": "application/json", "accept-encoding": "gzip", **self._headers, **headers}
        if self.secret:
            ours["authorization"] = f"Bearer {self.secret}"
        if not all(value.isascii() and value.isprintable() for value in ours.values()):
            raise Unauthorized(f"{self.base.host}: a credential holds characters that none can have")
        timeout = httpx.Timeout(DEADLINE, connect=CONNECT)
        return self._client.build_request(
            method, url, headers=ours, content=content, data=dict(form) if form else None, timeout=timeout
        )

    async def _twice(self, request: httpx.Request, spend: Spend) -> Answer:
        try:
            return await self._once(request, spend)
        except _Cut:  # an idle connection that the server had closed looks just like this
            return await self._once(request, spend)

    async def _once(self, request: httpx.Request, spend: Spend) -> Answer:
        await self._spend(spend)
        async with self._deadline():  # the server's alone: the meter may wait for a database, before and after
            answer = await self._read(request)
        told = self._rates(answer.headers)
        if told is not None:
            await self._meter.told(told)
        return answer

    async def _spend(self, spend: Spend) -> None:
        """All that the call takes, or nothing: what was taken already goes back where another budget is used up."""
        taken: list[tuple[str, int]] = []
        try:
            for name, units in spend.items() if isinstance(spend, Mapping) else ((name, 1) for name in spend):
                await self._meter.spend(name, units)
                taken.append((name, units))
        except Spent:
            for name, units in taken:
                await self._meter.give_back(name, units)
            raise

    @asynccontextmanager
    async def _deadline(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(DEADLINE):
                yield
        except TimeoutError as error:
            raise Unavailable(f"{self.base.host}: no whole answer in time") from error

    async def _read(self, request: httpx.Request) -> Answer:
        try:
            response = await self._client.send(request, stream=True, follow_redirects=False)
            try:
                body = await _whole(response.aiter_raw(), response.headers)
            finally:
                await response.aclose()
        except httpx.TimeoutException as error:
            raise Unavailable(f"{self.base.host}: no whole answer in time") from error
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError, httpx.CloseError) as error:
            raise _Cut(f"{self.base.host}: the connection was cut ({type(error).__name__})") from error
        except httpx.ConnectError as error:
            raise Unavailable(f"{self.base.host}: no connection ({error})") from error
        except (httpx.HTTPError, OSError) as error:
            raise Unavailable(f"{self.base.host}: {type(error).__name__}") from error
        except Unreadable as error:
            raise Malformed(f"{self.base.host}: {error}") from error
        return Answer(response.status_code, response.headers, body)


class _Cut(Unavailable):
    """The connection ended before the answer did."""


def _port(url: httpx.URL) -> int | None:
    return url.port or {"http": 80, "https": 443}.get(url.scheme)


async def _whole(chunks: AsyncIterator[bytes], headers: httpx.Headers) -> bytes:
    wire = bytearray()
    async for chunk in chunks:
        wire += chunk
        if len(wire) > MAX_WIRE:
            raise Unreadable(f"more than {MAX_WIRE} bytes")
    return gunzip(bytes(wire), headers.get("content-encoding", ""))
